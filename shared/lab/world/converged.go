package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// census is the world as it stands, by group.
type census struct {
	world  *World
	groups map[[2]string]simulator.GroupState // by zone and name
	vms    map[[2]string][]simulator.VM
	wrong  []string
}

// Differences lists how the world differs from its configuration; none once it
// has converged.
func (w *World) Differences() []string {
	c := census{world: w, groups: map[[2]string]simulator.GroupState{}, vms: map[[2]string][]simulator.VM{}}
	for _, group := range w.Cloud.State().Groups {
		c.groups[[2]string{group.Zone, group.Name}] = group
	}
	for _, vm := range w.Cloud.VMs() {
		if !strings.HasPrefix(vm.Group, Foreign) {
			c.vms[[2]string{vm.Zone, vm.Group}] = append(c.vms[[2]string{vm.Zone, vm.Group}], vm)
		}
	}
	kept := map[[2]string]bool{}
	for base, pool := range w.Config.Pools {
		revision := c.template(base, pool)
		for zone, sizes := range pool.Zones {
			kept[[2]string{zone, fleet.TemplateName(base, revision)}] = true
			c.group(fleet.ManagerKey{BaseName: base, Revision: revision, Zone: zone}, sizes)
		}
	}
	c.leftovers(kept)
	c.records()
	c.waiting()
	c.disks()
	slices.Sort(c.wrong)
	return c.wrong
}

func (c *census) wrongf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// template checks that the configured revision is the active one, and there.
func (c *census) template(base string, pool Pool) string {
	active := c.world.mirror.templates[base].ActiveRevision
	revision, ok := c.world.mirror.revisions[[2]string{base, active}]
	switch {
	case !ok:
		c.wrongf("template %s has no active revision", base)
	case revision.Spec.ImageName != fmt.Sprintf("debian-%d", pool.Variant):
		c.wrongf("template %s is active with %s, not variant %d", base, revision.Spec.ImageName, pool.Variant)
	case pool.Snapshot && !snapshotOf(base, revision.SnapshotURL):
		c.wrongf("template %s has snapshot %q", base, revision.SnapshotURL)
	case revision.State != fleet.Active || revision.URL == "":
		c.wrongf("revision %s of %s is %s with URL %q", active, base, revision.State, revision.URL)
	}
	return active
}

// group checks a configured group: its size, and that each VM is up, recorded
// and cataloged.
func (c *census) group(key fleet.ManagerKey, sizes fleet.Sizes) {
	manager, ok := c.world.mirror.managers[key]
	if !ok || manager.State != fleet.Active || manager.URL == "" || manager.MinimumSize != sizes.Minimum || manager.MaximumSize != sizes.Maximum {
		c.wrongf("manager %s is %s, %d to %d, with URL %q", key, manager.State, manager.MinimumSize, manager.MaximumSize, manager.URL)
	}
	place := [2]string{key.Zone, fleet.TemplateName(key.BaseName, key.Revision)}
	group, ok := c.groups[place]
	if !ok || group.Deleting {
		c.wrongf("group %s in %s is not there", place[1], place[0])
		return
	}
	leased, others := 0, 0
	for _, vm := range c.vms[place] {
		if c.vm(vm) {
			leased++
		}
	}
	for other := range c.groups {
		if base, _ := SplitName(other[1]); base == key.BaseName && other[0] == key.Zone && other != place {
			others += len(c.vms[other])
		}
	}
	wanted := max(min(max(sizes.Minimum, (leased*11+9)/10), sizes.Maximum-others), leased, 0)
	have := len(c.vms[place])
	if have < wanted || have > max(wanted, sizes.Minimum) || group.TargetSize != have { // the minimum is kept where it is reached
		c.wrongf("group %s in %s has %d VMs and target %d; wanted are %d, for %d leases", place[1], place[0], have, group.TargetSize, wanted, leased)
	}
}

// vm checks that a VM is up, recorded and cataloged, and reports whether it is
// leased.
func (c *census) vm(vm simulator.VM) bool {
	key := KeyOf(vm)
	record, recorded := c.world.mirror.instances[key]
	machine, offered := c.world.offered(key)
	switch {
	case vm.Status != "RUNNING" || vm.CurrentAction != "NONE":
		c.wrongf("VM %s is %q, %s", key, vm.Status, vm.CurrentAction)
	case !recorded:
		c.wrongf("VM %s has no record", key)
	case !offered:
		c.wrongf("VM %s (%s) is not in the catalog", key, record.State)
	case machine.State == leasing.OnLease && record.State != fleet.Leased, machine.State == leasing.Available && record.State != fleet.Cataloged:
		c.wrongf("VM %s is %s in its record and %s in the catalog", key, record.State, machine.State)
	case record.State == fleet.Leased && !record.LeaseExpiration.Equal(machine.LeaseExpiration):
		c.wrongf("VM %s is leased until %s in its record and until %s in the catalog", key, record.LeaseExpiration, machine.LeaseExpiration)
	case !record.MissingSince.IsZero():
		c.wrongf("VM %s counts as missing in the catalog", key)
	}
	return offered && machine.State == leasing.OnLease
}

