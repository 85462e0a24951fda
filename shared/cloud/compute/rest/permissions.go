package rest

// Permissions are the Compute Engine permissions that each method of the engine
// needs. Those for the resources that a template names are checked when the
// template, or a VM from it, is created.
var Permissions = map[string][]string{
	"Template":  {"compute.instanceTemplates.get"},
	"Templates": {"compute.instanceTemplates.list"},
	"InsertTemplate": append([]string{
		"compute.globalOperations.get",
		"compute.instanceTemplates.create",
	}, ofContents...),
	"DeleteTemplate": {"compute.globalOperations.get", "compute.instanceTemplates.delete"},
	"Group":          {"compute.instanceGroupManagers.get"},
	"Groups":         {"compute.instanceGroupManagers.list", "compute.instanceGroups.list"},
	"InsertGroup": {
		"compute.instanceGroupManagers.create",
		"compute.instanceGroups.create",
		"compute.instanceTemplates.useReadOnly",
		"compute.zoneOperations.get",
	},
	"Pending": {"compute.zoneOperations.list"},
	"ResizeGroup": append([]string{
		"compute.instanceGroupManagers.update",
		"compute.instanceTemplates.useReadOnly",
		"compute.instances.create",
		"compute.instances.setLabels",
		"compute.instances.setMetadata",
		"compute.instances.setServiceAccount",
		"compute.instances.setTags",
		"compute.zoneOperations.get",
	}, ofContents...),
	"DeleteGroup": {
		"compute.instanceGroupManagers.delete",
		"compute.instanceGroups.delete",
		"compute.instances.delete",
		"compute.zoneOperations.get",
	},
	"VMs": {"compute.instanceGroupManagers.get", "compute.instances.get", "compute.instances.list"},
	"DeleteVMs": {
		"compute.instanceGroupManagers.update",
		"compute.instances.delete",
		"compute.zoneOperations.get",
	},
	"Snapshots": {"compute.snapshots.list"},
}

// ofContents are the permissions for the disks and the network that a template
// names.
var ofContents = []string{
	"compute.disks.create",
	"compute.images.useReadOnly",
	"compute.networks.use",
	"compute.networks.useExternalIp",
	"compute.snapshots.useReadOnly",
	"compute.subnetworks.use",
	"compute.subnetworks.useExternalIp",
}
