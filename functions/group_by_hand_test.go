//go:build !race

package functions_test

import (
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// A group with a leased VM is deleted by hand. resize-instance-groups sees that
// first, and takes the manager's URL away to have the group made again; but the
// configuration drains the manager before that. The lease ends all the same.
func TestGroupDeletedByHandAndDrained(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 3348})
	w.Config.Set(one(1, 2))
	w.Converge(20)
	w.Lease(0) // without an end
	w.Converge(20)
	w.HoldOthers("resize-instance-groups")
	w.DeleteGroup("us-central1-a", w.Cloud.State().Groups[0].Name)
	w.Minutes(2)
	w.Config.Set(func(c *world.Configuration) { clear(c.Pools) })
	w.ReleaseAll()
	w.Hold("fetch-instances", "create-instance-group-managers")
	w.Minutes(2)
	w.ReleaseAll()
	w.Converge(30)
	w.StaysQuiet(2)
}
