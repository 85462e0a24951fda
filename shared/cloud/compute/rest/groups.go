package rest

import (
	"context"
	"fmt"
	"math"
	"strings"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

func groupCall(method string, ref compute.GroupRef) call {
	return call{method: "instanceGroupManagers." + method, target: ref.Zone + "/" + ref.Name, project: ref.Project}
}

// Group is instanceGroupManagers.get.
func (e *Engine) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	c := groupCall("get", ref)
	c.group = reads
	var found *computepb.InstanceGroupManager
	err := e.do(ctx, c, func(ctx context.Context, clients *opened) (err error) {
		found, err = clients.groups.Get(ctx, &computepb.GetInstanceGroupManagerRequest{
			Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name})
		return err
	})
	if err != nil {
		return compute.Group{}, err
	}
	return fromGroup(ref, found), nil
}

// Groups is instanceGroupManagers.aggregatedList. A list that leaves a zone
// out is an error.
func (e *Engine) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	var groups []compute.Group
	c := call{method: "instanceGroupManagers.aggregatedList", target: "all", project: project, group: heavyReads}
	err := e.list(ctx, c, func(ctx context.Context, clients *opened, token string) (string, error) {
		client, err := gce.NewInstanceGroupManagersRESTClient(ctx, clients.listing(ctx)...)
		if err != nil {
			return "", err
		}
		pages := client.AggregatedList(ctx, &computepb.AggregatedListInstanceGroupManagersRequest{Project: project})
		scopes, next, err := pages.InternalFetch(pageSize, token)
		if err != nil {
			return "", err
		}
		list, _ := pages.Response.(*computepb.InstanceGroupManagerAggregatedList)
		if err := incomplete(list.GetUnreachables(), list.GetWarning()); err != nil {
			return "", err
		}
		for _, scope := range scopes {
			if err := incomplete(nil, scope.Value.GetWarning()); err != nil {
				return "", fmt.Errorf("%s: %w", scope.Key, err)
			}
			zone, zonal := strings.CutPrefix(scope.Key, "zones/")
			if !zonal {
				continue // a regional group is none of ours
			}
			for _, item := range scope.Value.GetInstanceGroupManagers() {
				groups = append(groups, fromGroup(compute.GroupRef{Project: project, Zone: zone, Name: item.GetName()}, item))
			}
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return groups, nil
}

// InsertGroup is instanceGroupManagers.insert.
func (e *Engine) InsertGroup(ctx context.Context, group compute.NewGroup, requestID string) error {
	return e.change(ctx, groupCall("insert", group.GroupRef), group.Zone,
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Insert(ctx, &computepb.InsertInstanceGroupManagerRequest{
				Project:                      group.Project,
				Zone:                         group.Zone,
				RequestId:                    optional(requestID),
				InstanceGroupManagerResource: toGroup(group),
			})
		})
}

// ResizeGroup is instanceGroupManagers.resize.
func (e *Engine) ResizeGroup(ctx context.Context, ref compute.GroupRef, size int, requestID string) error {
	if size < 0 || size > math.MaxInt32 {
		return failure.New(failure.Permanent, "the group %s cannot have %d VMs", ref.Name, size)
	}
	return e.change(ctx, groupCall("resize", ref), ref.Zone,
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Resize(ctx, &computepb.ResizeInstanceGroupManagerRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name,
				RequestId: optional(requestID), Size: int32(size),
			})
		})
}

// DeleteGroup is instanceGroupManagers.delete.
func (e *Engine) DeleteGroup(ctx context.Context, ref compute.GroupRef, requestID string) error {
	return e.change(ctx, groupCall("delete", ref), ref.Zone,
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.Delete(ctx, &computepb.DeleteInstanceGroupManagerRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name, RequestId: optional(requestID),
			})
		})
}

// underWay finds operations that are not done.
const underWay = `status != "DONE"`

// Pending is zoneOperations.list. The target is compared here, because its URL
// has one of several hosts, and so is the type, which has two spellings.
func (e *Engine) Pending(ctx context.Context, ref compute.GroupRef) (string, error) {
	pending := ""
	filter := underWay
	suffix := fmt.Sprintf("/projects/%s/zones/%s/instanceGroupManagers/%s", ref.Project, ref.Zone, ref.Name)
	c := call{method: "zoneOperations.list", target: ref.Zone, project: ref.Project, group: reads}
	err := e.list(ctx, c, func(ctx context.Context, clients *opened, token string) (string, error) {
		client, err := gce.NewZoneOperationsRESTClient(ctx, clients.listing(ctx)...)
		if err != nil {
			return "", err
		}
		pages := client.List(ctx, &computepb.ListZoneOperationsRequest{Project: ref.Project, Zone: ref.Zone, Filter: &filter})
		operations, next, err := pages.InternalFetch(pageSize, token)
		if err != nil {
			return "", err
		}
		for _, operation := range operations {
			if kind := lifeOperation(operation); kind != "" && strings.HasSuffix(operation.GetTargetLink(), suffix) {
				pending = kind
				return "", nil
			}
		}
		list, _ := pages.Response.(*computepb.OperationList)
		return next, incomplete(nil, list.GetWarning())
	})
	return pending, err
}

// lifeOperation is insert or delete where the operation is one of them and not
// done. A type is written as insert or as compute.instanceGroupManagers.insert.
func lifeOperation(operation *computepb.Operation) string {
	kind := operation.GetOperationType()
	kind = kind[strings.LastIndexByte(kind, '.')+1:]
	if operation.GetStatus() == computepb.Operation_DONE || (kind != "insert" && kind != "delete") {
		return ""
	}
	return kind
}
