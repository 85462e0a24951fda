package cataloginstances

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/dimension"
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

// offered returns the dimensions with which a revision's machines are offered.
func offered(t *testing.T, r fleet.Revision) *pb.Dimensions {
	t.Helper()
	entry, err := entries(r, "p")
	if err != nil {
		t.Fatal(err)
	}
	return entry(fleet.Instance{}).Dimensions
}

func given(t *testing.T, pairs []string) *pb.Dimensions {
	t.Helper()
	d, err := dimension.Given(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDimensions(t *testing.T) {
	type spec = fleet.TemplateSpec
	plain := []string{"project:my-project", "disk_gb:100", "disk_type:HDD", "num_cpus:4", "memory_gb:16"}
	for _, c := range []struct {
		name   string
		change func(*spec)
		want   []string // added to the plain dimensions, or in place of them
	}{
		{"what follows from the fields", nil, nil},
		{"an SSD", func(s *spec) { s.DiskType = "pd-ssd" }, []string{"disk_type:SSD"}},
		{"a standard disk", func(s *spec) { s.DiskType = "pd-standard" }, nil},
		{"a balanced disk is an SSD", func(s *spec) { s.DiskType = "pd-balanced" }, []string{"disk_type:SSD"}},
		{"what the template says", func(s *spec) {
			s.Dimensions = []string{"os_family:LINUX", "linux_flavor:DEBIAN", "os_version:12.1:x"}
		}, []string{"os_family:LINUX", "linux_flavor:DEBIAN", "os_version:12.1:x"}},
		{"what it says goes before what follows", func(s *spec) {
			s.Dimensions = []string{"num_cpus:2", "memory_gb:7.5", "disk_gb:50", "disk_type:SSD", "project:p2", "snapshot:s2"}
		}, []string{"num_cpus:2", "memory_gb:7.5", "disk_gb:50", "disk_type:SSD", "project:p2", "snapshot:s2"}},
		{"a custom type", func(s *spec) { s.MachineType = "n2-custom-6-20480" }, []string{"num_cpus:6", "memory_gb:20"}},
		{"extended memory", func(s *spec) { s.MachineType = "n1-custom-2-65536-ext" }, []string{"num_cpus:2", "memory_gb:64"}},
		{"a snapshot and labels", func(s *spec) {
			s.SnapshotName, s.SnapshotLabels = "base", map[string]string{"stage": "prod", "kind": "cache"}
		}, []string{"snapshot:base", "snapshot_labels:kind:cache", "snapshot_labels:stage:prod"}},
		{"labels of the dimensions as well, each once", func(s *spec) {
			s.SnapshotLabels, s.Dimensions = map[string]string{"kind": "cache"}, []string{"snapshot_labels:kind:cache", "snapshot_labels:own:x"}
		}, []string{"snapshot_labels:kind:cache", "snapshot_labels:own:x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := offered(t, revision(c.change)), given(t, append(slices.Clone(plain), c.want...)); !proto.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// With labels alone, the snapshot is the one found for the revision.
func TestTheResolvedSnapshotIsADimension(t *testing.T) {
	r := revision(func(s *fleet.TemplateSpec) { s.SnapshotLabels = map[string]string{"k": "v"} })
	r.SnapshotURL = "https://www.googleapis.com/compute/v1/projects/p/global/snapshots/newest"
	if got := offered(t, r); got.GetSnapshot() != "newest" {
		t.Errorf("%v", got)
	}
	r.Spec.SnapshotName = "named"
	if got := offered(t, r); got.GetSnapshot() != "named" {
		t.Errorf("%v", got)
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
		_, err := entries(revision(change), "p")
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
	i := fleet.NewInstance(fleet.Manager{BaseName: "linux", Revision: r.ID, Zone: "z", Project: "my-project"}, "linux-1", "42", "url", time.Unix(0, 0))
	want := catalog.Entry{Hostname: "linux-1", Instance: "linux-1:42", Dimensions: offered(t, r),
		ServiceAccount: "machine@example.com", Project: "home-project", Topic: "leases-changed"}
	got := entry(i)
	same := proto.Equal(got.Dimensions, want.Dimensions)
	got.Dimensions, want.Dimensions = nil, nil
	if !same || got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := entries(revision(func(s *fleet.TemplateSpec) { s.MachineType = "x" }), "p"); err == nil || !strings.Contains(err.Error(), "linux-") {
		t.Errorf("the error does not name the template: %v", err)
	}
}
