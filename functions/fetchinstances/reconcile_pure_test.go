package fetchinstances

import (
	"log/slog"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/records"
)

// A listing that differs from its records is corrected within six hours; while
// they agree, the comparison costs one count for each state.
func TestLoad(t *testing.T) {
	m := fleet.Manager{BaseName: "b", Revision: "r", Zone: "z"}
	documents := metered.New(memory.New(time.Now))
	for _, hostname := range []string{"one", "two"} {
		instance := fleet.NewInstance(m, hostname, hostname, "", time.Unix(0, 0))
		key, err := records.InstanceKey(instance.Key())
		if err != nil {
			t.Fatal(err)
		}
		fields, err := store.Encode(instance)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := documents.Commit(t.Context(), store.Put(key, fields)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		listed []string
		read   bool
	}{
		"the same":          {[]string{"one", "two"}, false},
		"a record is lost":  {[]string{"one", "two", "three"}, true},
		"a VM is not known": {[]string{"one"}, true},
	} {
		listed := map[string]fleet.Sight{}
		for _, hostname := range c.listed {
			listed[hostname] = fleet.Sight{Hostname: hostname}
		}
		quiet := slog.New(slog.DiscardHandler)
		e := records.Records{Store: documents, Log: quiet}
		listing, err := e.Listing(t.Context(), m.Key())
		if err == nil {
			_, err = e.Record(t.Context(), m.Key(), listing, listed, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		documents.Reset()
		for minute := range int64(countMinutes) {
			now := func() time.Time { return time.Unix(60*minute+7, 0) }
			f := fetcher{Run: job.Dependencies{Store: documents, Now: now}.Run(Job.Name, event.Scope{}, quiet)}
			got, err := f.load(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.VMs) == 2 && len(c.listed) != 2 {
				found++
			}
		}
		reads := documents.Counts().Total().Reads - countMinutes // each time the listing
		if c.read != (found == 1) || !c.read && reads != 4 {
			t.Errorf("%s: found %d times in six hours, with %d reads", name, found, reads)
		}
	}
	f := fetcher{Run: job.Dependencies{}.Run(Job.Name, job.ManagerScope(m.Key()), nil)}
	for minute := range int64(countMinutes) {
		f.Now = func() time.Time { return time.Unix(60*minute, 0) }
		if f.countDue(m.Key()) {
			t.Error("a message about one group compares it")
		}
	}
}
