package wire_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

func TestDecodeAccepts(t *testing.T) {
	for body, want := range map[string]*pb.LeaseRequest{
		``:                        {},
		` `:                       {},
		`{}`:                      {},
		`{"duration":5}`:          {Duration: proto.Int64(5)},
		`{"duration":"5"}`:        {Duration: proto.Int64(5)},
		`{"duration":null}`:       {},
		`{"x":{"y":[1]},"X":1e9}`: {},
		`{"duration":-0}`:         {Duration: proto.Int64(0)},
		`{"dimensions":{"backend":"DUMMY","memory_gb":1e2}}`: {Dimensions: &pb.Dimensions{Backend: pb.Backend_DUMMY.Enum(), MemoryGb: proto.Float64(100)}},
	} {
		got := &pb.LeaseRequest{}
		if err := wire.Decode([]byte(body), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

func TestDimensionsSurvive(t *testing.T) {
	message := &pb.Dimensions{
		OsFamily: pb.OSFamily_LINUX.Enum(), Backend: pb.Backend_DUMMY.Enum(), Hostname: proto.String("h"), NumCpus: proto.Int64(0),
		MemoryGb: proto.Float64(3.75), DiskGb: proto.Int64(1 << 30), LinuxFlavor: pb.LinuxFlavor_DEBIAN.Enum(), OsVersion: proto.String(""),
		Project: proto.String("p"), DiskType: pb.DiskType_HDD.Enum(), Snapshot: proto.String("s"), SnapshotLabels: []string{"a", "b"},
	}
	read, err := wire.Dimensions("dimensions", message)
	if err != nil {
		t.Fatal(err)
	}
	if got := wire.DimensionsMessage(read); !proto.Equal(got, message) {
		t.Errorf("%v", got)
	}
	if len(read.Values) != 11 || read.Values["memory_gb"] != "3.75" {
		t.Errorf("%v", read.Values)
	}
}

// FuzzDecode decodes anything: a decoded message can be encoded and decoded
// again without a change.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"request_id":"r","dimensions":{"os_family":"LINUX","num_cpus":"8","memory_gb":7.5,"snapshot_labels":["a:b"]},"duration":60}`,
		`{"dimensions":{"memory_gb":-1e308},"lease_expiration_ts":"-1","indefinite":true}`,
		`{"on_lease":{"swarming_server":"\u0000\ud800"}}`, `[`, `{"dimensions":{"snapshot_labels":[null]}}`, "\xff", `{"a":1}{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request := &pb.LeaseRequest{}
		if wire.Decode(body, request) != nil {
			return
		}
		text, err := wire.Encode(request)
		if err != nil {
			t.Fatalf("%q was read, and cannot be written: %v", body, err)
		}
		again := &pb.LeaseRequest{}
		if err := wire.Decode(text, again); err != nil || !proto.Equal(request, again) {
			t.Fatalf("%q became %q: %v", body, text, err)
		}
		if dimensions, err := wire.Dimensions("dimensions", request.GetDimensions()); err == nil {
			if _, err := wire.Dimensions("dimensions", wire.DimensionsMessage(dimensions)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
