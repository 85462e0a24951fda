// Package plan says what importing a configuration would do to the fleet as
// it is stored, by the same decisions as the jobs, and changes nothing.
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
	InForce   string     `json:"in_force,omitempty"` // the configuration that it replaces
	Templates []Template `json:"templates"`
	// Frozen are templates that would change and are left alone, because the
	// new settings freeze them.
	Frozen []string `json:"frozen,omitempty"`
	// Settings are the fields of settings.cfg that change.
	Settings []string `json:"settings,omitempty"`
	Total    Total    `json:"total"`
}

// Template is what becomes of a template.
type Template struct {
	BaseName string `json:"base_name"`
	// From and To are its active revision before and after; "" for none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Because names the fields that make the revision another one.
	Because []string `json:"because,omitempty"`
	// Create and Delete are instance templates.
	Create []string `json:"create,omitempty"`
	Delete []string `json:"delete,omitempty"`
	Groups []Group  `json:"groups,omitempty"`
}

// Change is what becomes of a group.
type Change string

// The changes.
const (
	Create Change = "create" // there is no such group yet
	Resume Change = "resume" // it was draining, and is wanted again
	Resize Change = "resize" // its limits change
	Drain  Change = "drain"  // it is deleted once its machines are
)

// Group is what becomes of the VMs of a revision in a zone, in the end; on the
// way, and while leases of others run, maximum_size holds.
type Group struct {
	Zone   string `json:"zone"`
	Name   string `json:"name"`
	Change Change `json:"change"`
	// Minimum and Maximum are the limits, WasMinimum and WasMaximum those
	// before where they change.
	Minimum    int  `json:"minimum"`
	Maximum    int  `json:"maximum"`
	WasMinimum int  `json:"was_minimum,omitempty"`
	WasMaximum int  `json:"was_maximum,omitempty"`
	CreateVMs  int  `json:"create_vms,omitempty"`
	DeleteVMs  int  `json:"delete_vms,omitempty"`
	Leased     int  `json:"leased,omitempty"` // of those, after their leases
	Delete     bool `json:"delete,omitempty"` // the group exists and is deleted
}

// Total adds everything up.
type Total struct {
	CreateTemplates int `json:"create_templates"`
	DeleteTemplates int `json:"delete_templates"`
	CreateGroups    int `json:"create_groups"`
	DeleteGroups    int `json:"delete_groups"`
	CreateVMs       int `json:"create_vms"`
	DeleteVMs       int `json:"delete_vms"`
	AfterLeases     int `json:"after_leases"` // of the VMs deleted
}

// Empty reports whether nothing of the fleet would change.
func (p Plan) Empty() bool { return len(p.Templates) == 0 && len(p.Frozen) == 0 }

// Make decides what importing a configuration would do. The configuration must
// be valid.
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
