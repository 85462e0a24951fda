package leasing

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

var (
	t0      = time.Date(2026, 5, 4, 3, 2, 1, 500_000_000, time.UTC)
	limits  = DefaultLimits()
	seconds = func(n int64) *int64 { return &n }
)

func newLease(change func(*Request)) Lease {
	request := Request{ID: "r", Dimensions: dims(nil, "os_family", "LINUX"), Length: Length{Seconds: seconds(60)}, Instruction: "https://s.example.com"}
	if change != nil {
		change(&request)
	}
	return NewLease("lessee@example.com", request, t0)
}

func newMachine(policy Reclamation) Machine {
	return Machine{
		Backend: "GCE", Hostname: "vm-1", Dimensions: dims(nil, "os_family", "LINUX", Hostname, "vm-1"),
		Policies: Policies{OnReclamation: policy, Backend: Destination{Topic: "leases-changed", Project: "own"}, Attributes: []Attribute{{InstanceAttribute, "k"}}},
	}.Free()
}

// TestEveryStateAndEvent shows the result of each event in each state.
func TestEveryStateAndEvent(t *testing.T) {
	waiting := newLease(nil).Wait(t0, limits)
	active, _ := Give(waiting, newMachine(Delete), t0, limits)
	ended, _ := End(active, nil, Released, t0, limits)
	states := []struct {
		name                           string
		lease                          Lease
		running, active, later, denied bool
		wants                          bool
		due                            Due // long after everything
	}{
		{name: "new", lease: newLease(nil), wants: true},
		{name: "waiting", lease: waiting, wants: true, due: ToDeny},
		{name: "denied", lease: waiting.Deny(TooLate, t0, limits), due: ToForget},
		{name: "cancelled", lease: waiting.Deny(Cancelled, t0, limits), due: ToForget},
		{name: "fulfilled", lease: active, running: true, active: true, due: ToEnd},
		{name: "ended", lease: ended, due: ToForget},
	}
	for _, s := range states {
		l := s.lease
		if l.Running() != s.running || l.Active(t0) != s.active || l.Active(t0.Add(time.Hour)) || l.Wants(newMachine(Delete), t0) != s.wants {
			t.Errorf("%s: running %t, active %t, wants %t", s.name, l.Running(), l.Active(t0), l.Wants(newMachine(Delete), t0))
		}
		if got := l.Due(t0.Add(1000 * time.Hour)); got != s.due {
			t.Errorf("%s: due %q, not %q", s.name, got, s.due)
		}
		if inLine := l.WaitingLine != "" || l.WaitingTerm != "" || !l.WaitingSince.IsZero(); inLine != (l.State == Pending) {
			t.Errorf("%s: in line %t", s.name, inLine)
		}
	}
}

func TestGiveAndEnd(t *testing.T) {
	for _, test := range []struct {
		policy Reclamation
		why    Ending
		want   MachineState // "": out of the catalog
	}{
		{Delete, Released, ""}, {Delete, Expired, ""}, {Delete, Gone, ""},
		{MakeAvailable, Released, Available}, {MakeAvailable, Expired, Available}, {MakeAvailable, Gone, ""},
		{Reclaim, Released, Withdrawn}, {Reclaim, Gone, ""},
		{"", Released, Available},
	} {
		free := newMachine(test.policy)
		lease, leased := Give(newLease(func(r *Request) { r.Lessee = Destination{Topic: "mine", Project: "p"} }), free, t0, limits)
		if leased.State != OnLease || leased.Terms != nil || leased.Lease != lease.Hash || !leased.LeaseExpiration.Equal(lease.ExpiresAt) {
			t.Errorf("leased: %+v", leased)
		}
		if free.State != Available || len(free.Terms) != 3 {
			t.Errorf("the argument was changed: %+v", free)
		}
		if fmt.Sprint(lease.Tell, lease.Unsent) != "[LEASED] [RESPONSE]" || !lease.DueAt.Equal(t0.Add(limits.Resend)) && !lease.DueAt.Equal(lease.ExpiresAt) {
			t.Errorf("to tell %v, unsent %v, due %v", lease.Tell, lease.Unsent, lease.DueAt)
		}
		now := t0.Add(61 * time.Second)
		ended, left := End(lease, &leased, test.why, now, limits)
		switch {
		case left == nil && test.want != "", left != nil && left.State != test.want:
			t.Errorf("%s, %s: left %+v", test.policy, test.why, left)
		case left != nil && (left.Lease != "" || !left.LeaseExpiration.IsZero() || (left.State == Available) != (left.Terms != nil)):
			t.Errorf("%s, %s: left %+v", test.policy, test.why, left)
		}
		messages := "[RECLAIMED] [RESPONSE]"
		if test.why == Gone {
			messages = "[] [RESPONSE]"
		}
		if fmt.Sprint(ended.Tell, ended.Unsent) != messages || ended.Running() || ended.State != Fulfilled {
			t.Errorf("%s, %s: %+v", test.policy, test.why, ended)
		}
		if (test.why == Expired) != ended.ExpiresAt.Equal(lease.ExpiresAt) {
			t.Errorf("%s, %s: its end is %v", test.policy, test.why, ended.ExpiresAt)
		}
		owed := ended.Owe([]Notice{ReclaimedNotice}, now, limits).OweStill([]Notice{ReclaimedNotice}, now, limits)
		if fmt.Sprint(owed.Tell, owed.Unsent) != "[] [RECLAIMED]" || !owed.DueAt.Equal(now.Add(2*limits.Resend)) {
			t.Errorf("not sent at two attempts: %+v", owed)
		}
		done := owed.Owe(nil, now, limits)
		if len(done.Tell)+len(done.Unsent) != 0 || done.Attempts != 0 || !done.DueAt.Equal(now.Add(limits.Retention)) {
			t.Errorf("sent: %+v", done)
		}
	}
}

