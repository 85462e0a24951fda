package simulator

import (
	"fmt"
	"math"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config/machinetype"
)

var machineTypes = kind[fixture]{collection: "machineTypes", name: "machineType", place: inZones,
	in: func(_ *Cloud, project, zone string) lister[fixture] { return machineTypesOf{project, zone} }}

// machineTypesOf lists the machine types of a zone: every zone has all of them.
type machineTypesOf struct{ project, zone string }

func (m machineTypesOf) find(name string) (fixture, bool) {
	shape, err := machinetype.Parse(name)
	mb := int(math.Round(shape.MemoryGB * 1024))
	return newFixture(m.project, "machineType", "zones/"+m.zone+"/machineTypes/"+name, map[string]any{
		"zone": m.zone, "description": fmt.Sprintf("%d vCPUs, %d MB RAM", shape.CPUs, mb),
		"guestCpus": shape.CPUs, "memoryMb": mb, "isSharedCpu": strings.Count(name, "-") == 1,
		"maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168",
	}), err == nil
}

func (m machineTypesOf) all() []fixture {
	var all []fixture
	for _, name := range machinetype.Names() {
		f, _ := m.find(name)
		all = append(all, f)
	}
	return all
}

var diskTypes = kind[fixture]{collection: "diskTypes", name: "diskType", place: inZones,
	in: func(_ *Cloud, project, zone string) lister[fixture] {
		var all fixtures
		for _, name := range diskTypeNames {
			all = append(all, newFixture(project, "diskType", "zones/"+zone+"/diskTypes/"+name, map[string]any{
				"zone": linkPrefix + "projects/" + project + "/zones/" + zone, "description": name}))
		}
		return all
	}}
