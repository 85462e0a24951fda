// Package emulatortest gives tests an emulator: the one that the environment
// names, or a new one for the test.
package emulatortest

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// Firestore returns a gate in front of a Firestore emulator, and sets
// FIRESTORE_EMULATOR_HOST to it for the test. If no emulator is installed, the
// test fails in CI (CI=true) and is skipped elsewhere.
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

// PubSub returns the host:port of a Pub/Sub emulator. Like Firestore, it uses
// the one that PUBSUB_EMULATOR_HOST names, and fails or skips the test if none
// is installed.
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
