package broker

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// The fields that queries ask for; the names are those of leasing's structs.
const (
	fieldTerms        = "offers"
	fieldSpread       = "spread"
	fieldWaitingLine  = "waitingLine"
	fieldWaitingTerm  = "waitingTerm"
	fieldWaitingSince = "waitingSince"
	fieldDueAt        = "dueAt"
	fieldBackend      = "backend"
	fieldChangedAt    = "changedAt"
	fieldHostname     = "hostname"
	fieldState        = "state"
)

const (
	duePage     = 100
	waitingPage = 200
)

// freeMachines finds available machines with a term, from a random place on,
// or before it.
func freeMachines(term string, op store.Op, place int64, limit int, after *store.Document) store.Query {
	return store.Query{
		Name:       "free machines",
		Collection: machines,
		Where: []store.Filter{
			{Field: fieldTerms, Op: store.Contains, Value: term},
			{Field: fieldSpread, Op: op, Value: place},
		},
		OrderBy: []store.Order{{Field: fieldSpread}},
		Limit:   limit,
		After:   after,
	}
}

// lineHasAnyone finds one request that waits in a line.
func lineHasAnyone(line string) store.Query {
	return store.Query{
		Name:       "anyone in line",
		Collection: leases,
		Where:      []store.Filter{{Field: fieldWaitingLine, Op: store.Equal, Value: line}},
		Limit:      1,
	}
}

// waitingFor finds the requests that a machine with the terms might serve,
// the longest waiting first.
func waitingFor(terms []any, limit int, after *store.Document) store.Query {
	return store.Query{
		Name:       "waiting for a machine",
		Collection: leases,
		Where:      []store.Filter{{Field: fieldWaitingTerm, Op: store.In, Value: terms}},
		OrderBy:    []store.Order{{Field: fieldWaitingSince}},
		Limit:      limit,
		After:      after,
	}
}

// waiting finds all requests that wait, the longest waiting first.
func waiting(limit int, after *store.Document) store.Query {
	return store.Query{
		Name:       "waiting",
		Collection: leases,
		OrderBy:    []store.Order{{Field: fieldWaitingSince}},
		Limit:      limit,
		After:      after,
	}
}

// due finds the leases about which something is to be done.
func due(now time.Time, limit int, after *store.Document) store.Query {
	return store.Query{
		Name:       "due",
		Collection: leases,
		Where:      []store.Filter{{Field: fieldDueAt, Op: store.LessOrEqual, Value: now}},
		OrderBy:    []store.Order{{Field: fieldDueAt}},
		Limit:      limit,
		After:      after,
	}
}

// nextDue finds the lease about which something is to be done first.
func nextDue() store.Query {
	return store.Query{
		Name:       "next due",
		Collection: leases,
		OrderBy:    []store.Order{{Field: fieldDueAt}},
		Limit:      1,
		Select:     []string{fieldDueAt},
	}
}

// changes finds the leases of a backend's machines that changed.
func changes(backend string, since time.Time, limit int, after *store.Document) store.Query {
	return store.Query{
		Name:       "changes",
		Collection: leases,
		Where: []store.Filter{
			{Field: fieldBackend, Op: store.Equal, Value: backend},
			{Field: fieldChangedAt, Op: store.GreaterOrEqual, Value: since},
		},
		OrderBy: []store.Order{{Field: fieldChangedAt}},
		Limit:   limit,
		After:   after,
	}
}

// machinesOf finds a backend's machines whose hostnames begin with a prefix and
// come after one of them, in a state where that is not "".
func machinesOf(backend, prefix string, state leasing.MachineState, limit int, after string) store.Query {
	query := store.Query{
		Name:       "machines by hostname",
		Collection: machines,
		Where: []store.Filter{
			{Field: fieldBackend, Op: store.Equal, Value: backend},
			{Field: fieldHostname, Op: store.Greater, Value: max(after, prefix)},
			{Field: fieldHostname, Op: store.Less, Value: prefix + "\U0010ffff"},
		},
		OrderBy: []store.Order{{Field: fieldHostname}},
		Limit:   limit,
	}
	if state != "" {
		query.Where = append(query.Where, store.Filter{Field: fieldState, Op: store.Equal, Value: string(state)})
	}
	return query
}

// Queries lists one of each kind of query that the Machine Provider makes, for
// the test that compares them with the indexes that are deployed.
func Queries() []store.Query {
	var now time.Time
	return []store.Query{
		freeMachines(leasing.AnyTerm, store.GreaterOrEqual, 0, 1, nil),
		freeMachines(leasing.AnyTerm, store.Less, 0, 1, nil),
		lineHasAnyone(""),
		waitingFor([]any{leasing.AnyTerm}, 1, nil),
		waiting(1, nil),
		due(now, 1, nil),
		nextDue(),
		changes("", now, 1, nil),
		onLease(1, nil),
		leasesOfHost("", 1),
		machinesOf("", "", "", 1, ""),
		machinesOf("", "", leasing.Available, 0, ""),
	}
}
