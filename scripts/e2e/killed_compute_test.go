package e2e

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/bridge"
	"github.com/gce-backend/gce-backend/scripts/internal/promises"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// compute is a Compute Engine that outlives the suite, with checks of what is
// asked of it.
type compute struct {
	cloud   *simulator.Cloud
	checker *promises.Checker
	url     string
}

// startComputeEngine starts the emulators and a Compute Engine whose VM
// activity is published there.
func startComputeEngine(t *testing.T, project string, dice *rand.Rand) *compute {
	t.Helper()
	emulatortest.Firestore(t, gate.Options{})
	emulatortest.PubSub(t)
	log := slog.New(slog.DiscardHandler)
	topics, err := bridge.Open(t.Context(), project, []string{suite.VMActivity}, log)
	if err != nil {
		t.Fatal(err)
	}
	records := firestore.Open(t.Context(), project, "")
	sink := suite.NewSink(topics, log)
	cloud := simulator.New(simulator.Options{
		BootTime: 300 * time.Millisecond, BootJitter: time.Second, OperationTime: 100 * time.Millisecond, DeleteTime: 500 * time.Millisecond,
		Rand: dice, OnActivity: sink.Add,
	})
	running, cancel := context.WithCancel(context.Background())
	go cloud.Run(running)
	go sink.Run(running)
	c := &compute{cloud: cloud, checker: promises.New(records, cloud)}
	server := httptest.NewServer(c.checker.Before(cloud))
	c.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections() // the suite may be there still
		server.Close()
		cancel()
		topics.Close(context.Background())
		_ = records.Close() // only read
	})
	return c
}
