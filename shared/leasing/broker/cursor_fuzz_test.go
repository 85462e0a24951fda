package broker

import "testing"

// A cursor comes back from a client: it is one of ours, or it is refused.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{"1.1772366400000000.", "1.0.0000000000000000000000000000000000000000", "1.-1.", "1.9007199254740993.", "2.1.", "1..", "", "1.1.x/y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := parseCursor(text)
		if err != nil {
			return
		}
		again, err := parseCursor(read.String())
		if err != nil || again != read {
			t.Errorf("%q is %v, and that is %v, %v", text, read, again, err)
		}
		if after := read.after(); after != nil && (after.Key.Check() != nil || after.Key.Group() != "leases") {
			t.Errorf("%q goes on behind %q", text, after.Key)
		}
	})
}
