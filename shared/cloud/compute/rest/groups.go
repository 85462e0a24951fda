package rest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

func groupCall(method string, ref compute.GroupRef, group group) call {
	return call{method: "instanceGroupManagers." + method, target: ref.Zone + "/" + ref.Name, project: ref.Project, zone: ref.Zone, group: group}
}

// Group calls instanceGroupManagers.get.
func (e *Engine) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	found, err := do(ctx, e, groupCall("get", ref, reads), func(ctx context.Context, clients *opened) (*computepb.InstanceGroupManager, error) {
		return clients.groups.Get(ctx, &computepb.GetInstanceGroupManagerRequest{
			Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name})
	})
	if err != nil {
		return compute.Group{}, err
	}
	return fromGroup(ref, found), nil
}

// Groups calls instanceGroupManagers.aggregatedList. A list that leaves out a
// zone is an error.
func (e *Engine) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	c := call{method: "instanceGroupManagers.aggregatedList", target: "all", project: project, group: heavyReads}
	scopes := list(ctx, e, c, gce.NewInstanceGroupManagersRESTClient,
		func(ctx context.Context, client *gce.InstanceGroupManagersClient) (fetch[gce.InstanceGroupManagersScopedListPair], *any) {
			pages := client.AggregatedList(ctx, &computepb.AggregatedListInstanceGroupManagersRequest{Project: project})
			return pages.InternalFetch, &pages.Response
		})
	var groups []compute.Group
	for scope, err := range scopes {
		if err != nil {
			return nil, err
		}
		zone, zonal := strings.CutPrefix(scope.Key, "zones/")
		if !zonal {
			continue // the suite makes no regional groups
		}
		for _, item := range scope.Value.GetInstanceGroupManagers() {
			groups = append(groups, fromGroup(compute.GroupRef{Project: project, Zone: zone, Name: item.GetName()}, item))
		}
	}
	return groups, nil
}

// InsertGroup calls instanceGroupManagers.insert.
func (e *Engine) InsertGroup(ctx context.Context, group compute.NewGroup, requestID string) error {
	return e.change(ctx, groupCall("insert", group.GroupRef, mutations),
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Insert(ctx, &computepb.InsertInstanceGroupManagerRequest{
				Project: group.Project, Zone: group.Zone, RequestId: optional(requestID), InstanceGroupManagerResource: toGroup(group),
			})
		})
}

// ResizeGroup calls instanceGroupManagers.resize.
func (e *Engine) ResizeGroup(ctx context.Context, ref compute.GroupRef, size int, requestID string) error {
	if size < 0 || size > math.MaxInt32 {
		return failure.New(failure.Permanent, "the group %s cannot have %d VMs", ref.Name, size)
	}
	return e.change(ctx, groupCall("resize", ref, mutations),
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Resize(ctx, &computepb.ResizeInstanceGroupManagerRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name,
				RequestId: optional(requestID), Size: int32(size),
			})
		})
}

// DeleteGroup calls instanceGroupManagers.delete.
func (e *Engine) DeleteGroup(ctx context.Context, ref compute.GroupRef, requestID string) error {
	return e.change(ctx, groupCall("delete", ref, mutations),
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Delete(ctx, &computepb.DeleteInstanceGroupManagerRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name, RequestId: optional(requestID),
			})
		})
}

