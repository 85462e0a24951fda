package simulator

import (
	"fmt"
	"strconv"

	"cloud.google.com/go/compute/apiv1/computepb"
)

func (c *Cloud) resizeGroup(r *Request) (*operation, error) {
	g, err := c.changeableGroup(r)
	if err != nil {
		return nil, err
	}
	text := r.Query.Get("size")
	if text == "" {
		return nil, required("size")
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 0 || size > g.limit() {
		return nil, invalidField("size", text, fmt.Sprintf("Must be between 0 and %d.", g.limit()))
	}
	op := c.start(r, g.operation("compute.instanceGroupManagers.resize"))
	if !op.willFail() {
		g.targetSize = size
		c.reconcile(g)
	}
	return op, nil
}

// operation describes the operation of a change that the group accepts now and
// carries out later: the operation is DONE before the VMs are created or
// deleted.
func (g *group) operation(kind string) operationSpec {
	return operationSpec{kind: kind, targetLink: g.link(), targetID: g.id, queued: true}
}

// patchGroup merges the posted fields into the group: objects are merged by
// field, and other values replace the old ones.
func (c *Cloud) patchGroup(r *Request) (*operation, error) {
	g, err := c.changeableGroup(r)
	if err != nil {
		return nil, err
	}
	var posted computepb.InstanceGroupManager
	body, err := r.decode(&posted)
	if err != nil {
		return nil, err
	}
	if posted.Name != nil && posted.GetName() != g.name {
		return nil, invalidField("resource.name", posted.GetName(), "The name cannot be changed.")
	}
	if posted.Fingerprint != nil && posted.GetFingerprint() != g.fingerprint {
		return nil, conditionNotMet("The fingerprint is not the resource's current one.")
	}
	whole := merged(g.body, body)
	if posted.InstanceTemplate != nil && posted.Versions == nil {
		delete(whole, "versions") // the short form replaces the long one
	}
	var m computepb.InstanceGroupManager
	if err := toMessage(whole, &m); err != nil {
		return nil, invalid("patch the group: %v", err)
	}
	if op := (&operation{fault: r.fault}); op.willFail() {
		return c.start(r, operationSpec{kind: "patch", targetLink: g.link(), targetID: g.id}), nil
	}
	if err := c.configure(g, &m, whole); err != nil {
		return nil, err
	}
	g.fingerprint = c.newFingerprint()
	if posted.TargetSize != nil {
		g.targetSize = int(posted.GetTargetSize())
		c.reconcile(g)
	}
	return c.start(r, operationSpec{kind: "patch", targetLink: g.link(), targetID: g.id}), nil
}

// deleteGroup deletes the VMs, then the group. Until then, get returns the
// group.
func (c *Cloud) deleteGroup(r *Request) (*operation, error) {
	g, err := c.changeableGroup(r)
	if err != nil {
		return nil, err
	}
	op := c.start(r, operationSpec{
		kind: "delete", targetLink: g.link(), targetID: g.id, waits: true,
		apply: func() { g.zone.groups.remove(g.name) },
	})
	if op.willFail() {
		return op, nil
	}
	g.deletion, g.targetSize = op, 0
	for _, v := range g.members.every() {
		c.deleteVM(v)
	}
	c.after(c.opts.OperationTime+r.extraTime(), func() {
		g.deletionDue = true
		c.endDeletion(g)
	})
	return op, nil
}

// endDeletion removes a group that has no VM left and whose own deletion time is
// over.
func (c *Cloud) endDeletion(g *group) {
	if g.deletion != nil && g.deletionDue && g.members.len() == 0 {
		c.complete(g.deletion)
	}
}
