package statuspage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// waits puts into words what a pool waits for.
type waits struct {
	reading *reading
	pool    *pool
	frozen  bool
	said    []string
	trouble bool
}

func (w *waits) say(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

// stillUsual is how long a job's error says something about now.
const stillUsual = 10 * time.Minute

// because finds the latest error of a job about a name.
func (w *waits) because(job string, names ...string) {
	for _, failed := range w.reading.failed {
		if failed.Name != job || w.reading.now.Sub(failed.FailedAt) > stillUsual || !failed.Failing {
			continue
		}
		for _, e := range failed.Errors {
			if !slices.ContainsFunc(names, func(name string) bool { return !strings.Contains(e.Message, name) }) {
				w.say("since %s: %s", w.clock(e.First), e.Message)
				w.trouble = true
				return
			}
		}
	}
}

// toCome is what an active pool waits for.
func (w *waits) toCome(size fleet.Sizing, others int) {
	p := w.pool
	if w.frozen {
		w.say("frozen by settings.cfg: left as it is")
	}
	switch {
	case p.revision.URL == "":
		w.say("%s", w.template())
		w.because("create-instance-templates", p.manager.GroupName())
		return
	case p.manager.URL == "":
		w.say("its instance group")
		w.because("create-instance-group-managers", p.manager.GroupName(), p.manager.Zone)
		return
	}
	if n := size.Wanted() - p.counts.live(); n > 0 {
		w.say("%s to be created", many(n, "VM"))
		w.stockout()
	}
	alone := size
	if alone.Others = 0; alone.Wanted() > size.Wanted() {
		w.say("room: other revisions have %s in this zone, and maximum_size is %d", many(others, "VM"), size.Maximum)
	}
	if p.counts.found > 0 {
		w.say("%s to boot and be cataloged", many(p.counts.found, "VM"))
	}
	w.leaving()
}

func (w *waits) template() string {
	spec := w.pool.revision.Spec
	if !spec.WantsSnapshot() {
		return "its instance template"
	}
	var of []string
	if spec.SnapshotName != "" {
		of = append(of, "named "+spec.SnapshotName)
	}
	for _, key := range sortedKeys(spec.SnapshotLabels) {
		of = append(of, fmt.Sprintf("with label %s:%s", key, spec.SnapshotLabels[key]))
	}
	return "its instance template, which needs a snapshot " + strings.Join(of, ", ")
}

// stockout says why Compute Engine makes no VMs.
func (w *waits) stockout() {
	trouble := w.pool.manager.Trouble
	if trouble.Code == "" {
		return
	}
	w.trouble = true
	machine, zone, since := cmp.Or(w.pool.revision.Spec.MachineType, "these machines"), w.pool.manager.Zone, w.clock(trouble.Since)
	switch {
	case strings.Contains(trouble.Code, "RESOURCE_POOL_EXHAUSTED"), strings.Contains(strings.ToUpper(trouble.Code), "STOCKOUT"):
		w.say("%s out of %s since %s", zone, machine, since)
	case strings.Contains(trouble.Code, "QUOTA"):
		w.say("the project's quota is used up since %s (%s)", since, trouble.Code)
	default:
		w.say("Compute Engine answers %s since %s", trouble.Code, since)
	}
}

// toGo is what a draining pool waits for.
func (w *waits) toGo() {
	p := w.pool
	if w.frozen {
		w.say("frozen by settings.cfg: left as it is")
	}
	if p.counts.leased > 0 {
		w.say("%s", w.leases())
	}
	if n := p.counts.found + p.counts.cataloged; n > 0 {
		w.say("%s to be taken out of the catalog", many(n, "machine"))
	}
	w.leaving()
	switch {
	case p.counts.all() > 0:
	case p.manager.URL != "" && w.reading.now.Before(p.manager.RevertedUntil()):
		w.say("its instance group to be deleted after %s, unless the configuration is taken back", w.clock(p.manager.RevertedUntil()))
	case p.manager.URL != "":
		w.say("its instance group to be deleted")
		w.because("delete-instance-group-managers", p.manager.GroupName(), p.manager.Zone)
	default:
		w.say("its records to be deleted")
	}
}

// leases names the lease that ends last, for which all waits in the end.
func (w *waits) leases() string {
	last := slices.MaxFunc(append(w.pool.leased, fleet.Instance{}), func(a, b fleet.Instance) int {
		if a.LeasedIndefinitely != b.LeasedIndefinitely {
			if a.LeasedIndefinitely {
				return 1
			}
			return -1
		}
		return a.LeaseExpiration.Compare(b.LeaseExpiration)
	})
	until := "until " + w.clock(last.LeaseExpiration)
	switch {
	case last.Hostname == "" || w.pool.counts.leased > len(w.pool.leased):
		return many(w.pool.counts.leased, "lease") + " to end"
	case last.LeasedIndefinitely:
		until = "which has no end"
	}
	if n := w.pool.counts.leased - 1; n > 0 {
		return fmt.Sprintf("the lease of %s %s, and %s that end before", last.Hostname, until, many(n, "other"))
	}
	return fmt.Sprintf("the lease of %s %s", last.Hostname, until)
}

func (w *waits) leaving() {
	if w.pool.counts.pending > 0 {
		w.say("%s to be deleted", many(w.pool.counts.pending, "VM"))
		for _, i := range w.pool.leaving {
			if i.DeletionStuck(w.reading.now) {
				w.say("%s, which Compute Engine was asked to delete at %s", i.Hostname, w.clock(i.DeletionRequested))
				w.trouble = true
				break
			}
		}
		w.because("delete-instances-pending-deletion", w.pool.manager.GroupName(), w.pool.manager.Zone)
	}
}

func (w *waits) clock(t time.Time) string { return clock(t, w.reading.now) }

// clock is a time as short as it is clear, in UTC.
func clock(t, now time.Time) string {
	t = t.UTC()
	if t.Truncate(24 * time.Hour).Equal(now.UTC().Truncate(24 * time.Hour)) {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
