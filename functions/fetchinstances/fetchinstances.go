// Package fetchinstances is the job fetch-instances: it lists each group's VMs,
// records new ones, and takes back (out of the catalog, for deletion) the
// instances whose VMs are gone, stopped, or replaced under the same name.
//
// Triggered by groups-resized, by Compute Engine's audit messages about VMs,
// and each minute; announces instances-fetched, instances-marked and
// instances-deleted, each only when there is something to say.
package fetchinstances

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/combine"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/spacing"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is fetch-instances.
var Job = job.Job{Name: "fetch-instances", Decode: decode, New: newHandler}

// countMinutes is the interval, in minutes, at which the number of VMs in a
// group's listing is compared with the number of its records, in case the two
// have drifted apart.
const countMinutes = 6 * 60

// A fetch of a group whose VMs come and go writes its listing, and thousands of
// messages about such VMs may come within a minute. These messages get half of
// the requests that the process may send; the other half is for messages that
// cannot wait.
const (
	hintSpacing = 2 * time.Second
	hintBurst   = 30
)

// newHandler makes the job's handler.
func newHandler(d job.Dependencies) job.Handler {
	groups := &combine.Flights{}
	hints := &spacing.Limit{Every: hintSpacing, Burst: hintBurst, PerMinute: (d.ComputeRequests + 1) / 2}
	return func(ctx context.Context, run job.Run) error {
		return fetcher{Run: run, groups: groups, hints: hints}.sweep(ctx)
	}
}

// fetcher is one run of the job.
type fetcher struct {
	job.Run
	// groups lets messages of different scopes share the fetch of a group.
	groups *combine.Flights
	// hints spaces the fetches that messages about VMs ask for.
	hints *spacing.Limit
	// settings reads the settings when it is first called.
	settings func() (job.Settings, error)
}

func (f fetcher) sweep(ctx context.Context) error {
	managers, err := f.Records.ManagersFor(ctx, f.Scope.BaseName, f.Scope.Revision, f.Scope.Zone)
	if err != nil {
		return err
	}
	f.settings = sync.OnceValues(func() (job.Settings, error) { return f.Settings(ctx) })
	byKey := map[fleet.ManagerKey]fleet.Manager{}
	var keys []fleet.ManagerKey
	for _, manager := range managers {
		if m := manager.Value; (m.URL != "" || m.State == fleet.Drained) && f.Covers(m.Key()) {
			byKey[m.Key()] = m
			keys = append(keys, m.Key())
		}
	}
	return f.Spread(ctx, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		m := byKey[key]
		if err := f.share(ctx, m); err != nil {
			return fmt.Errorf("fetch the VMs of group %s in %s: %w", m.GroupName(), m.Zone, err)
		}
		return nil
	})
}

// attempts bounds how many times a fetch is begun if others overtake it.
const attempts = 3

// share fetches a group, and shares the fetch with other messages about it.
func (f fetcher) share(ctx context.Context, m fleet.Manager) error {
	fetch := func() (err error) {
		for range attempts {
			if err = f.fetch(ctx, m); !failure.Is(err, failure.Conflict) {
				break
			}
		}
		return err
	}
	key := m.Key().String()
	// Messages about single VMs outnumber all others. They can wait, so the
	// others go first.
	if f.aboutVM() {
		if err := f.Await(ctx, f.hints, key); err != nil {
			return err
		}
	}
	if f.Serial {
		return fetch()
	}
	return f.groups.Join(ctx, key, fetch)
}

// aboutVM reports whether a message about a VM asked for this run. Its scope
// has no revision, because a hostname does not contain the whole of it.
func (f fetcher) aboutVM() bool { return !f.Scope.Sweep() && f.Scope.Revision == "" }

// fetch brings the records of one group up to date with its VMs.
func (f fetcher) fetch(ctx context.Context, m fleet.Manager) error {
	// The records are read before Compute Engine is asked: a VM recorded in
	// between would seem to be lost.
	listing, err := f.load(ctx, m)
	if err != nil || m.URL == "" && len(listing.VMs) == 0 {
		return err
	}
	// A manager without a URL gets this far only if it is drained and its group
	// was deleted by hand while it had VMs. Asking shows that they are gone.
	seen, askErr := f.ask(ctx, m)
	if askErr != nil && len(seen.vms) == 0 {
		return askErr
	}
	change := fleet.Compare(listing.VMs, seen.vms, seen.complete)
	done, err := f.apply(ctx, m, listing, seen, change)
	return job.Joined(askErr, err, f.resize(ctx, m, seen), f.announce(ctx, m, change, done))
}

