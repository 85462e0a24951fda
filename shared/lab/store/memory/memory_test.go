package memory_test

import (
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memory.New(time.Now) })
}

func TestConformanceUnderAClockThatStandsStill(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return memory.New(func() time.Time { return time.Unix(0, 0) })
	})
}
