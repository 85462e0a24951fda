package cataloginstances

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config/machinetype"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// leasesChanged is where the Machine Provider sends its messages to.
const leasesChanged = event.LeasesChanged

// dimensionsOf are what lessees choose the machines of a revision by: what the
// template says of itself, and what follows from its fields where it says
// nothing.
func dimensionsOf(r fleet.Revision) (catalog.Dimensions, error) {
	spec := r.Spec
	d := catalog.Dimensions{Project: spec.Project, DiskGB: int64(spec.DiskSizeGB), DiskType: "HDD", Snapshot: spec.SnapshotName}
	if spec.DiskType != "" && spec.DiskType != "pd-standard" {
		d.DiskType = "SSD"
	}
	if d.Snapshot == "" && r.SnapshotURL != "" {
		d.Snapshot = path.Base(r.SnapshotURL)
	}
	for _, key := range slices.Sorted(maps.Keys(spec.SnapshotLabels)) {
		d.SnapshotLabels = append(d.SnapshotLabels, key+":"+spec.SnapshotLabels[key])
	}
	shape, err := machinetype.Parse(spec.MachineType)
	if err != nil {
		return d, failure.New(failure.Permanent, "%w", err)
	}
	d.NumCPUs, d.MemoryGB = int64(shape.CPUs), shape.MemoryGB
	for _, pair := range spec.Dimensions {
		key, value, _ := strings.Cut(pair, ":")
		if err := set(&d, key, value); err != nil {
			return d, failure.New(failure.Permanent, "dimension %s: %w", key, err)
		}
	}
	return d, nil
}

// set sets a dimension by its name in the Machine Provider's API.
func set(d *catalog.Dimensions, key, value string) (err error) {
	switch key {
	case "os_family":
		d.OSFamily = value
	case "os_version":
		d.OSVersion = value
	case "linux_flavor":
		d.LinuxFlavor = value
	case "project":
		d.Project = value
	case "disk_gb":
		d.DiskGB, err = strconv.ParseInt(value, 10, 64)
	case "disk_type":
		d.DiskType = value
	case "num_cpus":
		d.NumCPUs, err = strconv.ParseInt(value, 10, 64)
	case "memory_gb":
		d.MemoryGB, err = strconv.ParseFloat(value, 64)
	case "snapshot":
		d.Snapshot = value
	case "snapshot_labels":
		if !slices.Contains(d.SnapshotLabels, value) {
			d.SnapshotLabels = append(d.SnapshotLabels, value)
		}
	default:
		return fmt.Errorf("the Machine Provider has no such dimension")
	}
	return err
}