// Pending calls zoneOperations.list. It compares the target here and not in a
// filter, because the target's URL has one of several hosts; the type is
// compared here too, because it has two spellings.
func (e *Engine) Pending(ctx context.Context, ref compute.GroupRef) (string, error) {
	filter := `status != "DONE"`
	suffix := fmt.Sprintf("/projects/%s/zones/%s/instanceGroupManagers/%s", ref.Project, ref.Zone, ref.Name)
	operations := list(ctx, e, call{method: "zoneOperations.list", target: ref.Zone, project: ref.Project, group: reads}, gce.NewZoneOperationsRESTClient,
		func(ctx context.Context, client *gce.ZoneOperationsClient) (fetch[*computepb.Operation], *any) {
			pages := client.List(ctx, &computepb.ListZoneOperationsRequest{Project: ref.Project, Zone: ref.Zone, Filter: &filter})
			return pages.InternalFetch, &pages.Response
		})
	for operation, err := range operations {
		if err != nil {
			return "", err
		}
		if kind := lifeOperation(operation); kind != "" && strings.HasSuffix(operation.GetTargetLink(), suffix) {
			return kind, nil
		}
	}
	return "", nil
}

// lifeOperation returns insert or delete if the operation is one of them and is
// not done, and "" otherwise. Compute Engine writes the type as insert or as
// compute.instanceGroupManagers.insert.
func lifeOperation(operation *computepb.Operation) string {
	kind := operation.GetOperationType()
	kind = kind[strings.LastIndexByte(kind, '.')+1:]
	if operation.GetStatus() == computepb.Operation_DONE || (kind != "insert" && kind != "delete") {
		return ""
	}
	return kind
}

// toGroup returns a group in the API's form. The group begins without VMs,
// never reuses the name of a VM, never rolls out a new template, and can be
// listed in more than one page.
func toGroup(group compute.NewGroup) *computepb.InstanceGroupManager {
	manager := &computepb.InstanceGroupManager{
		Name:                        optional(group.Name),
		BaseInstanceName:            optional(group.BaseInstanceName),
		InstanceTemplate:            optional(group.TemplateURL),
		TargetSize:                  proto.Int32(0),
		ListManagedInstancesResults: proto.String(computepb.InstanceGroupManager_PAGINATED.String()),
		InstanceLifecyclePolicy: &computepb.InstanceGroupManagerInstanceLifecyclePolicy{
			DefaultActionOnFailure: proto.String(computepb.InstanceGroupManagerInstanceLifecyclePolicy_DO_NOTHING.String()),
		},
		UpdatePolicy: &computepb.InstanceGroupManagerUpdatePolicy{
			Type: proto.String(computepb.InstanceGroupManagerUpdatePolicy_OPPORTUNISTIC.String()),
		},
	}
	if len(group.Labels) > 0 {
		// A group has no labels of its own; these are its VMs'.
		manager.AllInstancesConfig = &computepb.InstanceGroupManagerAllInstancesConfig{
			Properties: &computepb.InstancePropertiesPatch{Labels: group.Labels},
		}
	}
	return manager
}

func fromGroup(ref compute.GroupRef, manager *computepb.InstanceGroupManager) compute.Group {
	return compute.Group{
		GroupRef:    ref,
		URL:         manager.GetSelfLink(),
		TemplateURL: manager.GetInstanceTemplate(),
		Labels:      manager.GetAllInstancesConfig().GetProperties().GetLabels(),
		Created:     timeOf(manager.GetCreationTimestamp()),
		TargetSize:  int(manager.GetTargetSize()),
		Actions:     fromActions(manager.GetCurrentActions()),
	}
}

func fromActions(a *computepb.InstanceGroupManagerActionsSummary) *compute.Actions {
	if a == nil {
		return nil
	}
	return &compute.Actions{
		None:       int(a.GetNone()),
		Creating:   int(a.GetCreating() + a.GetCreatingWithoutRetries()),
		Deleting:   int(a.GetDeleting()),
		Abandoning: int(a.GetAbandoning()),
		Other: int(a.GetRecreating() + a.GetRefreshing() + a.GetRestarting() + a.GetResuming() +
			a.GetStarting() + a.GetStopping() + a.GetSuspending() + a.GetVerifying()),
	}
}

func timeOf(timestamp string) time.Time {
	t, err := time.Parse(time.RFC3339, timestamp)
	if err != nil { // absent while the resource is being made
		return time.Time{}
	}
	return t.UTC()
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
