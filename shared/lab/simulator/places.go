package simulator

import "strings"

func (c *Cloud) placeRoutes() []route {
	return append([]route{
		{"projects.get", read, c.getProject},
		zones.listRoute(c), zones.getRoute(c),
		regions.listRoute(c), regions.getRoute(c),
		networks.getRoute(c), subnetworks.getRoute(c),
		// gcloud asks for autoscalers whenever it shows a group; the lists are
		// always empty.
		autoscalers.listRoute(c), autoscalers.aggregateRoute(c), regionAutoscalers.listRoute(c),
	}, machineTypes.routes(c)...)
}

var (
	zones = kind[fixture]{collection: "zones", name: "zone",
		in: func(c *Cloud, project, _ string) lister[fixture] { return c.zoneFixtures(project) }}
	regions = kind[fixture]{collection: "regions", name: "region",
		in: func(c *Cloud, project, _ string) lister[fixture] { return c.regionFixtures(project) }}
	networks = kind[fixture]{collection: "networks", name: "network", place: inGlobal,
		in: func(_ *Cloud, project, _ string) lister[fixture] {
			return anyName(func(name string) fixture {
				return newFixture(project, "network", "global/networks/"+name, map[string]any{"autoCreateSubnetworks": true})
			})
		}}
	subnetworks = kind[fixture]{collection: "subnetworks", name: "subnetwork", place: inRegions,
		in: func(_ *Cloud, project, region string) lister[fixture] {
			base := linkPrefix + "projects/" + project
			return anyName(func(name string) fixture {
				return newFixture(project, "subnetwork", "regions/"+region+"/subnetworks/"+name, map[string]any{
					"region": base + "/regions/" + region, "network": base + "/global/networks/" + name, "ipCidrRange": "10.128.0.0/20"})
			})
		}}
	autoscalers       = kind[fixture]{collection: "autoscalers", name: "autoscaler", place: inZones, in: nothing}
	regionAutoscalers = kind[fixture]{collection: "autoscalers", name: "regionAutoscaler", place: inRegions,
		service: "regionAutoscalers", in: nothing}
)

func nothing(*Cloud, string, string) lister[fixture] { return fixtures{} }

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

// newFixture returns a resource at a path below its project, such as
// "global/networks/default", with the given fields.
func newFixture(project, kind, path string, fields map[string]any) fixture {
	path = "projects/" + project + "/" + path
	f := fixture{name: lastSegment(path), body: map[string]any{
		"kind": "compute#" + kind, "id": idString(projectNumber(path)), "name": lastSegment(path),
		"creationTimestamp": timestamp(epoch), "selfLink": linkPrefix + path,
	}}
	for field, value := range fields {
		f.body[field] = value
	}
	return f
}

func (c *Cloud) zoneFixtures(project string) fixtures {
	var all fixtures
	for _, z := range c.zones {
		all = append(all, newFixture(project, "zone", "zones/"+z, map[string]any{
			"description": z, "status": "UP", "availableCpuPlatforms": []string{"Intel Broadwell"},
			"region": linkPrefix + "projects/" + project + "/regions/" + regionOf(z)}))
	}
	return all
}

// regionOf returns a zone's name without its letter.
func regionOf(zone string) string { return zone[:max(strings.LastIndexByte(zone, '-'), 0)] }

func (c *Cloud) regionFixtures(project string) fixtures {
	var all fixtures
	for _, z := range c.zones { // in order, so a region's zones follow each other
		region := regionOf(z)
		if n := len(all); n == 0 || all[n-1].name != region {
			all = append(all, newFixture(project, "region", "regions/"+region, map[string]any{
				"description": region, "status": "UP", "zones": []string{}}))
		}
		body := all[len(all)-1].body
		body["zones"] = append(body["zones"].([]string), linkPrefix+"projects/"+project+"/zones/"+z)
	}
	return all
}

// anyName finds a resource for every valid name: the simulator cannot know which
// ones exist.
type anyName func(name string) fixture

func (anyName) all() []fixture { return nil }

func (f anyName) find(name string) (fixture, bool) { return f(name), namePattern.MatchString(name) }
