package simulator

import (
	"net/http"
	"strings"
)

// route is a method of the API. The pattern is "VERB path", below the project.
type route struct {
	pattern string
	method  string
	class   class
	handler handler
}

func (c *Cloud) routes() *http.ServeMux {
	mux := http.NewServeMux()
	c.mutating = map[string]bool{}
	var all []route
	for _, part := range [][]route{
		c.templateRoutes(), c.groupRoutes(), c.instanceRoutes(),
		c.operationRoutes(), c.placeRoutes(), c.diskRoutes(), c.healthRoutes(),
	} {
		all = append(all, part...)
	}
	for _, r := range all {
		c.mutating[r.method] = r.class == mutation
		verb, path, _ := strings.Cut(r.pattern, " ")
		serve := c.api(r.method, r.class, r.handler)
		if strings.HasSuffix(r.method, "Operations.wait") { // waits without the lock
			serve = c.serve(r.method, r.class, r.handler)
		}
		// The beta API is served by the same resources: gcloud beta and the
		// google-beta provider ask for it.
		for _, version := range []string{"v1", "beta"} {
			mux.Handle(verb+" /compute/"+version+"/projects/{project}"+path, serve)
		}
	}
	mux.HandleFunc("POST /batch/compute/{version}", c.serveBatch)
	c.adminRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, &apiError{Status: http.StatusNotFound, Reason: "notFound",
			Message: "The simulator does not know " + r.Method + " " + r.URL.Path})
	})
	return mux
}
