package gate_test

import (
	"context"
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/terraform"
)

const database = "projects/p/databases/d"

// emulator lets everything pass.
type emulator struct {
	pb.UnimplementedFirestoreServer
	commits chan *pb.CommitRequest
}

func (e *emulator) Commit(ctx context.Context, request *pb.CommitRequest) (*pb.CommitResponse, error) {
	e.commits <- request
	headers, _ := metadata.FromIncomingContext(ctx)
	if got := headers.Get("authorization"); len(got) != 1 || got[0] != "Bearer owner" {
		return nil, status.Errorf(codes.PermissionDenied, "the headers are %v", headers)
	}
	return &pb.CommitResponse{WriteResults: make([]*pb.WriteResult, len(request.GetWrites()))}, nil
}

func (*emulator) RunQuery(_ *pb.RunQueryRequest, stream pb.Firestore_RunQueryServer) error {
	for range 3 {
		if err := stream.Send(&pb.RunQueryResponse{}); err != nil {
			return err
		}
	}
	return nil
}

func (*emulator) RunAggregationQuery(*pb.RunAggregationQueryRequest, pb.Firestore_RunAggregationQueryServer) error {
	return nil
}

// start starts a gate before an emulator that lets everything pass.
func start(t *testing.T, indexes terraform.Indexes) (pb.FirestoreClient, *gate.Gate, *emulator) {
	t.Helper()
	listener, err := gate.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	behind := &emulator{commits: make(chan *pb.CommitRequest, 100)}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	pb.RegisterFirestoreServer(server, behind)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	g, err := gate.Start(t.Context(), listener.Addr().String(), gate.Options{Indexes: &indexes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	connection, err := grpc.NewClient(g.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return pb.NewFirestoreClient(connection), g, behind
}

func routed(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "google-cloud-resource-prefix", database, "authorization", "Bearer owner")
}

func want(t *testing.T, name string, err error, code codes.Code, text string) {
	t.Helper()
	if status.Code(err) != code || !strings.Contains(status.Convert(err).Message(), text) {
		t.Errorf("%s: got %v, want %s with %q", name, err, code, text)
	}
}

func TestRouting(t *testing.T) {
	client, _, _ := start(t, terraform.Indexes{})
	for name, c := range map[string]struct {
		headers []string
		code    codes.Code
	}{
		"none":              {nil, codes.InvalidArgument},
		"prefix":            {[]string{"google-cloud-resource-prefix", database}, codes.OK},
		"parameters":        {[]string{"x-goog-request-params", "project_id=p&database_id=d"}, codes.OK},
		"second parameters": {[]string{"x-goog-request-params", "database=projects%2Fp%2Fdatabases%2Fd", "x-goog-request-params", "project_id=p&database_id=d"}, codes.OK},
		"generated client":  {[]string{"x-goog-request-params", "database=projects%2Fp%2Fdatabases%2Fd"}, codes.InvalidArgument},
		"other database":    {[]string{"google-cloud-resource-prefix", database + "2", "x-goog-request-params", "project_id=p&database_id=d2"}, codes.InvalidArgument},
		"other project":     {[]string{"x-goog-request-params", "project_id=q&database_id=d"}, codes.InvalidArgument},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), append(c.headers, "authorization", "Bearer owner")...)
		text := ""
		if c.code != codes.OK {
			text = "Invalid request routing header"
		}
		_, err := client.Commit(ctx, &pb.CommitRequest{Database: database})
		want(t, "commit with "+name, err, c.code, text)
		stream, err := client.RunQuery(ctx, &pb.RunQueryRequest{Parent: database + "/documents", QueryType: structured("instances", nil, nil)})
		if err == nil {
			_, err = stream.Recv()
		}
		want(t, "query with "+name, err, c.code, text)
	}
}

func text(size int) *pb.Value {
	return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: strings.Repeat("x", size)}}
}

func put(fields map[string]*pb.Value) *pb.Write {
	return &pb.Write{Operation: &pb.Write_Update{Update: &pb.Document{Name: database + "/documents/c/d", Fields: fields}}}
}

// A document's size is the sizes of its name and its fields, plus 32 bytes. The
// name c/d takes 16 + 2 + 2 bytes, the field's name f takes 2, and its text takes
// one byte more than its length.
func TestSizes(t *testing.T) {
	client, _, behind := start(t, terraform.Indexes{})
	const rest = 16 + 2 + 2 + 2 + 1 + 32
	many := make([]*pb.Write, 11)
	for i := range many {
		many[i] = put(map[string]*pb.Value{"f": text(1<<20 - 1000)})
	}
	for name, c := range map[string]struct {
		writes []*pb.Write
		text   string // "": it passes
	}{
		"largest document":   {[]*pb.Write{put(map[string]*pb.Value{"f": text(1<<20 - rest)})}, ""},
		"too large document": {[]*pb.Write{put(map[string]*pb.Value{"f": text(1<<20 - rest + 1)})}, "exceeds the maximum allowed size of 1048576 bytes"},
		"too large in parts": {[]*pb.Write{put(map[string]*pb.Value{"f": {ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{
			Fields: map[string]*pb.Value{"a": text(600_000), "b": {ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: []*pb.Value{text(600_000)}}}}}}}}})},
			"exceeds the maximum allowed size"},
		"nine MiB":   {many[:9], ""},
		"eleven MiB": {many, "Request payload size exceeds the limit: 10485760 bytes"},
	} {
		_, err := client.Commit(routed(t.Context()), &pb.CommitRequest{Database: database, Writes: c.writes})
		code := codes.OK
		if c.text != "" {
			code = codes.InvalidArgument
		} else {
			<-behind.commits
		}
		want(t, name, err, code, c.text)
	}
	if len(behind.commits) > 0 {
		t.Errorf("%d refused commits reached the emulator", len(behind.commits))
	}
}
