package fleet

import (
	"reflect"
	"testing"
	"time"
)

// DrainedAt is the time of the first build that drained the record, and is
// cleared when the record is active again.
func TestDrainedSince(t *testing.T) {
	step := func(have Records, spec *TemplateSpec, at time.Time) Records {
		return Build(have, wish(spec, inZones("a"))).Stamp(have, at)
	}
	later, latest := noon.Add(time.Hour), noon.Add(30*time.Hour)
	a := created(step(Records{}, &specA, noon))
	b := step(a, &specB, noon)
	since := func(r Records) (revision, manager time.Time) {
		return r.Revisions[specA.RevisionID()].DrainedAt, r.Managers[keyOf(specA, "a")].DrainedAt
	}
	for _, c := range []struct {
		name string
		r    Records
		want time.Time
	}{
		{"active", a, time.Time{}},
		{"drained", b, noon},
		{"drained still", step(b, &specB, later), noon},
		{"drained still, by another", step(b, nil, later), noon},
		{"back", step(b, &specA, later), time.Time{}},
		{"and drained again", step(step(b, &specA, later), nil, latest), latest},
	} {
		if revision, manager := since(c.r); !revision.Equal(c.want) || !manager.Equal(c.want) {
			t.Errorf("%s: since %v and %v, want %v", c.name, revision, manager, c.want)
		}
	}
	if again := step(b, &specB, later); !reflect.DeepEqual(again, b) {
		t.Error("twice is not once")
	}
}

func TestRecordOver(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	for _, c := range []struct {
		name     string
		state    State
		url      string
		deleting bool
		at       time.Time
		want     bool
	}{
		{"drained long enough", Drained, "", false, ago(DrainTime), true},
		{"for days", Drained, "", false, ago(73 * time.Hour), true},
		{"not long enough", Drained, "", false, ago(DrainTime - time.Second), false},
		{"active", Active, "", false, ago(time.Hour), false},
		{"with a URL", Drained, "u", false, ago(time.Hour), false},
		{"being deleted", Drained, "", true, ago(time.Hour), false},
	} {
		r := Resource{State: c.state, URL: c.url, Deleting: c.deleting, DrainedAt: c.at}
		if r.RecordOver(noon) != c.want {
			t.Errorf("%s: %v", c.name, r.RecordOver(noon))
		}
	}
}

// Somebody may be using a machine whose lease should still run: it is given up
// only after a longer time.
func TestConfirmedOfALeasedMachine(t *testing.T) {
	for _, c := range []struct {
		name    string
		i       Instance
		missing time.Duration
		want    bool
	}{
		{"free", Instance{State: Cataloged}, confirmAfter, true},
		{"free, at once", Instance{State: Cataloged}, confirmAfter - time.Second, false},
		{"the lease runs", Instance{State: Leased, LeaseExpiration: until}, confirmAfter, false},
		{"the lease runs, for an hour", Instance{State: Leased, LeaseExpiration: until}, confirmLeasedAfter, true},
		{"the lease never ends", Instance{State: Leased, LeasedIndefinitely: true}, confirmLeasedAfter - time.Second, false},
		{"the lease is over", Instance{State: Leased, LeaseExpiration: past}, confirmAfter, true},
	} {
		c.i.MissingSince = noon.Add(-c.missing)
		if got := c.i.Confirmed(noon); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
