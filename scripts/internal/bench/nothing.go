package bench

import (
	"context"
	"fmt"
	"net"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// nothing is a Firestore without documents.
type nothing struct {
	firestorepb.UnimplementedFirestoreServer
	address string
	server  *grpc.Server
}

func serveNothing(ctx context.Context) (*nothing, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve an empty Firestore: %w", err)
	}
	n := &nothing{address: listener.Addr().String(), server: grpc.NewServer()}
	firestorepb.RegisterFirestoreServer(n.server, n)
	go func() { _ = n.server.Serve(listener) }() // until stop
	return n, nil
}

func (n *nothing) stop() { n.server.Stop() }

// RunQuery finds nothing.
func (n *nothing) RunQuery(_ *firestorepb.RunQueryRequest, to firestorepb.Firestore_RunQueryServer) error {
	return to.Send(&firestorepb.RunQueryResponse{ReadTime: timestamppb.Now()})
}

// BatchGetDocuments misses each document.
func (n *nothing) BatchGetDocuments(r *firestorepb.BatchGetDocumentsRequest, to firestorepb.Firestore_BatchGetDocumentsServer) error {
	for _, name := range r.GetDocuments() {
		err := to.Send(&firestorepb.BatchGetDocumentsResponse{
			Result: &firestorepb.BatchGetDocumentsResponse_Missing{Missing: name}, ReadTime: timestamppb.Now()})
		if err != nil {
			return err
		}
	}
	return nil
}
