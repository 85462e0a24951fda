package processconfig

import (
	"reflect"
	"testing"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

func ptr[T any](v T) *T { return &v }

func manager(template, zone string, minimum int32, maximum *int32) *configpb.InstanceGroupManager {
	return &configpb.InstanceGroupManager{TemplateBaseName: ptr(template), Zone: ptr(zone), MinimumSize: ptr(minimum), MaximumSize: maximum}
}

func configOf(templates []*configpb.InstanceTemplate, managers ...*configpb.InstanceGroupManager) config.Config {
	c := config.Empty()
	c.Revision, c.Templates.Templates, c.Managers.Managers = "1", templates, managers
	return c
}

func TestWishes(t *testing.T) {
	full := &configpb.InstanceTemplate{
		BaseName: ptr("linux"), Project: ptr("p"), Dimensions: []string{"os_family:LINUX"}, ImageName: ptr("debian"), DiskSizeGb: ptr(int32(50)),
		ServiceAccounts: []*configpb.ServiceAccount{{Name: ptr("m@example.com"), Scopes: []string{"s"}}, {Name: ptr("n@example.com")}},
		Tags:            []string{"t"}, Metadata: []string{"k:v:w", "empty:", "bare"}, MachineType: ptr("e2-small"), ImageProject: ptr("ip"), NetworkUrl: ptr("n"),
		AutoAssignExternalIp: ptr(true), MinCpuPlatform: ptr("c"), DiskType: ptr("pd-ssd"), SnapshotName: ptr("sn"), SnapshotLabels: []string{"a:b"},
	}
	got := Wishes(configOf([]*configpb.InstanceTemplate{full, {BaseName: ptr("bare")}},
		manager("linux", "z1", 1, ptr(int32(5))), manager("bare", "z1", 0, nil), manager("linux", "z2", 0, ptr(int32(0))), manager("unknown", "z1", 7, nil)))
	want := []fleet.Wish{
		{BaseName: "linux", Spec: &fleet.TemplateSpec{
			Project: "p", Dimensions: []string{"os_family:LINUX"}, ImageName: "debian", ImageProject: "ip", DiskSizeGB: 50, DiskType: "pd-ssd",
			ServiceAccounts: []fleet.ServiceAccount{{Name: "m@example.com", Scopes: []string{"s"}}, {Name: "n@example.com"}},
			Tags:            []string{"t"}, Metadata: map[string]string{"k": "v:w", "empty": "", "bare": ""}, MachineType: "e2-small", Network: "n",
			ExternalIP: true, MinCPUPlatform: "c", SnapshotName: "sn", SnapshotLabels: map[string]string{"a": "b"},
		}, Zones: map[string]fleet.Sizes{"z1": {Minimum: 1, Maximum: 5}, "z2": {Minimum: 0, Maximum: 0}}},
		{BaseName: "bare", Spec: &fleet.TemplateSpec{}, Zones: map[string]fleet.Sizes{"z1": {Minimum: 0, Maximum: 1000}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := Wishes(config.Empty()); len(got) != 0 {
		t.Errorf("an empty configuration asks for %v", got)
	}
}

// Every field of a configured template except its base name changes the
// revision.
func TestEveryFieldIsPartOfTheRevision(t *testing.T) {
	base := specOf(&configpb.InstanceTemplate{BaseName: ptr("linux")}).RevisionID()
	fields := (&configpb.InstanceTemplate{}).ProtoReflect().Descriptor().Fields()
	for name, template := range map[string]*configpb.InstanceTemplate{
		"project": {Project: ptr("x")}, "dimensions": {Dimensions: []string{"a:b"}}, "image_name": {ImageName: ptr("x")}, "disk_size_gb": {DiskSizeGb: ptr(int32(1))},
		"service_accounts": {ServiceAccounts: []*configpb.ServiceAccount{{Name: ptr("x")}}}, "tags": {Tags: []string{"x"}}, "metadata": {Metadata: []string{"a:b"}},
		"machine_type": {MachineType: ptr("x")}, "image_project": {ImageProject: ptr("x")}, "network_url": {NetworkUrl: ptr("x")},
		"auto_assign_external_ip": {AutoAssignExternalIp: ptr(true)}, "min_cpu_platform": {MinCpuPlatform: ptr("x")}, "disk_type": {DiskType: ptr("x")},
		"snapshot_name": {SnapshotName: ptr("x")}, "snapshot_labels": {SnapshotLabels: []string{"a:b"}},
	} {
		if fields.ByName(fields.ByTextName(name).Name()) == nil || specOf(template).RevisionID() == base {
			t.Errorf("%s is not part of it", name)
		}
	}
	if covered := 15 + len([]string{"base_name", "metadata_from_file"}); fields.Len() != covered { // the latter is metadata after the import
		t.Errorf("the message has %d fields, this test knows %d", fields.Len(), covered)
	}
}

func TestChangedWishes(t *testing.T) {
	a := &configpb.InstanceTemplate{BaseName: ptr("a"), Project: ptr("p")}
	b := &configpb.InstanceTemplate{BaseName: ptr("b"), Project: ptr("p")}
	current := configOf([]*configpb.InstanceTemplate{a, b}, manager("a", "z", 1, nil))
	record := func(name, active, digest string) records.Template {
		return records.Template{Value: fleet.TemplateRecord{BaseName: name, ActiveRevision: active, Digest: digest}}
	}
	var digests []string
	for _, wish := range Wishes(current) {
		digests = append(digests, wish.Digest())
	}
	for _, c := range []struct {
		name  string
		known []records.Template
		want  map[string]bool // base name → configured
	}{
		{"all new", nil, map[string]bool{"a": true, "b": true}},
		{"all as it is", []records.Template{record("a", "r", digests[0]), record("b", "r", digests[1])}, map[string]bool{}},
		{"one changed", []records.Template{record("a", "r", "old"), record("b", "r", digests[1])}, map[string]bool{"a": true}},
		{"one to be built again", []records.Template{record("a", "r", ""), record("b", "r", digests[1])}, map[string]bool{"a": true}},
		{"one left", []records.Template{record("a", "r", digests[0]), record("b", "r", digests[1]), record("c", "r", "d")}, map[string]bool{"c": false}},
		{"one left before", []records.Template{record("a", "r", digests[0]), record("b", "r", digests[1]), record("c", "", "")}, map[string]bool{}},
	} {
		got := map[string]bool{}
		for _, wish := range ChangedWishes(current, c.known) {
			got[wish.BaseName] = wish.Spec != nil
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
