package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Machine reads one machine; leasing.EntryNotFound where there is none.
func (b *Broker) Machine(ctx context.Context, id MachineID) (leasing.Machine, error) {
	found, errs, err := b.Machines(ctx, id)
	if err != nil {
		return leasing.Machine{}, err
	}
	return found[0], errs[0]
}

// Machines reads machines, each in the place of its id, and beside it
// leasing.EntryNotFound where there is none.
func (b *Broker) Machines(ctx context.Context, ids ...MachineID) ([]leasing.Machine, []error, error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	items, err := b.machines(ctx, ids...)
	if err != nil {
		return nil, nil, err
	}
	found, errs := make([]leasing.Machine, len(ids)), make([]error, len(ids))
	for i, item := range items {
		switch found[i] = item.Value; {
		case item.Exists() && item.Value.State == "":
			errs[i] = failure.New(failure.Permanent, "the stored machine %s cannot be read", item.Key().ID())
		case !item.Value.Entry():
			errs[i] = leasing.EntryNotFound
		}
	}
	return found, errs, nil
}

// Add puts machines into the catalog, each by itself, and gives them to
// requests that wait for them. The errors are in order: leasing.HostnameReuse
// where the backend has a machine of that hostname, leasing.Settled where the
// offer was settled before it came.
func (b *Broker) Add(ctx context.Context, added ...leasing.Machine) []error {
	errs := make([]error, len(added))
	a := addition{broker: b, errs: errs, seen: map[store.Key]bool{}}
	for i, machine := range added {
		machine.AddedAt = b.now()
		machine.Spread = b.dice.below(leasing.MaxSpread)
		a.prepare(i, machine.Free())
	}
	a.commit(ctx)
	b.handOut(ctx, a.free)
	return errs
}

// addition is one call of Add.
type addition struct {
	broker *Broker
	errs   []error
	seen   map[store.Key]bool
	writes [][]store.Write
	items  []storedMachine
	places []int // of each item among errs
	free   []storedMachine
}

func (a *addition) prepare(place int, machine leasing.Machine) {
	key, err := MachineKey(machine.Backend, machine.Hostname)
	if err == nil && a.seen[key] {
		err = leasing.HostnameReuse
	}
	var fields store.Fields
	if err == nil {
		fields, err = store.Encode(machine)
	}
	if err != nil {
		a.errs[place] = err
		return
	}
	a.seen[key] = true
	a.writes = append(a.writes, []store.Write{store.Create(key, fields)})
	a.items = append(a.items, storedMachine{Value: machine, Document: store.Document{Key: key, Fields: fields}})
	a.places = append(a.places, place)
}

// commit creates the documents. The first attempt reads nothing; when it
// conflicts, the hostnames that are there already are looked up at once, not
// found one by one; an addition that no fence refuses takes the fences over.
func (a *addition) commit(ctx context.Context) {
	for i := 0; i < len(a.writes); i += maxTogether {
		end := min(i+maxTogether, len(a.writes))
		a.commitSome(ctx, i, end)
	}
}

func (a *addition) commitSome(ctx context.Context, from, to int) {
	var all []store.Write
	var keys []store.Key
	for _, group := range a.writes[from:to] {
		all, keys = append(all, group...), append(keys, group[0].Key)
	}
	versions, err := a.broker.commit(ctx, all)
	if err == nil || !failure.Is(err, failure.Conflict) {
		for i := from; i < to; i++ {
			out := outcome{err: err}
			if err == nil {
				out.versions = versions[i-from : i-from+1]
			}
			a.done(i, out)
		}
		return
	}
	there, err := store.GetAs[leasing.Machine](ctx, a.broker.store, keys...)
	var left [][]store.Write
	var places []int
	for i := from; i < to; i++ {
		if there == nil {
			a.done(i, outcome{err: fmt.Errorf("read the machines that are there: %w", err)})
			continue
		}
		switch was := there[i-from]; {
		case was.Exists() && (was.Value.Entry() || was.Value.State == ""):
			a.errs[a.places[i]] = leasing.HostnameReuse
		case was.Value.Settled(a.items[i].Value):
			a.errs[a.places[i]] = leasing.Settled
		default:
			a.items[i].Value.Fences = was.Value.Fences
			write, item, err := replace(was, &a.items[i].Value)
			if err != nil {
				a.done(i, outcome{err: err})
				continue
			}
			a.items[i] = item
			left, places = append(left, []store.Write{write}), append(places, i)
		}
	}
	for i, out := range a.broker.commitGroups(ctx, left) {
		a.done(places[i], out)
	}
}

func (a *addition) done(i int, out outcome) {
	switch {
	case out.err == nil:
		a.items[i].Document.Version = out.versions[0]
		a.free = append(a.free, a.items[i])
	case failure.Is(out.err, failure.Conflict):
		a.errs[a.places[i]] = leasing.HostnameReuse
	default:
		a.errs[a.places[i]] = fmt.Errorf("add machine %s: %w", a.items[i].Key().ID(), out.err)
	}
}
