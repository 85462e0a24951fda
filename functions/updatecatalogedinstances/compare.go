package updatecatalogedinstances

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// The intervals, in minutes, at which the catalog is compared with the records:
// by number, and entry by entry, which shows what numbers do not. With a
// Machine Provider that cannot count, the entries are compared more often,
// because it does not list changes either.
const (
	countMinutes      = 5
	entryMinutes      = 24 * 60
	entryMinutesAlone = 60
)

// compares reports whether this minute's sweep compares the catalog with the
// records.
func (u updater) compares() bool { return u.Now().Unix()/60%countMinutes == 0 }

// divergent returns the instances of the groups for which the catalog and the
// records differ in number, or whose entries are due to be compared one by one.
// It removes entries that no record accounts for.
func (u updater) divergent(ctx context.Context) ([]records.Instance, error) {
	if !u.compares() {
		return nil, nil
	}
	minute := u.Now().Unix() / 60
	managers, err := u.Records.Managers(ctx)
	if err != nil || len(managers) == 0 {
		return nil, err
	}
	prefixes := make([]string, len(managers))
	for i, manager := range managers {
		prefixes[i] = manager.Value.HostnamePrefix()
	}
	counts, err := u.Catalog.Count(ctx, prefixes...)
	every := int64(entryMinutes)
	if errors.Is(err, catalog.ErrUnsupported) {
		every, err = entryMinutesAlone, nil
	}
	if err != nil {
		return nil, fmt.Errorf("count the machines of %d groups in the catalog: %w", len(managers), err)
	}
	var items []records.Instance
	var errs []error
	for i, manager := range managers {
		key := manager.Value.Key()
		due := (minute/countMinutes+key.Phase())%(every/countMinutes) == 0
		some, err := u.compare(ctx, key, prefixes[i], counts, i, due)
		items, errs = append(items, some...), append(errs, job.About(err, job.ManagerAttrs(key)...))
	}
	return items, job.Joined(errs...)
}

// compare returns the instances of one group if its numbers differ or it is due.
func (u updater) compare(ctx context.Context, key fleet.ManagerKey, prefix string, counts []catalog.Count, place int, due bool) ([]records.Instance, error) {
	if counts != nil && !due {
		cataloged, err := u.Records.CountOf(ctx, key, fleet.Cataloged)
		if err != nil {
			return nil, err
		}
		leased, err := u.Records.CountOf(ctx, key, fleet.Leased)
		if err != nil || counts[place] == (catalog.Count{Available: cataloged, Leased: leased}) {
			return nil, err
		}
		due = true
	}
	if !due {
		return nil, nil
	}
	var machines []catalog.Machine
	// The catalog is listed before the records are read. A record is written
	// before its entry, so an entry without a record is a stray.
	if counts != nil {
		var err error
		if machines, err = u.Catalog.List(ctx, prefix); err != nil {
			return nil, fmt.Errorf("list the machines %s* of the catalog: %w", prefix, err)
		}
	}
	items, err := u.Records.InstancesOf(ctx, key, fleet.Found, fleet.Cataloged, fleet.Leased)
	if err != nil {
		return nil, err
	}
	return items, u.removeStrays(ctx, machines, items)
}

// removeStrays removes the entries of instances that have no live record. A
// leased machine is left until its lease ends.
func (u updater) removeStrays(ctx context.Context, machines []catalog.Machine, live []records.Instance) error {
	known := map[string]bool{}
	for _, item := range live {
		known[item.Value.Key()] = true
	}
	var strays []catalog.Removal
	for _, machine := range machines {
		if machine.Instance != "" && !known[machine.Instance] && !machine.Leased() {
			strays = append(strays, catalog.Removal{Hostname: machine.Hostname, Instance: machine.Instance})
			u.Log.Warn("the catalog offers "+machine.Hostname+", which no record accounts for; it is taken out", "hostname", machine.Hostname)
		}
	}
	answers, err := u.Catalog.Remove(ctx, strays...)
	errs := []error{err}
	for _, answer := range answers {
		if !errors.Is(answer, catalog.ErrNotFound) && !errors.Is(answer, catalog.ErrLeased) {
			errs = append(errs, answer)
		}
	}
	return job.Joined(errs...)
}
