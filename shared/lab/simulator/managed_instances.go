package simulator

import (
	"fmt"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// managedInstance is an entry of listManagedInstances.
type managedInstance struct {
	Instance       string       `json:"instance"`
	Name           string       `json:"name"`
	ID             string       `json:"id,omitempty"`
	InstanceStatus string       `json:"instanceStatus,omitempty"`
	CurrentAction  string       `json:"currentAction"`
	LastAttempt    *lastAttempt `json:"lastAttempt,omitempty"`
	Version        *version     `json:"version,omitempty"`
}

type lastAttempt struct {
	Errors struct {
		Errors []map[string]any `json:"errors"`
	} `json:"errors"`
}

type version struct {
	InstanceTemplate string `json:"instanceTemplate"`
}

func (v *vm) managed() managedInstance {
	m := managedInstance{
		Instance:       v.link(),
		Name:           v.name,
		InstanceStatus: v.status,
		CurrentAction:  actionNames[v.action].name,
	}
	if v.id != 0 {
		m.ID = idString(v.id)
	}
	if len(v.lastErrors) > 0 {
		m.LastAttempt = &lastAttempt{}
		m.LastAttempt.Errors.Errors = errorItems(v.lastErrors)
	}
	if v.template != nil {
		m.Version = &version{v.template.link()}
	}
	return m
}

// managedVM is a VM as a filter of listManagedInstances sees it.
type managedVM struct{ *vm }

func (v managedVM) listed() bool { return true }

func (v managedVM) json() map[string]any {
	return copyJSON(v.managed()).(map[string]any)
}

// listManagedInstances returns pages if the group is PAGINATED. Otherwise it
// ignores maxResults and pageToken and returns all VMs.
func (c *Cloud) listManagedInstances(r *Request) (any, error) {
	g, err := groups.find(c, r)
	if err != nil {
		return nil, err
	}
	q, err := parseList(r)
	if err != nil {
		return nil, err
	}
	all := g.members.every()
	items := make([]managedVM, len(all))
	for i, v := range all {
		items[i] = managedVM{v}
	}
	if q.fault == PageUnreachable {
		q.fault = ""
	}
	next := ""
	if g.paginated {
		items, next = page(q, items)
	} else {
		items = matching(q.filter, items)
	}
	answer := struct {
		ManagedInstances []managedInstance `json:"managedInstances,omitempty"`
		NextPageToken    string            `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, v := range items {
		answer.ManagedInstances = append(answer.ManagedInstances, v.managed())
	}
	return answer, nil
}

// maxPerCall limits the VMs of one call.
const maxPerCall = 1000

func (c *Cloud) deleteInstances(r *Request) (*operation, error) {
	g, err := c.changeableGroup(r)
	if err != nil {
		return nil, err
	}
	var m computepb.InstanceGroupManagersDeleteInstancesRequest
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	if err := checkCount(len(m.GetInstances())); err != nil {
		return nil, err
	}
	var leaving []*vm
	seen := map[*vm]bool{}
	for i, url := range m.GetInstances() {
		v, err := c.memberOf(g, i, url)
		if err != nil {
			return nil, err
		}
		switch {
		case v == nil || v.action == actionDeleting && !v.held:
			if !m.GetSkipInstancesOnValidationError() {
				return nil, invalidField(fmt.Sprintf("resource.instances[%d]", i), url,
					"Instance is not a member of the managed instance group '"+g.path()+"'.")
			}
		case !seen[v]:
			seen[v] = true
			leaving = append(leaving, v)
		}
	}
	op := c.start(r, g.operation("compute.instanceGroupManagers.deleteInstances"))
	if op.willFail() {
		return op, nil
	}
	for _, v := range leaving {
		if v.action != actionDeleting {
			g.targetSize--
		}
		c.deleteVM(v)
	}
	return op, nil
}

// memberOf finds the VM that a URL or a name refers to. It returns nil if the
// group has no such VM, and an error for a malformed URL or one in another zone.
func (c *Cloud) memberOf(g *group, i int, url string) (*vm, error) {
	field := fmt.Sprintf("resource.instances[%d]", i)
	ref, ok := parseReference(url)
	if !ok || ref.collection != "" && ref.collection != "instances" {
		return nil, invalidField(field, url, "The URL is malformed.")
	}
	if ref.zone != "" && ref.zone != g.zone.name || ref.project != "" && ref.project != g.zone.project.id {
		return nil, invalidField(field, url, "The instance must be in the zone of the managed instance group.")
	}
	v, _ := g.members.get(ref.name)
	return v, nil
}

func checkCount(n int) error {
	if n == 0 {
		return required("resource.instances")
	}
	if n > maxPerCall {
		return invalidField("resource.instances", n, fmt.Sprintf("At most %d instances can be named.", maxPerCall))
	}
	return nil
}

// createInstances adds VMs with the names that the caller chooses.
func (c *Cloud) createInstances(r *Request) (*operation, error) {
	g, err := c.changeableGroup(r)
	if err != nil {
		return nil, err
	}
	var m computepb.InstanceGroupManagersCreateInstancesRequest
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	if err := checkCount(len(m.GetInstances())); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, wanted := range m.GetInstances() {
		name := wanted.GetName()
		if err := checkName(fmt.Sprintf("resource.instances[%d].name", i), name); err != nil {
			return nil, err
		}
		if _, taken := g.zone.vms.get(name); taken || seen[name] {
			return nil, alreadyExists(g.zone.path("instances", name))
		}
		seen[name] = true
	}
	if size := g.targetSize + len(seen); size > g.limit() {
		return nil, invalidField("resource.instances", len(seen),
			fmt.Sprintf("The group would have %d instances, more than %d.", size, g.limit()))
	}
	op := c.start(r, g.operation("compute.instanceGroupManagers.createInstances"))
	if op.willFail() {
		return op, nil
	}
	g.targetSize += len(seen)
	for _, wanted := range m.GetInstances() {
		c.addVM(g, wanted.GetName())
	}
	return op, nil
}