// leftovers: what is not configured is there only as far as leases hold it.
func (c *census) leftovers(kept map[[2]string]bool) {
	for place := range c.groups {
		if kept[place] || strings.HasPrefix(place[1], Foreign) {
			continue
		}
		if len(c.vms[place]) == 0 {
			c.wrongf("group %s in %s is left over", place[1], place[0])
		}
		for _, vm := range c.vms[place] {
			if !c.vm(vm) {
				c.wrongf("VM %s of a group that is not configured is not leased", KeyOf(vm))
			}
		}
	}
	templates := c.world.foreign.templates
	for key, revision := range c.world.mirror.revisions {
		if revision.URL != "" {
			templates++
		}
		if revision.State == fleet.Drained && !c.hasGroup(fleet.TemplateName(key[0], key[1])) {
			c.wrongf("the record of revision %s/%s is left over", key[0], key[1])
		}
	}
	if have := c.world.Cloud.State().Templates; have != templates {
		c.wrongf("there are %d instance templates; %d are recorded", have, templates)
	}
	for key, manager := range c.world.mirror.managers {
		if _, there := c.groups[[2]string{key.Zone, manager.GroupName()}]; manager.State == fleet.Drained && !there {
			c.wrongf("the record of manager %s is left over", key)
		}
	}
	for base, template := range c.world.mirror.templates {
		if _, configured := c.world.Config.Pools[base]; !configured && !c.hasRevision(base) {
			c.wrongf("the record of template %s is left over", template.BaseName)
		}
	}
}

func (c *census) hasGroup(name string) bool {
	for place := range c.groups {
		if place[1] == name {
			return true
		}
	}
	return false
}

func (c *census) hasRevision(base string) bool {
	for key := range c.world.mirror.revisions {
		if key[0] == base {
			return true
		}
	}
	return false
}

// records: each instance and each catalog entry has its VM.
func (c *census) records() {
	there := map[string]bool{}
	for _, vms := range c.vms {
		for _, vm := range vms {
			there[KeyOf(vm)] = true
		}
	}
	for key, instance := range c.world.mirror.instances {
		if !there[key] {
			c.wrongf("the record of %s is left over: %s", key, instance.State)
		}
	}
	for _, machine := range c.world.mirror.machines {
		if key := machine.Policies.Instance(); machine.Entry() && machine.Backend == "GCE" && !there[key] {
			c.wrongf("the catalog has %s (%s), which does not exist", key, machine.State)
		}
	}
	for orphan := range c.world.mirror.orphans {
		c.wrongf("%s is still counted as an orphan", orphan.ID())
	}
}

// waiting: nobody waits while there is a machine that would do.
func (c *census) waiting() {
	for _, lease := range c.world.mirror.leases {
		if lease.State != leasing.Pending {
			continue
		}
		for _, machine := range c.world.mirror.machines {
			if lease.Wants(machine, c.world.clock) {
				c.wrongf("%s waits, though %s is free", lease.RequestID, machine.Hostname)
			}
		}
	}
}

// Converge lets the world go on until it equals its configuration, and then
// checks that a further sweep does nothing. It returns the time that it took.
func (w *World) Converge(sweeps int) time.Duration {
	from := w.clock
	var left []string
	for range sweeps {
		w.Minutes(1)
		if w.broken != nil {
			return 0
		}
		if left = w.Differences(); len(left) == 0 {
			break
		}
	}
	w.check(Converges)
	if len(left) > 0 {
		w.Break(Converges, fmt.Sprintf("after %d sweeps: %s", sweeps, strings.Join(left[:min(len(left), 8)], "; ")))
		return 0
	}
	return w.clock.Sub(from)
}

// StaysQuiet checks that further sweeps change and write nothing. Where a lease
// changes meanwhile it waits until the world is at rest again.
func (w *World) StaysQuiet(sweeps int) {
	const tries = 6
	for range tries {
		w.Settle(time.Hour) // messages that are late
		w.Converge(60)
		w.Minutes(3) // the cursor of the catalog's changes follows
		before, leases := w.Stats, w.leaseDigest()
		w.Minutes(sweeps)
		if w.broken != nil {
			return
		}
		if w.leaseDigest() != leases || len(w.Differences()) > 0 {
			continue
		}
		w.check(Quiet)
		if writes, mutations := w.Stats.Writes-before.Writes, w.Stats.Mutations-before.Mutations; writes+mutations > 0 {
			w.Break(Quiet, fmt.Sprintf("%d writes and %d mutations with nothing to do", writes, mutations))
		}
		return
	}
	w.Break(Quiet, "the world does not come to rest")
}

// leaseDigest reports whether any lease began, changed or ended.
func (w *World) leaseDigest() string {
	var text []string
	for key, lease := range w.mirror.leases {
		text = append(text, fmt.Sprint(key, lease.State, lease.EndedAt, lease.ExpiresAt, lease.Unsent, lease.Attempts))
	}
	slices.Sort(text)
	return strings.Join(text, "\n")
}
