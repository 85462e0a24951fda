package plan

import (
	"fmt"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// String describes the plan to a person.
func (p Plan) String() string {
	var text strings.Builder
	over := " over " + p.InForce
	switch p.InForce {
	case "":
		over = " as the first one"
	case p.Revision:
		over = ", which is in force already,"
	}
	fmt.Fprintf(&text, "Importing the configuration %s%s would\n", p.Revision, over)
	if p.Empty() {
		text.WriteString("  change nothing of the fleet\n")
	}
	for _, template := range p.Templates {
		text.WriteString(template.String())
	}
	for _, name := range p.Frozen {
		fmt.Fprintf(&text, "%s\n  leave it alone, because settings.cfg freezes it; the change comes when it is thawed\n", name)
	}
	if len(p.Settings) > 0 {
		fmt.Fprintf(&text, "settings.cfg\n  change %s\n", strings.Join(p.Settings, ", "))
	}
	if len(p.Templates) > 0 {
		text.WriteString(p.Total.String())
	}
	return text.String()
}

func (t Template) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n", t.BaseName)
	line := func(format string, args ...any) { fmt.Fprintf(&text, "  "+format+"\n", args...) }
	switch {
	case t.To == "":
		line("drain all of it: it is not configured any more")
	case t.From == "":
		line("build it at revision %s", t.To)
	case t.From != t.To && len(t.Because) > 0:
		line("roll over from revision %s to %s, because of %s", t.From, t.To, strings.Join(t.Because, "; "))
	case t.From != t.To:
		line("roll over from revision %s to %s", t.From, t.To)
	}
	for _, name := range t.Create {
		line("create the instance template %s", name)
	}
	for _, group := range t.Groups {
		line("%s", group)
	}
	for _, name := range t.Delete {
		line("delete the instance template %s, once its groups are gone", name)
	}
	return text.String()
}

func (g Group) String() string {
	switch g.Change {
	case Create:
		return fmt.Sprintf("create the group %s in %s, %s: %s", g.Name, g.Zone, limits(g.Minimum, g.Maximum), g.vms())
	case Resume:
		return fmt.Sprintf("resume the group %s in %s, which was draining, %s: %s", g.Name, g.Zone, limits(g.Minimum, g.Maximum), g.vms())
	case Resize:
		return fmt.Sprintf("resize the group %s in %s from %s to %s: %s", g.Name, g.Zone,
			limits(g.WasMinimum, g.WasMaximum), limits(g.Minimum, g.Maximum), g.vms())
	}
	return fmt.Sprintf("drain the group %s in %s: %s", g.Name, g.Zone, g.vms())
}

func limits(minimum, maximum int) string { return fmt.Sprintf("%d to %d VMs", minimum, maximum) }

func (g Group) vms() string {
	var parts []string
	if g.CreateVMs > 0 {
		parts = append(parts, fmt.Sprintf("create %s", fleet.Many(g.CreateVMs, "VM")))
	}
	if g.DeleteVMs > 0 {
		part := fmt.Sprintf("delete %s", fleet.Many(g.DeleteVMs, "VM"))
		if g.Leased > 0 {
			part += fmt.Sprintf(", %d of them when their leases end", g.Leased)
		}
		parts = append(parts, part)
	}
	if g.Delete {
		parts = append(parts, "then delete the group")
	}
	if len(parts) == 0 {
		return "no VM changes"
	}
	return strings.Join(parts, ", ")
}

func (t Total) String() string {
	text := fmt.Sprintf("In all: create %s, %s and %s; delete %s, %s and %s",
		fleet.Many(t.CreateTemplates, "instance template"), fleet.Many(t.CreateGroups, "group"), fleet.Many(t.CreateVMs, "VM"),
		fleet.Many(t.DeleteTemplates, "instance template"), fleet.Many(t.DeleteGroups, "group"), fleet.Many(t.DeleteVMs, "VM"))
	if t.AfterLeases > 0 {
		text += fmt.Sprintf(" (%d after their leases)", t.AfterLeases)
	}
	return text + ".\n"
}
