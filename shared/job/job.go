// Package job holds what all jobs share: what a job is, what it is given, and how
// a message becomes a run of it. A message is decoded, its run is bounded in time
// and shared with others like it, and its error is classified and logged once.
package job

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/job/spacing"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

// Job is one of the suite's jobs.
type Job struct {
	// Name is the one name of the job: topic, function, entry point and label.
	Name string
	// Decode reads what a message is about; nil: event.OfManagers. An error sets
	// the message aside.
	Decode func(event.Message) (event.Scope, error)
	// New makes the job's handler. It holds whatever the handler keeps between
	// runs.
	New func(Dependencies) Handler
}

// Scope reads what a message to the job is about.
func (j Job) Scope(message event.Message) (event.Scope, error) {
	if j.Decode == nil {
		return event.OfManagers(message)
	}
	return j.Decode(message)
}

// Stateless makes the New of a job that keeps nothing between its runs.
func Stateless(handle Handler) func(Dependencies) Handler {
	return func(Dependencies) Handler { return handle }
}

// Names lists the names of jobs.
func Names(jobs []Job) []string {
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Name
	}
	return names
}

// Handler moves everything in the run's scope one step closer to the
// configuration. It may be called twice, late or during another call, and it may
// return with its work half done.
type Handler func(ctx context.Context, run Run) error

// Run is one call of a handler: what it is about, and what it may use.
type Run struct {
	Dependencies
	Job     string // its name
	Scope   event.Scope
	Log     *slog.Logger // carries the job and the event's id
	Records records.Records
	Offers  offer.Protocol
}

// Run makes a run of a job.
func (d Dependencies) Run(job string, scope event.Scope, log *slog.Logger) Run {
	e := records.Records{Store: d.Store, Log: log}
	return Run{Dependencies: d, Job: job, Scope: scope, Log: log, Records: e,
		Offers: offer.Protocol{Records: e, Catalog: d.Catalog, Now: d.Now, Log: log}}
}

// Dependencies are what the jobs are given. Each external system is behind its
// contract; a job uses only those that its entry in the manifest lists.
type Dependencies struct {
	Store     store.Store
	Compute   compute.Engine
	Catalog   catalog.Catalog
	Publisher event.Publisher
	Source    configsource.Source // where import-config reads; nil elsewhere
	// Recorder records how runs end, for people to look at; nil records nothing.
	Recorder Recorder
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error
	// ComputeRequests is how many requests a minute the process may send to
	// Compute Engine, per group of methods; 0: no limit.
	ComputeRequests int
	Rand            *rand.Rand
	// Project is the project of the topics. The Machine Provider publishes its
	// messages there.
	Project string
	// Deployment is the value of the ownership label.
	Deployment string
	// Serial makes a run do one thing at a time, and share nothing with other
	// runs, for a simulation that decides the order of everything.
	Serial bool
}

// Recorder records how a run ended; sweep reports whether it covered everything.
type Recorder interface {
	Ended(ctx context.Context, job string, sweep bool, err error)
}

// Announce publishes a fact about a scope.
func (d Dependencies) Announce(ctx context.Context, fact string, scopes ...event.Scope) error {
	if len(scopes) == 0 {
		return nil
	}
	messages := make([]event.Message, len(scopes))
	for i, scope := range scopes {
		messages[i] = event.Message{Data: scope.Encode()}
	}
	return d.Publisher.Publish(ctx, event.Topic{Name: fact}, messages...)
}

// Await waits for the key's next turn within a limit.
func (d Dependencies) Await(ctx context.Context, limit *spacing.Limit, key string) error {
	if wait := limit.Take(key, d.Now()); wait > 0 {
		return d.Sleep(ctx, wait)
	}
	return nil
}

// VMs lists a group's VMs. A group that was deleted took its VMs with it; but
// only the group's own 404 proves that.
func (d Dependencies) VMs(ctx context.Context, ref compute.GroupRef) ([]compute.VM, error) {
	vms, err := d.Compute.VMs(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		if _, gone := d.Compute.Group(ctx, ref); failure.Is(gone, failure.NotFound) {
			return nil, nil
		}
	}
	return vms, err
}
