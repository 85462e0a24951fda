package promises

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Before checks each request to Compute Engine at the moment at which it comes,
// and then lets it be served.
func (c *Checker) Before(compute http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/"+world.Foreign) {
			c.Break(world.OnlyOurs, "%s %s", r.Method, r.URL.Path)
		}
		if !changes(r) {
			compute.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest) // the suite was killed while it sent it
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.asking.Lock()
		defer c.asking.Unlock()
		c.asked(r, body)
		compute.ServeHTTP(w, r)
	})
}

// changes tells requests apart that only read.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/wait") && !strings.HasSuffix(r.URL.Path, "/listManagedInstances")
}

// asked checks a request that changes something.
func (c *Checker) asked(r *http.Request, body []byte) {
	// Not in the request's time: its sender may be killed before it is done.
	v, err := c.Look(context.WithoutCancel(r.Context()))
	if err != nil {
		c.Break(world.LeasedStays, "%s %s could not be checked: %v", r.Method, r.URL.Path, err)
		return
	}
	j := newJudge(v)
	deleted := j.asked(r, body)
	c.absorb(j, func() {
		for _, key := range deleted {
			c.vms[key] = true
		}
		c.note("%s %s?%s %s", r.Method, r.URL.Path, r.URL.RawQuery, strings.Join(deleted, " "))
	})
}

// asked checks a request, and returns the VMs that it deletes.
func (j *judge) asked(r *http.Request, body []byte) (deleted []string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")[min(4, strings.Count(r.URL.Path, "/")):] // behind compute/v1/projects/P
	action := r.Method + " " + strings.Join(shape(parts), "/")
	j.holds(world.OnlyOurs, known[action], "%s %s is nothing that a job may ask for", r.Method, r.URL.Path)
	switch action {
	case deleteTemplate:
		j.templateDeleted(parts[2])
	case deleteGroup:
		for _, vm := range j.vmsOf(parts[1], parts[3], nil) {
			deleted = append(deleted, world.KeyOf(vm))
		}
		j.groupDeleted(parts[1], parts[3])
	case resize:
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		j.holds(world.NeverLowered, err == nil, "%s has no size", r.URL)
		j.resized(parts[1], parts[3], size)
	case deleteInstances:
		var asked struct{ Instances []string }
		err := json.Unmarshal(body, &asked)
		j.holds(world.LeasedStays, err == nil, "%s: %v", r.URL.Path, err)
		for _, vm := range j.vmsOf(parts[1], parts[3], named(asked.Instances)) {
			deleted = append(deleted, world.KeyOf(vm))
			j.deleted(world.KeyOf(vm))
		}
	}
	return deleted
}

// The requests that change something, without names.
const (
	insertTemplate  = "POST global/instanceTemplates"
	deleteTemplate  = "DELETE global/instanceTemplates/*"
	insertGroup     = "POST zones/*/instanceGroupManagers"
	deleteGroup     = "DELETE zones/*/instanceGroupManagers/*"
	resize          = "POST zones/*/instanceGroupManagers/*/resize"
	deleteInstances = "POST zones/*/instanceGroupManagers/*/deleteInstances"
)

var known = map[string]bool{
	insertTemplate: true, deleteTemplate: true, insertGroup: true, deleteGroup: true, resize: true, deleteInstances: true,
}

// shape puts * in the place of each name.
func shape(parts []string) []string {
	shaped := append([]string{}, parts...)
	for i := range shaped {
		if i > 0 && (parts[i-1] == "zones" || parts[i-1] == "instanceGroupManagers" || parts[i-1] == "instanceTemplates") {
			shaped[i] = "*"
		}
	}
	return shaped
}
