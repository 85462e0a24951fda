// Package catalog is the contract with the Machine Provider: the calls that
// offer machines, take them back and read their state. The HTTP client is in
// catalog/client.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

// Catalog is the Machine Provider's catalog, as its backend sees it. A batched
// call returns a result for each machine, in order. Its own error means that the
// call failed as a whole, so that nothing is known about any of the machines.
type Catalog interface {
	// Add offers machines.
	Add(ctx context.Context, entries ...Entry) ([]error, error)
	// Get asks for the state of machines.
	Get(ctx context.Context, questions ...Question) ([]Machine, error)
	// Remove takes machines out of the catalog.
	Remove(ctx context.Context, removals ...Removal) ([]error, error)
	// Changes returns the changes since a cursor. Changes, Count and List
	// return ErrUnsupported if the Machine Provider has no such call.
	Changes(ctx context.Context, cursor string) (Changes, error)
	// Count counts the machines whose hostnames begin with each prefix.
	Count(ctx context.Context, prefixes ...string) ([]Count, error)
	// List lists the machines whose hostnames begin with a prefix.
	List(ctx context.Context, prefix string) ([]Machine, error)
}

// The errors of single machines. Any other error means that nothing is known
// about the machine.
var (
	ErrLeased   = errors.New("the machine is leased")
	ErrNotFound = errors.New("the catalog has no such machine")
	ErrReused   = errors.New("the catalog has another machine of this hostname")
	// ErrSettled is a final ErrNotFound: the catalog has no such machine, and
	// refuses the settled offers.
	ErrSettled     = fmt.Errorf("%w, and takes none by this offer", ErrNotFound)
	ErrUnsupported = errors.New("this Machine Provider has no such call")
)

// Entry is a machine to offer.
type Entry struct {
	Hostname string
	Instance string // the instance's key, which each message about the machine repeats
	Offer    int64  // the number of the offer, which grows with each offer of the instance
	// Dimensions are what lessees choose the machine by, in addition to its
	// hostname and backend.
	Dimensions *machineproviderpb.Dimensions
	// ServiceAccount is the identity as which the machine itself authenticates.
	ServiceAccount string
	// Project and Topic determine where messages about the machine go.
	Project, Topic string
}

// Question names a machine to ask for.
type Question struct {
	Hostname string
	// Settle asks for ErrSettled if the catalog has no entry of the instance:
	// the catalog then refuses offers of the instance with numbers up to Offer
	// that arrive late. A Machine Provider that does not support this returns
	// ErrNotFound.
	Settle   bool
	Instance string
	Offer    int64
}

// Machine is the catalog's state of a machine.
type Machine struct {
	Hostname string
	// Err is ErrNotFound if the catalog has no such machine; any other error
	// means that nothing is known about it.
	Err      error
	Instance string // the key with which it was added
	// LeaseExpiration is when the machine's lease ends; zero if the machine is
	// not leased or is leased indefinitely.
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
	// Gone means that the VM no longer exists. A Machine Provider that supports
	// the field also ends the machine's lease.
	Gone bool
}

// Count is the number of machines that are available and leased.
type Count struct{ Available, Leased int }

// Changes holds the changes in the catalog since a cursor.
type Changes struct {
	Cursor  string // for the next call
	Changed []Change
	More    bool
}

// Change names a machine whose state changed, or which left the catalog.
type Change struct {
	Hostname, Instance string
	Removed            bool
}
