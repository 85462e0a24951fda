// Package suite runs the whole system in this process: every function behind
// the Functions Framework, their topics and schedules, a Compute Engine
// simulator, a Machine Provider, and a store. It is the composition root of
// the local suite, as shared/deployment is that of the deployed functions.
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

// Identity is what the suite's backend is to the Machine Provider.
const Identity = "backend@example.com"

// Options are what a person may choose.
type Options struct {
	// Config is the folder of the configuration, read again at every import.
	Config  string
	Project string
	// Port of the functions; 0: 8080 where it is free, else any. The other
	// servers take the ports that follow it where they are free, else any.
	Port int
	// Tick is how long a minute of the schedules takes.
	Tick time.Duration
	// VMBoot and Operation are the simulator's times.
	VMBoot, Operation time.Duration
	// Emulators asks for the emulators of Firestore and Pub/Sub in place of
	// the store and the bus in memory.
	Emulators bool
	// State is a file that the store in memory keeps its documents in.
	State string
	Log   *slog.Logger
	// Now is the clock of the functions, the store and the simulator; time.Now
	// when nil. The messages, the ticks and time limits go by the machine's.
	Now func() time.Time

	// Environment names what runs already and is not to be started.
	Environment Environment
	// Simulate changes the simulator's options, Fault the bus's; for tests.
	Simulate func(*simulator.Options)
	Fault    func(subscription string, message event.Message) bus.Fault
}

// Environment names what runs already: it is used, and none is started.
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
