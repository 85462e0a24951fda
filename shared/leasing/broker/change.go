package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// change is one atomic step: it replaces a lease, as it was read, and its
// machine. If the lease or the machine has no key, it is not touched.
type change struct {
	lease     storedLease
	next      *leasing.Lease // nil: its document is deleted
	machine   storedMachine
	machineTo *leasing.Machine // nil: its document is deleted
}

// changed is the result of a change: the documents as they are now, or an error
// and the documents' keys.
type changed struct {
	lease   storedLease
	machine storedMachine
	err     error
}

// apply commits changes, together if they do not conflict. The results are in
// order. A single change shares a commit with other callers' changes when there
// are many.
func (b *Broker) apply(ctx context.Context, changes ...change) []changed {
	if len(changes) != 1 {
		return b.applyAll(ctx, changes)
	}
	if err := ctx.Err(); err != nil {
		return []changed{changes[0].failed(err)}
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	result, err := b.steps.Do(ctx, changes[0])
	if err != nil {
		return []changed{changes[0].failed(err)}
	}
	return []changed{result}
}

// applyOne is apply for one change.
func (b *Broker) applyOne(ctx context.Context, c change) (changed, error) {
	result := b.apply(ctx, c)[0]
	return result, result.err
}

// applyTo makes the same change to leases.
func (b *Broker) applyTo(ctx context.Context, leases []storedLease, next func(leasing.Lease) leasing.Lease) []changed {
	changes := make([]change, len(leases))
	for i, lease := range leases {
		to := next(lease.Value)
		changes[i] = change{lease: lease, next: &to}
	}
	return b.apply(ctx, changes...)
}

// made returns the leases that were changed, and the errors of the others. A
// conflict is not an error: the step that changed the lease in the meantime
// deals with it.
func made(what string, results []changed) (leases []storedLease, err error) {
	var errs []error
	for _, result := range results {
		switch {
		case result.err == nil:
			leases = append(leases, result.lease)
		case !failure.Is(result.err, failure.Conflict):
			errs = append(errs, fmt.Errorf("%s lease %s: %w", what, result.lease.Key().ID(), result.err))
		}
	}
	return leases, errors.Join(errs...)
}

// applyTogether applies the changes of several callers.
func (b *Broker) applyTogether(ctx context.Context, changes []change) ([]changed, error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	return b.applyAll(ctx, changes), nil
}

// maxTogether is the number of writes that are committed together. It is far
// below the limit of a commit, because one conflict fails all of them.
const maxTogether = 100

func (b *Broker) applyAll(ctx context.Context, changes []change) []changed {
	results := make([]changed, 0, len(changes))
	for len(changes) > 0 {
		n := fitting(changes)
		results = append(results, b.applySome(ctx, changes[:n])...)
		changes = changes[n:]
	}
	return results
}

// fitting returns how many of the first changes fit into one commit: the writes
// must be few enough, and no two may be of the same document.
func fitting(changes []change) int {
	seen := map[store.Key]bool{"": false}
	for n, c := range changes {
		lease, machine := c.lease.Key(), c.machine.Key()
		if len(seen) > maxTogether || seen[lease] || seen[machine] {
			return n
		}
		seen[lease], seen[machine] = lease != "", machine != ""
	}
	return len(changes)
}

// applySome makes changes in one commit. If one of them conflicts, it splits
// them until all others succeed.
func (b *Broker) applySome(ctx context.Context, changes []change) []changed {
	results, err := b.attempt(ctx, changes)
	if len(changes) > 1 && failure.Is(err, failure.Conflict) {
		half := len(changes) / 2
		return append(b.applySome(ctx, changes[:half]), b.applySome(ctx, changes[half:])...)
	}
	return results
}

// attempt makes changes in one commit, without those that cannot be encoded. It
// returns the commit's error, which is also in the results.
func (b *Broker) attempt(ctx context.Context, changes []change) ([]changed, error) {
	results := make([]changed, len(changes))
	var writes []store.Write
	for i, c := range changes {
		var some []store.Write
		some, results[i] = c.writes()
		writes = append(writes, some...)
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	versions, err := b.options.Store.Commit(ctx, writes...)
	for i, c := range changes {
		result := &results[i]
		if result.err != nil {
			continue
		}
		if result.err = err; err != nil {
			continue
		}
		for _, document := range []*store.Document{&result.lease.Document, &result.machine.Document} {
			if document.Key != "" {
				document.Version, versions = versions[0], versions[1:]
			}
		}
		if c.next != nil {
			b.recent.put(*result)
		}
	}
	return results, err
}

// failed returns the result of a change that was not made.
func (c change) failed(err error) changed {
	return changed{lease: absent[leasing.Lease](c.lease.Key()), machine: absent[leasing.Machine](c.machine.Key()), err: err}
}

// writes returns the writes of a change, or none if one of them cannot be
// encoded.
func (c change) writes() ([]store.Write, changed) {
	lease, leaseWrites, err := replace(c.lease, c.next)
	machine, machineWrites, machineErr := replace(c.machine, c.machineTo)
	result := changed{lease: lease, machine: machine, err: errors.Join(err, machineErr)}
	if result.err != nil {
		return nil, result
	}
	return append(leaseWrites, machineWrites...), result
}

// replace returns the write that replaces a value with another on condition
// that nobody else wrote in between, and the document after that write.
func replace[T any](read store.Stored[T], next *T) (store.Stored[T], []store.Write, error) {
	after := absent[T](read.Key())
	switch {
	case read.Key() == "":
		return after, nil, nil
	case next == nil:
		return after, []store.Write{store.Remove(read.Document)}, nil
	}
	fields, err := store.Encode(next)
	if err != nil {
		return after, nil, err
	}
	after.Value, after.Document.Fields = *next, fields
	return after, []store.Write{store.Replace(read.Document, fields)}, nil
}

// absent returns a document that does not exist.
func absent[T any](key store.Key) store.Stored[T] {
	return store.Stored[T]{Document: store.Document{Key: key}}
}

// errContended means that a step conflicted at each attempt.
var errContended = failure.New(failure.Transient, "others changed it at each of %d attempts", maxAttempts)

// again repeats a step that reads and commits as long as it conflicts:
// immediately after the first conflict, with pauses after the others.
func (b *Broker) again(ctx context.Context, step func() error) error {
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		err := step()
		if err == nil || !failure.Is(err, failure.Conflict) {
			return err
		}
		if attempt > 1 {
			if err := store.Pause(ctx, b.options.Store, attempt-1); err != nil {
				return err
			}
		}
	}
	return errContended
}
