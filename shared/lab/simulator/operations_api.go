package simulator

import "time"

// waitLimit bounds operations.wait.
const waitLimit = 2 * time.Minute

func (c *Cloud) operationRoutes() []route {
	var all []route
	for _, k := range []kind[*operation]{zoneOperations, globalOperations} {
		all = append(all, k.listRoute(c), k.getRoute(c), route{k.method("wait"),
			heavyRead, func(r *Request) (any, error) { return c.waitOperation(k, r) }})
	}
	return append(all, globalOperations.aggregateRoute(c))
}

var (
	zoneOperations = kind[*operation]{collection: "operations", name: "operation", service: "zoneOperations",
		place: inZones, in: operationsIn}
	globalOperations = kind[*operation]{collection: "operations", name: "operation", service: "globalOperations",
		place: inGlobal, everywhere: true, in: operationsIn}
)

func operationsIn(c *Cloud, project, zone string) lister[*operation] {
	if zone == "" {
		return c.project(project).ops
	}
	return c.zone(project, zone).ops
}

// waitStep bounds one sleep of waitOperation, so that it notices the changes of
// other callers.
const waitStep = time.Second

// waitOperation sleeps from one planned event to the next without holding the
// lock.
func (c *Cloud) waitOperation(k kind[*operation], r *Request) (any, error) {
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
			if op, err = k.find(c, r); err != nil {
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
