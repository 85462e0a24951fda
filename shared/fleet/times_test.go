package fleet

import (
	"fmt"
	"testing"
	"time"
)

func TestDeletionIsAskedAgainWithBackOff(t *testing.T) {
	i := fresh()
	if i.DeletionDue(noon) {
		t.Error("due though not pending deletion")
	}
	i, _ = i.Reclaim("why")
	if !i.DeletionDue(noon) {
		t.Fatal("not due at once")
	}
	// Asked every 5 seconds, the requests go out at these minutes.
	var minutes []float64
	for at := noon; at.Before(noon.Add(90 * time.Minute)); at = at.Add(5 * time.Second) {
		if i.DeletionDue(at) {
			minutes = append(minutes, at.Sub(noon).Minutes())
			i, _ = i.AskDeletion(at)
		}
	}
	want := []float64{0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 47.75, 63.75, 79.75}
	if fmt.Sprint(minutes) != fmt.Sprint(want) {
		t.Errorf("asked at %v, want %v", minutes, want)
	}
	if i.DeletionAttempts = 100_000; i.DeletionDue(noon.Add(24 * time.Hour)) {
		t.Error("due before its time after many attempts")
	}
	gone, _ := i.SeeGone(noon)
	if gone.DeletionDue(noon.Add(1000 * time.Hour)) {
		t.Error("a deleted instance is asked for again")
	}
}

func TestTimes(t *testing.T) {
	pending := func(asked time.Time) Instance {
		return Instance{State: PendingDeletion, DeletionRequested: asked, DeletionAttempts: 1}
	}
	deleted := func(at time.Time) Instance { return Instance{State: Deleted, DeletedAt: at} }
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"stuck: never asked", pending(time.Time{}).DeletionStuck(noon), false},
		{"stuck: 14m59s", pending(ago(15*time.Minute - time.Second)).DeletionStuck(noon), false},
		{"stuck: 15m", pending(ago(15 * time.Minute)).DeletionStuck(noon), true},
		{"stuck: a day and a minute", pending(ago(24*time.Hour + time.Minute)).DeletionStuck(noon), true},
		{"stuck: deleted", deleted(ago(time.Hour)).DeletionStuck(noon), false},
		{"due: a day and a second after the first request", pending(ago(24*time.Hour + time.Second)).DeletionDue(noon), true},
		{"due: 14 s after", pending(ago(14 * time.Second)).DeletionDue(noon), false},
		{"due: asked in the future, by another clock", pending(noon.Add(time.Minute)).DeletionDue(noon), false},
		{"tombstone: 20m is not more than 20m", deleted(ago(20 * time.Minute)).TombstoneOver(noon), false},
		{"tombstone: a second more", deleted(ago(20*time.Minute + time.Second)).TombstoneOver(noon), true},
		{"tombstone: a day and a minute", deleted(ago(24*time.Hour + time.Minute)).TombstoneOver(noon), true},
		{"tombstone: 400 days", deleted(ago(400 * 24 * time.Hour)).TombstoneOver(noon), true},
		{"tombstone: across a leap year", deleted(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)).TombstoneOver(noon), true},
		{"tombstone: deleted in the future", deleted(noon.Add(time.Hour)).TombstoneOver(noon), false},
		{"tombstone: not deleted", pending(ago(time.Hour)).TombstoneOver(noon), false},
		{"certain: never offered", Instance{}.OffersOver(noon), true},
		{"certain: just offered", Instance{CatalogedAt: noon}.OffersOver(noon), false},
		{"certain: offered a window ago", Instance{CatalogedAt: ago(OfferWindow)}.OffersOver(noon), true},
		{"certain: offered a day ago", Instance{CatalogedAt: ago(24*time.Hour + time.Second)}.OffersOver(noon), true},
		{"confirmed: not missing", Instance{}.Confirmed(noon), false},
		{"confirmed: the first look", Instance{MissingSince: noon}.Confirmed(noon), false},
		{"confirmed: the next sweep", Instance{MissingSince: ago(time.Minute)}.Confirmed(noon), true},
		{"confirmed: days later", Instance{MissingSince: ago(50 * time.Hour)}.Confirmed(noon), true},
		{"lease over: not leased", Instance{State: Cataloged}.LeaseOver(noon), false},
		{"lease over: for ever", Instance{State: Leased, LeasedIndefinitely: true}.LeaseOver(noon), false},
		{"lease over: a day and a second ago", Instance{State: Leased, LeaseExpiration: ago(24*time.Hour + time.Second)}.LeaseOver(noon), true},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", c.name, c.got)
		}
	}
}

func TestOfferWindowOutlastsEveryRun(t *testing.T) {
	const longestRun = 540 * time.Second // of an event-driven function
	if OfferWindow <= longestRun || TombstoneTime <= longestRun {
		t.Error("a run may still be under way")
	}
}

func TestBrakeAllowance(t *testing.T) {
	for _, c := range []struct {
		brake           Brake
		instances, want int
	}{
		{DefaultBrake, 0, 5}, {DefaultBrake, 1, 5}, {DefaultBrake, 25, 5}, {DefaultBrake, 29, 5}, {DefaultBrake, 30, 6},
		{DefaultBrake, 100, 20}, {DefaultBrake, 1000, 200},
		{Brake{Percent: 100}, 7, 7}, {Brake{Percent: 0, Minimum: 0}, 1000, 0}, {Brake{Percent: 10, Minimum: 1}, 15, 1},
	} {
		if got := c.brake.Allowance(c.instances); got != c.want {
			t.Errorf("%+v of %d: %d, want %d", c.brake, c.instances, got, c.want)
		}
	}
}

func TestFreeze(t *testing.T) {
	for _, c := range []struct {
		freeze Freeze
		name   string
		want   bool
	}{
		{nil, "linux", false}, {Freeze{}, "linux", false}, {Freeze{"linux"}, "linux", true}, {Freeze{"linux"}, "linux-2", false},
		{Freeze{"linux"}, "", false}, {Freeze{"*"}, "linux", true}, {Freeze{"windows", "*"}, "linux", true}, {Freeze{"lin*"}, "linux", false},
	} {
		if got := c.freeze.Covers(c.name); got != c.want {
			t.Errorf("%v of %q: %v", c.freeze, c.name, got)
		}
	}
}
