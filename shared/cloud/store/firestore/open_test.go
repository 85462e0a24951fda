package firestore_test

import (
	"context"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
)

func TestCloseWithoutUse(t *testing.T) {
	if err := firestore.Open(context.Background(), "p", "").Close(); err != nil {
		t.Error(err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Setenv(firestore.EmulatorHost, "127.0.0.1:1") // nothing listens on the port of tcpmux
	s := firestore.Open(context.Background(), "p", "")
	defer s.Close() //nolint:errcheck // nothing to lose
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "instances/a"); !failure.Is(err, failure.Transient) {
		t.Errorf("get: error %v of class %q", err, failure.ClassOf(err))
	}
	if _, err := s.Commit(ctx, store.Put("instances/a", store.Fields{})); !failure.Is(err, failure.Transient) {
		t.Errorf("commit: error %v of class %q", err, failure.ClassOf(err))
	}
}
