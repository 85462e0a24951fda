package broker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

var (
	vm1    = broker.MachineID{Backend: "GCE", Hostname: "vm-1"}
	vm1Key = store.MustKey("machines", "GCE:vm-1")
)

// numbered returns a machine as its backend offers it.
func numbered(instance string, offer int64) leasing.Machine {
	m := machine("vm-1", "LINUX")
	m.Number, m.Policies.Attributes = offer, []leasing.Attribute{{Key: leasing.InstanceAttribute, Value: instance}}
	return m
}

// settledBench checks the contract of catalog/get_machines with settle.
type settledBench struct{ *bench }

func (b settledBench) add(instance string, offer int64, want error) {
	b.t.Helper()
	if err := b.Add(context.Background(), numbered(instance, offer))[0]; !errors.Is(err, want) || want == nil && err != nil {
		b.t.Errorf("offer %d of %s: %v, want %v", offer, instance, err, want)
	}
}

func (b settledBench) settle(instance string, offer int64, want error) {
	b.t.Helper()
	if found, err := b.Settle(context.Background(), vm1, instance, offer); !errors.Is(err, want) || want == nil && (err != nil || found.Instance() != instance) {
		b.t.Errorf("settle offer %d of %s: %+v, %v, want %v", offer, instance, found, err, want)
	}
}

func (b settledBench) remove(removal broker.Removal, want error) {
	b.t.Helper()
	removal.MachineID = vm1
	if err := b.Remove(context.Background(), removal)[0]; !errors.Is(err, want) || want == nil && err != nil {
		b.t.Errorf("remove %+v: %v, want %v", removal, err, want)
	}
}

func TestSettle(t *testing.T) {
	two := int64(2)
	for name, steps := range map[string]func(b settledBench){
		"an absence that was asked for only is not final": func(b settledBench) {
			if _, err := b.Machine(context.Background(), vm1); !errors.Is(err, leasing.EntryNotFound) {
				b.t.Error(err)
			}
			b.add("a", 1, nil)
		},
		"an offer that comes late is refused, a later one is not": func(b settledBench) {
			b.settle("a", 2, leasing.EntryNotFound)
			b.add("a", 1, leasing.Settled)
			b.add("a", 2, leasing.Settled)
			b.add("a", 3, nil)
			b.add("a", 3, leasing.HostnameReuse)
		},
		"offers without a number too": func(b settledBench) {
			b.settle("a", 0, leasing.EntryNotFound)
			b.add("a", 0, leasing.Settled)
			b.add("a", 1, nil)
		},
		"an entry is answered as ever": func(b settledBench) {
			b.add("a", 1, nil)
			b.settle("a", 1, nil)
			b.lease("r", "LINUX")
			b.settle("a", 1, nil)
		},
		"a fence is no machine": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.remove(broker.Removal{Instance: "a"}, leasing.EntryNotFound)
			b.remove(broker.Removal{}, leasing.EntryNotFound)
			if lease := b.lease("r", "LINUX"); lease.State != leasing.Pending {
				b.t.Errorf("a lease was given: %+v", lease)
			}
			if n, err := b.Count(context.Background(), "GCE", "vm-", leasing.Available); n != 0 || err != nil {
				b.t.Errorf("%d machines are counted, %v", n, err)
			}
			if listed, _, err := b.List(context.Background(), "GCE", "vm-", ""); len(listed) != 0 || err != nil {
				b.t.Errorf("%v are listed, %v", listed, err)
			}
			b.add("a", 1, leasing.Settled)
		},
		"a removal settles where there is nothing": func(b settledBench) {
			b.remove(broker.Removal{Instance: "a", Settle: &two}, leasing.EntryNotFound)
			b.add("a", 2, leasing.Settled)
			b.add("a", 3, nil)
		},
		"the fence of one instance is none to another, and outlasts its entry": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("b", 1, nil)
			b.add("a", 1, leasing.HostnameReuse)
			b.lease("r", "LINUX")
			if err := b.Release(context.Background(), "lessee", "r"); err != nil {
				b.t.Error(err)
			}
			b.add("a", 1, leasing.Settled)
		},
		"and where that is taken out": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("b", 1, nil)
			b.remove(broker.Removal{Instance: "b"}, nil)
			b.add("a", 1, leasing.Settled)
		},
		"and where its VM is gone": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("b", 1, nil)
			b.lease("r", "LINUX")
			b.remove(broker.Removal{Instance: "b", Gone: true}, nil)
			b.add("a", 1, leasing.Settled)
		},
		"and where an administrator takes it away": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("b", 1, nil)
			b.remove(broker.Removal{By: "admin"}, nil)
			b.add("a", 1, leasing.Settled)
		},
		"a fence stands beside the entry of another instance": func(b settledBench) {
			b.add("b", 1, nil)
			b.settle("a", 1, leasing.EntryNotFound)
			b.remove(broker.Removal{Instance: "a", Settle: &two}, leasing.EntryNotFound)
			b.settle("b", 1, nil)
			b.remove(broker.Removal{Instance: "b"}, nil)
			b.add("a", 2, leasing.Settled)
			b.add("b", 2, nil)
		},
		"a lower number does not take a fence back": func(b settledBench) {
			b.settle("a", 2, leasing.EntryNotFound)
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("a", 2, leasing.Settled)
		},
		"what is left of fences that are over goes with the entry": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			b.add("a", 2, nil)
			b.now = b.now.Add(leasing.FenceTime + time.Second)
			b.remove(broker.Removal{Instance: "a"}, nil)
			if left, err := b.store.Get(context.Background(), vm1Key); err != nil || left[0].Exists() {
				b.t.Errorf("%v is left, %v", left, err)
			}
		},
		"among others, each by itself": func(b settledBench) {
			b.settle("a", 1, leasing.EntryNotFound)
			errs := b.Add(context.Background(), machine("vm-0", "LINUX"), numbered("a", 1), machine("vm-2", "LINUX"))
			if errs[0] != nil || !errors.Is(errs[1], leasing.Settled) || errs[2] != nil {
				b.t.Error(errs)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { steps(settledBench{newBench(t, nil)}) })
	}
}

// A fence costs one write; if it exists already, there is no write.
func TestWhatAFenceCosts(t *testing.T) {
	b := newBench(t, nil)
	for _, want := range []int64{1, 0} {
		_, machines, _ := b.cost(func() { settledBench{b}.settle("a", 1, leasing.EntryNotFound) })
		if machines != want {
			t.Errorf("%d writes, want %d", machines, want)
		}
	}
	_, machines, _ := b.cost(func() { settledBench{b}.add("a", 2, nil) })
	if machines != 1 {
		t.Errorf("%d writes and deletes for the offer after it", machines)
	}
}
