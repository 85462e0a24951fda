package simulator

import (
	"time"
)

// vm is a VM of a group: a place with a name in the group, and the instance that
// stands in it. The name outlives the instance when the group recreates it.
type vm struct {
	zone     *zone
	group    *group
	template *template // may be nil
	name     string
	action   action

	id         uint64 // 0: there is no instance now
	status     string // empty: there is no instance now
	created    time.Time
	started    time.Time
	stopped    time.Time
	address    uint32
	disks      []*attachment
	lastErrors []OperationError

	// held: a NeverEnds fault keeps it from being deleted.
	held bool
	// generation goes up whenever the plans for the VM change; what was planned
	// before is void then.
	generation int
}

// The states of an instance that occur here.
const (
	provisioning = "PROVISIONING"
	staging      = "STAGING"
	stopping     = "STOPPING"
	terminated   = "TERMINATED"
)

func (v *vm) key() string          { return v.name }
func (v *vm) createdAt() time.Time { return v.created }
func (v *vm) path() string         { return v.zone.path("instances", v.name) }
func (v *vm) link() string         { return linkPrefix + v.path() }
func (v *vm) exists() bool         { return v.status != "" }

// later plans f for the VM, unless its plans change before.
func (c *Cloud) later(v *vm, d time.Duration, f func()) {
	generation := v.generation
	c.after(d, func() {
		if v.generation == generation {
			f()
		}
	})
}

// hold is later with no time of its own: it waits for Unstick.
func (c *Cloud) hold(v *vm, f func()) {
	generation := v.generation
	c.stuck = append(c.stuck, func() {
		if v.generation == generation {
			f()
		}
	})
}

// reconcile brings the number of VMs to the target size.
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
	v := &vm{zone: g.zone, template: g.template, name: name, action: actionCreating, created: c.clock}
	g.zone.vms.add(v)
	g.join(v)
	c.create(v)
	return v
}

// surplus picks VMs to delete: first those not yet or no longer running.
func (g *group) surplus(n int) []*vm {
	var idle, busy []*vm
	for _, v := range g.members.all() {
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

// create plans an attempt to make the instance.
func (c *Cloud) create(v *vm) {
	v.generation++
	boot := c.opts.BootTime
	if c.opts.BootJitter > 0 {
		boot += time.Duration(c.opts.Rand.Int64N(int64(c.opts.BootJitter)))
	}
	c.later(v, boot/10, func() { c.attempt(v, boot) })
}

// attempt makes the instance, or notes why not and tries again later.
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
	v.id, v.status, v.lastErrors = c.newID(), provisioning, nil
	v.created, v.started, v.stopped = c.clock, time.Time{}, time.Time{}
	v.address = c.newAddress()
	if fault.NeverEnds {
		c.hold(v, func() { c.boot(v, boot, insertMethod) })
		return
	}
	c.boot(v, boot+fault.OperationDelay, insertMethod)
}

const insertMethod = "v1.compute.instances.insert"

// boot brings the instance from PROVISIONING to RUNNING; method is what the audit
// log then says was done.
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

// vmFault asks for a fault of the group's own attempt.
func (c *Cloud) vmFault(method string, v *vm) Fault {
	found := c.faultFor(&Request{Method: method, Project: v.zone.project.id, Zone: v.zone.name,
		Name: v.name, Group: v.group.name})
	if found == nil {
		return Fault{}
	}
	f := *found // the hook may give the same one to many
	if f.Status != 0 && len(f.OperationErrors) == 0 {
		e := f.httpError()
		f.OperationErrors = []OperationError{{Code: e.Reason, Message: e.Message, HTTPStatus: e.Status}}
	}
	return f
}

// deleteVM is a deletion by the group: the VM goes for good. Asked again it
// starts over, which is a way out for one that is stuck.
func (c *Cloud) deleteVM(v *vm) {
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

// vanish removes the VM and its place.
func (c *Cloud) vanish(v *vm) {
	c.endInstance(v)
	v.generation++
	v.zone.vms.remove(v.name)
	if g := v.group; g != nil {
		g.leave(v)
		c.endDeletion(g)
	}
}

// endInstance removes the instance, not its place.
func (c *Cloud) endInstance(v *vm) {
	if !v.exists() {
		return
	}
	c.logActivity(v, activity{method: "v1.compute.instances.delete", agent: v.group != nil})
	c.detachDisks(v)
	v.id, v.status = 0, ""
}

// recreate puts another instance in the VM's place: same name, another id.
func (c *Cloud) recreate(v *vm) {
	c.endInstance(v)
	v.group.made[v.template]--
	v.template = v.group.template
	v.group.made[v.template]++
	v.setAction(actionRecreating)
	c.create(v)
}

// gone is what follows when the instance went by no deed of its group.
func (c *Cloud) gone(v *vm) {
	if v.group == nil || v.group.deletion != nil || v.action == actionDeleting {
		c.vanish(v)
		return
	}
	c.recreate(v)
}
