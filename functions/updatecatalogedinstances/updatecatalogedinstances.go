// Package updatecatalogedinstances is the job update-cataloged-instances: it
// records the leases that the Machine Provider gives, and marks the instances
// whose machines were reclaimed as pending deletion.
//
// Triggered by the Machine Provider's messages and each minute; announces
// instances-marked.
package updatecatalogedinstances

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is update-cataloged-instances.
var Job = job.Job{Name: "update-cataloged-instances", Decode: decode, New: job.Stateless(handle)}

func handle(ctx context.Context, run job.Run) error {
	if run.Scope.Sweep() {
		return updater{run}.sweep(ctx)
	}
	return updater{run}.told(ctx)
}

// updater is one run of the job.
type updater struct{ job.Run }

// decode reads a scope, or a message of the Machine Provider, which names the
// machine in its attributes.
func decode(message event.Message) (event.Scope, error) {
	if message.Attributes[event.AttributeHostname] == "" {
		scope, err := event.DecodeScope(message.Data)
		if scope.BaseName+scope.Revision+scope.Zone != "" {
			return event.Scope{}, errors.New("the payload names a pool, but this job is about instances, or all of them")
		}
		return scope, err
	}
	instance := message.Attributes[event.AttributeInstance]
	if instance == "" {
		return event.Scope{}, failure.New(failure.Permanent, "the message about %q names no instance", message.Attributes[event.AttributeHostname])
	}
	return event.Scope{Instances: []string{instance}, Reclaimed: string(message.Data) == event.Reclaimed}, nil
}

// told updates the instances that a message names.
func (u updater) told(ctx context.Context) error {
	items, err := u.Records.Instances(ctx, u.Scope.Instances...)
	if err != nil {
		return err
	}
	news := news{reclaimed: map[string]bool{}}
	for _, key := range u.Scope.Instances {
		news.reclaimed[key] = u.Scope.Reclaimed
	}
	return u.update(ctx, items, news)
}

// sweep updates the instances that changed in the catalog, those that must have
// changed by now, and those of groups for which the catalog and the records
// differ.
func (u updater) sweep(ctx context.Context) error {
	cursor, err := u.Records.Cursor(ctx)
	if err != nil {
		return err
	}
	if cursor.First() {
		if settings, err := u.Settings(ctx); err != nil || !settings.Imported {
			return err // the Machine Provider serves nobody yet
		}
	}
	news, err := u.changes(ctx, cursor)
	if err != nil && !errors.Is(err, catalog.ErrUnsupported) {
		u.Log.Warn("ask the catalog what changed: "+err.Error(), "error_class", string(failure.ClassOf(err)),
			"next", "leases are noticed by the Machine Provider's messages and by looking at the machines one by one; asked again at the job's next tick")
	}
	now := u.Now()
	items, errs := news.items, []error(nil)
	for _, read := range []func() ([]records.Instance, error){
		func() ([]records.Instance, error) { return u.Records.LeasesOver(ctx, now) },
		func() ([]records.Instance, error) { return u.Records.Missing(ctx) },
		func() ([]records.Instance, error) { return u.divergent(ctx) },
	} {
		some, err := read()
		items, errs = append(items, some...), append(errs, err)
	}
	err = job.Joined(u.update(ctx, items, news), u.settleLeft(ctx, news.complete))
	if err == nil && news.cursor != nil {
		err = u.Records.SaveCursor(ctx, *news.cursor, len(news.items) > 0, now)
	}
	return job.Joined(append(errs, err)...)
}

// maxChangePages bounds how many pages of changes one sweep reads; the next
// sweep reads the rest.
const maxChangePages = 20

// news is what changed since the last sweep, according to the Machine Provider.
type news struct {
	items     []records.Instance // to look at
	reclaimed map[string]bool    // by the key of the instance
	complete  bool               // nothing else has changed until now
	cursor    *records.Cursor    // to save; nil if nothing changed
}

// changes asks the Machine Provider what changed. The error is
// catalog.ErrUnsupported if it has no such call.
func (u updater) changes(ctx context.Context, cursor records.Cursor) (n news, err error) {
	n.reclaimed = map[string]bool{}
	var keys []string
	for range maxChangePages {
		page, err := u.Catalog.Changes(ctx, cursor.Value)
		if err != nil {
			return n, err
		}
		for _, change := range page.Changed {
			if change.Instance == "" {
				continue
			}
			keys = append(keys, change.Instance)
			if change.Removed {
				n.reclaimed[change.Instance] = true
			}
		}
		cursor.Value = page.Cursor
		if n.complete = !page.More; n.complete {
			break
		}
	}
	if len(keys) == 0 && !cursor.First() {
		return n, nil // a later cursor would save no work, so none is written
	}
	n.items, err = u.Records.Instances(ctx, keys...)
	n.cursor = &cursor
	return n, err
}

