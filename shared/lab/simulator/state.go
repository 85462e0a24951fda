package simulator

// State counts the resources.
type State struct {
	Templates  int          `json:"templates"`
	Groups     []GroupState `json:"groups"`
	VMs        int          `json:"vms"` // instances that exist
	Disks      int          `json:"disks"`
	Snapshots  int          `json:"snapshots"`
	Operations int          `json:"operations"` // not DONE
	Stuck      int          `json:"stuck"`      // held by NeverEnds faults
}

// GroupState is a group with its VMs counted by instanceStatus and by
// currentAction.
type GroupState struct {
	Project    string         `json:"project"`
	Zone       string         `json:"zone"`
	Name       string         `json:"name"`
	ID         uint64         `json:"id,string"`
	TargetSize int            `json:"targetSize"`
	Deleting   bool           `json:"deleting,omitempty"`
	VMs        map[string]int `json:"vms"` // "" is a VM that does not exist yet
	Actions    map[string]int `json:"actions"`
}

// VM is the state of one VM.
type VM struct {
	Project       string `json:"project"`
	Zone          string `json:"zone"`
	Group         string `json:"group"`
	Template      string `json:"template"`
	Name          string `json:"name"`
	ID            uint64 `json:"id,string"` // 0 while it does not exist
	Status        string `json:"status"`
	CurrentAction string `json:"currentAction"`
}

// State returns the state of all projects, with the groups ordered by project,
// zone and name.
func (c *Cloud) State() State {
	s := State{Groups: []GroupState{}}
	c.locked(func() {
		s.Stuck = len(c.stuck)
		for _, p := range c.sortedProjects() {
			s.Templates += p.templates.len()
			s.Snapshots += p.snapshots.len()
			s.Operations += p.ops.open()
			for _, z := range p.zones {
				s.Disks += z.disks.len()
				s.Operations += z.ops.open()
				for _, g := range z.groups.every() {
					state := g.state()
					for status, n := range state.VMs {
						if status != "" {
							s.VMs += n
						}
					}
					s.Groups = append(s.Groups, state)
				}
			}
		}
	})
	return s
}

// Footprint returns the largest number of VMs that the group has on its way to a
// target size. A VM that is being deleted counts until it is gone.
func (s GroupState) Footprint(target int) int {
	total := 0
	for _, n := range s.Actions {
		total += n
	}
	return max(target+s.Actions["DELETING"], total)
}

func (g *group) state() GroupState {
	s := GroupState{Project: g.zone.project.id, Zone: g.zone.name, Name: g.name, ID: g.id, TargetSize: g.targetSize,
		Deleting: g.deletion != nil, VMs: map[string]int{}, Actions: map[string]int{}}
	for _, v := range g.members.byName {
		s.VMs[v.status]++
		s.Actions[actionNames[v.action].name]++
	}
	return s
}

// VMs returns the members of all groups ordered by project, zone and name,
// including those that currently have no instance.
func (c *Cloud) VMs() []VM {
	all := []VM{}
	c.locked(func() {
		for _, p := range c.sortedProjects() {
			for _, z := range p.zones {
				for _, v := range z.vms.every() {
					all = append(all, v.public())
				}
			}
		}
	})
	return all
}

func (v *vm) public() VM {
	out := VM{Project: v.zone.project.id, Zone: v.zone.name, Name: v.name, ID: v.id,
		Status: v.status, CurrentAction: actionNames[v.action].name}
	if v.group != nil {
		out.Group = v.group.name
	}
	if v.template != nil {
		out.Template = v.template.name
	}
	return out
}

func (l *operationLog) open() int {
	n := 0
	for _, op := range l.inTime {
		if op.status != done {
			n++
		}
	}
	return n
}
