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
		group.Go(func() error { return s.emulator(ctx, &s.Endpoints.Firestore, emulators.Firestore) })
		group.Go(func() error { return s.emulator(ctx, &s.Endpoints.PubSub, emulators.PubSub) })
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
	for name, host := range map[string]string{emulators.Firestore.Variable: s.Endpoints.Firestore, emulators.PubSub.Variable: s.Endpoints.PubSub} {
		if host == "" {
			continue
		}
		if err := os.Setenv(name, host); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func (s *Suite) emulator(ctx context.Context, host *string, kind emulators.Kind) error {
	if *host != "" {
		return nil
	}
	// It must outlive the interrupt that ends ctx, so as to serve what is
	// being drained.
	started, err := emulators.Start(context.WithoutCancel(ctx), kind)
	if err != nil {
		return err
	}
	*host = started.Host
	s.onStop(func(context.Context) { started.Stop() })
	return nil
}
