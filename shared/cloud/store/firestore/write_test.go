package firestore

import (
	"context"
	"slices"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestOnlyWhatChangedIsSent(t *testing.T) {
	s := Open(context.Background(), "p", "")
	before := store.Fields{"same": []any{"x", time.Unix(1, 0).UTC()}, "changed": int64(1), "odd.gone": "x"}
	after := store.Fields{"same": []any{"x", time.Unix(1, 0).UTC()}, "changed": int64(2), "new": map[string]any{}}
	version := store.Version{Time: time.Unix(5, 6000)}
	read := store.Document{Key: "instances/a", Fields: before, Version: version}
	for _, c := range []struct {
		title string
		write store.Write
		mask  []string
		sent  int
	}{
		{"replace", store.Replace(read, after), []string{"changed", "new", "`odd.gone`"}, 2},
		{"put", store.Put("instances/a", after), nil, 3},
		{"create", store.Create("instances/a", after), nil, 3},
	} {
		got := s.write(c.write)
		if mask := got.GetUpdateMask().GetFieldPaths(); !slices.Equal(mask, c.mask) || len(got.GetUpdate().GetFields()) != c.sent {
			t.Errorf("%s: sent %v", c.title, got)
		}
	}
	got := s.write(store.Remove(read))
	if got.GetDelete() != "projects/p/databases/gce-backend/documents/instances/a" ||
		!got.GetCurrentDocument().GetUpdateTime().AsTime().Equal(version.Time) {
		t.Errorf("remove: sent %v", got)
	}
}

func TestClassesOfErrors(t *testing.T) {
	conditional := []store.Write{{Key: "a/b", Condition: store.Unchanged}}
	for _, c := range []struct {
		title string
		err   error
		want  failure.Class
	}{
		{"an index is missing or being built", onRead(status.Error(codes.FailedPrecondition, "The query requires an index. You can create it here: …")), failure.Transient},
		{"a database of the wrong kind", onRead(status.Error(codes.FailedPrecondition, "The Cloud Firestore API is not available for Firestore in Datastore Mode database")), failure.Permanent},
		{"reading while unavailable", onRead(status.Error(codes.Unavailable, "")), failure.Transient},
		{"the document is gone", onCommit(status.Error(codes.NotFound, ""), conditional), failure.Conflict},
		{"the database is not there", onCommit(status.Error(codes.NotFound, ""), []store.Write{store.Put("a/b", nil)}), failure.NotFound},
		{"changed in between", onCommit(status.Error(codes.FailedPrecondition, ""), conditional), failure.Conflict},
		{"exists", onCommit(status.Error(codes.AlreadyExists, ""), nil), failure.Conflict},
		{"contended", onCommit(status.Error(codes.Aborted, ""), nil), failure.Conflict},
		{"over quota", onCommit(status.Error(codes.ResourceExhausted, ""), nil), failure.Quota},
		{"not allowed", onCommit(status.Error(codes.PermissionDenied, ""), nil), failure.Permanent},
	} {
		if got := failure.ClassOf(c.err); got != c.want {
			t.Errorf("%s: class %q, want %q", c.title, got, c.want)
		}
	}
}

func TestTypesThatTheSuiteNeverWritesHoldUpTheirDocumentOnly(t *testing.T) {
	value := fromValue(&pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: "x"}})
	var into struct {
		Field string `firestore:"field"`
	}
	if err := store.Decode(store.Fields{"field": value}, &into); err == nil {
		t.Error("a reference was taken for a text")
	}
}
