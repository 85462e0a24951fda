package rest_test

import (
	"fmt"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func TestGroup(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.Group(ctx, ref)
	w.want(err, failure.NotFound)

	group := w.group(0)
	if group.GroupRef != ref || group.TargetSize != 0 || group.URL == "" || group.TemplateURL == "" ||
		group.Created.IsZero() || group.Labels[compute.OwnershipLabel] != "test" {
		t.Errorf("got %+v", group)
	}
	if group.Actions == nil || group.Actions.Total() != 0 {
		t.Errorf("got actions %+v, want none", group.Actions)
	}

	w.must(w.ResizeGroup(ctx, ref, 3, ""))
	group, err = w.Group(ctx, ref)
	w.must(err)
	if group.TargetSize != 3 || group.Actions == nil || group.Actions.Creating != 3 {
		t.Errorf("got %+v with %+v, want 3 in creation", group, group.Actions)
	}
	w.settle()
	groups, err := w.Groups(ctx, project)
	w.must(err)
	if len(groups) != 1 || groups[0].GroupRef != ref || groups[0].Actions == nil || groups[0].Actions.None != 3 {
		t.Errorf("got %+v", groups)
	}

	w.must(w.DeleteGroup(ctx, ref, ""))
	w.settle()
	_, err = w.Group(ctx, ref)
	w.want(err, failure.NotFound)
	w.want(w.ResizeGroup(ctx, ref, 1, ""), failure.NotFound)
	w.want(w.ResizeGroup(ctx, ref, -1, ""), failure.Permanent)
}

func TestGroupIsMadeAsThePoolNeedsIt(t *testing.T) {
	w := newWorld(t)
	w.group(1)
	vms, err := w.VMs(t.Context(), ref)
	w.must(err)
	w.must(w.cloud.StopVM(project, zone, vms[0].Name))
	w.settle()
	again, err := w.VMs(t.Context(), ref)
	w.must(err)
	if len(again) != 1 || again[0].ID != vms[0].ID || again[0].Running() {
		t.Errorf("a stopped VM was made again under its name: %+v", again)
	}
}

func TestVMs(t *testing.T) {
	w := newWorld(t)
	const size = 1100 // three pages
	w.group(size)
	vms, err := w.VMs(t.Context(), ref)
	w.must(err)
	seen := map[string]bool{}
	for _, vm := range vms {
		seen[vm.Name] = true
		if !vm.Running() || vm.ID == "" || vm.ID == "0" || vm.URL == "" || vm.LastError != "" {
			t.Fatalf("got %+v", vm)
		}
	}
	if len(vms) != size || len(seen) != size {
		t.Errorf("got %d VMs with %d names, want %d", len(vms), len(seen), size)
	}
}

func TestVMsTellsWhatItSawBeforeAFailingPage(t *testing.T) {
	w := newWorld(t)
	w.group(600)
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.listManagedInstances", Skip: 1,
		Fault: simulator.Fault{Status: 403, Reason: "rateLimitExceeded"}})
	vms, err := w.VMs(t.Context(), ref)
	w.want(err, failure.Quota)
	if len(vms) != 500 {
		t.Errorf("got %d VMs beside the error, want 500", len(vms))
	}
}

func TestVMsTellsWhyThereIsNone(t *testing.T) {
	w := newWorld(t)
	w.group(0)
	w.cloud.Inject(simulator.Injection{Method: "instances.insert", Count: -1, Fault: simulator.Fault{
		OperationErrors: []simulator.OperationError{{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Message: "full"}}}})
	w.must(w.ResizeGroup(t.Context(), ref, 1, ""))
	w.must(w.clock.Sleep(t.Context(), 30e9))
	vms, err := w.VMs(t.Context(), ref)
	w.must(err)
	if len(vms) != 1 || vms[0].LastError != "ZONE_RESOURCE_POOL_EXHAUSTED" || vms[0].ID != "" || vms[0].Action != "CREATING" {
		t.Errorf("got %+v", vms)
	}
}

func TestDeleteVMs(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.group(3)
	vms, err := w.VMs(ctx, ref)
	w.must(err)
	urls := []string{vms[0].URL, vms[1].URL, fmt.Sprintf("zones/%s/instances/nobody", zone)}
	w.must(w.DeleteVMs(ctx, ref, urls, ""))
	w.settle()
	left, err := w.VMs(ctx, ref)
	w.must(err)
	group, err := w.Group(ctx, ref)
	w.must(err)
	if len(left) != 1 || left[0].Name != vms[2].Name || group.TargetSize != 1 {
		t.Errorf("got %+v and target size %d, want %s only", left, group.TargetSize, vms[2].Name)
	}
	w.must(w.DeleteVMs(ctx, ref, nil, ""))
	w.want(w.DeleteVMs(ctx, ref, make([]string, compute.MaxDeletions+1), ""), failure.Permanent)
}

func TestPending(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	pending := func(want string) {
		t.Helper()
		got, err := w.Pending(ctx, ref)
		w.must(err)
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	pending("")
	w.group(1)
	pending("")
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.delete", Fault: simulator.Fault{LoseResponse: true, NeverEnds: true}})
	w.want(w.DeleteGroup(ctx, ref, ""), failure.Transient)
	pending("delete")
	other := ref
	other.Name = "another"
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.insert", Fault: simulator.Fault{LoseResponse: true, NeverEnds: true}})
	made, err := w.Template(ctx, project, template)
	w.must(err)
	w.want(w.InsertGroup(ctx, compute.NewGroup{GroupRef: other, TemplateURL: made.URL, BaseInstanceName: "b"}, ""), failure.Transient)
	if got, err := w.Pending(ctx, other); got != "insert" || err != nil {
		t.Errorf("got %q, %v, want insert", got, err)
	}
	pending("delete")
}
