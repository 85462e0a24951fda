package simulator

import (
	"time"
)

// vm is a member of a group and, while it exists, its instance. The name outlives
// the instance when the group recreates it.
type vm struct {
	meta     // the id is 0 while there is no instance
	zone     *zone
	group    *group
	template *template // may be nil
	action   action

	status     string // empty while there is no instance
	started    time.Time
	stopped    time.Time
	address    uint32
	disks      []*attachment
	lastErrors []OperationError
	changed    map[string]any // labels, metadata and tags that were set on the instance
	leaving    bool           // its instance is gone; the VM is still listed for a while

	// held says that a NeverEnds fault keeps it from being deleted.
	held bool
	// generation increases whenever the plans for the VM change, which cancels
	// earlier plans.
	generation int
}

// The states of an instance besides RUNNING, which operations have as well.
const (
	provisioning = "PROVISIONING"
	staging      = "STAGING"
	stopping     = "STOPPING"
	terminated   = "TERMINATED"
)

func (v *vm) listed() bool { return v.exists() }
func (v *vm) path() string { return v.zone.path("instances", v.name) }
func (v *vm) link() string { return linkPrefix + v.path() }
func (v *vm) exists() bool { return v.status != "" }

// later plans f for the VM. f does not run if the plans change before.
func (c *Cloud) later(v *vm, d time.Duration, f func()) {
	generation := v.generation
	c.after(d, func() {
		if v.generation == generation {
			f()
		}
	})
}

// hold is like later, but f waits for Unstick.
func (c *Cloud) hold(v *vm, f func()) {
	generation := v.generation
	c.stuck = append(c.stuck, func() {
		if v.generation == generation {
			f()
		}
	})
}

// reconcile adds or deletes VMs until the group has its target size.
func (c *Cloud) reconcile(g *group) {
	if g.deletion != nil || !g.ready {
		return
	}
	missing := g.targetSize - (g.members.len() - g.counts[actionDeleting])
	for range missing {
		c.addVM(g, c.newVMName(g))
	}
	if missing < 0 {
		for _, v := range g.surplus(-missing) {
			c.deleteVM(v)
		}
	}
}

func (c *Cloud) addVM(g *group, name string) *vm {
	v := &vm{meta: meta{name: name, created: c.clock}, zone: g.zone, template: g.template, action: actionCreating}
	g.zone.vms.add(v)
	g.join(v)
	c.create(v)
	return v
}

// surplus returns n VMs to delete, first those that are not running.
func (g *group) surplus(n int) []*vm {
	var idle, busy []*vm
	for _, v := range g.members.every() {
		switch {
		case v.action == actionDeleting:
		case v.status == running:
			busy = append(busy, v)
		default:
			idle = append(idle, v)
		}
	}
	return append(idle, busy...)[:n]
}

// create schedules an attempt to create the instance.
func (c *Cloud) create(v *vm) {
	v.generation++
	boot := c.opts.BootTime
	if c.opts.BootJitter > 0 {
		boot += time.Duration(c.opts.Rand.Int64N(int64(c.opts.BootJitter)))
	}
	c.later(v, boot/10, func() { c.attempt(v, boot) })
}

// attempt creates the instance. If that fails, it records the error and tries
// again later.
func (c *Cloud) attempt(v *vm, boot time.Duration) {
	fault := c.vmFault("instances.insert", v)
	problems := fault.OperationErrors
	if len(problems) == 0 {
		problems = c.attachDisks(v)
	}
	if len(problems) > 0 {
		v.lastErrors = problems
		c.later(v, c.opts.RetryInterval, func() { c.create(v) })
		return
	}
	v.id, v.status, v.lastErrors, v.changed = c.newID(), provisioning, nil, nil
	v.created, v.started, v.stopped = c.clock, time.Time{}, time.Time{}
	v.address = c.newAddress()
	if fault.NeverEnds {
		c.hold(v, func() { c.boot(v, boot, insertMethod) })
		return
	}
	c.boot(v, boot+fault.OperationDelay, insertMethod)
}

const insertMethod = "v1.compute.instances.insert"

// boot takes the instance from PROVISIONING to RUNNING and then logs the method
// in the audit log.
func (c *Cloud) boot(v *vm, boot time.Duration, method string) {
	c.later(v, boot*3/10, func() {
		v.status = staging
		c.later(v, boot-boot/10-boot*3/10, func() {
			v.status, v.started = running, c.clock
			v.setAction(actionNone)
			c.logActivity(v, activity{method: method, agent: method == insertMethod})
		})
	})
}

// vmFault returns the fault of the group's own attempt; the zero value for none.
func (c *Cloud) vmFault(method string, v *vm) Fault {
	found := c.faultFor(&Request{Method: method, Project: v.zone.project.id, Zone: v.zone.name,
		Name: v.name, Group: v.group.name})
	if found == nil {
		return Fault{}
	}
	f := *found // a copy: the hook may return the same fault many times
	if f.Status != 0 && len(f.OperationErrors) == 0 {
		e := f.httpError()
		f.OperationErrors = []OperationError{{Code: e.Reason, Message: e.Message, HTTPStatus: e.Status}}
	}
	return f
}

// deleteVM deletes a VM and its membership. Called again, it starts over, so a
// deletion that is stuck can be retried.
func (c *Cloud) deleteVM(v *vm) {
	if v.leaving {
		return
	}
	v.generation++
	v.held = false
	v.setAction(actionDeleting)
	if !v.exists() {
		c.vanish(v)
		return
	}
	v.status = stopping
	fault := c.vmFault("instances.delete", v)
	switch {
	case len(fault.OperationErrors) > 0:
		v.lastErrors = fault.OperationErrors
		c.later(v, c.opts.RetryInterval, func() { c.deleteVM(v) })
	case fault.NeverEnds:
		v.held = true
		c.hold(v, func() { c.vanish(v) })
	default:
		c.later(v, c.opts.DeleteTime+fault.OperationDelay, func() { c.vanish(v) })
	}
}

// vanish removes the instance at once, and the VM from its group and zone after
// a while.
func (c *Cloud) vanish(v *vm) {
	existed := v.exists()
	c.endInstance(v)
	v.generation++
	if existed && v.group != nil && c.opts.ListedAfterDeletion > 0 {
		v.leaving = true
		v.setAction(actionDeleting)
		c.after(c.opts.ListedAfterDeletion, func() { c.remove(v) })
		return
	}
	c.remove(v)
}

func (c *Cloud) remove(v *vm) {
	v.zone.vms.remove(v.name)
	if g := v.group; g != nil {
		g.leave(v)
		c.endDeletion(g)
	}
}

// endInstance removes the instance. The VM stays a member of its group.
func (c *Cloud) endInstance(v *vm) {
	if !v.exists() {
		return
	}
	c.logActivity(v, activity{method: "v1.compute.instances.delete", agent: v.group != nil})
	c.detachDisks(v)
	v.id, v.status = 0, ""
}

// recreate replaces the instance by a new one with the same name and another id.
func (c *Cloud) recreate(v *vm) {
	c.endInstance(v)
	v.group.made[v.template]--
	v.template = v.group.template
	v.group.made[v.template]++
	v.setAction(actionRecreating)
	c.create(v)
}

// gone handles an instance that was deleted by someone other than its group.
func (c *Cloud) gone(v *vm) {
	switch {
	case v.group == nil || v.group.deletion != nil || v.action == actionDeleting:
		c.vanish(v)
	case v.group.noRepair && c.settings.DeletedLeavesMember:
		c.endInstance(v)
		v.setAction(actionNone)
	default:
		c.recreate(v)
	}
}
