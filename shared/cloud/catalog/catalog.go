// Package catalog is the contract for what the backend asks of the Machine
// Provider: to offer machines, to take them back, and what became of them.
// The client over HTTP is in catalog/client.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

// Catalog is the Machine Provider's catalog, as its backend sees it. Batched
// calls answer one by one: the error beside the answers is for a call that
// failed as a whole, and then nothing is known of any machine in it.
type Catalog interface {
	// Add offers machines.
	Add(ctx context.Context, entries ...Entry) ([]error, error)
	// Get asks for the state of machines.
	Get(ctx context.Context, questions ...Question) ([]Machine, error)
	// Remove takes machines out of the catalog.
	Remove(ctx context.Context, removals ...Removal) ([]error, error)
	// Changes tells what changed since a cursor. It, Count and List return
	// ErrUnsupported where the Machine Provider has no such call.
	Changes(ctx context.Context, cursor string) (Changes, error)
	// Count counts the machines whose hostnames begin with each prefix.
	Count(ctx context.Context, prefixes ...string) ([]Count, error)
	// List lists the machines whose hostnames begin with a prefix.
	List(ctx context.Context, prefix string) ([]Machine, error)
}

// What the catalog may answer for one machine. Any other error means that
// nothing is known.
var (
	ErrLeased   = errors.New("the machine is leased")
	ErrNotFound = errors.New("the catalog has no such machine")
	ErrReused   = errors.New("the catalog has another machine of this hostname")
	// ErrSettled is an ErrNotFound that is final: the catalog has no such
	// machine, and takes none by an offer that was settled.
	ErrSettled     = fmt.Errorf("%w, and takes none by this offer", ErrNotFound)
	ErrUnsupported = errors.New("this Machine Provider has no such call")
)

// Entry is a machine to offer.
type Entry struct {
	Hostname string
	Instance string // the instance's key, handed back with each message
	Offer    int64  // the number of the offer, higher with each one of the instance
	// Dimensions are what lessees choose it by, beside its hostname and backend.
	Dimensions *machineproviderpb.Dimensions
	// ServiceAccount is what the machine itself authenticates as.
	ServiceAccount string
	// Project and Topic say where messages about the machine go.
	Project, Topic string
}

// Question names a machine to ask for.
type Question struct {
	Hostname string
	// Settle asks for ErrSettled where the catalog has no entry of the instance:
	// its offers with a number up to Offer are then refused when they come late.
	// A Machine Provider that cannot do that answers ErrNotFound.
	Settle   bool
	Instance string
	Offer    int64
}

// Machine is what the catalog says of a machine.
type Machine struct {
	Hostname string
	// Err is ErrNotFound where the catalog has no such machine, and any other
	// error where nothing is known.
	Err      error
	Instance string // the key that it was added with
	// LeaseExpiration is when its lease ends; zero when it is not leased or
	// leased indefinitely.
	LeaseExpiration    time.Time
	LeasedIndefinitely bool
}

// Leased reports whether the machine has a lease.
func (m Machine) Leased() bool { return m.LeasedIndefinitely || !m.LeaseExpiration.IsZero() }

// Removal names a machine to take out of the catalog.
type Removal struct {
	Hostname string
	Instance string
	// Settle and Offer are as in Question.
	Settle bool
	Offer  int64
	// Gone says that the VM exists no more: where the Machine Provider knows
	// how, a lease on it is ended too.
	Gone bool
}

// Count is how many machines there are.
type Count struct{ Available, Leased int }

// Changes is what changed in the catalog since a cursor.
type Changes struct {
	Cursor  string // for the next call
	Changed []Change
	More    bool
}

// Change names a machine whose state changed, or that left the catalog.
type Change struct {
	Hostname, Instance string
	Removed            bool
}
