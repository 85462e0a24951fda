// Package plan computes what importing a configuration would do to the stored
// fleet. It decides as the jobs do, and changes nothing.
package plan

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Plan is what importing a configuration would do.
type Plan struct {
	Revision  string     `json:"revision"`
	InForce   string     `json:"in_force,omitempty"` // the configuration to be replaced
	Templates []Template `json:"templates"`
	// Frozen are the templates that would change but stay as they are, because
	// the new settings freeze them.
	Frozen []string `json:"frozen,omitempty"`
	// Settings are the changed fields of settings.cfg.
	Settings []string `json:"settings,omitempty"`
	Total    Total    `json:"total"`
}

// Template is the change of a template.
type Template struct {
	BaseName string `json:"base_name"`
	// From and To are the active revisions before and after; "" for none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Because names the changed fields that lead to another revision.
	Because []string `json:"because,omitempty"`
	// Create and Delete name instance templates.
	Create []string `json:"create,omitempty"`
	Delete []string `json:"delete,omitempty"`
	Groups []Group  `json:"groups,omitempty"`
}

// Change is the kind of change of a group.
type Change string

// The changes.
const (
	Create Change = "create" // the group does not exist yet
	Resume Change = "resume" // it was draining, and is configured again
	Resize Change = "resize" // its limits change
	Drain  Change = "drain"  // it is deleted once its machines are gone
)

// Group is the change of a revision's VMs in a zone, from now to when the plan is
// carried out. On the way there, and while leases of other revisions run,
// maximum_size limits the number of VMs.
type Group struct {
	Zone   string `json:"zone"`
	Name   string `json:"name"`
	Change Change `json:"change"`
	// Minimum and Maximum are the new limits, WasMinimum and WasMaximum the
	// previous ones if they change.
	Minimum    int  `json:"minimum"`
	Maximum    int  `json:"maximum"`
	WasMinimum int  `json:"was_minimum,omitempty"`
	WasMaximum int  `json:"was_maximum,omitempty"`
	CreateVMs  int  `json:"create_vms,omitempty"`
	DeleteVMs  int  `json:"delete_vms,omitempty"`
	Leased     int  `json:"leased,omitempty"` // of the deleted VMs, those whose leases must end first
	Delete     bool `json:"delete,omitempty"` // the group exists and is deleted
}

// Total sums up the plan.
type Total struct {
	CreateTemplates int `json:"create_templates"`
	DeleteTemplates int `json:"delete_templates"`
	CreateGroups    int `json:"create_groups"`
	DeleteGroups    int `json:"delete_groups"`
	CreateVMs       int `json:"create_vms"`
	DeleteVMs       int `json:"delete_vms"`
	AfterLeases     int `json:"after_leases"` // of the deleted VMs, those whose leases must end first
}

// Empty reports whether the fleet would not change.
func (p Plan) Empty() bool { return len(p.Templates) == 0 && len(p.Frozen) == 0 }

// Make plans the import of a configuration, which must be valid.
func Make(state State, wanted config.Config) (Plan, error) {
	imported, err := state.imported()
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Revision: wanted.Revision, InForce: state.InForce, Templates: []Template{}, Settings: changedFields(imported.Settings, wanted.Settings)}
	known := make([]records.Template, len(state.Templates))
	for i, template := range state.Templates {
		known[i].Value = template
	}
	hashed := config.Config{Templates: proto.CloneOf(wanted.Templates)}
	hashMetadata(hashed)
	freeze := fleet.Freeze(wanted.Settings.GetFreeze())
	for _, wish := range processconfig.ChangedWishes(wanted, known) {
		if freeze.Covers(wish.BaseName) {
			plan.Frozen = append(plan.Frozen, wish.BaseName)
			continue
		}
		template, changes := planTemplate(state, wish)
		if !changes {
			continue
		}
		if template.From != "" && template.To != "" && template.From != template.To {
			template.Because = changedTemplate(imported.Template(wish.BaseName), hashed.Template(wish.BaseName))
		}
		plan.Templates = append(plan.Templates, template)
		plan.Total.add(template)
	}
	slices.SortFunc(plan.Templates, func(a, b Template) int { return cmp.Compare(a.BaseName, b.BaseName) })
	slices.Sort(plan.Frozen)
	return plan, nil
}

func (t *Total) add(template Template) {
	t.CreateTemplates += len(template.Create)
	t.DeleteTemplates += len(template.Delete)
	for _, group := range template.Groups {
		if group.Change == Create {
			t.CreateGroups++
		}
		if group.Delete {
			t.DeleteGroups++
		}
		t.CreateVMs += group.CreateVMs
		t.DeleteVMs += group.DeleteVMs
		t.AfterLeases += group.Leased
	}
}
