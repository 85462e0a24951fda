package firestore

import (
	"context"
	"errors"
	"fmt"
	"io"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxGet bounds the documents of one request.
const maxGet = 1000

// Get reads documents, in the order of their keys.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return nil, failure.New(failure.Permanent, "%w", err)
		}
	}
	found := make(map[store.Key]store.Document, len(keys))
	for start := 0; start < len(keys); start += maxGet {
		part := keys[start:min(start+maxGet, len(keys))]
		if err := s.get(ctx, part, found); err != nil {
			return nil, fmt.Errorf("get %d documents from %s on: %w", len(part), part[0], onRead(err))
		}
	}
	documents := make([]store.Document, len(keys))
	for i, key := range keys {
		documents[i] = found[key]
		documents[i].Key = key
	}
	return documents, nil
}

func (s *Store) get(ctx context.Context, keys []store.Key, found map[store.Key]store.Document) error {
	client, ctx, cancel, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	request := &pb.BatchGetDocumentsRequest{Database: s.database}
	asked := make(map[store.Key]bool, len(keys))
	for _, key := range keys {
		if !asked[key] {
			request.Documents = append(request.Documents, s.name(key))
		}
		asked[key] = true
	}
	stream, err := client.BatchGetDocuments(ctx, request)
	if err != nil {
		return err
	}
	return receive(stream.Recv, func(answer *pb.BatchGetDocumentsResponse) {
		if document := answer.GetFound(); document != nil {
			read := s.read(document)
			found[read.Key] = read
		}
	})
}

// Find reads the documents that a query finds.
func (s *Store) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	query, err := query.Normalize()
	if err != nil {
		return nil, err
	}
	documents, err := s.find(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", label(query), onRead(err))
	}
	return documents, nil
}

func (s *Store) find(ctx context.Context, query store.Query) ([]store.Document, error) {
	client, ctx, cancel, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	parent, structured, err := s.structured(query)
	if err != nil {
		return nil, err
	}
	stream, err := client.RunQuery(ctx, &pb.RunQueryRequest{
		Parent:    parent,
		QueryType: &pb.RunQueryRequest_StructuredQuery{StructuredQuery: structured},
	})
	if err != nil {
		return nil, err
	}
	var documents []store.Document
	err = receive(stream.Recv, func(answer *pb.RunQueryResponse) {
		if document := answer.GetDocument(); document != nil {
			read := s.read(document)
			read.Partial = query.Select != nil
			documents = append(documents, read)
		}
	})
	return documents, err
}

// Count counts the documents that a query finds, without reading them.
func (s *Store) Count(ctx context.Context, query store.Query) (int, error) {
	query, err := query.Normalize()
	if err != nil {
		return 0, err
	}
	count, err := s.count(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", label(query), onRead(err))
	}
	return count, nil
}

func (s *Store) count(ctx context.Context, query store.Query) (int, error) {
	client, ctx, cancel, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	query.Select = nil
	parent, structured, err := s.structured(query)
	if err != nil {
		return 0, err
	}
	const alias = "count"
	stream, err := client.RunAggregationQuery(ctx, &pb.RunAggregationQueryRequest{
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
	})
	if err != nil {
		return 0, err
	}
	count := 0
	err = receive(stream.Recv, func(answer *pb.RunAggregationQueryResponse) {
		if value := answer.GetResult().GetAggregateFields()[alias]; value != nil {
			count = int(value.GetIntegerValue())
		}
	})
	return count, err
}

// receive reads a stream of answers to its end.
func receive[A any](next func() (A, error), each func(A)) error {
	for {
		answer, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(answer)
	}
}

// onRead classifies errors of reading. They have no condition that a fresh read
// would mend, so that a failed precondition is final, unless an index is what
// is missing.
func onRead(err error) error {
	if status.Code(err) == codes.FailedPrecondition && failure.Is(err, failure.Conflict) {
		return &failure.Error{Class: failure.Permanent, Err: err}
	}
	return err
}

func label(query store.Query) string {
	if query.Name != "" {
		return query.Name
	}
	return "in " + query.Collection
}
