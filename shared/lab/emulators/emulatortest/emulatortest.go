// Package emulatortest gives tests an emulator: the one that the environment
// names, or one of their own.
package emulatortest

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// Firestore returns a gate before a Firestore emulator, and sets
// FIRESTORE_EMULATOR_HOST to it for the test. Where none is installed, the
// test fails in CI (CI=true) and is skipped, loudly, elsewhere.
func Firestore(t *testing.T, options gate.Options) *gate.Gate {
	t.Helper()
	g, err := gate.Start(t.Context(), emulator(t, emulators.Firestore), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	t.Setenv(emulators.Firestore.Variable, g.Host)
	return g
}

// PubSub returns the host:port of a Pub/Sub emulator; else it is as Firestore,
// with PUBSUB_EMULATOR_HOST.
func PubSub(t *testing.T) string {
	t.Helper()
	return emulator(t, emulators.PubSub)
}

func emulator(t *testing.T, kind emulators.Kind) string {
	t.Helper()
	if host := os.Getenv(kind.Variable); host != "" {
		return host
	}
	started, err := emulators.Start(context.Background(), kind)
	switch {
	case errors.Is(err, emulators.ErrMissing) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED on the emulator: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(started.Stop)
	t.Setenv(kind.Variable, started.Host)
	return started.Host
}
