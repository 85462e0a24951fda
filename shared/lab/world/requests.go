package world

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Foreign begins the names of what in Compute Engine is not ours.
const Foreign = "foreign"

// computeAsked checks what a job asks of Compute Engine, before it is done.
func (w *World) computeAsked(r *http.Request, requestPath string, body []byte) {
	if w.tasks.current == nil {
		return
	}
	parts := strings.Split(requestPath, "/")
	w.check(OnlyOurs)
	if strings.Contains(requestPath, "/"+Foreign) {
		w.Break(OnlyOurs, r.Method+" "+requestPath)
	}
	w.frozenAsked(r.Method, parts, body)
	switch {
	case len(parts) == 4 && parts[2] == "instanceTemplates" && r.Method == http.MethodDelete:
		w.templateDeleted(parts[3])
	case len(parts) == 5 && parts[3] == "instanceGroupManagers" && r.Method == http.MethodDelete:
		w.groupDeleted(parts[2], parts[4])
	case len(parts) == 6 && parts[5] == "resize":
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		w.groupResized(parts[2], parts[4], size)
	case len(parts) == 6 && parts[5] == "deleteInstances":
		w.vmsDeleted(parts[2], parts[4], body)
	}
}

// SplitName takes a group's or template's name apart.
func SplitName(name string) (base, revision string) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

func (w *World) templateDeleted(name string) {
	base, revision := SplitName(name)
	w.check(ActiveStays)
	if w.mirror.revisions[[2]string{base, revision}].State == fleet.Active {
		w.Break(ActiveStays, "the template "+name+" is deleted")
	}
}

func (w *World) groupDeleted(zone, name string) {
	base, revision := SplitName(name)
	w.check(ActiveStays)
	if w.mirror.managers[fleet.ManagerKey{BaseName: base, Revision: revision, Zone: zone}].State == fleet.Active {
		w.Break(ActiveStays, "the group "+name+" in "+zone+" is deleted")
	}
	for _, vm := range w.Cloud.VMs() {
		if vm.Zone == zone && vm.Group == name {
			w.vmDeleted(KeyOf(vm))
		}
	}
}

func (w *World) vmsDeleted(zone, group string, body []byte) {
	var asked struct {
		Instances []string `json:"instances"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return
	}
	named := map[string]bool{}
	for _, url := range asked.Instances {
		named[path.Base(url)] = true
	}
	for _, vm := range w.Cloud.VMs() {
		if vm.Zone == zone && vm.Group == group && named[vm.Name] {
			w.vmDeleted(KeyOf(vm))
		}
	}
}

// vmDeleted: a VM that is asked to be deleted has no lessee, and cannot get
// one any more.
func (w *World) vmDeleted(key string) {
	w.Stats.Deletions++
	w.check(LeasedStays)
	if lease, leased := w.activeLease(key); leased {
		w.Break(LeasedStays, fmt.Sprintf("%s is deleted, and %s holds it", key, lease.RequestID))
	}
	w.check(DeletedForGood)
	if machine, there := w.offered(key); there && machine.State == leasing.Available {
		w.Break(DeletedForGood, key+" is deleted while it can be leased")
	}
}

// groupResized: a resize raises, and within the maximum.
func (w *World) groupResized(zone, name string, size int) {
	base, _ := SplitName(name)
	sum, known := 0, false
	for _, group := range w.Cloud.State().Groups {
		if other, _ := SplitName(group.Name); other != base || group.Zone != zone {
			continue
		}
		target := group.TargetSize
		if group.Name == name {
			known = true
			w.check(NeverLowered)
			if size < target {
				w.Break(NeverLowered, fmt.Sprintf("%s in %s from %d to %d", name, zone, target, size))
			}
			w.Stats.Raises += max(size-target, 0)
			target = size
		}
		sum += group.Footprint(target)
	}
	if !known {
		return
	}
	w.check(WithinMaximum)
	most := w.maximumOf(base, zone)
	if sum > most {
		w.Break(WithinMaximum, fmt.Sprintf("resizing %s in %s to %d makes %d VMs of %s there; the maximum is %d", name, zone, size, sum, base, most))
	}
}

// KeyOf names a VM as instances are named.
func KeyOf(vm simulator.VM) string { return fleet.InstanceKey(vm.Name, strconv.FormatUint(vm.ID, 10)) }
