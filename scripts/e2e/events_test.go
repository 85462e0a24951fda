package e2e

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// TestChangesByEventsAlone edits the configuration while no tick comes: what
// a change asks for happens by events, also where nothing has to be created
// first. Groups that are no longer configured stay, without VMs: the time in
// which the change may be taken back ends with a tick, not with an event.
func TestChangesByEventsAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	a, b, other := zone{"linux", "us-central1-a", 2}, zone{"linux", "us-central1-b", 1}, zone{"other", "us-central1-a", 1}
	raised := zone{"linux", "us-central1-a", 4}
	configure(t, folder, a)
	l := start(t, "--config", folder, "--tick", "1h")
	l.converged()
	for _, step := range []struct {
		name  string
		zones []zone
	}{
		{"a raised minimum", []zone{raised}},
		{"another zone", []zone{raised, b}},
		{"a zone less", []zone{raised}},
		{"the zone again", []zone{raised, b}},
		{"another template", []zone{raised, b, other}},
		{"a template less", []zone{raised, b}},
		{"the template again", []zone{raised, b, other}},
		{"nothing", nil},
		{"everything again", []zone{raised, b, other}},
	} {
		before := l.pools().OnDisk
		configure(t, folder, step.zones...)
		l.eventually("the files are seen", func() error {
			if l.pools().OnDisk == before {
				return errors.New("they are the old ones")
			}
			return nil
		})
		l.publish("import-config", nil)
		l.eventually(step.name+" is there", func() error { return l.exactly(step.zones) })
	}
}

// exactly finds out whether the simulator has the VMs of these zones, in the
// groups that they have, and no others.
func (l *local) exactly(zones []zone) error {
	report := l.pools()
	if err := report.Converged(); err != nil {
		return err
	}
	var state simulator.State
	l.get(l.endpoints.Compute+"/admin/state", &state)
	left := slices.Clone(zones)
	for _, group := range state.Groups {
		i := slices.IndexFunc(left, func(z zone) bool {
			base, _, _ := fleet.SplitTemplateName(group.Name)
			return z.name == group.Zone && z.template == base
		})
		wanted := 0
		if i >= 0 {
			wanted = left[i].minimum
			left = slices.Delete(left, i, i+1)
		}
		if group.TargetSize != wanted || group.VMs["RUNNING"] != wanted {
			return fmt.Errorf("group %s in %s has %v, not %d", group.Name, group.Zone, group.VMs, wanted)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("there are no groups for %v", left)
	}
	return nil
}
