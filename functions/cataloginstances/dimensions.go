package cataloginstances

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/gce-backend/gce-backend/shared/config/machinetype"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// dimensionsOf lists what lessees choose the machines of a revision by, each as
// name:value: what follows from the template's fields, and then what it says of
// itself, which goes before that.
func dimensionsOf(r fleet.Revision) ([]string, error) {
	spec := r.Spec
	shape, err := machinetype.Parse(spec.MachineType)
	if err != nil {
		return nil, err
	}
	disk, snapshot := "HDD", spec.SnapshotName
	if spec.DiskType != "" && spec.DiskType != "pd-standard" {
		disk = "SSD"
	}
	if snapshot == "" && r.SnapshotURL != "" {
		snapshot = path.Base(r.SnapshotURL)
	}
	pairs := []string{
		"project:" + spec.Project, "disk_type:" + disk, "snapshot:" + snapshot,
		fmt.Sprint("disk_gb:", spec.DiskSizeGB), fmt.Sprint("num_cpus:", shape.CPUs), fmt.Sprint("memory_gb:", shape.MemoryGB),
	}
	for _, key := range slices.Sorted(maps.Keys(spec.SnapshotLabels)) {
		pairs = append(pairs, "snapshot_labels:"+key+":"+spec.SnapshotLabels[key])
	}
	return append(pairs, spec.Dimensions...), nil
}
