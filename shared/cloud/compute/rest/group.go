package rest

import (
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
)

// toGroup writes a group in the API's form. It begins without VMs; it never
// makes a VM again under a name that another had; a new template is never
// rolled out by it; and more than one page of it can be listed.
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
