package simulator

import (
	"fmt"
	"time"
)

// Preempt preempts a VM: it stops, and its group recreates it unless the policy is
// DO_NOTHING.
func (c *Cloud) Preempt(project, zone, name string) error {
	return c.onVM(project, zone, name, func(v *vm) {
		c.halt(v, c.opts.DeleteTime, activity{method: "compute.instances.preempted", system: true})
	})
}

// StopVM stops a VM, as a user may.
func (c *Cloud) StopVM(project, zone, name string) error {
	return c.onVM(project, zone, name, func(v *vm) {
		c.halt(v, c.opts.DeleteTime, activity{method: "v1.compute.instances.stop"})
	})
}

// DeleteVM deletes a VM behind its group's back; the group then recreates it
// under the same name with another id.
func (c *Cloud) DeleteVM(project, zone, name string) error {
	return c.onVM(project, zone, name, func(v *vm) {
		v.generation++
		v.status = stopping
		c.later(v, c.opts.DeleteTime, func() { c.gone(v) })
	})
}

// RepairVM makes the group recreate a VM under the same name with another id, as
// auto-repair does, whatever the group's policy.
func (c *Cloud) RepairVM(project, zone, name string) error {
	return c.onVM(project, zone, name, func(v *vm) {
		c.logActivity(v, activity{method: "compute.instances.repair.recreateInstance", system: true})
		c.recreate(v)
	})
}

// halt stops the instance and logs the reason once it is stopped. A group with
// repairs then recreates it.
func (c *Cloud) halt(v *vm, took time.Duration, why activity) {
	v.generation++
	v.status = stopping
	c.later(v, took, func() {
		v.status, v.stopped = terminated, c.clock
		c.logActivity(v, why)
		if v.group.noRepair {
			v.setAction(actionNone)
			return
		}
		c.recreate(v)
	})
}

func (c *Cloud) onVM(project, zone, name string, f func(*vm)) (err error) {
	c.locked(func() {
		var v *vm
		ok := c.zoneExists(zone)
		if ok {
			v, ok = c.zone(project, zone).vms.find(name)
		}
		switch {
		case !ok:
			err = fmt.Errorf("there is no instance %s in zone %s of project %s", name, zone, project)
		case v.action == actionDeleting:
			err = fmt.Errorf("instance %s is being deleted", name)
		default:
			f(v)
		}
	})
	return err
}

// stopInstance stops a VM as part of an operation. A group with repairs then
// recreates it.
func (c *Cloud) stopInstance(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	op := c.start(r, operationSpec{kind: "stop", targetLink: v.link(), targetID: v.id, queued: true})
	if (v.status == running || v.status == staging) && v.action != actionDeleting && !op.willFail() && !op.held {
		c.halt(v, c.opts.OperationTime+r.extraTime(), activity{method: "v1.compute.instances.stop"})
	}
	return op, nil
}

// startInstance boots a stopped instance again, with the same id.
func (c *Cloud) startInstance(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	op := c.start(r, operationSpec{kind: "start", targetLink: v.link(), targetID: v.id, queued: true})
	if v.status == terminated && v.action != actionDeleting && !op.willFail() && !op.held {
		v.generation++
		v.status = provisioning
		c.boot(v, c.opts.BootTime, "v1.compute.instances.start")
	}
	return op, nil
}
