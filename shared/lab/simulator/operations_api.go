package simulator

import (
	"time"
)

// waitLimit is how long operations.wait waits at most.
const waitLimit = 2 * time.Minute

func (c *Cloud) operationRoutes() []route {
	return []route{
		{"GET /global/operations/{name}", "globalOperations.get", read, c.getOperation},
		{"GET /global/operations", "globalOperations.list", read, c.listOperations},
		{"POST /global/operations/{name}/wait", "globalOperations.wait", heavyRead, c.waitOperation},
		{"GET /aggregated/operations", "globalOperations.aggregatedList", heavyRead, c.aggregateOperations},
		{"GET /zones/{zone}/operations/{name}", "zoneOperations.get", read, c.getOperation},
		{"GET /zones/{zone}/operations", "zoneOperations.list", read, c.listOperations},
		{"POST /zones/{zone}/operations/{name}/wait", "zoneOperations.wait", heavyRead, c.waitOperation},
	}
}

func (c *Cloud) operationLogOf(r *Request) *operationLog {
	if r.Zone == "" {
		return c.project(r.Project).ops
	}
	return c.zone(r.Project, r.Zone).ops
}

func (c *Cloud) findOperation(r *Request) (*operation, error) {
	if op := c.operationLogOf(r).byName[r.Name]; op != nil {
		return op, nil
	}
	if r.Zone != "" {
		return nil, notFound(c.zone(r.Project, r.Zone).path("operations", r.Name))
	}
	return nil, notFound(c.project(r.Project).globalPath("operations", r.Name))
}

func (c *Cloud) getOperation(r *Request) (any, error) {
	op, err := c.findOperation(r)
	if err != nil {
		return nil, err
	}
	return op, nil
}

func (c *Cloud) listOperations(r *Request) (any, error) {
	path, link := "projects/"+r.Project+"/global/operations", linkPrefix
	if r.Zone != "" {
		path = "projects/" + r.Project + "/zones/" + r.Zone + "/operations"
	}
	return listOf(r, listSpec{kind: "compute#operationList", id: path, link: link + path},
		c.operationLogOf(r).all())
}

func (c *Cloud) aggregateOperations(r *Request) (any, error) {
	p := c.project(r.Project)
	scopes := []scope[*operation]{{"global", p.ops.all()}}
	for _, z := range p.zonesOf() {
		scopes = append(scopes, scope[*operation]{"zones/" + z.name, z.ops.all()})
	}
	return aggregateOf(c, r, "compute#operationAggregatedList", "operations", scopes)
}

// waitStep is how long waitOperation sleeps at most, so that it sees what others
// do meanwhile.
const waitStep = time.Second

// waitOperation sleeps from one planned event to the next; it holds no lock
// meanwhile.
func (c *Cloud) waitOperation(r *Request) (any, error) {
	deadline := c.opts.Now().Add(waitLimit)
	for {
		var (
			answer map[string]any
			ended  bool
			next   = deadline
			err    error
		)
		c.locked(func() {
			if err = c.checkZone(r); err != nil {
				return
			}
			var op *operation
			if op, err = c.findOperation(r); err != nil {
				return
			}
			answer, ended = op.json(), op.status == done
			if len(c.events) > 0 && c.events[0].at.Before(next) {
				next = c.events[0].at
			}
		})
		if err != nil {
			return nil, err
		}
		now := c.opts.Now()
		if ended || !now.Before(deadline) {
			return answer, nil
		}
		if err := c.opts.Sleep(r.http.Context(), min(next.Sub(now), waitStep)); err != nil {
			return nil, clientGone(err)
		}
	}
}
