package suite

import (
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// Nothing reaches the Firestore emulator but through the gate, an emulator that
// runs already neither.
func TestGateBeforeFirestore(t *testing.T) {
	t.Setenv("FIRESTORE_EMULATOR_HOST", "") // put back at the end
	listener, err := gate.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	emulator := grpc.NewServer()
	pb.RegisterFirestoreServer(emulator, pb.UnimplementedFirestoreServer{})
	go func() { _ = emulator.Serve(listener) }() // ends with Stop
	defer emulator.Stop()

	s := &Suite{opts: Options{Environment: Environment{Firestore: listener.Addr().String()}}}
	if err := s.startEmulators(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, stop := range s.stops {
			stop(t.Context())
		}
	}()
	connection, err := grpc.NewClient(s.Endpoints.Firestore, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, err = pb.NewFirestoreClient(connection).Commit(t.Context(), &pb.CommitRequest{Database: "projects/p/databases/d"})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a call without routing: %v, and should be refused by the gate", err)
	}
}
