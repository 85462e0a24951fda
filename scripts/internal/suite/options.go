// Package suite runs the whole system in this process: every function behind the
// Functions Framework, their topics and schedules, a Compute Engine simulator, a
// Machine Provider, and a store. It is the composition root of the local suite;
// shared/deployment composes the deployed functions.
package suite

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// Identity is the identity of the suite's backend at the Machine Provider.
const Identity = "backend@example.com"

// Options are the options that a user may set.
type Options struct {
	// Config is the folder of the configuration, read again at every import.
	Config  string
	Project string
	// Port is the port of the functions; when 0, 8080 if it is free, and
	// otherwise any. The other servers use the ports after it if they are free,
	// and otherwise any.
	Port int
	// Tick is the duration of a minute of the schedules.
	Tick time.Duration
	// VMBoot and Operation are times of the simulator.
	VMBoot, Operation time.Duration
	// Emulators uses the emulators of Firestore and Pub/Sub instead of the store
	// and the bus in memory.
	Emulators bool
	// State is the file in which the store in memory keeps its documents.
	State string
	Log   *slog.Logger
	// Now is the clock of the functions, the store and the simulator; time.Now
	// when nil. Messages, ticks and time limits use the machine's clock.
	Now func() time.Time

	// Environment names the services that run already, and are not to be started.
	Environment Environment
	// Simulate changes the simulator's options, Fault the bus's, in tests.
	Simulate func(*simulator.Options)
	Fault    func(subscription string, message event.Message) bus.Fault
}

// Environment names the services that run already: the suite uses them instead
// of starting its own.
type Environment struct {
	Firestore       string `env:"FIRESTORE_EMULATOR_HOST"` // host:port
	PubSub          string `env:"PUBSUB_EMULATOR_HOST"`    // host:port
	Compute         string `env:"COMPUTE_ENDPOINT"`        // base URL
	MachineProvider string `env:"MACHINE_PROVIDER_URL"`    // base URL
}

// ReadEnvironment reads the process's environment.
func ReadEnvironment(ctx context.Context) (Environment, error) {
	var read Environment
	if err := envconfig.Process(ctx, &read); err != nil {
		return Environment{}, fmt.Errorf("read the environment: %w", err)
	}
	return read, nil
}

func (o Options) withDefaults() Options {
	o.Project, o.Tick = cmp.Or(o.Project, "local-project"), cmp.Or(o.Tick, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
