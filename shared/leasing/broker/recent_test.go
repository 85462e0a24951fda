package broker_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// refusals counts the commits that a store refuses.
type refusals struct {
	store.Store
	n int
}

func (r *refusals) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	versions, err := r.Store.Commit(ctx, writes...)
	if err != nil {
		r.n++
	}
	return versions, err
}

// Repeating a fulfilled request costs one read, and leaves the remembered free
// machines alone.
func TestAskingAgain(t *testing.T) {
	refused := &refusals{}
	b := newBench(t, func(inner store.Store) store.Store { refused.Store = inner; return refused })
	b.add("LINUX", hostnames(2)...)
	first := b.lease("r", "LINUX")
	for range 3 {
		reads, machineWrites, leaseWrites := b.cost(func() {
			if again := b.lease("r", "LINUX"); again.Hostname != first.Hostname {
				t.Errorf("got %s, then %s", first.Hostname, again.Hostname)
			}
		})
		if reads != 1 || machineWrites+leaseWrites != 0 || refused.n != 0 {
			t.Errorf("%d reads, %d and %d writes, %d refused commits", reads, machineWrites, leaseWrites, refused.n)
		}
	}
	if reads, _, _ := b.cost(func() { b.lease("other", "LINUX") }); reads != 0 {
		t.Errorf("the next lease cost %d reads", reads)
	}
}

// What this process remembers of a lease may be out of date: another process
// renewed or ended the lease.
func TestEndingWhatAnotherProcessChanged(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", hostnames(2)...)
	other := b.another(&b.log)
	length := int64(1200)
	for id, change := range map[string]func() error{
		"renewed": func() error {
			_, err := other.Renew(context.Background(), "lessee", "renewed", leasing.Length{Seconds: &length})
			return err
		},
		"released": func() error { return other.Release(context.Background(), "lessee", "released") },
	} {
		lease := b.lease(id, "LINUX")
		if err := change(); err != nil {
			t.Fatal(err)
		}
		err := b.Release(context.Background(), "lessee", id)
		if want := map[string]error{"released": leasing.AlreadyReclaimed}[id]; err != want { //nolint:errorlint // it is not wrapped
			t.Errorf("%s: %v, want %v", id, err, want)
		}
		if _, err := b.Machine(context.Background(), broker.MachineID{Backend: "GCE", Hostname: lease.Hostname}); err != leasing.EntryNotFound { //nolint:errorlint // it is not wrapped
			t.Errorf("%s: its machine is still there: %v", id, err)
		}
	}
}

// Steps on one document never share a commit, and each has its own result.
func TestManyCallersOfOneLease(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", hostnames(1)...)
	b.lease("r", "LINUX")
	var calls sync.WaitGroup
	results := make(chan error, 50)
	for range cap(results) {
		calls.Go(func() { results <- b.Release(context.Background(), "lessee", "r") })
	}
	calls.Wait()
	released := 0
	for range cap(results) {
		if err := <-results; err == nil {
			released++
		} else if !errors.Is(err, leasing.AlreadyReclaimed) {
			t.Error(err)
		}
	}
	if released != 1 {
		t.Errorf("released %d times", released)
	}
}
