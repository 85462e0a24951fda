package gate

import (
	"errors"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const service = "/google.firestore.v1.Firestore/"

// check refuses a request that the service would refuse. Calls of other
// services, such as the emulator's own, pass.
func (g *Gate) check(method string, headers metadata.MD, sent message) error {
	name, ours := strings.CutPrefix(method, service)
	if !ours {
		return nil
	}
	if err := checkRequestSize(len(sent)); err != nil {
		return err
	}
	request, err := decode(name, sent)
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "the gate cannot read the request: %v", err)
	}
	if err := checkRouting(headers, request); err != nil {
		return err
	}
	switch r := request.(type) {
	case *pb.RunQueryRequest:
		return g.checkQuery(r.GetParent(), r.GetStructuredQuery())
	case *pb.RunAggregationQueryRequest:
		return g.checkQuery(r.GetParent(), r.GetStructuredAggregationQuery().GetStructuredQuery())
	case *pb.CommitRequest:
		return checkWrites(r.GetWrites())
	case *pb.BatchWriteRequest:
		return checkWrites(r.GetWrites())
	case *pb.WriteRequest:
		return checkWrites(r.GetWrites())
	}
	return nil
}

func (g *Gate) checkQuery(parent string, query *pb.StructuredQuery) error {
	if query == nil {
		return status.Error(codes.Unimplemented, "the gate knows structured queries only")
	}
	filters, err := conjunction(query.GetWhere())
	if err != nil {
		return err
	}
	if err := checkValues(filters); err != nil {
		return err
	}
	return checkIndex(g.indexes, parent, query, filters)
}

// decode reads a request of one of the service's methods.
func decode(name string, sent message) (proto.Message, error) {
	method := pb.File_google_firestore_v1_firestore_proto.Services().ByName("Firestore").Methods().ByName(protoreflect.Name(name))
	if method == nil {
		return nil, errors.New("Firestore has no method " + name)
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return nil, err
	}
	request := kind.New().Interface()
	return request, proto.Unmarshal(sent, request)
}
