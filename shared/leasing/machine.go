package leasing

import "time"

// MachineState is the state of a machine in the catalog.
type MachineState string

// The states of a machine in the catalog.
const (
	Available MachineState = "AVAILABLE" // it can be leased
	OnLease   MachineState = "LEASED"    // it is leased
	Withdrawn MachineState = "RECLAIMED" // kept after a lease, not leasable any more
)

// Reclamation is the policy for a machine whose lease ends.
type Reclamation string

// The policies; an empty policy means MakeAvailable.
const (
	MakeAvailable Reclamation = "MAKE_AVAILABLE"
	Reclaim       Reclamation = "RECLAIM"
	Delete        Reclamation = "DELETE"
)

// Attribute is an attribute of the messages to the backend.
type Attribute struct {
	Key   string `firestore:"key"`
	Value string `firestore:"value,omitempty"`
}

// InstanceAttribute is the backend attribute that distinguishes two machines
// with the same hostname, if the backend sets it.
const InstanceAttribute = "instance"

// Policies are a machine's policies: where messages go, and what happens when a
// lease ends.
type Policies struct {
	Backend        Destination `firestore:"backend,omitempty"`
	ServiceAccount string      `firestore:"serviceAccount,omitempty"`
	OnReclamation  Reclamation `firestore:"onReclamation,omitempty"`
	Attributes     []Attribute `firestore:"attributes,omitempty"`
}

// instanceOf returns the value of InstanceAttribute; "" if it is not set.
func instanceOf(attributes []Attribute) string {
	for _, attribute := range attributes {
		if attribute.Key == InstanceAttribute {
			return attribute.Value
		}
	}
	return ""
}

// Machine is a machine of the catalog. Its document is written once when it is
// added, once per lease, and once at the end of a lease. Everything else about
// a lease is stored in the lease.
type Machine struct {
	Backend    string       `firestore:"backend"`
	Hostname   string       `firestore:"hostname"`
	Dimensions Dimensions   `firestore:"dimensions"`
	Policies   Policies     `firestore:"policies"`
	State      MachineState `firestore:"state"`
	// Terms holds the terms of the machine's dimensions while it is available,
	// and is empty otherwise: the search for a free machine queries one of
	// them.
	Terms []string `firestore:"offers,omitempty"`
	// Spread is a random number: searches begin at random numbers, so that they
	// do not all find the same machine.
	Spread int64 `firestore:"spread"`
	// Lease is the hash of the machine's lease.
	Lease              string    `firestore:"lease,omitempty"`
	LeaseExpiration    time.Time `firestore:"leaseExpiration,omitempty"`
	LeasedIndefinitely bool      `firestore:"leasedIndefinitely,omitempty"`
	AddedAt            time.Time `firestore:"addedAt"`
	// Number is the number of the offer that added the machine.
	Number int64 `firestore:"offer,omitempty"`
	// Fences refuse late additions of this hostname. A document that has fences
	// but no entry is deleted at ExpireAt.
	Fences   []Fence   `firestore:"fences,omitempty"`
	ExpireAt time.Time `firestore:"expireAt,omitempty"`
}

// MaxSpread is the upper bound of Machine.Spread.
const MaxSpread = 1 << 31

// Free makes the machine available.
func (m Machine) Free() Machine {
	m.State = Available
	m.Terms = append(m.Dimensions.Terms(), AnyTerm)
	m.Lease, m.LeaseExpiration, m.LeasedIndefinitely = "", time.Time{}, false
	return m
}

// Instance returns the machine's backend attribute `instance`.
func (m Machine) Instance() string { return instanceOf(m.Policies.Attributes) }

// reclaimed returns the document after the end of the machine's lease; nil if
// it is to be deleted.
func (m Machine) reclaimed(now time.Time) *Machine {
	switch m.Policies.OnReclamation {
	case Delete:
		return m.Vacated(now)
	case Reclaim:
		m.State, m.Terms = Withdrawn, nil
		m.Lease, m.LeaseExpiration, m.LeasedIndefinitely = "", time.Time{}, false
	default:
		m = m.Free()
	}
	return &m
}
