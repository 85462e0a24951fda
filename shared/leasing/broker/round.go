package broker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// roundTimeout bounds one round: it goes on for others when its caller leaves.
const roundTimeout = 30 * time.Second

// rounds serve lines for the requests of this process that just began to wait.
// While one round is under way, those that come share the next: it begins
// after all of them could be seen waiting, which is what each of them needs.
type rounds struct {
	turn chan struct{} // held while a round is under way

	mu   sync.Mutex
	next *round
}

// round is one pass over some lines.
type round struct {
	lines []leasing.Dimensions
	known map[string]bool
	given map[store.Key]leasing.Lease
	err   error
	done  chan struct{}
}

// join adds a line to the round that begins next.
func (r *rounds) join(wanted leasing.Dimensions) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &round{known: map[string]bool{}, given: map[store.Key]leasing.Lease{}, done: make(chan struct{})}
	}
	if key := wanted.Key(); !r.next.known[key] {
		r.next.known[key] = true
		r.next.lines = append(r.next.lines, wanted)
	}
	return r.next
}

// begin takes a round out of the queue, unless whoever had the turn before did.
func (r *rounds) begin(mine *round) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != mine {
		return false
	}
	r.next = nil
	return true
}

// serveSoon serves a line in a round that begins after this call, and answers
// what was given in it.
func (b *Broker) serveSoon(ctx context.Context, wanted leasing.Dimensions) (map[store.Key]leasing.Lease, error) {
	mine := b.rounds.join(wanted)
	select {
	case <-mine.done:
	case b.rounds.turn <- struct{}{}:
		if b.rounds.begin(mine) {
			b.run(ctx, mine)
		}
		<-b.rounds.turn
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return mine.given, mine.err
}

func (b *Broker) run(ctx context.Context, r *round) {
	defer close(r.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), roundTimeout)
	defer cancel()
	for _, wanted := range r.lines {
		given, err := b.serve(ctx, wanted)
		for _, lease := range given {
			r.given[lease.Key()] = lease.Value
		}
		b.send(ctx, given...)
		r.err = errors.Join(r.err, err)
	}
}
