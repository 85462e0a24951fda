package simulator

import (
	"fmt"
	"strconv"
	"strings"
)

// family is a machine family: its types in MB per CPU, and the sizes that a list
// returns. A get returns any size.
type family struct {
	name  string
	kinds map[string]int
	sizes []int
}

var families = []family{
	{"c2", map[string]int{"standard": 4096}, []int{4, 8, 16, 30, 60}},
	{"c2d", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 2048}, []int{2, 4, 8, 16, 32, 56, 112}},
	{"c3", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 2048}, []int{4, 8, 22, 44, 88, 176}},
	{"c3d", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 2048}, []int{4, 8, 16, 30, 60, 90, 180, 360}},
	{"c4", map[string]int{"standard": 3840, "highmem": 7936, "highcpu": 2048}, []int{2, 4, 8, 16, 32, 48, 96, 192}},
	{"e2", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 1024}, []int{2, 4, 8, 16, 32}},
	{"n1", map[string]int{"standard": 3840, "highmem": 6656, "highcpu": 922}, []int{1, 2, 4, 8, 16, 32, 64, 96}},
	{"n2", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 1024}, []int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128}},
	{"n2d", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 1024}, []int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224}},
	{"n4", map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 2048}, []int{2, 4, 8, 16, 32, 48, 64, 80}},
	{"t2a", map[string]int{"standard": 4096}, []int{1, 2, 4, 8, 16, 32, 48}},
	{"t2d", map[string]int{"standard": 4096}, []int{1, 2, 4, 8, 16, 32, 48, 60}},
}

// shared holds the shared-core types: CPUs and MB.
var shared = map[string][2]int{
	"e2-micro": {2, 1024}, "e2-small": {2, 2048}, "e2-medium": {2, 4096},
	"f1-micro": {1, 614}, "g1-small": {1, 1740},
}

// machineShape returns a type's CPUs and MB, and false for an unknown type.
func machineShape(name string) (cpus, mb int, ok bool) {
	if s, found := shared[name]; found {
		return s[0], s[1], true
	}
	parts := strings.Split(strings.TrimSuffix(name, "-ext"), "-")
	if n := len(parts); n >= 3 && parts[n-3] == "custom" || n == 3 && parts[0] == "custom" {
		cpus, errCPUs := strconv.Atoi(parts[n-2])
		mb, errMB := strconv.Atoi(parts[n-1])
		return cpus, mb, errCPUs == nil && errMB == nil
	}
	if len(parts) != 3 {
		return 0, 0, false
	}
	cpus, err := strconv.Atoi(parts[2])
	for _, f := range families {
		if perCPU := f.kinds[parts[1]]; f.name == parts[0] && perCPU > 0 && err == nil && cpus > 0 {
			return cpus, cpus * perCPU, true
		}
	}
	return 0, 0, false
}

func machineType(project, zone, name string) (fixture, bool) {
	cpus, mb, ok := machineShape(name)
	return newFixture(project, "machineType", "zones/"+zone+"/machineTypes/"+name, map[string]any{
		"zone": zone, "description": fmt.Sprintf("%d vCPUs, %d MB RAM", cpus, mb),
		"guestCpus": cpus, "memoryMb": mb, "isSharedCpu": shared[name] != [2]int{},
		"maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168",
	}), ok
}

var machineTypes = kind[fixture]{collection: "machineTypes", name: "machineType", place: inZones,
	in: func(_ *Cloud, project, zone string) lister[fixture] { return machineTypesOf{project, zone} }}

// machineTypesOf lists the machine types of a zone.
type machineTypesOf struct{ project, zone string }

func (m machineTypesOf) find(name string) (fixture, bool) {
	return machineType(m.project, m.zone, name)
}

func (m machineTypesOf) all() []fixture {
	all := newCollection[fixture]()
	add := func(name string) {
		f, _ := m.find(name)
		all.add(f)
	}
	for name := range shared {
		add(name)
	}
	for _, f := range families {
		for kind := range f.kinds {
			for _, size := range f.sizes {
				add(fmt.Sprintf("%s-%s-%d", f.name, kind, size))
			}
		}
	}
	return all.all()
}
