package simulator

import (
	"strings"
	"time"
)

func (c *Cloud) placeRoutes() []route {
	return append([]route{
		{"GET ", "projects.get", read, c.getProject},
		{"GET /zones", "zones.list", read, c.listZones},
		{"GET /zones/{zone}", "zones.get", read, c.getZone},
		{"GET /regions", "regions.list", read, c.listRegions},
		{"GET /regions/{region}", "regions.get", read, c.getRegion},
		{"GET /zones/{zone}/machineTypes", "machineTypes.list", read, c.listMachineTypes},
		{"GET /zones/{zone}/machineTypes/{name}", "machineTypes.get", read, c.getMachineType},
		{"GET /aggregated/machineTypes", "machineTypes.aggregatedList", heavyRead, c.aggregateMachineTypes},
		{"GET /global/images/{name}", "images.get", read, c.getImage},
		{"GET /global/images/family/{name}", "images.getFromFamily", read, c.getImageFromFamily},
		{"GET /global/networks/{name}", "networks.get", read, c.getNetwork},
		// gcloud asks for autoscalers whenever it shows a group; there are none.
		{"GET /zones/{zone}/autoscalers", "autoscalers.list", read, emptyList("compute#autoscalerList")},
		{"GET /regions/{region}/autoscalers", "regionAutoscalers.list", read, emptyList("compute#regionAutoscalerList")},
		{"GET /aggregated/autoscalers", "autoscalers.aggregatedList", heavyRead, c.aggregateAutoscalers},
	}, c.healthRoutes()...)
}

func (c *Cloud) getProject(r *Request) (any, error) {
	return map[string]any{
		"kind": "compute#project", "id": idString(projectNumber(r.Project)), "name": r.Project,
		"creationTimestamp":      timestamp(epoch),
		"selfLink":               linkPrefix + "projects/" + r.Project,
		"commonInstanceMetadata": map[string]any{"kind": "compute#metadata", "fingerprint": contentFingerprint(nil)},
		"defaultServiceAccount":  idString(projectNumber(r.Project)) + "-compute@developer.gserviceaccount.com",
		"defaultNetworkTier":     "PREMIUM",
	}, nil
}

// epoch is the creation of what was always there.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// fixture is a resource that was always there and never changes.
type fixture struct {
	name string
	body map[string]any
}

func (f fixture) key() string          { return f.name }
func (f fixture) createdAt() time.Time { return epoch }
func (f fixture) json() map[string]any { return f.body }

func zoneResource(project, zone string) fixture {
	base := linkPrefix + "projects/" + project
	return fixture{zone, map[string]any{
		"kind": "compute#zone", "id": idString(projectNumber(zone)), "name": zone, "description": zone,
		"status": "UP", "creationTimestamp": timestamp(epoch), "selfLink": base + "/zones/" + zone,
		"region": base + "/regions/" + regionOf(zone), "availableCpuPlatforms": []string{"Intel Broadwell"},
	}}
}

func (c *Cloud) getZone(r *Request) (any, error) { return zoneResource(r.Project, r.Zone).body, nil }

func (c *Cloud) listZones(r *Request) (any, error) {
	var all []fixture
	for _, z := range c.zones {
		all = append(all, zoneResource(r.Project, z))
	}
	path := "projects/" + r.Project + "/zones"
	return listOf(r, listSpec{kind: "compute#zoneList", id: path, link: linkPrefix + path}, all)
}

// regionOf is a zone's name without its letter.
func regionOf(zone string) string {
	if i := strings.LastIndexByte(zone, '-'); i > 0 {
		return zone[:i]
	}
	return zone
}

func (c *Cloud) regions(project string) []fixture {
	zones := map[string][]string{}
	var names []string
	for _, z := range c.zones {
		region := regionOf(z)
		if zones[region] == nil {
			names = append(names, region)
		}
		zones[region] = append(zones[region], linkPrefix+"projects/"+project+"/zones/"+z)
	}
	var all []fixture
	for _, name := range names {
		all = append(all, fixture{name, map[string]any{
			"kind": "compute#region", "id": idString(projectNumber(name)), "name": name, "description": name,
			"status": "UP", "creationTimestamp": timestamp(epoch), "zones": zones[name],
			"selfLink": linkPrefix + "projects/" + project + "/regions/" + name,
		}})
	}
	return all
}

func (c *Cloud) listRegions(r *Request) (any, error) {
	path := "projects/" + r.Project + "/regions"
	return listOf(r, listSpec{kind: "compute#regionList", id: path, link: linkPrefix + path}, c.regions(r.Project))
}

func (c *Cloud) getRegion(r *Request) (any, error) {
	name := r.http.PathValue("region")
	for _, region := range c.regions(r.Project) {
		if region.name == name {
			return region.body, nil
		}
	}
	return nil, notFound("projects/" + r.Project + "/regions/" + name)
}

func (c *Cloud) getNetwork(r *Request) (any, error) {
	path := c.project(r.Project).globalPath("networks", r.Name)
	if r.Name != "default" {
		return nil, notFound(path)
	}
	return map[string]any{
		"kind": "compute#network", "id": idString(projectNumber(path)), "name": r.Name,
		"creationTimestamp": timestamp(epoch), "autoCreateSubnetworks": true, "selfLink": linkPrefix + path,
	}, nil
}

func emptyList(kind string) handler {
	return func(r *Request) (any, error) {
		path := strings.TrimPrefix(r.http.URL.Path, "/compute/v1/")
		return listOf(r, listSpec{kind: kind, id: path, link: linkPrefix + path}, []fixture{})
	}
}

func (c *Cloud) aggregateAutoscalers(r *Request) (any, error) {
	return aggregateOf(c, r, "compute#autoscalerAggregatedList", "autoscalers", []scope[fixture]{})
}
