package cataloginstances

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func revision(change func(*fleet.TemplateSpec)) fleet.Revision {
	spec := fleet.TemplateSpec{Project: "my-project", ImageName: "debian-12", DiskSizeGB: 100, MachineType: "e2-standard-4",
		ServiceAccounts: []fleet.ServiceAccount{{Name: "machine@example.com"}, {Name: "other@example.com"}}}
	if change != nil {
		change(&spec)
	}
	return fleet.Revision{BaseName: "linux", ID: spec.RevisionID(), Spec: spec}
}

func TestDimensions(t *testing.T) {
	type spec = fleet.TemplateSpec
	plain := catalog.Dimensions{Project: "my-project", DiskGB: 100, DiskType: "HDD", NumCPUs: 4, MemoryGB: 16}
	for _, c := range []struct {
		name   string
		change func(*spec)
		want   func(*catalog.Dimensions)
	}{
		{"what follows from the fields", nil, func(*catalog.Dimensions) {}},
		{"an SSD", func(s *spec) { s.DiskType = "pd-ssd" }, func(d *catalog.Dimensions) { d.DiskType = "SSD" }},
		{"a standard disk", func(s *spec) { s.DiskType = "pd-standard" }, func(*catalog.Dimensions) {}},
		{"a balanced disk is an SSD", func(s *spec) { s.DiskType = "pd-balanced" }, func(d *catalog.Dimensions) { d.DiskType = "SSD" }},
		{"what the template says", func(s *spec) {
			s.Dimensions = []string{"os_family:LINUX", "linux_flavor:DEBIAN", "os_version:12.1:x"}
		}, func(d *catalog.Dimensions) { d.OSFamily, d.LinuxFlavor, d.OSVersion = "LINUX", "DEBIAN", "12.1:x" }},
		{"what it says goes before what follows", func(s *spec) {
			s.Dimensions = []string{"num_cpus:2", "memory_gb:7.5", "disk_gb:50", "disk_type:SSD", "project:p2", "snapshot:s2"}
		}, func(d *catalog.Dimensions) {
			d.NumCPUs, d.MemoryGB, d.DiskGB, d.DiskType, d.Project, d.Snapshot = 2, 7.5, 50, "SSD", "p2", "s2"
		}},
		{"a custom type", func(s *spec) { s.MachineType = "n2-custom-6-20480" }, func(d *catalog.Dimensions) { d.NumCPUs, d.MemoryGB = 6, 20 }},
		{"extended memory", func(s *spec) { s.MachineType = "n1-custom-2-65536-ext" }, func(d *catalog.Dimensions) { d.NumCPUs, d.MemoryGB = 2, 64 }},
		{"a snapshot and labels", func(s *spec) {
			s.SnapshotName, s.SnapshotLabels = "base", map[string]string{"stage": "prod", "kind": "cache"}
		}, func(d *catalog.Dimensions) {
			d.Snapshot, d.SnapshotLabels = "base", []string{"kind:cache", "stage:prod"}
		}},
		{"labels of the dimensions as well, each once", func(s *spec) {
			s.SnapshotLabels, s.Dimensions = map[string]string{"kind": "cache"}, []string{"snapshot_labels:kind:cache", "snapshot_labels:own:x"}
		}, func(d *catalog.Dimensions) { d.SnapshotLabels = []string{"kind:cache", "own:x"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := plain
			c.want(&want)
			if got, err := dimensionsOf(revision(c.change)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

// With labels alone the snapshot is the one that was found for the revision.
func TestTheResolvedSnapshotIsADimension(t *testing.T) {
	r := revision(func(s *fleet.TemplateSpec) { s.SnapshotLabels = map[string]string{"k": "v"} })
	r.SnapshotURL = "https://www.googleapis.com/compute/v1/projects/p/global/snapshots/newest"
	if got, err := dimensionsOf(r); err != nil || got.Snapshot != "newest" {
		t.Errorf("%+v, %v", got, err)
	}
	r.Spec.SnapshotName = "named"
	if got, err := dimensionsOf(r); err != nil || got.Snapshot != "named" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDimensionsThatCannotBe(t *testing.T) {
	for what, change := range map[string]func(*fleet.TemplateSpec){
		"machine type":      func(s *fleet.TemplateSpec) { s.MachineType = "zz9-plural-4" },
		"dimension colour":  func(s *fleet.TemplateSpec) { s.Dimensions = []string{"colour:red"} },
		"dimension num_cpu": func(s *fleet.TemplateSpec) { s.Dimensions = []string{"num_cpus:many"} },
		"dimension memory":  func(s *fleet.TemplateSpec) { s.Dimensions = []string{"memory_gb:1,5"} },
		"dimension disk_gb": func(s *fleet.TemplateSpec) { s.Dimensions = []string{"disk_gb:"} },
	} {
		_, err := dimensionsOf(revision(change))
		if failure.ClassOf(err) != failure.Permanent || err != nil && !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestEntries(t *testing.T) {
	r := revision(nil)
	entry, err := entries(r, "home-project")
	if err != nil {
		t.Fatal(err)
	}
	dimensions, err := dimensionsOf(r)
	if err != nil {
		t.Fatal(err)
	}
	i := fleet.NewInstance(fleet.Manager{BaseName: "linux", Revision: r.ID, Zone: "z", Project: "my-project"}, "linux-1", "42", "url", time.Unix(0, 0))
	want := catalog.Entry{Hostname: "linux-1", Instance: "linux-1:42", Dimensions: dimensions,
		ServiceAccount: "machine@example.com", Project: "home-project", Topic: "leases-changed"}
	if got := entry(i); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := entries(revision(func(s *fleet.TemplateSpec) { s.MachineType = "x" }), "p"); err == nil || !strings.Contains(err.Error(), "linux-") {
		t.Errorf("the error does not name the template: %v", err)
	}
}
