package firestore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Commit applies all writes or none of them.
func (s *Store) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	if err := store.CheckWrites(writes); err != nil {
		return nil, err
	}
	if len(writes) == 0 {
		return nil, ctx.Err()
	}
	versions, err := s.commit(ctx, writes)
	if err != nil {
		return nil, fmt.Errorf("commit %d writes from %s on: %w", len(writes), writes[0].Key, onCommit(err, writes))
	}
	return versions, nil
}

func (s *Store) commit(ctx context.Context, writes []store.Write) ([]store.Version, error) {
	client, ctx, cancel, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	request := &pb.CommitRequest{Database: s.database, Writes: make([]*pb.Write, len(writes))}
	for i, write := range writes {
		request.Writes[i] = s.write(write)
	}
	answer, err := client.Commit(ctx, request)
	if err != nil {
		return nil, err
	}
	if len(answer.GetWriteResults()) != len(writes) {
		return nil, failure.New(failure.Transient, "the answer has %d results for %d writes", len(answer.GetWriteResults()), len(writes))
	}
	versions := make([]store.Version, len(writes))
	for i, result := range answer.GetWriteResults() {
		if writes[i].Fields != nil {
			versions[i].Time = cmp.Or(result.GetUpdateTime(), answer.GetCommitTime()).AsTime()
		}
	}
	return versions, nil
}

func (s *Store) write(write store.Write) *pb.Write {
	translated := &pb.Write{CurrentDocument: precondition(write)}
	if write.Fields == nil {
		translated.Operation = &pb.Write_Delete{Delete: s.name(write.Key)}
		return translated
	}
	fields := write.Fields
	if write.Condition == store.Unchanged && write.Before != nil {
		var mask []string
		fields, mask = difference(write.Before, write.Fields)
		translated.UpdateMask = &pb.DocumentMask{FieldPaths: mask}
	}
	translated.Operation = &pb.Write_Update{Update: &pb.Document{Name: s.name(write.Key), Fields: toMap(fields)}}
	return translated
}

func precondition(write store.Write) *pb.Precondition {
	switch write.Condition {
	case store.Absent:
		return &pb.Precondition{ConditionType: &pb.Precondition_Exists{Exists: false}}
	case store.Unchanged:
		return &pb.Precondition{ConditionType: &pb.Precondition_UpdateTime{UpdateTime: timestamppb.New(write.Version.Time)}}
	}
	return nil
}

// difference returns the update that turns one content into the other: the new
// and changed fields, and the mask of these and the removed fields.
func difference(before, after store.Fields) (changed store.Fields, mask []string) {
	changed = store.Fields{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		old, had := before[name]
		if !had || !reflect.DeepEqual(old, after[name]) {
			changed[name] = after[name]
			mask = append(mask, quote(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[name]; !kept {
			mask = append(mask, quote(name))
		}
	}
	return changed, mask
}

// onCommit classifies errors of commits: a document that no longer exists means
// that a condition did not hold.
func onCommit(err error, writes []store.Write) error {
	conditional := slices.ContainsFunc(writes, func(w store.Write) bool { return w.Condition == store.Unchanged })
	if conditional && status.Code(err) == codes.NotFound {
		return &failure.Error{Class: failure.Conflict, Err: err}
	}
	return err
}
