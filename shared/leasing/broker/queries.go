package broker

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// The fields that queries use; the names are those in leasing's structs.
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

// query makes a query; an empty order means by key.
func query(name, collection, order string, limit int, where ...store.Filter) store.Query {
	q := store.Query{Name: name, Collection: collection, Where: where, Limit: limit}
	if order != "" {
		q.OrderBy = []store.Order{{Field: order}}
	}
	return q
}

func where(field string, op store.Op, value any) store.Filter {
	return store.Filter{Field: field, Op: op, Value: value}
}

// freeMachines finds available machines that have a term and whose Spread
// compares with a random place as op says, in the order of Spread.
func freeMachines(term string, op store.Op, place int64, limit int) store.Query {
	return query("free machines", machines, fieldSpread, limit,
		where(fieldTerms, store.Contains, term), where(fieldSpread, op, place))
}

// lineHasAnyone finds one request that waits in a line.
func lineHasAnyone(line string) store.Query {
	return query("anyone in line", leases, "", 1, where(fieldWaitingLine, store.Equal, line))
}

// waitingFor finds the requests that a machine with the terms might serve, the
// longest waiting first.
func waitingFor(terms []string, limit int) store.Query {
	var values []any
	for _, term := range terms {
		values = append(values, term)
	}
	return query("waiting for a machine", leases, fieldWaitingSince, limit, where(fieldWaitingTerm, store.In, values))
}

// waiting finds all requests that wait, the longest waiting first.
func waiting(limit int) store.Query {
	return query("waiting", leases, fieldWaitingSince, limit)
}

// due finds the leases for which an action is due.
func due(now time.Time, limit int) store.Query {
	return query("due", leases, fieldDueAt, limit, where(fieldDueAt, store.LessOrEqual, now))
}

// nextDue finds the lease whose action is due first.
func nextDue() store.Query {
	q := query("next due", leases, fieldDueAt, 1)
	q.Select = []string{fieldDueAt}
	return q
}

// changes finds the leases of a backend's machines that changed.
func changes(backend string, since time.Time, limit int) store.Query {
	return query("changes", leases, fieldChangedAt, limit,
		where(fieldBackend, store.Equal, backend), where(fieldChangedAt, store.GreaterOrEqual, since))
}

// machinesOf finds a backend's machines whose hostnames begin with a prefix,
// after a given hostname, in a state, or in all states if it is "".
func machinesOf(backend, prefix string, state leasing.MachineState, limit int, after string) store.Query {
	q := query("machines by hostname", machines, fieldHostname, limit,
		where(fieldBackend, store.Equal, backend),
		where(fieldHostname, store.Greater, max(after, prefix)),
		where(fieldHostname, store.Less, prefix+"\U0010ffff"))
	if state != "" {
		q.Where = append(q.Where, where(fieldState, store.Equal, string(state)))
	}
	return q
}

// onLease finds the machines that are leased.
func onLease(limit int) store.Query {
	return query("machines on lease", machines, "", limit, where(fieldState, store.Equal, string(leasing.OnLease)))
}

// leasesOfHost finds the leases that a hostname has had.
func leasesOfHost(hostname string, limit int) store.Query {
	return query("leases of a hostname", leases, "", limit, where(fieldHostname, store.Equal, hostname))
}

// Queries lists one query of each kind that the Machine Provider makes, for the
// test that compares them with the deployed indexes.
func Queries() []store.Query {
	var now time.Time
	return []store.Query{
		freeMachines(leasing.AnyTerm, store.GreaterOrEqual, 0, 1),
		freeMachines(leasing.AnyTerm, store.Less, 0, 1),
		lineHasAnyone(""),
		waitingFor([]string{leasing.AnyTerm}, 1),
		waiting(1),
		due(now, 1),
		nextDue(),
		changes("", now, 1),
		onLease(1),
		leasesOfHost("", 1),
		machinesOf("", "", "", 1, ""),
		machinesOf("", "", leasing.Available, 0, ""),
	}
}
