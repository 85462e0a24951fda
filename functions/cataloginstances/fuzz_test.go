package cataloginstances

import (
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// A template's dimensions are either valid or refused with an error that names
// the dimension, because a person must correct it.
func FuzzDimensions(f *testing.F) {
	for _, pair := range []string{"os_family:LINUX", "num_cpus:8", "memory_gb:7.5", "disk_gb:1e9", "snapshot_labels:a:b", "memory_gb:NaN", "unknown:x", "no colon", ""} {
		f.Add("n2-standard-8", "snapshot", pair)
	}
	f.Add("custom-4-8192", "", "disk_type:SSD")
	f.Fuzz(func(t *testing.T, machineType, snapshot, pair string) {
		_, err := entries(fleet.Revision{Spec: fleet.TemplateSpec{MachineType: machineType, SnapshotName: snapshot, Dimensions: []string{pair}}}, "p")
		if err != nil && !failure.Is(err, failure.Permanent) {
			t.Errorf("%q, %q: %v", machineType, pair, err)
		}
	})
}
