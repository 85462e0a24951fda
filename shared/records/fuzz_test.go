package records

import (
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// For any names in a message, the key is a document in the right collection
// with just those names in it, or an error.
func FuzzKeys(f *testing.F) {
	f.Add("linux", "0123456789ab", "us-east1-b")
	f.Add("a/b", "..", ".")
	f.Add("x/revisions/y", "__id__", "")
	f.Add("\x00", "\xff", strings.Repeat("z", 1500))
	f.Fuzz(func(t *testing.T, baseName, revision, zone string) {
		for _, c := range []struct {
			want []string
			make func() (store.Key, error)
		}{
			{[]string{"instanceTemplates", baseName}, func() (store.Key, error) { return TemplateKey(baseName) }},
			{[]string{"instanceTemplates", baseName, "revisions", revision}, func() (store.Key, error) { return RevisionKey(baseName, revision) }},
			{[]string{"instanceTemplates", baseName, "revisions", revision, "managers", zone}, func() (store.Key, error) {
				return ManagerKey(fleet.ManagerKey{BaseName: baseName, Revision: revision, Zone: zone})
			}},
			{[]string{"instances", baseName}, func() (store.Key, error) { return InstanceKey(baseName) }},
		} {
			key, err := c.make()
			if err != nil {
				continue
			}
			if string(key) != strings.Join(c.want, "/") || strings.Count(string(key), "/") != len(c.want)-1 || key.Check() != nil {
				t.Errorf("%q is %q", c.want, key)
			}
		}
	})
}

// The listing is a cache: whatever it contains, it is read or started anew.
func FuzzListing(f *testing.F) {
	for _, vms := range []string{`{"17":{"hostname":"a","running":true}}`, `{"17":null}`, `{"17":[]}`, `null`, `[1]`, `{`, ``} {
		f.Add([]byte(vms))
	}
	f.Fuzz(func(t *testing.T, vms []byte) {
		b := newBench(t)
		b.put(store.Fields{"manager": manager.String(), "vms": vms}, "listings", strings.ReplaceAll(manager.String(), "/", ":"))
		listing, err := b.Listing(t.Context(), manager)
		if err != nil || listing.VMs == nil {
			t.Fatalf("%q: %v, %v", vms, listing.VMs, err)
		}
		if _, err := b.Record(t.Context(), manager, listing, listing.VMs, nil); err != nil {
			t.Errorf("%q: %v", vms, err)
		}
	})
}
