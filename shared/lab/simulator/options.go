package simulator

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// Options configure a [Cloud]. The zero value means real time, a random seed and
// operations that end at once.
type Options struct {
	// Now is the clock; time.Now when nil. If it steps back, time stands still.
	Now func() time.Time
	// Rand is the source of names, ids and jitter, seeded at random when nil. The
	// Cloud uses it under its lock only.
	Rand *rand.Rand
	// Sleep waits for d or until ctx ends; a timer when nil. operations.wait,
	// Fault.Delay and Run use it.
	Sleep func(ctx context.Context, d time.Duration) error

	// OperationTime is the duration of an operation.
	OperationTime time.Duration
	// BootTime is the time from a VM's creation to RUNNING.
	BootTime time.Duration
	// BootJitter is the upper bound of a random time added to BootTime.
	BootJitter time.Duration
	// DeleteTime is the duration of a VM's deletion; OperationTime when zero.
	DeleteTime time.Duration
	// ImageTime is the duration of an image's creation, if longer than
	// OperationTime.
	ImageTime time.Duration
	// RetryInterval is the time after which a group retries the failed creation
	// of a VM; 10 s when zero.
	RetryInterval time.Duration

	// ListedAfterDeletion is how long a group lists a VM, without its instance,
	// after its deletion: a quarter of OperationTime when zero, not at all when
	// negative.
	ListedAfterDeletion time.Duration
	// Settings are the initial settings; the admin endpoint can change them.
	Settings Settings
	// NoSnapshotLimit lifts the limit on creations from one snapshot.
	NoSnapshotLimit bool
	// Zones lists the existing zones; the real ones when empty.
	Zones []string
	// Quota limits the requests per minute; no limit when nil.
	Quota *Quota
	// User is the user of all operations; user@example.com when empty.
	User string

	// OnActivity receives each audit-log entry about a VM as a Cloud Logging sink
	// would export it (LogEntry in JSON), in order. It may call the Cloud.
	OnActivity func(logEntryJSON []byte)
	// Fault returns the fault of a call, or of an attempt of a group to create or
	// delete a VM (methods instances.insert and instances.delete with
	// Request.Group set); nil for none. It must not call the Cloud. Faults
	// injected with [Cloud.Inject] come first.
	Fault func(method string, r *Request) *Fault
}

// Settings choose between possible behaviours of the service where its
// documentation leaves the behaviour open.
type Settings struct {
	// DeletedLeavesMember keeps a VM that was deleted directly as a member
	// without an instance, in a group whose defaultActionOnFailure is DO_NOTHING.
	// Otherwise the group recreates the VM.
	DeletedLeavesMember bool `json:"deletedLeavesMember"`
}

// SetSettings replaces the settings.
func (c *Cloud) SetSettings(s Settings) { c.locked(func() { c.settings = s }) }

// operationRetention is how long a finished operation is kept: about two weeks,
// as in the real service.
const operationRetention = 14 * 24 * time.Hour

// requestIDRetention is how long a repeated request id returns the first
// operation.
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
	if o.ListedAfterDeletion == 0 {
		o.ListedAfterDeletion = o.OperationTime / 4
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
