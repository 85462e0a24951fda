package fleet

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestReserveIsElevenTenthsRoundedUp(t *testing.T) {
	for _, c := range []struct{ leased, want int }{{0, 0}, {1, 2}, {9, 10}, {10, 11}, {11, 13}, {50, 55}, {100, 110}, {909, 1000}, {1000, 1100}} {
		if got := withReserve(c.leased); got != c.want {
			t.Errorf("%d leased: %d, want %d", c.leased, got, c.want)
		}
	}
	for leased := range 2001 {
		want := 0
		for 10*want < 11*leased {
			want++
		}
		if got := withReserve(leased); got != want {
			t.Fatalf("%d leased: %d, want %d", leased, got, want)
		}
	}
}

// Target = min( max(minimum, ⌈1.1 × leased⌉), maximum − others, idle + 100 ),
// and only if that is above the group's targetSize.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Sizing
		want int // 0: no call
	}{
		{"an empty group comes up to its minimum", Sizing{Minimum: 10, Maximum: 100}, 10},
		{"50 leased ask for 55", Sizing{Minimum: 10, Maximum: 100, Leased: 50, Group: Counts{Idle: 50, Target: 50, Total: 50}}, 55},
		{"the minimum stands above few leases", Sizing{Minimum: 10, Maximum: 100, Leased: 3, Group: Counts{Idle: 3, Target: 3}}, 10},
		{"the maximum stands above many leases", Sizing{Minimum: 10, Maximum: 60, Leased: 58, Group: Counts{Idle: 58, Target: 58}}, 60},
		{"an old revision's VMs count", Sizing{Minimum: 80, Maximum: 100, Others: 40, Group: Counts{Idle: 30, Target: 30}}, 60},
		{"an old revision holds all", Sizing{Minimum: 10, Maximum: 40, Others: 40}, 0},
		{"an old revision holds more than all", Sizing{Minimum: 10, Maximum: 40, Others: 70}, 0},
		{"maximum 100, old revision 40, leased 50, idle 30, 55 asked for with 25 creating: that is enough",
			Sizing{Minimum: 10, Maximum: 100, Leased: 50, Others: 40, Group: Counts{Idle: 30, Target: 55, Total: 55}}, 0},
		{"the same with more leased: at most 60", Sizing{Minimum: 10, Maximum: 100, Leased: 80, Others: 40, Group: Counts{Idle: 30, Target: 55, Total: 55}}, 60},
		{"at most 100 ahead of what is up", Sizing{Minimum: 500, Maximum: 1000}, 100},
		{"and on from there", Sizing{Minimum: 500, Maximum: 1000, Group: Counts{Idle: 100, Target: 100, Total: 100}}, 200},
		{"not while the first hundred do not come up", Sizing{Minimum: 500, Maximum: 1000, Group: Counts{Idle: 0, Target: 100, Total: 100}}, 0},
		{"idle 50, targetSize 100, desired 80: no call", Sizing{Minimum: 80, Maximum: 1000, Group: Counts{Idle: 50, Target: 100, Total: 100}}, 0},
		{"just as it should be", Sizing{Minimum: 10, Maximum: 100, Group: Counts{Idle: 10, Target: 10, Total: 10}}, 0},
		{"a lowered maximum is no reason to resize", Sizing{Minimum: 5, Maximum: 5, Group: Counts{Idle: 10, Target: 10, Total: 10}}, 0},
		{"minimum and maximum 0", Sizing{}, 0},
		{"what is still being deleted is still there", Sizing{Minimum: 10, Maximum: 10, Group: Counts{Idle: 7, Target: 7, Deleting: 3, Total: 10}}, 0},
		{"and leaves room once it is gone", Sizing{Minimum: 10, Maximum: 10, Group: Counts{Idle: 7, Target: 7, Deleting: 1, Total: 8}}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, ok := c.s.Target()
			if ok != (c.want != 0) || ok && target != c.want {
				t.Errorf("got %d, %v; want %d", target, ok, c.want)
			}
		})
	}
}

func randomSizing(random *rand.Rand) Sizing {
	maximum := random.IntN(GroupLimit + 1)
	counts := Counts{Target: random.IntN(1100), Idle: random.IntN(1100), Deleting: random.IntN(2) * random.IntN(50)}
	counts.Total = counts.Idle + counts.Deleting
	return Sizing{
		Minimum: random.IntN(maximum + 1), Maximum: maximum, Leased: random.IntN(1100), Group: counts,
		Others: random.IntN(2) * random.IntN(1100),
	}
}

