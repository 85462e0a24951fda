package createinstancetemplates

import (
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

const (
	defaultDiskType = "pd-standard"
	// snapshotDevice names the second disk on the VM: with the VM's name before
	// it, it is the disk's own name, <hostname>-disk.
	snapshotDevice = "disk"
)

// templateOf makes the instance template of a revision.
func templateOf(r fleet.Revision, snapshot, deployment string) compute.Template {
	spec := r.Spec
	template := compute.Template{
		Project: spec.Project, Name: r.TemplateName(),
		Labels:      map[string]string{compute.OwnershipLabel: deployment},
		MachineType: spec.MachineType, MinCPU: spec.MinCPUPlatform,
		Boot: compute.Disk{
			SourceImage: imageOf(spec), SizeGB: int64(spec.DiskSizeGB), Type: orDefault(spec.DiskType, defaultDiskType),
		},
		Network: orDefault(spec.Network, fmt.Sprintf("projects/%s/global/networks/default", spec.Project)), ExternalIP: spec.ExternalIP,
		Metadata: spec.Metadata, Tags: spec.Tags,
	}
	if snapshot != "" {
		template.Extra = []compute.Disk{{DeviceName: snapshotDevice, SourceSnapshot: snapshot, Type: orDefault(spec.DiskType, defaultDiskType)}}
	}
	for _, account := range spec.ServiceAccounts {
		template.Accounts = append(template.Accounts, compute.Account{Email: account.Name, Scopes: account.Scopes})
	}
	return template
}

// imageOf is the image's path; the name may be family/NAME.
func imageOf(spec fleet.TemplateSpec) string {
	return fmt.Sprintf("projects/%s/global/images/%s", orDefault(spec.ImageProject, spec.Project), spec.ImageName)
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
