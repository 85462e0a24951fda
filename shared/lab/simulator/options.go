package simulator

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// Options are the surroundings and the pace of a [Cloud]. The zero value is
// usable: real time, a random seed, and everything happens at once.
type Options struct {
	// Now is the clock; time.Now when nil. A clock that steps back is held.
	Now func() time.Time
	// Rand is the one source of names, ids and jitter; seeded at random when nil.
	// It is used under the Cloud's lock only.
	Rand *rand.Rand
	// Sleep waits for d or until ctx ends; a timer when nil. It is what
	// operations.wait, Fault.Delay and Run wait with.
	Sleep func(ctx context.Context, d time.Duration) error

	// OperationTime is how long an operation takes to be DONE.
	OperationTime time.Duration
	// BootTime is how long a VM takes from its creation to RUNNING.
	BootTime time.Duration
	// BootJitter is added to BootTime, evenly between 0 and itself.
	BootJitter time.Duration
	// DeleteTime is how long a VM takes to go; OperationTime when zero.
	DeleteTime time.Duration
	// RetryInterval is when a group tries again to create a VM that could not be
	// created; 10 s when zero.
	RetryInterval time.Duration

	// Zones that exist; the real ones when empty.
	Zones []string
	// Quota in requests per minute; none when nil.
	Quota *Quota
	// User is who the operations were requested by; user@example.com when empty.
	User string

	// OnActivity gets each audit-log entry about a VM as a Cloud Logging sink
	// would export it (LogEntry in JSON), in order. It may call the Cloud.
	OnActivity func(logEntryJSON []byte)
	// Fault is asked once for each call, and once for each attempt of a group to
	// create or delete a VM (methods instances.insert and instances.delete with
	// Request.Group set). It must not call the Cloud. Faults injected with
	// [Cloud.Inject] go first.
	Fault func(method string, r *Request) *Fault
}

// operationRetention is how long a finished operation can be asked for; the real
// service keeps them for about two weeks.
const operationRetention = 14 * 24 * time.Hour

// requestIDRetention is for how long a request id names the same operation.
const requestIDRetention = time.Hour

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if o.Sleep == nil {
		o.Sleep = pause.For
	}
	if o.DeleteTime == 0 {
		o.DeleteTime = o.OperationTime
	}
	if o.RetryInterval <= 0 {
		o.RetryInterval = 10 * time.Second
	}
	if len(o.Zones) == 0 {
		o.Zones = realZones
	}
	if o.User == "" {
		o.User = "user@example.com"
	}
	return o
}
