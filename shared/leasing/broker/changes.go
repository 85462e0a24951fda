package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// overlap is how far each call of Changes looks back. A change gets its time
// before its commit. The commit may first wait for up to commitTimeout and then
// last up to commitTimeout, and the clock may be behind. Changes within the
// overlap are returned again.
const overlap = 4 * commitTimeout

// MaxChanges is the maximum number of leases that one call of Changes reads.
const MaxChanges = 500

// ErrCursor means that Changes did not return the given cursor.
var ErrCursor = errors.New("the cursor is not one that list_changes gave")

// Change is the current state of a machine whose lease began, changed or ended.
type Change struct {
	Hostname, Instance string
	// Machine is nil if the catalog has no such machine any more.
	Machine *leasing.Machine
}

// Changes holds the changes since a cursor.
type Changes struct {
	Cursor  string
	Changes []Change
	More    bool
	// Reset means that the cursor was absent or too old: changes may have been
	// missed.
	Reset bool
}

// cursor is the position at which a call of Changes ended.
type cursor struct {
	at   time.Time
	hash string // the last lease of a page that was full; "" otherwise
}

func (c cursor) String() string { return fmt.Sprintf("1.%d.%s", c.at.UnixMicro(), c.hash) }

func parseCursor(text string) (cursor, error) {
	version, rest, _ := strings.Cut(text, ".")
	micros, hash, ok := strings.Cut(rest, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if version != "1" || !ok || err != nil || at < 0 || at > 1<<53 || !isHash(hash) {
		return cursor{}, ErrCursor
	}
	return cursor{at: time.UnixMicro(at).UTC(), hash: hash}, nil
}

func isHash(text string) bool {
	return text == "" || len(text) == 40 && strings.Trim(text, "0123456789abcdef") == ""
}

// Changes returns the machines of a backend whose lease began, changed or ended
// since a cursor; the first call has the cursor "". It queries the leases,
// because each of these changes writes one; when nothing changed that is a
// single query. A call may return again changes that the previous call
// returned.
func (b *Broker) Changes(ctx context.Context, backend, since string, limit int) (Changes, error) {
	now := b.now()
	next := cursor{at: now.Add(-overlap)}
	if since == "" {
		return Changes{Cursor: next.String(), Reset: true}, nil
	}
	from, err := parseCursor(since)
	if err != nil {
		return Changes{}, err
	}
	if from.at.Before(now.Add(-b.limits().Retention)) {
		return Changes{Cursor: next.String(), Reset: true}, nil
	}
	query := changes(backend, from.at, limit)
	query.After = from.after()
	page, err := find[leasing.Lease](ctx, b, query)
	if err != nil {
		return Changes{}, err
	}
	answer := Changes{More: page.last != nil}
	if answer.More {
		at, _ := page.last.Fields[fieldChangedAt].(time.Time) // the query orders by it
		next = cursor{at: at, hash: page.last.Key.ID()}
	} else if next.at.Before(from.at) {
		next.at = from.at
	}
	answer.Cursor = next.String()
	answer.Changes, err = b.present(ctx, page.items)
	return answer, err
}

// after returns the document that ended a full page, with the fields that the
// query compares.
func (c cursor) after() *store.Document {
	if c.hash == "" {
		return nil
	}
	return &store.Document{Key: LeaseKey(c.hash), Fields: store.Fields{fieldChangedAt: c.at}}
}

// present looks up the current state of the machines of leases, each once.
func (b *Broker) present(ctx context.Context, page []storedLease) ([]Change, error) {
	var found []Change
	var ids []MachineID
	seen := map[Change]bool{}
	for _, lease := range page {
		change := Change{Hostname: lease.Value.Hostname, Instance: lease.Value.Instance()}
		if !seen[change] {
			seen[change] = true
			found = append(found, change)
			ids = append(ids, machineOf(lease.Value))
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	machines, errs, err := b.Machines(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if errs[i] == nil && found[i].Instance == machines[i].Instance() {
			found[i].Machine = &machines[i]
		}
	}
	return found, nil
}
