package rest

import (
	"context"
	"path"
	"strconv"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// VMs calls instanceGroupManagers.listManagedInstances.
func (e *Engine) VMs(ctx context.Context, ref compute.GroupRef) ([]compute.VM, error) {
	items := list(ctx, e, groupCall("listManagedInstances", ref, mutations), gce.NewInstanceGroupManagersRESTClient,
		func(ctx context.Context, client *gce.InstanceGroupManagersClient) (fetch[*computepb.ManagedInstance], *any) {
			pages := client.ListManagedInstances(ctx, &computepb.ListManagedInstancesInstanceGroupManagersRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name})
			return pages.InternalFetch, &pages.Response
		})
	var vms []compute.VM
	for item, err := range items {
		if err != nil {
			return vms, err
		}
		vms = append(vms, fromVM(item))
	}
	return vms, nil
}

func fromVM(item *computepb.ManagedInstance) compute.VM {
	vm := compute.VM{
		Name:   item.GetName(),
		URL:    item.GetInstance(),
		Status: item.GetInstanceStatus(),
		Action: item.GetCurrentAction(),
	}
	if vm.Name == "" {
		vm.Name = path.Base(vm.URL)
	}
	if id := item.GetId(); id != 0 {
		vm.ID = strconv.FormatUint(id, 10)
	}
	if errs := item.GetLastAttempt().GetErrors().GetErrors(); len(errs) > 0 {
		vm.LastError, vm.LastMessage = errs[0].GetCode(), withheld(errs[0].GetMessage())
	}
	return vm
}

// DeleteVMs calls instanceGroupManagers.deleteInstances.
func (e *Engine) DeleteVMs(ctx context.Context, ref compute.GroupRef, urls []string, requestID string) error {
	if len(urls) == 0 {
		return nil
	}
	if len(urls) > compute.MaxDeletions {
		return failure.New(failure.Permanent, "delete %d VMs of the group %s in one call: the limit is %d",
			len(urls), ref.Name, compute.MaxDeletions)
	}
	return e.change(ctx, groupCall("deleteInstances", ref, mutations),
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.groups.DeleteInstances(ctx, &computepb.DeleteInstancesInstanceGroupManagerRequest{
				Project: ref.Project, Zone: ref.Zone, InstanceGroupManager: ref.Name, RequestId: optional(requestID),
				InstanceGroupManagersDeleteInstancesRequestResource: &computepb.InstanceGroupManagersDeleteInstancesRequest{
					Instances:                      urls,
					SkipInstancesOnValidationError: proto.Bool(true),
				},
			})
		})
}
