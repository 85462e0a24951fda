package bench

import (
	"strings"
	"testing"
	"time"
)

func quietly() Options { return Options{Say: func(string, ...any) {}} }

// Twenty idle groups: nothing is written or changed, every group is read each
// minute, and the only reads per VM are those of its daily check.
func TestIdleCosts(t *testing.T) {
	pool := Fleet{Groups: 20, Size: 30}
	run, err := idle(t.Context(), quietly(), pool, 10)
	if err != nil {
		t.Fatal(err)
	}
	if run.Store.Writes+run.Store.Deletes != 0 || run.Mutations != 0 {
		t.Errorf("%d writes, %d deletes, %d mutations", run.Store.Writes, run.Store.Deletes, run.Mutations)
	}
	if calls := total(run.Compute); calls > 250 || run.Compute["instanceGroupManagers.listManagedInstances"] != 200 {
		t.Errorf("%d calls of Compute Engine: %v", calls, run.Compute)
	}
	var catalog, others int64
	for _, part := range run.Store.Parts {
		switch {
		case part.Job == "update-cataloged-instances" && part.Collection == "instances", part.Collection == "machines":
			catalog += part.Reads
		default:
			others += part.Reads
		}
	}
	if others > 10*130 {
		t.Errorf("%d reads in ten minutes beside those that compare", others)
	}
	// Each minute two queries find nothing. Each group is compared twice, with
	// two counts on each side. One group, by chance, has its VMs compared one by
	// one: its records and its entries are read twice each.
	if most := int64(10*2 + 2*pool.Groups*4 + 4*pool.Size); catalog > most {
		t.Errorf("%d reads to compare in ten minutes, want at most %d", catalog, most)
	}
	if problems := run.Problems; problems != 0 {
		t.Errorf("%d warnings or errors in the log", problems)
	}
}

func TestWholeLifeOfAVM(t *testing.T) {
	run, err := together(t.Context(), quietly(), Fleet{Groups: 1, Size: 100}, 90)
	if err != nil {
		t.Fatal(err)
	}
	// How many messages share a run depends on how quickly they come, so on a busy
	// machine there are more reads than the 12 that the benchmark aims at.
	if life := run.lives(); tenths(life.reads) > 16 || life.backend > 8 || life.machines != 3 || life.leases != 2 {
		t.Errorf("%v reads, %v writes and deletes of the backend, %v of the catalog, %v of leases; want at most 16, 8, 3 and 2",
			life.reads, life.backend, life.machines, life.leases)
	}
	for _, part := range run.Store.Parts {
		if part.Collection == "instances" && part.Job == "cleanup-entities" && part.Deletes != 90 {
			t.Errorf("%d lives ended, want 90", part.Deletes)
		}
	}
	if own := run.changes(func(c string) bool { return c == "instances" }); own != 7*90 {
		t.Errorf("%d writes and deletes of 90 records, want 7 each", own)
	}
}

// A single lease causes reads of its own group only, whatever other zones the
// template has. The benchmark aims at 45 reads; on a busy machine 47 were seen, as
// fewer messages share a run.
func TestALeaseAlone(t *testing.T) {
	_, run, err := recycle(t.Context(), quietly(), Fleet{Groups: 10, Size: 3}, 20)
	if err != nil {
		t.Fatal(err)
	}
	if life := run.lives(); life.reads > 48 || life.changes > 16.1 || life.machines != 3 || life.leases != 2 {
		t.Errorf("%v reads, %v writes and deletes, of these %v of the catalog and %v of leases; want at most 48, 16, 3 and 2",
			life.reads, life.changes, life.machines, life.leases)
	}
}

// One mutation makes a template, one a group, one a growth of up to 100 VMs.
func TestConvergingMutatesOnceForEachThing(t *testing.T) {
	run, err := converge(t.Context(), quietly(), Fleet{Groups: 10, Size: 20})
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]int{
		"instanceTemplates.insert": 1, "instanceGroupManagers.insert": 10, "instanceGroupManagers.resize": 10,
	} {
		if got := run.Compute[method]; got != want {
			t.Errorf("%d calls of %s, want %d", got, method, want)
		}
	}
	if run.Mutations != 21 {
		t.Errorf("%d mutations, want 21: %v", run.Mutations, run.Compute)
	}
	for _, part := range run.Store.Parts {
		if part.Collection == "machines" && part.Writes != 200 {
			t.Errorf("%d machines were cataloged", part.Writes)
		}
	}
}

// A pool of 1,000 VMs that is no longer configured is deleted by one call.
func TestAThousandPendingDeletionsAreOneCall(t *testing.T) {
	s, err := start(t.Context(), quietly(), never)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	if _, err := s.grow(t.Context(), Fleet{Groups: 1, Size: 1000}); err != nil {
		t.Fatal(err)
	}
	measured := s.measure()
	if err := inOrder(t.Context(), s.configure(Fleet{}), s.untilLeasable(0), s.quiet); err != nil {
		t.Fatal(err)
	}
	run := measured.end("delete 1,000")
	if calls := run.Compute["instanceGroupManagers.deleteInstances"]; calls != 1 {
		t.Errorf("%d calls of deleteInstances, want 1: %v", calls, run.Compute)
	}
	for _, group := range s.Cloud.State().Groups {
		if total(group.VMs) > 0 {
			t.Errorf("%s still has VMs: %v", group.Name, group.VMs)
		}
	}
}

func TestNumbers(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 7.256: "7.26", 12: "12", 1500: "1,500", 1234567.5: "1,234,567.5"} {
		if got := number(value); got != want {
			t.Errorf("%v is written %q, want %q", value, got, want)
		}
	}
	for d, want := range map[time.Duration]time.Duration{
		1234567 * time.Microsecond: 1230 * time.Millisecond, 45678 * time.Microsecond: 45700 * time.Microsecond, 12345 * time.Millisecond: 12300 * time.Millisecond,
	} {
		if got := round(d); got != want {
			t.Errorf("%s is rounded to %s, want %s", d, got, want)
		}
	}
}

func TestTheTableShowsWhatIsMissed(t *testing.T) {
	result := Result{Name: "test"}
	result.atMost("reads", 500, 612, "")
	result.figure("calls", "7")
	var text strings.Builder
	Table(&text, result)
	if !result.Missed() || !strings.Contains(text.String(), "≤ 500") || !strings.Contains(text.String(), "612") || !strings.Contains(text.String(), "no") {
		t.Errorf("the table:\n%s", text.String())
	}
}
