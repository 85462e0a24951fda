package rest

import (
	"sort"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
)

// toTemplate writes a template in the API's form.
func toTemplate(t compute.Template) *computepb.InstanceTemplate {
	properties := &computepb.InstanceProperties{
		Labels:         t.Labels,
		MachineType:    optional(t.MachineType),
		MinCpuPlatform: optional(t.MinCPU),
		Disks:          []*computepb.AttachedDisk{toDisk(t.Boot, true)},
		Metadata:       toMetadata(t.Metadata),
		NetworkInterfaces: []*computepb.NetworkInterface{
			{Network: optional(t.Network), AccessConfigs: toAccess(t.ExternalIP)},
		},
	}
	for _, disk := range t.Extra {
		properties.Disks = append(properties.Disks, toDisk(disk, false))
	}
	if len(t.Tags) > 0 {
		properties.Tags = &computepb.Tags{Items: t.Tags}
	}
	for _, account := range t.Accounts {
		properties.ServiceAccounts = append(properties.ServiceAccounts,
			&computepb.ServiceAccount{Email: optional(account.Email), Scopes: account.Scopes})
	}
	return &computepb.InstanceTemplate{Name: optional(t.Name), Properties: properties}
}

func toDisk(d compute.Disk, boot bool) *computepb.AttachedDisk {
	disk := &computepb.AttachedDisk{
		Boot:       proto.Bool(boot),
		AutoDelete: proto.Bool(true),
		DeviceName: optional(d.DeviceName),
		Mode:       proto.String(computepb.AttachedDisk_READ_WRITE.String()),
		Type:       proto.String(computepb.AttachedDisk_PERSISTENT.String()),
		InitializeParams: &computepb.AttachedDiskInitializeParams{
			SourceImage:    optional(d.SourceImage),
			SourceSnapshot: optional(d.SourceSnapshot),
			DiskType:       optional(d.Type),
		},
	}
	if d.SizeGB > 0 {
		disk.InitializeParams.DiskSizeGb = proto.Int64(d.SizeGB)
	}
	return disk
}

func toMetadata(metadata map[string]string) *computepb.Metadata {
	if len(metadata) == 0 {
		return nil
	}
	items := make([]*computepb.Items, 0, len(metadata))
	for key, value := range metadata {
		items = append(items, &computepb.Items{Key: proto.String(key), Value: proto.String(value)})
	}
	// In order, so that a repeated request with the same id has the same body.
	sort.Slice(items, func(i, j int) bool { return items[i].GetKey() < items[j].GetKey() })
	return &computepb.Metadata{Items: items}
}

func toAccess(external bool) []*computepb.AccessConfig {
	if !external {
		return nil
	}
	return []*computepb.AccessConfig{{
		Name: proto.String("External NAT"),
		Type: proto.String(computepb.AccessConfig_ONE_TO_ONE_NAT.String()),
	}}
}

// fromTemplate reads a template from the API's form. References to other
// resources are given without the host: projects/P/global/images/NAME.
func fromTemplate(project string, t *computepb.InstanceTemplate) compute.Template {
	properties := t.GetProperties()
	template := compute.Template{
		Project:     project,
		Name:        t.GetName(),
		URL:         t.GetSelfLink(),
		Created:     timeOf(t.GetCreationTimestamp()),
		Labels:      properties.GetLabels(),
		MachineType: properties.GetMachineType(),
		MinCPU:      properties.GetMinCpuPlatform(),
		Tags:        properties.GetTags().GetItems(),
	}
	for _, disk := range properties.GetDisks() {
		if disk.GetBoot() {
			template.Boot = fromDisk(disk)
			continue
		}
		template.Extra = append(template.Extra, fromDisk(disk))
	}
	for _, item := range properties.GetMetadata().GetItems() {
		if template.Metadata == nil {
			template.Metadata = map[string]string{}
		}
		template.Metadata[item.GetKey()] = item.GetValue()
	}
	for _, account := range properties.GetServiceAccounts() {
		template.Accounts = append(template.Accounts, compute.Account{Email: account.GetEmail(), Scopes: account.GetScopes()})
	}
	if networks := properties.GetNetworkInterfaces(); len(networks) > 0 {
		template.Network = withoutHost(networks[0].GetNetwork())
		template.ExternalIP = len(networks[0].GetAccessConfigs()) > 0
	}
	return template
}

func fromDisk(d *computepb.AttachedDisk) compute.Disk {
	params := d.GetInitializeParams()
	return compute.Disk{
		DeviceName:     d.GetDeviceName(),
		SourceImage:    withoutHost(params.GetSourceImage()),
		SourceSnapshot: withoutHost(params.GetSourceSnapshot()),
		Type:           params.GetDiskType(),
		SizeGB:         params.GetDiskSizeGb(),
	}
}

// withoutHost makes a resource's URL comparable: the API answers with one of
// several hosts, whichever form was sent.
func withoutHost(url string) string {
	if strings.Contains(url, "://") {
		if i := strings.Index(url, "/projects/"); i >= 0 {
			return url[i+1:]
		}
	}
	return url
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
