package suite

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// startEmulators starts the requested emulators, unless they run already, and
// tells Google's libraries where they are.
func (s *Suite) startEmulators(ctx context.Context) error {
	s.Endpoints.Firestore = s.opts.Environment.Firestore
	s.Endpoints.PubSub = s.opts.Environment.PubSub
	if s.opts.Emulators {
		var group errgroup.Group
		group.Go(func() error { return s.emulator(ctx, &s.Endpoints.Firestore, emulators.StartFirestore) })
		group.Go(func() error { return s.emulator(ctx, &s.Endpoints.PubSub, emulators.StartPubSub) })
		if err := group.Wait(); err != nil {
			return err
		}
	}
	if s.Endpoints.Firestore != "" {
		// The gate fails the calls that Firestore would refuse.
		g, err := gate.Start(ctx, s.Endpoints.Firestore, gate.Options{})
		if err != nil {
			return err
		}
		s.Endpoints.Firestore = g.Host
		s.onStop(func(context.Context) { g.Stop() })
	}
	for name, host := range map[string]string{"FIRESTORE_EMULATOR_HOST": s.Endpoints.Firestore, "PUBSUB_EMULATOR_HOST": s.Endpoints.PubSub} {
		if host == "" {
			continue
		}
		if err := os.Setenv(name, host); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func (s *Suite) emulator(ctx context.Context, host *string, start func(context.Context) (*emulators.Emulator, error)) error {
	if *host != "" {
		return nil
	}
	// It must outlive the interrupt that ends ctx, in order to serve the
	// deliveries that are drained.
	started, err := start(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	*host = started.Host
	s.onStop(func(context.Context) { started.Stop() })
	return nil
}
