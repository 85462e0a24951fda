package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Wait is something that a group of a pool waits for.
type Wait struct {
	Text    string
	Trouble bool // it may need a person
}

// Circumstances are the facts that are not in the records of a pool.
type Circumstances struct {
	Now    time.Time
	Freeze Freeze
	// Failed returns the error with which a job currently fails, if its message
	// contains all of the names; "" otherwise.
	Failed func(job string, names ...string) (since time.Time, message string)
}

// Waits lists what a group of the pool waits for; the list is empty if nothing
// is left to do. A new reason to wait is added here.
func (p *Pool) Waits(g *Group, c Circumstances) []Wait {
	w := waits{Circumstances: c, group: g}
	switch {
	case g.Manager.State == "":
		w.say("the configuration to be processed")
		return w.said
	case c.Freeze.Covers(p.BaseName):
		w.say("frozen by settings.cfg: left as it is")
	}
	if g.Manager.State == Active {
		w.toCome(p.Sizing(g, c.Now))
	} else {
		w.toGo()
	}
	return w.said
}

// waits collects the descriptions of what a group waits for.
type waits struct {
	Circumstances
	group *Group
	said  []Wait
}

func (w *waits) say(format string, args ...any) {
	w.said = append(w.said, Wait{Text: fmt.Sprintf(format, args...)})
}

// trouble adds a wait that may need a person.
func (w *waits) trouble(format string, args ...any) {
	w.said = append(w.said, Wait{Text: fmt.Sprintf(format, args...), Trouble: true})
}

// because adds the error with which a job fails for the group, if any.
func (w *waits) because(job string, names ...string) {
	if since, message := w.Failed(job, append(names, w.group.Manager.GroupName())...); message != "" {
		w.trouble("since %s: %s", w.clock(since), message)
	}
}

// toCome adds what an active group waits for.
func (w *waits) toCome(size Sizing) {
	m, machines := w.group.Manager, w.group.Machines
	switch {
	case w.group.Revision.URL == "":
		w.say("its instance template%s", w.group.Revision.Spec.snapshotInWords())
		w.because("create-instance-templates")
		return
	case m.URL == "":
		w.say("its instance group")
		w.because("create-instance-group-managers", m.Zone)
		return
	}
	if n := size.Wanted() - machines.Live(); n > 0 {
		w.say("%s to be created", Many(n, "VM"))
		w.stockout()
	}
	alone := size
	if alone.Others = 0; alone.Wanted() > size.Wanted() {
		w.say("room: other revisions have %s in this zone, and maximum_size is %d", Many(size.Others, "VM"), size.Maximum)
	}
	if machines.Found > 0 {
		w.say("%s to boot and be cataloged", Many(machines.Found, "VM"))
	}
	w.deletions()
}

func (s TemplateSpec) snapshotInWords() string {
	if !s.WantsSnapshot() {
		return ""
	}
	var of []string
	if s.SnapshotName != "" {
		of = append(of, "named "+s.SnapshotName)
	}
	for _, key := range slices.Sorted(maps.Keys(s.SnapshotLabels)) {
		of = append(of, fmt.Sprintf("with label %s:%s", key, s.SnapshotLabels[key]))
	}
	return ", which needs a snapshot " + strings.Join(of, ", ")
}

// stockout adds the reason why Compute Engine creates no VMs.
func (w *waits) stockout() {
	trouble := w.group.Manager.Trouble
	if trouble.Code == "" {
		return
	}
	machine, since := cmp.Or(w.group.Revision.Spec.MachineType, "these machines"), w.clock(trouble.Since)
	switch {
	case strings.Contains(trouble.Code, "RESOURCE_POOL_EXHAUSTED"), strings.Contains(strings.ToUpper(trouble.Code), "STOCKOUT"):
		w.trouble("%s out of %s since %s", w.group.Manager.Zone, machine, since)
	case strings.Contains(trouble.Code, "QUOTA"):
		w.trouble("the project's quota is used up since %s (%s)", since, trouble.Code)
	default:
		w.trouble("Compute Engine answers %s since %s", trouble.Code, since)
	}
}

// toGo adds what a drained group waits for.
func (w *waits) toGo() {
	m, machines := w.group.Manager, w.group.Machines
	if machines.Leased > 0 {
		w.say("%s", w.leases())
	}
	if n := machines.Found + machines.Cataloged; n > 0 {
		w.say("%s to be taken out of the catalog", Many(n, "machine"))
	}
	w.deletions()
	switch {
	case machines.Total() > 0:
	case m.URL != "" && w.Now.Before(m.RevertedUntil()):
		w.say("its instance group to be deleted after %s, unless the configuration is taken back", w.clock(m.RevertedUntil()))
	case m.URL != "":
		w.say("its instance group to be deleted")
		w.because("delete-instance-group-managers", m.Zone)
	case w.group.Revision.State == Drained && w.group.Revision.URL != "":
		w.say("its instance template to be deleted")
		w.because("delete-instance-templates")
	default:
		w.say("its records to be deleted")
	}
}

// leases describes the lease that the group waits for longest: the last to end.
func (w *waits) leases() string {
	leased, known := w.group.Machines.Leased, w.group.Leases
	if leased > len(known) {
		return Many(leased, "lease") + " to end"
	}
	last := slices.MaxFunc(known, func(a, b Instance) int {
		switch {
		case a.LeasedIndefinitely == b.LeasedIndefinitely:
			return a.LeaseExpiration.Compare(b.LeaseExpiration)
		case a.LeasedIndefinitely:
			return 1
		}
		return -1
	})
	until := "until " + w.clock(last.LeaseExpiration)
	if last.LeasedIndefinitely {
		until = "which has no end"
	}
	if leased > 1 {
		return fmt.Sprintf("the lease of %s %s, and %s that end before", last.Hostname, until, Many(leased-1, "other"))
	}
	return fmt.Sprintf("the lease of %s %s", last.Hostname, until)
}

func (w *waits) deletions() {
	if w.group.Machines.Pending == 0 {
		return
	}
	w.say("%s to be deleted", Many(w.group.Machines.Pending, "VM"))
	for _, i := range w.group.Deletions {
		if i.DeletionStuck(w.Now) {
			w.trouble("%s, which Compute Engine was asked to delete at %s", i.Hostname, w.clock(i.DeletionRequested))
			break
		}
	}
	w.because("delete-instances-pending-deletion", w.group.Manager.Zone)
}

func (w *waits) clock(t time.Time) string { return Clock(t, w.Now) }

// Clock formats a time in UTC, with the date only if it is not today's.
func Clock(t, now time.Time) string {
	t = t.UTC()
	if t.Truncate(24 * time.Hour).Equal(now.UTC().Truncate(24 * time.Hour)) {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// Many formats a number of things, such as "2 VMs".
func Many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