// load returns the known VMs of a group: the listing, or the VMs of the records
// if the two are due to be compared and their numbers differ. Reading all
// records each time would cost a document per VM.
func (f fetcher) load(ctx context.Context, m fleet.Manager) (records.Listing, error) {
	listing, err := f.Records.Listing(ctx, m.Key())
	if err != nil || !f.countDue(m.Key()) {
		return listing, err
	}
	recorded := 0
	for _, state := range []fleet.InstanceState{fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion} {
		n, err := f.Records.CountOf(ctx, m.Key(), state)
		if err != nil {
			return listing, err
		}
		recorded += n
	}
	if recorded == len(listing.VMs) {
		return listing, nil
	}
	instances, err := f.Records.InstancesOf(ctx, m.Key())
	listing.VMs = map[string]fleet.Sight{}
	for _, instance := range instances {
		if i := instance.Value; i.State != fleet.Deleted {
			listing.VMs[i.ID] = fleet.Sight{Hostname: i.Hostname, Running: i.State != fleet.Found}
		}
	}
	return listing, err
}

// countDue reports whether this minute's sweep compares a group's listing with
// its records. It spreads the groups over the period, and goes by the clock, so
// that no state has to be written.
func (f fetcher) countDue(key fleet.ManagerKey) bool {
	minute := f.Now().Unix() / 60
	return f.Scope.Sweep() && (minute+key.Phase())%countMinutes == 0
}

// look is what one listing of a group's VMs shows.
type look struct {
	vms  map[string]fleet.Sight // by id
	urls map[string]string      // by id
	// complete is false if the listing broke off: it still shows new VMs, but
	// says nothing about those that it does not contain.
	complete bool
	// trouble is the code of the error that keeps VMs from being created, "" if
	// there is none; detail is its text.
	trouble, detail string
}

// ask lists a group's VMs.
func (f fetcher) ask(ctx context.Context, m fleet.Manager) (look, error) {
	vms, err := f.VMs(ctx, compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()})
	seen := look{vms: map[string]fleet.Sight{}, urls: map[string]string{}, complete: err == nil}
	for _, vm := range vms {
		if vm.ID == "" { // does not exist yet
			if vm.LastError != "" {
				seen.trouble, seen.detail = vm.LastError, vm.LastMessage
			}
			continue
		}
		seen.vms[vm.ID] = fleet.Sight{Hostname: vm.Name, Running: vm.Running(), Lost: vm.Stopped()}
		seen.urls[vm.ID] = vm.URL
	}
	return seen, err
}

// resize updates the size in the manager's record, and the error that keeps its
// group from growing. Only sweeps write because the size changed: nobody waits
// for it, and each replaced VM would change it twice.
func (f fetcher) resize(ctx context.Context, m fleet.Manager, seen look) error {
	f.warn(m, seen)
	size := m.Size != len(seen.vms) && f.Scope.Sweep()
	if !seen.complete || !size && m.Trouble.Code == seen.trouble {
		return nil
	}
	_, err := f.Records.ChangeManager(ctx, m.Key(), func(current fleet.Manager) (fleet.Manager, bool) {
		current.Trouble = current.Trouble.See(seen.trouble, f.Now())
		current.Size = len(seen.vms)
		return current, true
	})
	return err
}

// warn logs the error that keeps VMs from being created. Each run logs it until
// the error is gone, so that the alert lasts as long. Runs for single VMs do
// not log it: there are too many of them.
func (f fetcher) warn(m fleet.Manager, seen look) {
	if seen.trouble == "" || f.Scope.Hint {
		return
	}
	f.Log.Warn(fmt.Sprintf("create VMs of group %s in %s: Compute Engine answers %s: %s", m.GroupName(), m.Zone, seen.trouble, seen.detail),
		append(job.ManagerAttrs(m.Key()), "event", "OPERATION_ERROR", "code", seen.trouble, "method", "instances.insert",
			"next", "Compute Engine tries again by itself until there is room")...)
}

func (f fetcher) announce(ctx context.Context, m fleet.Manager, change fleet.Difference, done outcome) error {
	scope := job.ManagerScope(m.Key())
	var errs []error
	if len(change.New)+len(change.Started) > 0 {
		errs = append(errs, f.Announce(ctx, "instances-fetched", scope))
	}
	if done.marked > 0 {
		errs = append(errs, f.Announce(ctx, "instances-marked", scope))
	}
	if done.deleted > 0 {
		errs = append(errs, f.Announce(ctx, "instances-deleted", scope))
	}
	return job.Joined(errs...)
}
