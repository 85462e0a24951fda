package processconfig

import (
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Wishes lists what the configuration asks for, by template. A manager of a
// template that is not configured asks for nothing.
func Wishes(current config.Config) []fleet.Wish {
	var wishes []fleet.Wish
	zones := map[string]map[string]fleet.Sizes{}
	for _, template := range current.Templates.GetTemplates() {
		spec := specOf(template)
		zones[template.GetBaseName()] = map[string]fleet.Sizes{}
		wishes = append(wishes, fleet.Wish{BaseName: template.GetBaseName(), Spec: &spec, Zones: zones[template.GetBaseName()]})
	}
	for _, manager := range current.Managers.GetManagers() {
		if sizes, ok := zones[manager.GetTemplateBaseName()]; ok {
			sizes[manager.GetZone()] = sizesOf(manager)
		}
	}
	return wishes
}

// sizesOf returns a manager's sizes. The maximum defaults to the limit of a group.
func sizesOf(manager *configpb.InstanceGroupManager) fleet.Sizes {
	sizes := fleet.Sizes{Minimum: int(manager.GetMinimumSize()), Maximum: fleet.GroupLimit}
	if manager.MaximumSize != nil {
		sizes.Maximum = int(manager.GetMaximumSize())
	}
	return sizes
}

func specOf(template *configpb.InstanceTemplate) fleet.TemplateSpec {
	spec := fleet.TemplateSpec{
		Project:        template.GetProject(),
		Dimensions:     template.GetDimensions(),
		ImageName:      template.GetImageName(),
		ImageProject:   template.GetImageProject(),
		DiskSizeGB:     int(template.GetDiskSizeGb()),
		DiskType:       template.GetDiskType(),
		Tags:           template.GetTags(),
		Metadata:       pairs(template.GetMetadata()),
		MachineType:    template.GetMachineType(),
		Network:        template.GetNetworkUrl(),
		ExternalIP:     template.GetAutoAssignExternalIp(),
		MinCPUPlatform: template.GetMinCpuPlatform(),
		SnapshotName:   template.GetSnapshotName(),
		SnapshotLabels: pairs(template.GetSnapshotLabels()),
	}
	for _, account := range template.GetServiceAccounts() {
		spec.ServiceAccounts = append(spec.ServiceAccounts, fleet.ServiceAccount{Name: account.GetName(), Scopes: account.GetScopes()})
	}
	return spec
}

// pairs splits each "key:value" at the first colon; import-config refuses other
// entries.
func pairs(list []string) map[string]string {
	if len(list) == 0 {
		return nil
	}
	split := make(map[string]string, len(list))
	for _, entry := range list {
		key, value, _ := strings.Cut(entry, ":")
		split[key] = value
	}
	return split
}
