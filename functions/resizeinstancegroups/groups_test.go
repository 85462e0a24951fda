package resizeinstancegroups

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/records"
)

// noGroups is a Compute Engine without groups. during is called while a group
// is being read.
type noGroups struct {
	compute.Engine
	during func()
}

func (g noGroups) Group(_ context.Context, ref compute.GroupRef) (compute.Group, error) {
	g.during()
	return compute.Group{}, failure.New(failure.NotFound, "no group %s", ref.Name)
}

// The URL of a deleted group is removed while its manager is active, so that
// the group is created again. The URL of a group that is being deleted stays:
// its deleter clears the record, and would be overtaken.
func TestGroupGone(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for name, deleted := range map[string]bool{"by hand": false, "by a drain meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			e := records.Records{Store: memory.New(func() time.Time { return now }), Log: slog.New(slog.DiscardHandler)}
			tree, err := e.Tree(ctx, "linux")
			if err != nil {
				t.Fatal(err)
			}
			wish := fleet.Wish{BaseName: "linux", Spec: &fleet.TemplateSpec{Project: "p"}, Zones: map[string]fleet.Sizes{"z": {Maximum: 1}}}
			if _, err := e.Save(ctx, tree, fleet.Build(tree.Records(), wish)); err != nil {
				t.Fatal(err)
			}
			key := fleet.ManagerKey{BaseName: "linux", Revision: wish.Spec.RevisionID(), Zone: "z"}
			change := func(f func(*fleet.Manager)) {
				t.Helper()
				if _, err := e.ChangeManager(ctx, key, func(m fleet.Manager) (fleet.Manager, bool) { f(&m); return m, true }); err != nil {
					t.Fatal(err)
				}
			}
			change(func(m *fleet.Manager) { m.URL = "the-group" })
			engine := noGroups{during: func() {
				if deleted {
					change(func(m *fleet.Manager) { m.State, m.Deleting = fleet.Drained, true })
				}
			}}
			d := job.Dependencies{Store: e.Store, Compute: engine, Now: func() time.Time { return now }, Rand: rand.New(rand.NewPCG(1, 1))}
			r := resizer{Run: d.Run(Job.Name, event.Scope{}, e.Log)}
			managers, err := e.ManagersOf(ctx, "linux")
			if err != nil || len(managers) != 1 {
				t.Fatal(managers, err)
			}
			if err := r.groupGone(ctx, managers[0].Value); err != nil {
				t.Fatal(err)
			}
			managers, err = e.ManagersOf(ctx, "linux")
			if err != nil {
				t.Fatal(err)
			}
			if kept := managers[0].Value.URL != ""; kept != deleted {
				t.Errorf("the URL is kept: %v", kept)
			}
		})
	}
}
