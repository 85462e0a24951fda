package firestore_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// service finds nothing for any call, and keeps the headers.
type service struct {
	pb.UnimplementedFirestoreServer

	mu      sync.Mutex
	headers map[string]metadata.MD
}

func (s *service) keep(ctx context.Context, method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers[method], _ = metadata.FromIncomingContext(ctx)
}

func (s *service) BatchGetDocuments(request *pb.BatchGetDocumentsRequest, stream pb.Firestore_BatchGetDocumentsServer) error {
	s.keep(stream.Context(), "BatchGetDocuments")
	return stream.Send(&pb.BatchGetDocumentsResponse{Result: &pb.BatchGetDocumentsResponse_Missing{Missing: request.GetDocuments()[0]}})
}

func (s *service) RunQuery(_ *pb.RunQueryRequest, stream pb.Firestore_RunQueryServer) error {
	s.keep(stream.Context(), "RunQuery")
	return nil
}

func (s *service) RunAggregationQuery(_ *pb.RunAggregationQueryRequest, stream pb.Firestore_RunAggregationQueryServer) error {
	s.keep(stream.Context(), "RunAggregationQuery")
	return nil
}

func (s *service) Commit(ctx context.Context, request *pb.CommitRequest) (*pb.CommitResponse, error) {
	s.keep(ctx, "Commit")
	return &pb.CommitResponse{WriteResults: make([]*pb.WriteResult, len(request.GetWrites()))}, nil
}

// serve serves Firestore on a listener and points the adapter to it.
func serve(t *testing.T, listener net.Listener) *service {
	t.Helper()
	fake := &service{headers: map[string]metadata.MD{}}
	server := grpc.NewServer()
	pb.RegisterFirestoreServer(server, fake)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Setenv(firestore.EmulatorHost, listener.Addr().String())
	return fake
}

func listen(t *testing.T) *gate.Listener {
	t.Helper()
	listener, err := gate.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func open(t *testing.T, database string) *firestore.Store {
	t.Helper()
	s := firestore.Open(t.Context(), "p", database)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Both headers are exactly those that Google's own client sends.
func TestRoutingIsSentWithEveryCall(t *testing.T) {
	for _, c := range []struct{ database, prefix, params string }{
		{"", "projects/p/databases/gce-backend", "project_id=p&database_id=gce-backend"},
		{"(default)", "projects/p/databases/(default)", "project_id=p&database_id=%28default%29"},
	} {
		fake := serve(t, listen(t))
		s := open(t, c.database)
		_, err := s.Get(t.Context(), "instances/a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Find(t.Context(), store.Query{Collection: "instances"}); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Count(t.Context(), store.Query{Collection: "instances"}); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Commit(t.Context(), store.Put("instances/a", store.Fields{})); err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"BatchGetDocuments", "RunQuery", "RunAggregationQuery", "Commit"} {
			sent := fake.headers[method]
			if got := sent.Get("google-cloud-resource-prefix"); !slices.Equal(got, []string{c.prefix}) {
				t.Errorf("%s: the resource prefix is %q, not %q", method, got, c.prefix)
			}
			if got := sent.Get("x-goog-request-params"); !slices.Contains(got, c.params) {
				t.Errorf("%s: the parameters are %q, without %q", method, got, c.params)
			}
		}
	}
}

// A call on a connection that has gone silent fails long before its deadline,
// and the next call uses another connection.
func TestSilentConnectionIsGivenUp(t *testing.T) {
	listener := listen(t)
	serve(t, listener)
	s := open(t, "")
	if _, err := s.Get(t.Context(), "instances/a"); err != nil {
		t.Fatal(err)
	}
	if count := listener.Silence(); count != 1 {
		t.Fatalf("%d connections are open, not 1", count)
	}
	start := time.Now()
	if _, err := s.Get(t.Context(), "instances/a"); err != nil && !failure.Is(err, failure.Transient) {
		t.Errorf("on the silent connection: error %v of class %q", err, failure.ClassOf(err))
	}
	if took := time.Since(start); took > 25*time.Second {
		t.Errorf("the silent connection was given up after %s", took)
	}
	if _, err := s.Get(t.Context(), "instances/a"); err != nil {
		t.Errorf("after the silent connection: %v", err)
	}
}
