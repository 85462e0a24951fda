package firestore_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/shared/lab/store/storetest"
)

func TestConformance(t *testing.T) {
	emulatortest.Firestore(t, gate.Options{Indexes: storetest.Indexes()})
	var projects atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Store {
		// The emulator keeps each project apart, so each is an empty store.
		project := fmt.Sprintf("conformance-%d-%d", os.Getpid(), projects.Add(1))
		s := firestore.Open(context.Background(), project, "")
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
