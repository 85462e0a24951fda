package plan

import (
	"cmp"
	"slices"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// planTemplate compares a template's records with the records that processing
// the wish would leave.
func planTemplate(state State, wish fleet.Wish) (Template, bool) {
	before := state.records(wish.BaseName)
	after := fleet.Build(before, wish)
	template := Template{BaseName: wish.BaseName, From: before.Template.ActiveRevision, To: after.Template.ActiveRevision}
	for id, revision := range after.Revisions {
		was, known := before.Revisions[id]
		wanted := id == template.To
		switch {
		case wanted && (!known || revision.Deleting || was.State != fleet.Active && was.URL == ""):
			template.Create = append(template.Create, revision.TemplateName())
		case !wanted && known && was.State == fleet.Active && was.URL != "":
			template.Delete = append(template.Delete, revision.TemplateName())
		}
	}
	for key, manager := range after.Managers {
		_, configured := wish.Zones[key.Zone]
		wanted := key.Revision == template.To && configured
		if group, changes := planGroup(before, manager, wanted, state.Machines[key.String()]); changes {
			template.Groups = append(template.Groups, group)
		}
	}
	slices.Sort(template.Create)
	slices.Sort(template.Delete)
	slices.SortFunc(template.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Name, b.Name))
	})
	changes := template.From != template.To || len(template.Create)+len(template.Delete)+len(template.Groups) > 0
	return template, changes
}

func planGroup(before fleet.Records, manager fleet.Manager, wanted bool, machines fleet.Machines) (Group, bool) {
	was, known := before.Managers[manager.Key()]
	group := Group{Zone: manager.Zone, Name: manager.GroupName(), Minimum: manager.MinimumSize, Maximum: manager.MaximumSize}
	if !wanted {
		if !known || was.State != fleet.Active {
			return group, false // already under way
		}
		group.Change, group.Delete = Drain, was.URL != ""
		group.DeleteVMs, group.Leased = machines.Live(), machines.Leased
		return group, true
	}
	switch {
	case !known || manager.Deleting || was.State != fleet.Active && was.URL == "":
		group.Change, machines = Create, fleet.Machines{}
	case was.State != fleet.Active:
		group.Change = Resume
	case was.MinimumSize != manager.MinimumSize || was.MaximumSize != manager.MaximumSize:
		group.Change, group.WasMinimum, group.WasMaximum = Resize, was.MinimumSize, was.MaximumSize
	default:
		return group, false
	}
	size := fleet.Sizing{Minimum: manager.MinimumSize, Maximum: manager.MaximumSize, Leased: machines.Leased}
	group.CreateVMs = max(size.Wanted()-machines.Live(), 0)
	group.DeleteVMs = size.Surplus(machines.Found + machines.Cataloged)
	return group, true
}
