package simulator

import (
	"fmt"
	"strconv"
	"strings"
)

// family is a machine family's kinds in MB per CPU, and the sizes that a list
// shows. A get answers any size.
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

// shared are the shared-core types: CPUs and MB.
var shared = map[string][2]int{
	"e2-micro": {2, 1024}, "e2-small": {2, 2048}, "e2-medium": {2, 4096},
	"f1-micro": {1, 614}, "g1-small": {1, 1740},
}

// machineShape is a type's CPUs and MB; false for a name that no rule knows.
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
	path := fmt.Sprintf("projects/%s/zones/%s/machineTypes/%s", project, zone, name)
	return fixture{name, map[string]any{
		"kind": "compute#machineType", "id": idString(projectNumber(name)), "name": name, "zone": zone,
		"description": fmt.Sprintf("%d vCPUs, %d MB RAM", cpus, mb), "creationTimestamp": timestamp(epoch),
		"guestCpus": cpus, "memoryMb": mb, "isSharedCpu": shared[name] != [2]int{},
		"maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168",
		"selfLink": linkPrefix + path,
	}}, ok
}

func machineTypes(project, zone string) []fixture {
	all := newCollection[fixture]()
	for name := range shared {
		f, _ := machineType(project, zone, name)
		all.add(f)
	}
	for _, f := range families {
		for kind := range f.kinds {
			for _, size := range f.sizes {
				m, _ := machineType(project, zone, fmt.Sprintf("%s-%s-%d", f.name, kind, size))
				all.add(m)
			}
		}
	}
	return all.all()
}

func (c *Cloud) getMachineType(r *Request) (any, error) {
	m, ok := machineType(r.Project, r.Zone, r.Name)
	if !ok {
		return nil, notFound(c.zone(r.Project, r.Zone).path("machineTypes", r.Name))
	}
	return m.body, nil
}

func (c *Cloud) listMachineTypes(r *Request) (any, error) {
	path := "projects/" + r.Project + "/zones/" + r.Zone + "/machineTypes"
	return listOf(r, listSpec{kind: "compute#machineTypeList", id: path, link: linkPrefix + path},
		machineTypes(r.Project, r.Zone))
}

func (c *Cloud) aggregateMachineTypes(r *Request) (any, error) {
	var scopes []scope[fixture]
	for _, z := range c.zones {
		scopes = append(scopes, scope[fixture]{"zones/" + z, machineTypes(r.Project, z)})
	}
	return aggregateOf(c, r, "compute#machineTypeAggregatedList", "machineTypes", scopes)
}
