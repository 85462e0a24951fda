// Package pools reports how far the fleet has converged: a line for each group
// of a pool, what each group waits for, and whether everything is as configured.
package pools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Group describes the VMs of one revision of a pool.
type Group struct {
	BaseName string `json:"base_name"`
	Revision string `json:"revision"`
	Zone     string `json:"zone"`
	State    string `json:"state"` // active, drained, or empty while only configured
	// Running is the number of VMs that are up, Cataloged the number that are
	// offered or leased, and Leased the number that are leased.
	Running   int `json:"running"`
	Cataloged int `json:"cataloged"`
	Leased    int `json:"leased"`
	// Leaving is the number of VMs that are to be deleted.
	Leaving int `json:"leaving"`
	// Minimum is the configured size; Target follows from the leases and the
	// limits.
	Minimum int `json:"minimum"`
	Target  int `json:"target"`
	// Waits says what the group waits for; empty when it is as it should be.
	Waits string `json:"waits,omitempty"`
}

// Report is the progress of the fleet towards its configuration.
type Report struct {
	OnDisk   string   `json:"on_disk"`  // the configuration's revision in its folder
	Imported string   `json:"imported"` // the revision in force
	Problems []string `json:"problems,omitempty"`
	Pools    []Group  `json:"pools"`
	// Waits says what keeps the configuration from being in force.
	Waits string `json:"waits,omitempty"`
}

// Reader reads reports.
type Reader struct {
	Store  store.Store
	Source configsource.Source
	Now    func() time.Time
	Log    *slog.Logger
	// Jobs are the jobs whose errors explain why a group waits.
	Jobs []string
	// Running counts the VMs that are up, by group; nil if that is unknown.
	Running func() map[compute.GroupRef]int
}

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
	failed, err := status.Jobs(ctx, r.Store, r.Jobs)
	if err != nil {
		return Report{}, fmt.Errorf("read the errors of the jobs: %w", err)
	}
	report.Imported = current.Revision
	wishes, now := processconfig.Wishes(current), r.Now()
	circumstances := fleet.Circumstances{Now: now, Freeze: current.Settings.GetFreeze(), Failed: status.Failed(failed, now)}
	if report.Pools, err = r.groups(ctx, wishes, circumstances); err != nil {
		return Report{}, err
	}
	if report.Waits = waitsForImport(report); report.Waits == "" {
		report.Waits, err = r.waitsForProcessing(ctx, wishes, circumstances.Freeze)
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

// waitsForProcessing names the templates whose records do not match the
// configuration in force yet, except for frozen ones.
func (r Reader) waitsForProcessing(ctx context.Context, wishes []fleet.Wish, freeze fleet.Freeze) (string, error) {
	known, err := records.Records{Store: r.Store, Log: r.Log}.Templates(ctx)
	if err != nil {
		return "", err
	}
	digests := map[string]string{} // of the active templates, by base name
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

// Converged returns an error that says why not every configured VM is cataloged;
// nil if all are.
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

// Complete reports whether the group has its configured VMs.
func (g Group) Complete() bool { return g.State == string(fleet.Active) && g.Cataloged >= g.Minimum }

// groups reads the configured groups, and other groups that are not completely
// gone.
func (r Reader) groups(ctx context.Context, wishes []fleet.Wish, circumstances fleet.Circumstances) ([]Group, error) {
	e := records.Records{Store: r.Store, Log: r.Log}
	pools, err := e.Pools(ctx)
	if err != nil {
		return nil, err
	}
	for _, wish := range wishes {
		for zone, sizes := range wish.Zones {
			pools = fleet.AddConfigured(pools, fleet.Manager{
				BaseName: wish.BaseName, Revision: wish.Spec.RevisionID(), Zone: zone, MinimumSize: sizes.Minimum, MaximumSize: sizes.Maximum,
			})
		}
	}
	var all []*fleet.Group
	for _, pool := range pools {
		all = append(all, pool.Groups...)
	}
	if err := errors.Join(e.Count(ctx, all...), e.Examples(ctx, all...)); err != nil {
		return nil, err
	}
	var running map[compute.GroupRef]int
	if r.Running != nil {
		running = r.Running()
	}
	groups := []Group{}
	for _, pool := range pools {
		for _, of := range pool.Groups {
			groups = append(groups, describe(pool, of, running, circumstances))
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.BaseName, b.BaseName), cmp.Compare(a.State, b.State), cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Zone, b.Zone))
	})
	return groups, nil
}

func describe(pool *fleet.Pool, of *fleet.Group, running map[compute.GroupRef]int, circumstances fleet.Circumstances) Group {
	m, machines := of.Manager, of.Machines
	group := Group{
		BaseName: m.BaseName, Revision: m.Revision, Zone: m.Zone, State: string(m.State), Running: machines.Live(),
		Cataloged: machines.Cataloged + machines.Leased, Leased: machines.Leased, Leaving: machines.Pending,
	}
	if up, known := running[compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}]; known {
		group.Running = up
	}
	if m.State != fleet.Drained {
		group.Minimum, group.Target = m.MinimumSize, pool.Sizing(of, circumstances.Now).Wanted()
	}
	var waits []string
	for _, wait := range pool.Waits(of, circumstances) {
		waits = append(waits, wait.Text)
	}
	group.Waits = strings.Join(waits, "; ")
	return group
}
