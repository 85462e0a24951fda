package dimension

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

func TestGiven(t *testing.T) {
	for _, c := range []struct {
		pairs string // separated by spaces
		want  *pb.Dimensions
		err   string
	}{
		{"", &pb.Dimensions{}, ""},
		{"os_family:LINUX num_cpus:8 memory_gb:7.5 os_version:12:x", &pb.Dimensions{
			OsFamily: pb.OSFamily_LINUX.Enum(), NumCpus: proto.Int64(8), MemoryGb: proto.Float64(7.5), OsVersion: proto.String("12:x")}, ""},
		{"disk_gb:50 disk_gb:60", &pb.Dimensions{DiskGb: proto.Int64(60)}, ""},
		{"snapshot_labels:a:b snapshot_labels:c:d snapshot_labels:a:b", &pb.Dimensions{SnapshotLabels: []string{"a:b", "c:d"}}, ""},
		{"disk_type:SSD disk_type: project:p project: disk_gb:1 disk_gb:0 memory_gb:1 memory_gb:-0", &pb.Dimensions{}, ""},
		{"disk_gb:", nil, "dimension disk_gb"},
		{"memory_gb:1,5", nil, "dimension memory_gb"},
		{"os_family:PLAN9", nil, `dimension os_family: it cannot be "PLAN9"`},
		{"colour:red", nil, "dimension colour: the Machine Provider has no such dimension"},
		{"hostname:a", nil, "dimension hostname: the Machine Provider has no such dimension"},
		{"backend:GCE", nil, "dimension backend"},
		{"plain", nil, "dimension plain"},
	} {
		got, err := Given(strings.Fields(c.pairs)...)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || err == nil && !proto.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.pairs, got, err)
		}
	}
}

// Every dimension in the proto can be set, including ones that are added later.
func TestEveryDimensionCanBeSet(t *testing.T) {
	fields := (&pb.Dimensions{}).ProtoReflect().Descriptor().Fields()
	if len(Names())+len(own) != fields.Len() {
		t.Errorf("a template may give %v", Names())
	}
	for i := range fields.Len() {
		field := fields.Get(i)
		text := "7"
		if values := Values(field); values != nil {
			text = values[0]
		} else if field.Kind() == protoreflect.EnumKind {
			t.Errorf("%s is an enumeration without values", field.Name())
		}
		d := &pb.Dimensions{}
		if err := Set(d, string(field.Name()), text); err != nil || !d.ProtoReflect().Has(field) || proto.Equal(d, &pb.Dimensions{}) {
			t.Errorf("%s: %v, %v", field.Name(), d, err)
		}
	}
	if err := Set(&pb.Dimensions{}, "colour", "red"); err == nil {
		t.Error("an unknown dimension was set")
	}
}
