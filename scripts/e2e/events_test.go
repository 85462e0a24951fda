package e2e

import (
	"errors"
	"fmt"
	"testing"
)

// TestChangesByEventsAlone edits the configuration while no tick comes: what
// a change asks for happens by events, also where nothing has to be created
// first.
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

// exactly finds out whether the simulator has the groups of these zones, full,
// and no others.
func (l *local) exactly(zones []zone) error {
	report := l.pools()
	if err := report.Converged(); err != nil {
		return err
	}
	var state struct {
		Templates, VMs int
		Groups         []struct{}
	}
	l.get(l.endpoints.Compute+"/admin/state", &state)
	vms, templates := 0, map[string]bool{}
	for _, zone := range zones {
		vms += zone.minimum
		templates[zone.template] = true
	}
	if state.VMs != vms || len(state.Groups) != len(zones) || state.Templates != len(templates) {
		return fmt.Errorf("%d VMs, %d groups and %d templates", state.VMs, len(state.Groups), state.Templates)
	}
	return nil
}