// update asks the catalog about instances and records its responses.
func (u updater) update(ctx context.Context, items []records.Instance, news news) error {
	items = offered(items)
	if len(items) == 0 {
		return nil
	}
	looks, err := u.Offers.Ask(ctx, items)
	if err != nil {
		return err
	}
	var present, reclaimed, unexplained []records.Instance
	var errs []error
	for _, item := range items {
		switch machine := looks[item.Value.Key()]; {
		case machine.Err == nil:
			present = append(present, item)
		case !errors.Is(machine.Err, catalog.ErrNotFound):
			errs = append(errs, fmt.Errorf("ask the catalog for %s: %w", item.Value.Hostname, machine.Err))
		case news.reclaimed[item.Value.Key()]:
			reclaimed = append(reclaimed, item)
		default:
			unexplained = append(unexplained, item)
		}
	}
	changed, err := u.Offers.See(ctx, present, looks)
	errs = append(errs, err, u.report(ctx, changed))
	confirmed, err := u.confirm(ctx, unexplained, news.complete)
	errs = append(errs, err, u.mark(ctx, append(reclaimed, confirmed...), news.reclaimed))
	return job.Joined(errs...)
}

// report logs and announces which instances were seen free or leased.
func (u updater) report(ctx context.Context, changed []fleet.Instance) error {
	for _, i := range changed {
		u.Log.Info("catalog: "+i.Hostname+" is "+string(i.State), append(job.ManagerAttrs(i.ManagerKey()),
			"hostname", i.Hostname, "state", string(i.State), "lease_expiration", i.LeaseExpiration)...)
	}
	return u.announce(ctx, changed) // more leases ask for more machines
}

// mark marks instances as pending deletion once their machines are out of the
// catalog for good. If a machine was offered only once, the Machine Provider's
// message that it was reclaimed is final; otherwise the message may concern an
// earlier offer.
func (u updater) mark(ctx context.Context, items []records.Instance, reclaimed map[string]bool) error {
	var out, unsure []records.Instance
	for _, item := range items {
		if reclaimed[item.Value.Key()] && item.Value.OfferNumber == 1 {
			out = append(out, item)
		} else {
			unsure = append(unsure, item)
		}
	}
	absent, err := u.settle(ctx, unsure)
	changed, markErr := u.Offers.Change(ctx, append(out, absent...), func(i fleet.Instance) (fleet.Instance, bool) {
		return i.Reclaim("reclaimed by the Machine Provider")
	})
	u.Life(job.DeletionProposed, changed...)
	return job.Joined(err, markErr, u.announce(ctx, changed))
}

// settle settles the offers of instances, and returns the instances that the
// catalog does not have and can no longer get.
func (u updater) settle(ctx context.Context, items []records.Instance) ([]records.Instance, error) {
	absent, seen, err := u.Offers.Settle(ctx, items)
	return absent, job.Joined(err, u.report(ctx, seen))
}

// settleLeft settles the offers that the previous version left open.
func (u updater) settleLeft(ctx context.Context, complete bool) error {
	if !complete || !u.compares() {
		return nil
	}
	left, err := u.Records.LeftOffers(ctx)
	for _, offer := range left {
		items, readErr := u.Records.Instances(ctx, offer.Value.Instances...)
		items = slices.DeleteFunc(items, func(i records.Instance) bool { return i.Value.State != fleet.Cataloged || i.Value.OfferNumber > 0 })
		if err = job.Joined(err, readErr, u.offerAgain(ctx, items)); err == nil {
			err = u.Records.Forget(ctx, offer)
		}
	}
	return err
}

// offerAgain settles offers that were cut off and takes them back, so that
// their instances are offered again. Nobody ever had these machines, so the
// brake does not apply.
func (u updater) offerAgain(ctx context.Context, items []records.Instance) error {
	absent, err := u.settle(ctx, items)
	declined, declineErr := u.Offers.Change(ctx, absent, func(i fleet.Instance) (fleet.Instance, bool) { return i.Decline(true) })
	for _, i := range declined {
		u.Log.Info("offered again, because the offer was cut off: "+i.Hostname, append(job.ManagerAttrs(i.ManagerKey()), "hostname", i.Hostname)...)
	}
	return job.Joined(err, declineErr)
}

// announce announces instances-marked for the managers of the changed
// instances.
func (u updater) announce(ctx context.Context, changed []fleet.Instance) error {
	var keys []fleet.ManagerKey
	var scopes []event.Scope
	for _, i := range changed {
		if key := i.ManagerKey(); !slices.Contains(keys, key) {
			keys, scopes = append(keys, key), append(scopes, job.ManagerScope(key))
		}
	}
	return u.Announce(ctx, "instances-marked", scopes...)
}

// offered returns the instances that the catalog may have, each once.
func offered(items []records.Instance) []records.Instance {
	seen := map[string]bool{}
	return slices.DeleteFunc(items, func(item records.Instance) bool {
		key := item.Value.Key()
		twice := seen[key]
		seen[key] = true
		return twice || !item.Value.Live() || !item.Value.MaybeOffered()
	})
}
