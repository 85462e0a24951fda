// Package fetchinstances is the job fetch-instances: it lists each group's VMs,
// records new ones, and takes back those that are gone, stopped, or replaced
// under the same name.
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
)

// Job is fetch-instances.
var Job = job.Job{Name: "fetch-instances", Decode: decode, New: newHandler}

// countMinutes is how often, in minutes, a group's listing is held against the
// number of its records, in case the two came apart.
const countMinutes = 6 * 60

// A look at a group of which VMs come and go writes its listing, and there may
// be thousands of messages about them within a minute. Half of the requests that
// the process may send is for them, and the other half for what cannot wait.
const (
	hintSpacing = 2 * time.Second
	hintBurst   = 30
)

// newHandler makes the job's handler.
func newHandler(d job.Dependencies) job.Handler {
	groups := &combine.Flights{}
	hints := &spacing.Limit{Every: hintSpacing, Burst: hintBurst, PerMinute: (d.ComputeRequests + 1) / 2}
	return func(ctx context.Context, run job.Run) error { return fetcher{run, groups, hints}.sweep(ctx) }
}

// fetcher is one run of the job.
type fetcher struct {
	job.Run
	// groups lets messages of different scopes share the look at a group.
	groups *combine.Flights
	// hints spaces the looks that messages about VMs ask for.
	hints *spacing.Limit
}

// asked reports whether a template is frozen. It reads the settings when it is
// first called.
type asked func(baseName string) (bool, error)

func (f fetcher) sweep(ctx context.Context) error {
	scope := f.Scope
	managers, err := f.Records.ManagersFor(ctx, scope.BaseName, scope.Revision, scope.Zone)
	if err != nil || len(managers) == 0 {
		return err
	}
	settings := sync.OnceValues(func() (job.Settings, error) { return f.Settings(ctx) })
	frozen := func(baseName string) (bool, error) {
		current, err := settings()
		return current.Freeze.Covers(baseName), err
	}
	byKey := map[fleet.ManagerKey]fleet.Manager{}
	var keys []fleet.ManagerKey
	for _, manager := range managers {
		if m := manager.Value; m.URL != "" && f.Covers(m.Key()) {
			byKey[m.Key()] = m
			keys = append(keys, m.Key())
		}
	}
	return f.Spread(ctx, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		m := byKey[key]
		if err := f.share(ctx, m, frozen); err != nil {
			return fmt.Errorf("fetch the VMs of group %s in %s: %w", m.GroupName(), m.Zone, err)
		}
		return nil
	})
}

// attempts bounds how often a fetch that another one overtook begins anew.
const attempts = 3

// share fetches a group, together with whoever else asks for it.
func (f fetcher) share(ctx context.Context, m fleet.Manager, frozen asked) error {
	fetch := func() (err error) {
		for range attempts {
			if err = f.fetch(ctx, m, frozen); !failure.Is(err, failure.Conflict) {
				break
			}
		}
		return err
	}
	key := m.Key().String()
	// What happens to single VMs can wait, for there is more of it than of
	// everything else; the others go before it.
	if f.aboutVM() {
		if wait := f.hints.Take(key, f.Now()); wait > 0 {
			if err := f.Sleep(ctx, wait); err != nil {
				return err
			}
		}
	}
	if f.Serial {
		return fetch()
	}
	return f.groups.Join(ctx, key, fetch)
}

// aboutVM reports whether a message about a VM asks for this run: its hostname
// does not tell the whole revision.
func (f fetcher) aboutVM() bool { return !f.Scope.Sweep() && f.Scope.Revision == "" }

// look is what one listing of a group says.
type look struct {
	vms      map[string]fleet.Sight // by id
	urls     map[string]string      // by id
	complete bool
	// trouble is the code of the error by which VMs are not created, "" for
	// none, and detail its text.
	trouble, detail string
}

// fetch looks at one group. A listing that broke off still tells of new VMs,
// but nothing of those that it did not see.
func (f fetcher) fetch(ctx context.Context, m fleet.Manager, frozen asked) error {
	listing, err := f.Records.Listing(ctx, m.Key())
	if err != nil {
		return err
	}
	// What is known is read before the look: a VM that came after it would seem
	// to be lost.
	if listing.VMs, err = f.reconciled(ctx, m, listing.VMs); err != nil {
		return err
	}
	now, listErr := f.look(ctx, m)
	if listErr != nil && len(now.vms) == 0 {
		return listErr
	}
	difference := fleet.Compare(listing.VMs, now.vms, now.complete)
	if !difference.Any() {
		return job.Joined(listErr, f.resize(ctx, m, now))
	}
	outcome, err := f.apply(ctx, m, listing, now, difference, frozen)
	return job.Joined(listErr, err, f.resize(ctx, m, now), f.announce(ctx, m, difference, outcome))
}

