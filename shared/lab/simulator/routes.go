package simulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/api"
)

// route is a method of the API, by its name in the API's description.
type route struct {
	method  string
	class   class
	handler handler
}

func (c *Cloud) allRoutes() []route {
	return slices.Concat(
		c.templateRoutes(), c.groupRoutes(), c.instanceRoutes(), c.operationRoutes(),
		c.placeRoutes(), c.diskRoutes(), c.snapshotRoutes(), c.imageRoutes(), c.healthRoutes(),
	)
}

// pattern converts a path of the API's description to a pattern for a ServeMux,
// in which the parameter for the resource is always {name}.
func pattern(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		scope := part == "{project}" || i < len(parts)-1 && (part == "{zone}" || part == "{region}")
		if part[0] == '{' && !scope {
			parts[i] = "{name}"
		}
	}
	return strings.Join(parts, "/")
}

func (c *Cloud) routes() *http.ServeMux {
	mux := http.NewServeMux()
	c.mutating = map[string]bool{}
	for _, r := range c.allRoutes() {
		m := api.Find(r.method) // a test ensures that it is found
		c.mutating[r.method] = r.class == mutation
		serve := c.locking(m, r.class, r.handler)
		if strings.HasSuffix(r.method, "Operations.wait") { // waits without the lock
			serve = c.serve(m, r.class, r.handler)
		}
		// The beta API is served by the same resources: gcloud beta and the
		// google-beta provider ask for it.
		for _, version := range []string{"v1", "beta"} {
			mux.Handle(m.Verb+" /compute/"+version+"/"+pattern(m.Path), serve)
		}
	}
	mux.HandleFunc("POST /batch/compute/{version}", c.serveBatch)
	c.adminRoutes(mux)
	// Not 404: clients take that to mean that a resource is gone.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, notSupported(r.Method+" "+r.URL.Path))
	})
	return mux
}
