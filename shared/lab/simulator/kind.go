package simulator

import (
	"cmp"
	"fmt"
	"strings"
)

// place is the kind of scope in which resources live.
type place int

const (
	inProject place = iota // projects/P/KIND
	inGlobal               // projects/P/global/KIND
	inZones                // projects/P/zones/Z/KIND
	inRegions              // projects/P/regions/R/KIND
)

var placePaths = map[place]string{inProject: "", inGlobal: "/global", inZones: "/zones/{zone}", inRegions: "/regions/{region}"}

// kind is a kind of resource. It provides the methods get, list and
// aggregatedList.
type kind[T resource] struct {
	collection string // as in paths: "disks"
	name       string // as in "compute#disk"
	place      place
	service    string // as in names of methods; the collection when empty
	getMethod  string // "get" when empty
	// everywhere adds the zones to the aggregated list of a global kind.
	everywhere bool
	// in returns the resources of a zone or region, or of the project if scope is
	// empty.
	in func(c *Cloud, project, scope string) lister[T]
}

func (k kind[T]) method(name string) string {
	return cmp.Or(k.service, k.collection) + "." + name
}

func (k kind[T]) listRoute(c *Cloud) route {
	return route{k.method("list"), read, func(r *Request) (any, error) {
		path := r.resourcePath()
		return listOf(r, listSpec{kind: "compute#" + k.name + "List", id: path, link: linkPrefix + path},
			k.in(c, r.Project, r.scope()).all())
	}}
}

func (k kind[T]) getRoute(c *Cloud) route {
	return route{k.method(cmp.Or(k.getMethod, "get")), read, func(r *Request) (any, error) {
		item, err := k.find(c, r)
		if err != nil {
			return nil, err
		}
		return item.json(), nil
	}}
}

func (k kind[T]) aggregateRoute(c *Cloud) route {
	return route{k.method("aggregatedList"), heavyRead, func(r *Request) (any, error) {
		return k.aggregate(c, r)
	}}
}

// routes returns the three read methods.
func (k kind[T]) routes(c *Cloud) []route {
	return []route{k.listRoute(c), k.getRoute(c), k.aggregateRoute(c)}
}

// find returns the resource that a request's path names.
func (k kind[T]) find(c *Cloud, r *Request) (T, error) {
	item, ok := k.in(c, r.Project, r.scope()).find(r.Name)
	if !ok {
		path := strings.NewReplacer("{zone}", r.Zone, "{region}", r.region).Replace(placePaths[k.place])
		return item, notFound("projects/" + r.Project + path + "/" + k.collection + "/" + r.Name)
	}
	return item, nil
}

// scoped is a resource in an aggregated list. Its key begins with its scope.
type scoped[T resource] struct {
	resource
	scope string
}

func (s scoped[T]) key() string { return s.scope + "/" + s.resource.key() }

// aggregate returns a page of the items of all scopes, by scope and name. A
// scope without items on the page has the warning that the real service gives.
func (k kind[T]) aggregate(c *Cloud, r *Request) (any, error) {
	q, err := parseList(r)
	if err != nil {
		return nil, err
	}
	items := map[string]any{"global": noResults("global")}
	var all []scoped[T]
	add := func(scope string, l lister[T]) {
		for _, item := range l.all() {
			all = append(all, scoped[T]{item, scope})
		}
	}
	if k.place == inGlobal {
		add("global", k.in(c, r.Project, ""))
	}
	for _, z := range c.zones {
		items["zones/"+z] = noResults("zones/" + z)
		if k.place == inZones || k.everywhere {
			add("zones/"+z, k.in(c, r.Project, z))
		}
	}
	picked, next := page(q, all)
	byScope := map[string][]map[string]any{}
	for _, item := range picked {
		byScope[item.scope] = append(byScope[item.scope], item.json())
	}
	for scope, list := range byScope {
		items[scope] = map[string]any{k.collection: list}
	}
	path := r.resourcePath()
	answer := map[string]any{"kind": "compute#" + k.name + "AggregatedList", "items": items,
		"id": path, "selfLink": linkPrefix + path}
	q.complete(answer, next)
	return answer, nil
}

func noResults(scope string) map[string]any {
	return map[string]any{"warning": map[string]any{
		"code":    "NO_RESULTS_ON_PAGE",
		"message": fmt.Sprintf("There are no results for scope '%s' on this page.", scope),
		"data":    []map[string]any{{"key": "scope", "value": scope}},
	}}
}
