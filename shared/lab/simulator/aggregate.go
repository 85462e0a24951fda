package simulator

import "fmt"

// scope is a zone ("zones/Z"), or "global", with its resources.
type scope[T resource] struct {
	name  string
	items []T
}

// scoped is a resource in an aggregated list: its key begins with its scope.
type scoped[T resource] struct {
	resource
	scope string
}

func (s scoped[T]) key() string { return s.scope + "/" + s.resource.key() }

// aggregateOf answers an aggregatedList: pages of items over all scopes, by
// scope and name. Each scope without items on a page carries the warning that
// the real service gives.
func aggregateOf[T resource](c *Cloud, r *Request, kind, field string, scopes []scope[T]) (any, error) {
	q, err := parseList(r)
	if err != nil {
		return nil, err
	}
	var all []scoped[T]
	for _, s := range scopes {
		for _, item := range s.items {
			all = append(all, scoped[T]{item, s.name})
		}
	}
	picked, next := page(q, all)
	byScope := map[string][]map[string]any{}
	for _, item := range picked {
		byScope[item.scope] = append(byScope[item.scope], item.json())
	}
	items := map[string]any{}
	for _, name := range c.scopeNames() {
		items[name] = noResults(name)
	}
	for name, list := range byScope {
		items[name] = map[string]any{field: list}
	}
	answer := map[string]any{
		"kind": kind, "items": items,
		"id":       fmt.Sprintf("projects/%s/aggregated/%s", r.Project, field),
		"selfLink": fmt.Sprintf("%sprojects/%s/aggregated/%s", linkPrefix, r.Project, field),
	}
	q.complete(answer, next)
	return answer, nil
}

func (c *Cloud) scopeNames() []string {
	names := []string{"global"}
	for _, z := range c.zones {
		names = append(names, "zones/"+z)
	}
	return names
}

func noResults(scope string) map[string]any {
	return map[string]any{"warning": map[string]any{
		"code":    "NO_RESULTS_ON_PAGE",
		"message": fmt.Sprintf("There are no results for scope '%s' on this page.", scope),
		"data":    []map[string]any{{"key": "scope", "value": scope}},
	}}
}