func (f fetcher) look(ctx context.Context, m fleet.Manager) (look, error) {
	ref := compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}
	vms, err := f.Compute.VMs(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		// A group that was deleted by hand took its VMs with it; but only its
		// own 404 is proof of that.
		if _, gone := f.Compute.Group(ctx, ref); failure.Is(gone, failure.NotFound) {
			vms, err = nil, nil
		}
	}
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

// countDue reports whether this minute's sweep compares a group. It spreads the
// groups over the time, and goes by the clock, so that it costs no write.
func (f fetcher) countDue(key fleet.ManagerKey) bool {
	minute := f.Now().Unix() / 60
	return f.Scope.Sweep() && (minute+key.Phase())%countMinutes == 0
}

// reconciled is the listing, or what the group's records amount to where it is
// time to compare and their numbers differ. To read them all each time would
// cost a document for each VM.
func (f fetcher) reconciled(ctx context.Context, m fleet.Manager, listed map[string]fleet.Sight) (map[string]fleet.Sight, error) {
	if !f.countDue(m.Key()) {
		return listed, nil
	}
	records := 0
	for _, state := range []fleet.InstanceState{fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion} {
		n, err := f.Records.CountOf(ctx, m.Key(), state)
		if err != nil {
			return nil, err
		}
		records += n
	}
	if records == len(listed) {
		return listed, nil
	}
	return f.recorded(ctx, m)
}

// recorded is the listing that the group's records amount to.
func (f fetcher) recorded(ctx context.Context, m fleet.Manager) (map[string]fleet.Sight, error) {
	records, err := f.Records.InstancesOf(ctx, m.Key())
	if err != nil {
		return nil, err
	}
	known := map[string]fleet.Sight{}
	for _, record := range records {
		if i := record.Value; i.State != fleet.Deleted {
			known[i.ID] = fleet.Sight{Hostname: i.Hostname, Running: i.State != fleet.Found}
		}
	}
	return known, nil
}

// resize keeps the manager's size up to date, and what keeps it from growing.
// The size is written by sweeps only: nobody waits for it, and each VM that goes
// and is replaced would change it twice.
func (f fetcher) resize(ctx context.Context, m fleet.Manager, now look) error {
	f.warn(m, now)
	size := m.Size != len(now.vms) && f.Scope.Sweep()
	if !now.complete || !size && m.Trouble.Code == now.trouble {
		return nil
	}
	_, err := f.Records.ChangeManager(ctx, m.Key(), func(current fleet.Manager) (fleet.Manager, bool) {
		current.Trouble = current.Trouble.See(now.trouble, f.Now())
		current.Size = len(now.vms)
		return current, true
	})
	return err
}

// warn tells what keeps VMs from being created, for as long as it does: the
// alert is to last as long. Only hints, which come with each VM, say nothing.
func (f fetcher) warn(m fleet.Manager, now look) {
	if now.trouble == "" || f.Scope.Hint {
		return
	}
	f.Log.Warn(fmt.Sprintf("create VMs of group %s in %s: Compute Engine answers %s: %s", m.GroupName(), m.Zone, now.trouble, now.detail),
		append(job.ManagerAttrs(m.Key()), "event", "OPERATION_ERROR", "code", now.trouble, "method", "instances.insert",
			"next", "Compute Engine tries again by itself until there is room")...)
}

// outcome is what came of what changed.
type outcome struct {
	marked, deleted int
}

func (f fetcher) announce(ctx context.Context, m fleet.Manager, difference fleet.Difference, o outcome) error {
	scope := job.ManagerScope(m.Key())
	var errs []error
	if len(difference.New)+len(difference.Started) > 0 {
		errs = append(errs, f.Announce(ctx, "instances-fetched", scope))
	}
	if o.marked > 0 {
		errs = append(errs, f.Announce(ctx, "instances-marked", scope))
	}
	if o.deleted > 0 {
		errs = append(errs, f.Announce(ctx, "instances-deleted", scope))
	}
	return job.Joined(errs...)
}
