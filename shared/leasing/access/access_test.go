package access_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
)

func TestRoles(t *testing.T) {
	s := access.FromConfig(&configpb.SettingsCfg{
		CatalogAdministrators: []string{"admin@example.com"},
		Lessees:               []string{"Lessee@example.com"},
		CatalogViewers:        []string{"viewer@example.com"},
		Backends: []*configpb.Backend{
			{Name: proto.String("VSPHERE"), Members: []string{"both@example.com"}},
			{Name: proto.String("GCE"), Members: []string{"backend@example.com", "both@example.com"}},
		},
		LeaseRetentionSeconds: proto.Int32(3600),
	})
	if !s.Administrator("admin@example.com") || s.Administrator("lessee@example.com") || !s.Lessee("lessee@example.com") || !s.Viewer("viewer@example.com") {
		t.Errorf("%+v", s)
	}
	for email, want := range map[string]string{"backend@example.com": "GCE", "both@example.com": "GCE", "admin@example.com": "", "": ""} {
		if got := s.Backend(email); got != want {
			t.Errorf("%s: %q", email, got)
		}
	}
	if s.Limits.MaxWait != 4*time.Hour || s.Limits.Retention != time.Hour || s.Limits.MaxLease != 21*24*time.Hour {
		t.Errorf("%+v", s.Limits)
	}
	none := access.FromConfig(&configpb.SettingsCfg{Lessees: []string{""}})
	for _, email := range []string{"", "admin@example.com"} {
		if none.Administrator(email) || none.Lessee(email) || none.Viewer(email) || none.Backend(email) != "" {
			t.Errorf("%q may do something", email)
		}
	}
}

func TestCached(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	clock := func() time.Time { return now }
	reads, down := 0, false
	documents := faulty.New(memory.New(clock), faulty.Hooks{Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
		if call.Method == faulty.Get {
			reads++
		}
		if down {
			return faulty.Unavailable
		}
		return faulty.Fault{}
	}})
	put := func(lessee string) {
		t.Helper()
		configured := config.Empty()
		configured.Revision = lessee
		configured.Settings = &configpb.SettingsCfg{Lessees: []string{lessee}}
		fields, err := config.Encode(configured, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := documents.Commit(ctx, store.Put(config.Key, fields)); err != nil {
			t.Fatal(err)
		}
	}
	cached := access.NewCached(documents, clock)
	is := func(lessee string, want bool) {
		t.Helper()
		settings, err := cached.Settings(ctx)
		if err != nil || settings.Lessee(lessee) != want {
			t.Fatalf("%+v, %v", settings, err)
		}
	}
	is("a@example.com", false)
	put("a@example.com")
	is("a@example.com", true)
	before := reads
	put("b@example.com")
	is("a@example.com", true)
	if reads != before {
		t.Errorf("%d reads", reads-before)
	}
	now = now.Add(10 * time.Second)
	is("b@example.com", true)
	is("a@example.com", false)
	// A store that does not respond for a moment changes nothing; after a
	// longer time, all access is denied.
	down = true
	now = now.Add(59 * time.Second)
	is("b@example.com", true)
	now = now.Add(time.Second)
	if _, err := cached.Settings(ctx); err == nil {
		t.Error("it believes what is a minute old")
	}
}
