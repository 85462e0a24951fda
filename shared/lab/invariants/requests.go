package invariants

import (
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Changes reports whether a request to Compute Engine may change something.
func Changes(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/wait") && !strings.HasSuffix(r.URL.Path, "/listManagedInstances")
}

// Effect is what a request changes once it is served.
type Effect struct {
	Deleted []string // the keys of the VMs' instances
	Raised  int      // the number of VMs by which a group is to grow
}

// The requests that change something, with * for each name.
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

// parts splits a request's path and leaves out compute/v1/projects/PROJECT.
func parts(r *http.Request) []string {
	all := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	return all[min(4, len(all)-1):]
}

// Concerns returns the name of the group or template that a request is about;
// "" if there is none.
func Concerns(r *http.Request, body []byte) string {
	names := parts(r)
	for i, kind := range names[:len(names)-1] {
		if kind == "instanceTemplates" || kind == "instanceGroupManagers" {
			return names[i+1]
		}
	}
	var made struct{ Name string }  // the body of an insert names the new resource
	_ = json.Unmarshal(body, &made) // without a name the request is about no resource
	return made.Name
}

// Asked checks a request that changes something, right before it is served.
func (v View) Asked(r *http.Request, body []byte) (Effect, Findings) {
	j, names := newJudge(v), parts(r)
	action := r.Method + " " + strings.Join(shape(names), "/")
	j.holds(OnlyOurs, known[action], "%s %s is nothing that a job may ask for", r.Method, r.URL.Path)
	var effect Effect
	switch action {
	case deleteTemplate:
		j.holds(ActiveStays, j.Revisions[names[2]].State != fleet.Active, "the template %s is deleted", names[2])
	case deleteGroup:
		base, revision, _ := fleet.SplitTemplateName(names[3])
		manager := j.Managers[fleet.ManagerKey{BaseName: base, Revision: revision, Zone: names[1]}]
		j.holds(ActiveStays, manager.State != fleet.Active, "the group %s in %s is deleted", names[3], names[1])
		effect.Deleted = j.deleted(names[1], names[3], nil)
	case resize:
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		j.holds(NeverLowered, err == nil, "%s has no size", r.URL)
		effect.Raised = j.resized(names[1], names[3], size)
	case deleteInstances:
		var asked struct{ Instances []string }
		err := json.Unmarshal(body, &asked)
		j.holds(LeasedStays, err == nil, "%s: %v", r.URL.Path, err)
		named := map[string]bool{}
		for _, url := range asked.Instances {
			named[path.Base(strings.TrimSuffix(url, "/"))] = true
		}
		effect.Deleted = j.deleted(names[1], names[3], named)
	}
	return effect, j.found()
}

// shape replaces each name by *.
func shape(parts []string) []string {
	shaped := append([]string{}, parts...)
	for i := range shaped {
		if i > 0 && (parts[i-1] == "zones" || parts[i-1] == "instanceGroupManagers" || parts[i-1] == "instanceTemplates") {
			shaped[i] = "*"
		}
	}
	return shaped
}

// deleted checks the VMs of a group that are to be deleted: all of them, or
// those in named. None may have a lessee or be able to get one. It returns
// their keys.
func (j *judge) deleted(zone, group string, named map[string]bool) (keys []string) {
	for _, vm := range j.VMs {
		if vm.Zone != zone || vm.Group != group || vm.ID == 0 || named != nil && !named[vm.Name] {
			continue
		}
		key := KeyOf(vm)
		keys = append(keys, key)
		machine := j.Machines[key]
		lease := j.Leases[machine.Lease]
		active := machine.State == leasing.OnLease && lease.Active(j.Now.Add(j.Apart))
		j.holds(LeasedStays, !active, "%s is deleted, and the lease %s runs", key, lease.RequestID)
		for _, h := range j.Held {
			j.holds(LeasedStays, h.Instance != key, "%s is deleted, and %s holds it", key, h.Request)
		}
		j.holds(DeletedForGood, machine.State != leasing.Available, "%s is deleted while it can be leased", key)
	}
	return keys
}

// resized checks that a resize raises the target and keeps to the maximum.
func (j *judge) resized(zone, name string, size int) (raised int) {
	sum, there, pool := 0, false, poolOf(zone, name)
	for _, group := range j.Groups {
		if group.Zone != zone || poolOf(zone, group.Name) != pool {
			continue
		}
		target := group.TargetSize
		if group.Name == name {
			there = true
			j.holds(NeverLowered, size >= target, "%s in %s from %d to %d", name, zone, target, size)
			raised, target = max(size-target, 0), size
		}
		sum += group.Footprint(target)
	}
	j.holds(WithinMaximum, !there || sum <= j.Maxima[pool],
		"resizing %s in %s to %d makes %d VMs of %s there; the maximum is %d", name, zone, size, sum, pool.BaseName, j.Maxima[pool])
	return raised
}
