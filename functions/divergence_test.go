//go:build !race

package functions_test

import (
	"context"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// diverging is a pool of three machines, the first of them leased if a test
// asks for that, with access to its documents behind the jobs' backs.
type diverging struct {
	*testing.T
	*world.World
	machine, instance store.Key
}

func (d diverging) get(key store.Key) store.Document {
	d.Helper()
	read, err := d.Documents.Get(context.Background(), key)
	if err != nil {
		d.Fatal(err)
	}
	return read[0]
}

func (d diverging) record() (i fleet.Instance) {
	d.Helper()
	if err := store.Decode(d.get(d.instance).Fields, &i); err != nil {
		d.Fatal(err)
	}
	return i
}

func (d diverging) put(key store.Key, value any) {
	d.Helper()
	fields, err := store.Encode(value)
	if err == nil {
		_, err = d.Documents.Commit(context.Background(), store.Put(key, fields))
	}
	if err != nil {
		d.Fatal(err)
	}
}

// Every difference between the catalog and the records is repaired, even if no
// message and no change reports it: a difference in number at the next
// comparison, within five minutes, and any other within a day.
func TestDivergences(t *testing.T) {
	const counted = 7 // minutes: five until the next comparison, one for the jobs that follow
	stray := store.MustKey("machines", "GCE:pool-d10dfb6c-us-central1-a-zzzz")
	for name, c := range map[string]struct {
		leased  bool
		old     bool // the offer is older than any run that may have been cut off
		harm    func(d diverging)
		mended  func(d diverging) bool
		minutes int
	}{
		"the catalog has it and the records do not": {
			harm: func(d diverging) {
				const hostname = "pool-d10dfb6c-us-central1-a-zzzz"
				d.put(stray, leasing.Machine{Backend: "GCE", Hostname: hostname, Dimensions: leasing.Dimensions{Values: map[string]string{leasing.Hostname: hostname}},
					Policies: leasing.Policies{Attributes: []leasing.Attribute{{Key: leasing.InstanceAttribute, Value: hostname + ":1"}}}}.Free())
			},
			mended: func(d diverging) bool { return !d.get(stray).Exists() }, minutes: counted},
		"the records have it and the catalog does not, just offered": {
			harm: func(d diverging) {
				if _, err := d.Documents.Commit(context.Background(), store.Delete(d.machine)); err != nil {
					d.Fatal(err)
				}
			},
			mended: func(d diverging) bool { return d.get(d.machine).Exists() && d.record().OfferNumber == 2 }, minutes: counted},
		"the records have it and the catalog does not": {old: true,
			harm: func(d diverging) {
				if _, err := d.Documents.Commit(context.Background(), store.Delete(d.machine)); err != nil {
					d.Fatal(err)
				}
			},
			mended: func(d diverging) bool { return d.record().State == fleet.Deleted }, minutes: counted + 2},
		"leased in the records only": {
			harm: func(d diverging) {
				i, _ := d.record().SeeLease(d.Now().Add(48*time.Hour), false)
				d.put(d.instance, i)
			},
			mended: func(d diverging) bool { return d.record().State == fleet.Cataloged }, minutes: counted},
		"leased in the catalog only": {leased: true,
			harm: func(d diverging) {
				i, _ := d.record().SeeFree(d.Now())
				d.put(d.instance, i)
			},
			mended: func(d diverging) bool { return d.record().State == fleet.Leased }, minutes: counted},
		"another end of the lease, which no number shows": {leased: true,
			harm: func(d diverging) {
				i, _ := d.record().SeeLease(d.Now().Add(100*time.Hour), false)
				d.put(d.instance, i)
			},
			mended: func(d diverging) bool { return d.record().LeasedIndefinitely }, minutes: 24*60 + counted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 181})
			w.Config.Set(one(3, 5))
			w.Converge(20)
			vm := w.Cloud.VMs()[0]
			if c.leased {
				id := w.Lease(0)
				w.Minutes(2)
				for _, other := range w.Cloud.VMs() {
					if other.Name == w.HostOf(id) {
						vm = other
					}
				}
			}
			w.Converge(60)
			w.StaysQuiet(1)
			d := diverging{t, w, store.MustKey("machines", "GCE:"+vm.Name), store.MustKey("instances", invariants.KeyOf(vm))}
			i := d.record()
			if i.CatalogedAt = w.Now(); c.old {
				i.CatalogedAt = w.Now().Add(-fleet.OfferWindow)
			}
			d.put(d.instance, i)
			c.harm(d)
			if c.mended(d) {
				t.Fatal("there is nothing to mend")
			}
			minute := 0
			for ; minute < c.minutes && !c.mended(d) && w.Broken() == nil; minute++ {
				w.Minutes(1)
			}
			if !c.mended(d) {
				t.Errorf("it is not mended after %d minutes: %+v", minute, d.record())
			}
		})
	}
}
