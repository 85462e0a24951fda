//go:build !race

package functions_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

const updateCataloged = "update-cataloged-instances"

// doubtful is a catalog that gives one job wrong responses about some machines.
type doubtful struct {
	catalog.Catalog
	hosts *[]string
	say   *error // the error for each of them; nil error: the true response
	whole *error // the error of the whole call
}

func (d doubtful) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	machines, err := d.Catalog.Get(ctx, questions...)
	if *d.whole != nil {
		return nil, *d.whole
	}
	for i := range machines {
		if *d.say != nil && slices.Contains(*d.hosts, machines[i].Hostname) {
			machines[i] = catalog.Machine{Hostname: machines[i].Hostname, Err: *d.say}
		}
	}
	return machines, err
}

// brakeWorld is a pool of 20 and the catalog's responses about some of its
// machines.
type brakeWorld struct {
	*world.World
	hosts      []string
	say, whole error
}

func newBrakeWorld(t *testing.T, missing int) *brakeWorld {
	b := &brakeWorld{}
	b.World = newWorld(t, world.Options{Seed: 161, Plant: world.Plant{Name: "doubtful", Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
		if name == updateCataloged {
			deps.Catalog = doubtful{deps.Catalog, &b.hosts, &b.say, &b.whole}
		}
		return deps
	}}})
	b.Config.Set(one(20, 30))
	b.Converge(20)
	b.Minutes(int(fleet.OfferWindow/time.Minute) + 1) // until no offer can be under way any more
	b.hosts = running(b.World)[:missing]
	return b
}

// look makes the job look at the machines, one message each, and then lets the
// time wait pass.
func (b *brakeWorld) look(wait time.Duration) {
	for _, vm := range b.Cloud.VMs() {
		if slices.Contains(b.hosts, vm.Name) {
			b.Deliver(updateCataloged, event.Message{Topic: event.LeasesChanged, Data: []byte(event.Leased), Attributes: map[string]string{
				event.AttributeHostname: vm.Name, event.AttributeInstance: vm.Name + ":" + strconv.FormatUint(vm.ID, 10)}})
		}
	}
	b.RunFor(wait)
}

// Machines that the catalog misses without a reason are given up at the second
// look and not at the first, and at most a share of a pool. An error, or a call
// without a response in time, does not count as a look.
func TestRaceBrake(t *testing.T) {
	transient, slow := failure.New(failure.Transient, "unavailable"), context.DeadlineExceeded
	for name, c := range map[string]struct {
		missing int
		sees    []error // about the machines, for each look
		whole   error   // the error of the calls instead
		lost    int
		braked  bool
	}{
		"one look":                       {4, []error{catalog.ErrNotFound}, nil, 0, false},
		"and then there again":           {4, []error{catalog.ErrNotFound, nil, catalog.ErrNotFound}, nil, 0, false},
		"two looks":                      {4, []error{catalog.ErrNotFound, catalog.ErrNotFound}, nil, 4, false},
		"an error is no second look":     {4, []error{catalog.ErrNotFound, transient, transient}, nil, 0, false},
		"nor is it a first":              {4, []error{transient, catalog.ErrNotFound}, nil, 0, false},
		"all that may be":                {5, []error{catalog.ErrNotFound, catalog.ErrNotFound}, nil, 5, false},
		"one too many":                   {6, []error{catalog.ErrNotFound, catalog.ErrNotFound, catalog.ErrNotFound}, nil, 0, true},
		"all":                            {20, []error{catalog.ErrNotFound, catalog.ErrNotFound, catalog.ErrNotFound}, nil, 0, true},
		"no answer at all":               {20, []error{nil, nil, nil}, transient, 0, false},
		"no answer in time":              {20, []error{nil, nil, nil}, slow, 0, false},
		"a permanent error is no answer": {20, []error{nil, nil, nil}, failure.New(failure.Permanent, "not a Machine Provider"), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrakeWorld(t, c.missing)
			b.HoldOthers("") // so that no sweep looks at them too
			b.Settle(time.Minute)
			seen, before := events(b.World), b.Stats.Deletions
			for _, say := range c.sees {
				b.say, b.whole = say, c.whole
				b.look(40 * time.Second)
			}
			b.say, b.whole = nil, nil
			b.ReleaseAll()
			b.Minutes(3)
			if lost := b.Stats.Deletions - before; lost != c.lost {
				t.Errorf("%d VMs were given up, not %d", lost, c.lost)
			}
			if braked := seen["BRAKE_ENGAGED"] > 0; braked != c.braked {
				t.Errorf("the brake: %t", braked)
			}
			b.Converge(60)
			b.StaysQuiet(1)
		})
	}
}
