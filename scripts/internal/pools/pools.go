// Package pools tells how far the fleet is from its configuration: a line for
// each pool, what each waits for, and whether all is as configured.
package pools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Pool is the VMs of one revision of a template in one zone.
type Pool struct {
	BaseName string `json:"base_name"`
	Revision string `json:"revision"`
	Zone     string `json:"zone"`
	State    string `json:"state"` // active, drained, or empty while only configured
	// Running is the number of VMs that are up, Cataloged of those that are
	// offered or leased, and Leased of those that are leased.
	Running   int `json:"running"`
	Cataloged int `json:"cataloged"`
	Leased    int `json:"leased"`
	// Leaving is the number of VMs that are to be deleted.
	Leaving int `json:"leaving"`
	// Minimum is configured; Target is what the leases and the limits ask for.
	Minimum int `json:"minimum"`
	Target  int `json:"target"`
	// Waits says what the pool waits for; empty when it is as it should be.
	Waits string `json:"waits,omitempty"`
}

// Report is how far everything is.
type Report struct {
	OnDisk   string   `json:"on_disk"`  // the configuration's revision in its folder
	Imported string   `json:"imported"` // and the one that is in force
	Problems []string `json:"problems,omitempty"`
	Pools    []Pool   `json:"pools"`
	// Waits says what keeps the configuration from being in force.
	Waits string `json:"waits,omitempty"`
}

// Reader reads reports.
type Reader struct {
	Store  store.Store
	Source configsource.Source
	Log    *slog.Logger
	// Running counts the VMs that are up, by group; nil where nobody knows.
	Running func() map[Group]int
}

// Group names a managed instance group.
type Group struct{ Zone, Name string }

// Read reads a report.
func (r Reader) Read(ctx context.Context) (Report, error) {
	var report Report
	files, err := r.Source.Read(ctx)
	if err != nil {
		report.Problems = []string{err.Error()}
	} else {
		_, problems := config.Parse(files)
		report.OnDisk, report.Problems = files.Revision, errorsOf(problems)
	}
	current, err := config.Current(ctx, r.Store)
	if err != nil {
		return Report{}, fmt.Errorf("read the imported configuration: %w", err)
	}
	report.Imported = current.Revision
	wishes := processconfig.Wishes(current)
	if report.Pools, err = r.pools(ctx, wishes); err != nil {
		return Report{}, err
	}
	if report.Waits = waitsForImport(report); report.Waits == "" {
		report.Waits, err = r.waitsForProcessing(ctx, wishes, fleet.Freeze(current.Settings.GetFreeze()))
	}
	return report, err
}

func waitsForImport(report Report) string {
	switch {
	case len(report.Problems) > 0:
		return "the configuration is not valid: " + strings.Join(report.Problems, "; ")
	case report.OnDisk != report.Imported:
		return "the configuration is not imported yet"
	}
	return ""
}

// waitsForProcessing tells which templates' records are not as the
// configuration in force has them. Those that are frozen stay so.
func (r Reader) waitsForProcessing(ctx context.Context, wishes []fleet.Wish, freeze fleet.Freeze) (string, error) {
	known, err := records.Records{Store: r.Store, Log: r.Log}.Templates(ctx)
	if err != nil {
		return "", err
	}
	digests := map[string]string{} // of what is to be processed
	for _, template := range known {
		if template.Value.ActiveRevision != "" {
			digests[template.Value.BaseName] = template.Value.Digest
		}
	}
	var late []string
	for _, wish := range wishes {
		if digests[wish.BaseName] != wish.Digest() {
			late = append(late, wish.BaseName)
		}
		delete(digests, wish.BaseName)
	}
	for name := range digests { // no longer configured
		late = append(late, name)
	}
	late = slices.DeleteFunc(late, freeze.Covers)
	if len(late) == 0 {
		return "", nil
	}
	slices.Sort(late)
	return "the configuration is not processed yet: " + strings.Join(late, ", "), nil
}

// errorsOf lists the problems that keep a configuration from being imported.
func errorsOf(problems config.Problems) []string {
	var errs []string
	for _, problem := range problems.Errors() {
		errs = append(errs, problem.String())
	}
	return errs
}

// Converged reports whether every configured VM is cataloged, or else why not.
func (r Report) Converged() error {
	var reasons []error
	if r.Waits != "" {
		reasons = append(reasons, errors.New(r.Waits))
	}
	for _, pool := range r.Pools {
		if pool.State != string(fleet.Drained) && !pool.Complete() {
			reasons = append(reasons, fmt.Errorf("%s %s in %s: %d of %d cataloged; it waits for %s",
				pool.BaseName, pool.Revision, pool.Zone, pool.Cataloged, pool.Minimum, pool.Waits))
		}
	}
	return errors.Join(reasons...)
}

// Complete reports whether the pool has what is configured.
func (p Pool) Complete() bool { return p.State == string(fleet.Active) && p.Cataloged >= p.Minimum }

// pools reads the pools that are configured, and the others of which something
// is left.
func (r Reader) pools(ctx context.Context, wishes []fleet.Wish) ([]Pool, error) {
	e := records.Records{Store: r.Store, Log: r.Log}
	managers, err := e.Managers(ctx)
	if err != nil {
		return nil, err
	}
	revisions, err := r.revisions(ctx, e)
	if err != nil {
		return nil, err
	}
	counted, err := countAll(ctx, e, managers)
	if err != nil {
		return nil, err
	}
	var running map[Group]int
	if r.Running != nil {
		running = r.Running()
	}
	views := map[fleet.ManagerKey]*view{}
	for i, manager := range managers {
		key := revisionKey{manager.Value.BaseName, manager.Value.Revision}
		v := &view{manager: manager.Value, revision: revisions[key], counts: counted[i], running: counted[i].live()}
		if n, ok := running[Group{manager.Value.Zone, manager.Value.GroupName()}]; ok {
			v.running = n
		}
		views[manager.Value.Key()] = v
	}
	pools := []Pool{}
	for _, v := range views {
		pools = append(pools, v.pool(views))
	}
	pools = append(pools, missing(wishes, views)...)
	slices.SortFunc(pools, compare)
	return pools, nil
}

type revisionKey struct{ baseName, id string }

func (r Reader) revisions(ctx context.Context, e records.Records) (map[revisionKey]fleet.Revision, error) {
	found := map[revisionKey]fleet.Revision{}
	for _, state := range []fleet.State{fleet.Active, fleet.Drained} {
		revisions, err := e.RevisionsIn(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, revision := range revisions {
			found[revisionKey{revision.Value.BaseName, revision.Value.ID}] = revision.Value
		}
	}
	return found, nil
}

// missing lists what is configured and has no manager yet, or not an active
// one.
func missing(wishes []fleet.Wish, views map[fleet.ManagerKey]*view) []Pool {
	var pools []Pool
	for _, wish := range wishes {
		revision := wish.Spec.RevisionID()
		for zone, sizes := range wish.Zones {
			v := views[fleet.ManagerKey{BaseName: wish.BaseName, Revision: revision, Zone: zone}]
			if v != nil && v.manager.State == fleet.Active {
				continue
			}
			pools = append(pools, Pool{
				BaseName: wish.BaseName, Revision: revision, Zone: zone, Minimum: sizes.Minimum, Target: sizes.Minimum,
				Waits: "its configuration to be processed",
			})
		}
	}
	return pools
}

func compare(a, b Pool) int {
	for _, c := range []int{
		strings.Compare(a.BaseName, b.BaseName), strings.Compare(a.State, b.State),
		strings.Compare(a.Revision, b.Revision), strings.Compare(a.Zone, b.Zone),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}