func TestNobodyToTell(t *testing.T) {
	machine := newMachine(Delete)
	machine.Policies.Backend = Destination{}
	lease, _ := Give(newLease(nil), machine, t0, limits)
	if len(lease.Tell)+len(lease.Unsent) != 0 || !lease.DueAt.Equal(lease.ExpiresAt) {
		t.Errorf("%+v", lease)
	}
	other := newMachine(Delete)
	other.Policies.Attributes = nil // of a backend that does not read list_changes
	if lease, _ := Give(newLease(nil), other, t0, limits); len(lease.Tell) != 0 || fmt.Sprint(lease.Unsent) != "[LEASED]" || lease.DueAt.IsZero() {
		t.Errorf("what another backend is told is not stored: %+v", lease)
	}
	indefinite, _ := Give(newLease(func(r *Request) { r.Length = Length{Indefinite: true} }), machine, t0, limits)
	if !indefinite.DueAt.IsZero() || !indefinite.Indefinite() {
		t.Errorf("%+v", indefinite)
	}
}

func TestLength(t *testing.T) {
	if end := (Length{Seconds: seconds(60)}).End(t0); !end.Equal(t0.Add(60500 * time.Millisecond)) {
		t.Errorf("a whole second, not earlier than asked: %v", end)
	}
	if end := (Length{Seconds: seconds(1)}).End(t0.Truncate(time.Second)); !end.Equal(t0.Truncate(time.Second).Add(time.Second)) {
		t.Error(end)
	}
	day := int64(24 * 3600)
	for _, test := range []struct {
		length Length
		begin  time.Time
		want   error
	}{
		{Length{Seconds: seconds(21 * day)}, t0, nil},
		{Length{Seconds: seconds(21*day - 60)}, t0.Add(-time.Minute), nil},
		{Length{Seconds: seconds(21 * day)}, t0.Add(-time.Minute), LeaseTooLong},
		{Length{Until: seconds(t0.Unix() + 21*day)}, t0, nil},
		{Length{Until: seconds(t0.Unix() + 21*day + 1)}, t0, LeaseTooLong},
		{Length{Until: seconds(t0.Unix())}, t0, LeaseExpirationTSError},
		{Length{Indefinite: true}, t0, nil},
	} {
		if got := test.length.CheckAt(t0, test.begin, limits); !errors.Is(got, test.want) {
			t.Errorf("%+v: %v, not %v", test.length, got, test.want)
		}
	}
}

func TestInstructionOnlyGoesForward(t *testing.T) {
	order := []InstructionState{InstructionPending, InstructionReceived, InstructionExecuted}
	for i, from := range order {
		for j, to := range order {
			lease := newLease(nil)
			lease.InstructionState = from
			if got := lease.Reach(to).InstructionState; got != order[max(i, j)] {
				t.Errorf("%s to %s: %s", from, to, got)
			}
		}
	}
	if none := newLease(func(r *Request) { r.Instruction = "" }); none.Reach(InstructionExecuted).InstructionState != "" {
		t.Error("there is nothing to execute")
	}
}

func TestResendingBacksOff(t *testing.T) {
	unsent := []Notice{LeasedNotice}
	lease, _ := Give(newLease(func(r *Request) { r.Length = Length{Indefinite: true} }), newMachine(Delete), t0, limits)
	lease = lease.Owe(unsent, t0, limits)
	var waits []time.Duration
	for range 9 {
		waits = append(waits, lease.DueAt.Sub(t0))
		lease = lease.OweStill(unsent, t0, limits)
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}
	for i := range want {
		want[i] *= time.Minute
	}
	if !reflect.DeepEqual(waits, want) {
		t.Errorf("%v", waits)
	}
	// The lease's own end is still due.
	finite, _ := Give(newLease(nil), newMachine(Delete), t0, limits)
	if finite = finite.OweStill(unsent, t0, limits); !finite.DueAt.Equal(finite.ExpiresAt) {
		t.Errorf("due %v, ends %v", finite.DueAt, finite.ExpiresAt)
	}
}

func TestChecksum(t *testing.T) {
	base := newLease(nil).Checksum
	if newLease(nil).Checksum != base {
		t.Error("it is not stable")
	}
	seen := map[string]int{base: -1}
	for i, change := range []func(*Request){
		func(r *Request) { r.Dimensions = dims(nil, "os_family", "OSX") },
		func(r *Request) { r.Length = Length{Seconds: seconds(61)} },
		func(r *Request) { r.Length = Length{Until: seconds(60)} },
		func(r *Request) { r.Length = Length{Indefinite: true} },
		func(r *Request) { r.Lessee.Topic = "abc" },
		func(r *Request) { r.Lessee.Project = "abc" },
		func(r *Request) { r.Instruction = "" },
	} {
		sum := newLease(change).Checksum
		if other, known := seen[sum]; known {
			t.Errorf("changes %d and %d have one checksum", i, other)
		}
		seen[sum] = i
	}
}
