package fleet

import "testing"

// The parts of a split name make the same name again.
func FuzzSplitTemplateName(f *testing.F) {
	for _, name := range []string{"linux-0123456789ab", "a-0123456789ab", "a--0123456789ab", "linux-0123456789AB", "-0123456789ab", "0123456789ab", "a-b-0123456789ab\n", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		baseName, revision, ok := SplitTemplateName(name)
		if ok && (TemplateName(baseName, revision) != name || len(revision) != RevisionLength || !validName(baseName) && len(baseName) <= MaxNameLength) {
			t.Errorf("%q is %q and %q", name, baseName, revision)
		}
	})
}
