package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// pages lists a group's VMs and returns the sizes of the pages and the VMs'
// names.
func (w *world) pages(t *testing.T, size uint32) (pages []int, names map[string]bool) {
	t.Helper()
	names = map[string]bool{}
	it := w.groups.ListManagedInstances(w.ctx, &computepb.ListManagedInstancesInstanceGroupManagersRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g", MaxResults: proto.Uint32(size)})
	pager := iterator.NewPager(it, 500, "")
	for {
		var page []*computepb.ManagedInstance
		token, err := pager.NextPage(&page)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, len(page))
		for _, m := range page {
			if names[m.GetName()] {
				t.Errorf("%s is listed twice", m.GetName())
			}
			names[m.GetName()] = true
		}
		if token == "" {
			return pages, names
		}
	}
}

func TestManagedInstancePages(t *testing.T) {
	for _, n := range []int32{0, 1, 500, 501, 1500} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := pool(t, n)
			_, names := w.pages(t, 500)
			if len(names) != int(n) {
				t.Errorf("%d VMs listed, want %d", len(names), n)
			}
		})
	}
}

// Without PAGINATED a list returns everything, whatever the query.
func TestPagelessGroup(t *testing.T) {
	w := pool(t, 700, func(g *computepb.InstanceGroupManager) { g.ListManagedInstancesResults = nil })
	status, answer := w.send(t, "POST", "https://h/compute/v1/projects/test-project/zones/us-central1-a/"+
		"instanceGroupManagers/g/listManagedInstances?maxResults=10", "")
	if got := answer["managedInstances"].([]any); status != 200 || len(got) != 700 || answer["nextPageToken"] != nil {
		t.Errorf("%d VMs on the first page, token %v", len(got), answer["nextPageToken"])
	}
}

func TestPageFaults(t *testing.T) {
	for fault, want := range map[string]string{
		simulator.PageEmpty:     "0,4,4,2",
		simulator.PagePartial:   "2,4,4",
		simulator.PageEmptyLast: "4,4,2,0",
	} {
		t.Run(fault, func(t *testing.T) {
			w := pool(t, 10)
			skip := 0
			if fault == simulator.PageEmptyLast {
				skip = 2
			}
			w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.listManagedInstances", Skip: skip,
				Fault: simulator.Fault{Page: fault}})
			sizes, names := "", map[string]bool{}
			for token := ""; ; {
				_, answer := w.send(t, "POST", "https://h/compute/v1/projects/test-project/zones/us-central1-a/"+
					"instanceGroupManagers/g/listManagedInstances?maxResults=4&pageToken="+token, "")
				page, _ := answer["managedInstances"].([]any)
				for _, m := range page {
					names[m.(map[string]any)["name"].(string)] = true
				}
				if sizes != "" {
					sizes += ","
				}
				sizes += fmt.Sprint(len(page))
				if token, _ = answer["nextPageToken"].(string); token == "" {
					break
				}
			}
			if sizes != want || len(names) != 10 {
				t.Errorf("pages of %s with %d names, want %s", sizes, len(names), want)
			}
		})
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t, slow())
	for i := range 7 {
		w.insertTemplate(fmt.Sprintf("t%d", i))
	}
	w.insertGroup("g", "t0", 3)
	w.settle()
	var names []string
	for m, err := range w.templates.List(w.ctx, &computepb.ListInstanceTemplatesRequest{Project: testProject,
		MaxResults: proto.Uint32(3), OrderBy: proto.String("creationTimestamp desc"),
		Filter: proto.String("name != t3")}).All() {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m.GetName())
	}
	if got := fmt.Sprint(names); got != "[t6 t5 t4 t2 t1 t0]" {
		t.Errorf("templates: %s", got)
	}
	n := 0
	for pair, err := range w.instances.AggregatedList(w.ctx, &computepb.AggregatedListInstancesRequest{
		Project: testProject, MaxResults: proto.Uint32(2), Filter: proto.String("status = RUNNING")}).All() {
		if err != nil {
			t.Fatal(err)
		}
		for _, vm := range pair.Value.GetInstances() {
			n++
			if pair.Key != "zones/"+testZone || vm.GetDisks()[0].GetDiskSizeGb() != 20 || vm.GetLabels()["owner"] != "test" ||
				vm.GetNetworkInterfaces()[0].GetAccessConfigs()[0].GetNatIP() == "" {
				t.Errorf("instance in %s: %v", pair.Key, vm)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d instances listed, want 3", n)
	}
	groups := 0
	for pair, err := range w.groups.AggregatedList(w.ctx, &computepb.AggregatedListInstanceGroupManagersRequest{
		Project: testProject}).All() {
		if err != nil {
			t.Fatal(err)
		}
		groups += len(pair.Value.GetInstanceGroupManagers())
		if len(pair.Value.GetInstanceGroupManagers()) == 0 && pair.Value.GetWarning().GetCode() != "NO_RESULTS_ON_PAGE" {
			t.Errorf("scope %s: %v", pair.Key, pair.Value)
		}
	}
	if groups != 1 {
		t.Errorf("%d groups listed, want 1", groups)
	}
}

func TestOperationsByTarget(t *testing.T) {
	w := pool(t, 1)
	w.mustResize("g", 2)
	list := func(filter string) (kinds []string) {
		for op, err := range w.zoneOps.List(w.ctx, &computepb.ListZoneOperationsRequest{
			Project: testProject, Zone: testZone, Filter: proto.String(filter)}).All() {
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, op.GetOperationType()+" "+op.GetStatus().String())
		}
		return kinds
	}
	link := w.group("g").GetSelfLink()
	if got := fmt.Sprint(list("(targetLink = " + link + ") AND (status != DONE)")); got !=
		"[compute.instanceGroupManagers.resize PENDING]" {
		t.Errorf("open operations: %s", got)
	}
	w.pass(time.Second)
	if got := fmt.Sprint(list(`targetLink eq ".*/g"`)); got !=
		"[insert DONE compute.instanceGroupManagers.resize RUNNING]" {
		t.Errorf("operations: %s", got)
	}
}

func TestListRefuses(t *testing.T) {
	w := newWorld(t, slow())
	for query, reason := range map[string]string{
		"maxResults=501": "invalid", "maxResults=x": "invalid", "pageToken=!": "invalid",
		"orderBy=size": "invalid", "filter=name": "invalid",
	} {
		status, answer := w.send(t, "GET", "https://h/compute/v1/projects/test-project/global/instanceTemplates?"+query, "")
		first := answer["error"].(map[string]any)["errors"].([]any)[0].(map[string]any)
		if status != 400 || first["reason"] != reason {
			t.Errorf("%s: %d %v", query, status, answer)
		}
	}
	status, _ := w.send(t, "GET", "https://h/compute/v1/projects/test-project/zones/mars-1/instances", "")
	if status != 400 {
		t.Errorf("an unknown zone: %d", status)
	}
}

func TestUnreachable(t *testing.T) {
	w := pool(t, 1)
	w.cloud.Inject(simulator.Injection{Method: "*", Count: -1, Fault: simulator.Fault{Page: simulator.PageUnreachable}})
	const base = "https://h/compute/v1/projects/test-project/"
	for _, list := range []string{"aggregated/instanceGroupManagers", "zones/us-central1-a/instances"} {
		_, answer := w.send(t, "GET", base+list, "")
		if warning, _ := answer["warning"].(map[string]any); warning["code"] != "UNREACHABLE" {
			t.Errorf("%s: %v", list, answer)
		}
	}
	if n := len(w.members("g")); n != 1 {
		t.Errorf("%d members listed", n)
	}
}