// A resize never lowers a target, never takes a pool above its maximum, never
// runs more than a step ahead, and otherwise follows the leases.
func TestTargetProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		s := randomSizing(random)
		formula := min(max(s.Minimum, withReserve(s.Leased)), s.Maximum-s.Others, s.Group.Idle+100)
		target, ok := s.Target()
		switch {
		case ok && target <= s.Group.Target:
			t.Fatalf("%+v: lowered to %d", s, target)
		case ok && target > s.Maximum-s.Others:
			t.Fatalf("%+v: %d is above the maximum", s, target)
		case ok && target > formula:
			t.Fatalf("%+v: %d, the formula says %d", s, target, formula)
		case s.Group.Deleting == 0 && ok != (formula > s.Group.Target), s.Group.Deleting == 0 && ok && target != formula:
			t.Fatalf("%+v: %d, %v; the formula says %d", s, target, ok, formula)
		}
	}
}

func TestSurplus(t *testing.T) {
	for _, c := range []struct {
		name      string
		s         Sizing
		cataloged int
		want      int
	}{
		{"as many as wanted", Sizing{Minimum: 10, Maximum: 100}, 10, 0},
		{"the maximum was lowered", Sizing{Minimum: 2, Maximum: 5}, 10, 8},
		{"leases ended", Sizing{Minimum: 5, Maximum: 100}, 60, 55},
		{"the reserve of the leases stays", Sizing{Minimum: 5, Maximum: 100, Leased: 50}, 10, 5},
		{"a lease is never surplus", Sizing{Minimum: 0, Maximum: 5, Leased: 50}, 3, 3},
		{"fewer than wanted", Sizing{Minimum: 10, Maximum: 100}, 3, 0},
		{"nothing there", Sizing{Minimum: 10, Maximum: 100}, 0, 0},
		{"the minimum is kept, whatever an old revision holds", Sizing{Minimum: 5, Maximum: 10, Others: 50}, 10, 5},
		{"also when the old one holds just the room", Sizing{Minimum: 10, Maximum: 10, Others: 5}, 10, 0},
		{"a minimum of 0", Sizing{Minimum: 0, Maximum: 10}, 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.s.Surplus(c.cataloged); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// Taking out the surplus keeps the minimum; the rest is neither surplus again
// nor requested anew at once.
func TestSurplusProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		s, cataloged := randomSizing(random), random.IntN(1100)
		surplus := s.Surplus(cataloged)
		left := cataloged - surplus
		switch {
		case surplus < 0 || surplus > cataloged:
			t.Fatalf("%+v with %d: surplus %d", s, cataloged, surplus)
		case surplus > 0 && s.Leased+left < s.Minimum:
			t.Fatalf("%+v with %d: surplus %d breaks the minimum", s, cataloged, surplus)
		case s.Surplus(left) != 0:
			t.Fatalf("%+v with %d: %d are surplus again", s, cataloged, s.Surplus(left))
		}
		after := s
		after.Group = Counts{Target: s.Leased + left, Idle: s.Leased + left, Total: s.Leased + left}
		if target, ok := after.Target(); surplus > 0 && ok {
			t.Fatalf("%+v with %d: after taking %d out, grows to %d", s, cataloged, surplus, target)
		}
	}
}

func TestFootprint(t *testing.T) {
	for _, c := range []struct {
		counts Counts
		want   int
	}{
		{Counts{}, 0},
		{Counts{Target: 10, Idle: 4, Total: 10}, 10},
		{Counts{Target: 10, Total: 0}, 10}, // asked for, not begun
		{Counts{Target: 7, Deleting: 3, Total: 10}, 10},
		{Counts{Target: 0, Total: 4}, 4},
	} {
		if got := c.counts.footprint(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.counts, got, c.want)
		}
	}
}

func TestClaim(t *testing.T) {
	claim := ResizeClaim{Target: 20, At: noon}
	for _, c := range []struct {
		name  string
		claim ResizeClaim
		shown int
		after time.Duration
		held  bool
	}{
		{"none", ResizeClaim{}, 0, 0, false},
		{"fresh", claim, 10, time.Second, true},
		{"the group shows it", claim, 20, time.Second, false},
		{"the group is beyond it", claim, 30, time.Second, false},
		{"old", claim, 10, 2 * time.Minute, false},
		{"of days ago", claim, 10, 3*24*time.Hour + time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.claim.held(c.shown, noon.Add(c.after)); got != c.held {
				t.Errorf("held: %v", got)
			}
		})
	}
	m := Manager{Claim: claim}
	if got := m.Expected(Counts{Target: 10, Total: 10}, noon); got != 20 {
		t.Errorf("a claimed resize counts: %d, want 20", got)
	}
	if got := m.Expected(Counts{Target: 10, Deleting: 2, Total: 12}, noon); got != 22 {
		t.Errorf("with two deleting: %d, want 22", got)
	}
	if got := m.Expected(Counts{Target: 25, Total: 25}, noon); got != 25 {
		t.Errorf("the group's own: %d, want 25", got)
	}
	if got := m.Expected(Counts{Target: 10, Total: 10}, noon.Add(time.Hour)); got != 10 {
		t.Errorf("an old claim does not count: %d, want 10", got)
	}
}
