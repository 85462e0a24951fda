package firestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	apiv1 "cloud.google.com/go/firestore/apiv1"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxGet bounds the number of documents in one request.
const maxGet = 1000

// Get reads documents, in the order of their keys.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	found := make(map[store.Key]store.Document, len(keys))
	var names []string
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return nil, failure.New(failure.Permanent, "%w", err)
		}
		if _, named := found[key]; !named {
			names = append(names, s.name(key))
		}
		found[key] = store.Document{Key: key}
	}
	for part := range slices.Chunk(names, maxGet) {
		request := &pb.BatchGetDocumentsRequest{Database: s.database, Documents: part}
		err := receive(ctx, s, (*apiv1.Client).BatchGetDocuments, request, func(answer *pb.BatchGetDocumentsResponse) {
			if document := answer.GetFound(); document != nil {
				read := s.read(document)
				found[read.Key] = read
			}
		})
		if err != nil {
			return nil, fmt.Errorf("get %d documents from %s on: %w", len(part), s.key(part[0]), onRead(err))
		}
	}
	documents := make([]store.Document, len(keys))
	for i, key := range keys {
		documents[i] = found[key]
	}
	return documents, nil
}

// Find reads the documents that a query finds.
func (s *Store) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	query, err := query.Normalize()
	if err != nil {
		return nil, err
	}
	parent, structured := s.structured(query)
	request := &pb.RunQueryRequest{Parent: parent, QueryType: &pb.RunQueryRequest_StructuredQuery{StructuredQuery: structured}}
	var documents []store.Document
	err = receive(ctx, s, (*apiv1.Client).RunQuery, request, func(answer *pb.RunQueryResponse) {
		if document := answer.GetDocument(); document != nil {
			read := s.read(document)
			read.Partial = query.Select != nil
			documents = append(documents, read)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", label(query), onRead(err))
	}
	return documents, nil
}

// Count counts the documents that a query finds, without reading them.
func (s *Store) Count(ctx context.Context, query store.Query) (int, error) {
	query, err := query.Normalize()
	if err != nil {
		return 0, err
	}
	query.Select = nil
	parent, structured := s.structured(query)
	const alias = "count"
	request := &pb.RunAggregationQueryRequest{
		Parent: parent,
		QueryType: &pb.RunAggregationQueryRequest_StructuredAggregationQuery{
			StructuredAggregationQuery: &pb.StructuredAggregationQuery{
				QueryType: &pb.StructuredAggregationQuery_StructuredQuery{StructuredQuery: structured},
				Aggregations: []*pb.StructuredAggregationQuery_Aggregation{{
					Alias:    alias,
					Operator: &pb.StructuredAggregationQuery_Aggregation_Count_{Count: &pb.StructuredAggregationQuery_Aggregation_Count{}},
				}},
			},
		},
	}
	count := 0
	err = receive(ctx, s, (*apiv1.Client).RunAggregationQuery, request, func(answer *pb.RunAggregationQueryResponse) {
		if value := answer.GetResult().GetAggregateFields()[alias]; value != nil {
			count = int(value.GetIntegerValue())
		}
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", label(query), onRead(err))
	}
	return count, nil
}

// receive calls a method that returns a stream, and reads the stream to its
// end.
func receive[Q, A any, S interface{ Recv() (A, error) }](
	ctx context.Context, s *Store, method func(*apiv1.Client, context.Context, Q, ...gax.CallOption) (S, error), request Q, each func(A),
) error {
	client, ctx, cancel, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	stream, err := method(client, ctx, request)
	if err != nil {
		return err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(answer)
	}
}

// onRead classifies errors of reads. A read has no precondition that a fresh
// read would fix, so FailedPrecondition is final, unless an index is missing.
func onRead(err error) error {
	if status.Code(err) == codes.FailedPrecondition && failure.Is(err, failure.Conflict) {
		return &failure.Error{Class: failure.Permanent, Err: err}
	}
	return err
}

func label(query store.Query) string { return cmp.Or(query.Name, "in "+query.Collection) }
