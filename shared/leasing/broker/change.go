package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// change is one atomic step: a lease as it was read becomes another, and with
// it its machine where there is one.
type change struct {
	lease     storedLease
	next      *leasing.Lease // nil: its document is deleted
	machine   *storedMachine // nil: no machine is touched
	machineTo *leasing.Machine
}

// changed is what came of a change: the documents as they are now.
type changed struct {
	lease   storedLease
	machine storedMachine
	err     error
}

// apply commits changes, together where they do not conflict. The results are
// in order. A single one shares a commit with those of other callers when there
// are many.
func (b *Broker) apply(ctx context.Context, changes ...change) []changed {
	if len(changes) != 1 {
		return b.applyNow(ctx, changes)
	}
	if err := ctx.Err(); err != nil {
		return []changed{{err: err}}
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	result, err := b.steps.Do(ctx, changes[0])
	if err != nil {
		result.err = err
	}
	return []changed{result}
}

// applyOne is apply for one change.
func (b *Broker) applyOne(ctx context.Context, c change) (changed, error) {
	result := b.apply(ctx, c)[0]
	return result, result.err
}

// applyTogether applies the changes of several callers.
func (b *Broker) applyTogether(ctx context.Context, changes []change) ([]changed, error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	return b.applyNow(ctx, changes), nil
}

func (b *Broker) applyNow(ctx context.Context, changes []change) []changed {
	results := make([]changed, len(changes))
	var groups [][]store.Write
	var places []int
	for i, c := range changes {
		writes, result, err := c.writes()
		results[i] = result
		if err != nil {
			results[i].err = err
			continue
		}
		groups, places = append(groups, writes), append(places, i)
	}
	for i, outcome := range b.commitGroups(ctx, groups) {
		result := &results[places[i]]
		if result.err = outcome.err; outcome.err != nil {
			continue
		}
		result.lease.Document.Version = outcome.versions[0]
		if len(outcome.versions) > 1 {
			result.machine.Document.Version = outcome.versions[1]
		}
		b.recent.put(*result)
	}
	return results
}

func (c change) writes() ([]store.Write, changed, error) {
	write, lease, err := replace(c.lease, c.next)
	result := changed{lease: lease}
	if err != nil || c.machine == nil {
		return []store.Write{write}, result, err
	}
	machineWrite, machine, err := replace(*c.machine, c.machineTo)
	result.machine = machine
	return []store.Write{write, machineWrite}, result, err
}

// replace is the write that makes one value of another, provided that nobody
// else wrote in between.
func replace[T any](read store.Stored[T], next *T) (store.Write, store.Stored[T], error) {
	after := store.Stored[T]{Document: store.Document{Key: read.Key()}}
	if next == nil {
		return store.Remove(read.Document), after, nil
	}
	fields, err := store.Encode(next)
	if err != nil {
		return store.Write{}, after, err
	}
	after.Value, after.Document.Fields = *next, fields
	return store.Replace(read.Document, fields), after, nil
}

// outcome is what came of one group of writes.
type outcome struct {
	versions []store.Version
	err      error
}

// maxTogether is how many writes are committed together: far below the limit
// of a commit, for one conflict among them fails them all.
const maxTogether = 100

// commitGroups commits groups of writes, each atomic. Groups go together; when
// one of them conflicts, they are split until the others are through.
func (b *Broker) commitGroups(ctx context.Context, groups [][]store.Write) []outcome {
	outcomes := make([]outcome, 0, len(groups))
	for len(groups) > 0 {
		n := fitting(groups)
		outcomes = append(outcomes, b.commitTogether(ctx, groups[:n])...)
		groups = groups[n:]
	}
	return outcomes
}

// fitting returns how many of the first groups can be one commit: few enough
// writes, and no two of one document.
func fitting(groups [][]store.Write) int {
	seen := map[store.Key]bool{}
	for n, group := range groups {
		if n > 0 && len(seen)+len(group) > maxTogether {
			return n
		}
		for _, write := range group {
			if seen[write.Key] {
				return n
			}
		}
		for _, write := range group {
			seen[write.Key] = true
		}
	}
	return len(groups)
}

func (b *Broker) commitTogether(ctx context.Context, groups [][]store.Write) []outcome {
	var writes []store.Write
	for _, group := range groups {
		writes = append(writes, group...)
	}
	versions, err := b.commit(ctx, writes)
	if err != nil && len(groups) > 1 && failure.Is(err, failure.Conflict) {
		half := len(groups) / 2
		return append(b.commitTogether(ctx, groups[:half]), b.commitTogether(ctx, groups[half:])...)
	}
	outcomes := make([]outcome, len(groups))
	for i, group := range groups {
		if outcomes[i].err = err; err == nil {
			outcomes[i].versions, versions = versions[:len(group)], versions[len(group):]
		}
	}
	return outcomes
}

func (b *Broker) commit(ctx context.Context, writes []store.Write) ([]store.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	return b.store.Commit(ctx, writes...)
}

// errContended says that others were faster each time.
var errContended = failure.New(failure.Transient, "others changed it at each of %d attempts", maxAttempts)

// again repeats a step that reads and commits, while it conflicts.
func (b *Broker) again(ctx context.Context, step func() error) error {
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		err := step()
		if err == nil || !failure.Is(err, failure.Conflict) {
			return err
		}
		if err := store.Pause(ctx, b.store, attempt); err != nil {
			return err
		}
	}
	return errContended
}
