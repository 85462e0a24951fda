package gate_test

import (
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// The gate sees only the fields that a write with a mask sends, and leaves the
// size of the whole document to the emulator.
func TestDocumentThatGrowsTooLargeInTwoWrites(t *testing.T) {
	g := emulatortest.Firestore(t, gate.Options{})
	connection, err := grpc.NewClient(g.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	client := pb.NewFirestoreClient(connection)
	for _, c := range []struct {
		field string
		code  codes.Code
	}{{"a", codes.OK}, {"b", codes.InvalidArgument}} {
		write := put(map[string]*pb.Value{c.field: text(600_000)})
		write.UpdateMask = &pb.DocumentMask{FieldPaths: []string{c.field}}
		_, err := client.Commit(routed(t.Context()), &pb.CommitRequest{Database: database, Writes: []*pb.Write{write}})
		want(t, c.field, err, c.code, "")
	}
}
