package leasing

import (
	"crypto/sha1" //nolint:gosec // the wire format requires SHA-1; it identifies and does not protect
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"
)

// Length is the length of a lease; exactly one of its fields is set.
type Length struct {
	// Seconds is the length in seconds, from when the request is fulfilled.
	Seconds *int64 `firestore:"seconds,omitempty"`
	// Until is the end of the lease, in seconds since 1970.
	Until *int64 `firestore:"until,omitempty"`
	// Indefinite means until the lease is released.
	Indefinite bool `firestore:"indefinite,omitempty"`
}

// Check refuses a length that is invalid no matter when the lease begins.
func (l Length) Check(limits Limits) error {
	given := 0
	for _, is := range []bool{l.Seconds != nil, l.Until != nil, l.Indefinite} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return MutualExclusionError
	case given == 0:
		return LeaseLengthUnspecified
	case l.Seconds != nil && *l.Seconds < 1:
		return NonpositiveDeadline
	case l.Seconds != nil && *l.Seconds > int64(limits.MaxLease/time.Second):
		return LeaseTooLong
	}
	return nil
}

// CheckAt refuses an end that is not in the future, or is too late for a lease
// that begins at the given time.
func (l Length) CheckAt(now, begin time.Time, limits Limits) error {
	end := l.End(now)
	switch {
	case l.Indefinite:
		return nil
	case !end.After(now):
		return LeaseExpirationTSError
	case l.Until != nil && end.Sub(begin) > limits.MaxLease, end.Sub(begin) >= limits.MaxLease+time.Second:
		return LeaseTooLong
	}
	return nil
}

// End returns when a lease that begins now ends, rounded up to whole seconds,
// as on the wire; zero for an indefinite lease.
func (l Length) End(now time.Time) time.Time {
	switch {
	case l.Until != nil:
		return time.Unix(min(max(*l.Until, 0), math.MaxInt32*4), 0).UTC()
	case l.Seconds != nil:
		end := now.Add(time.Duration(*l.Seconds) * time.Second)
		if whole := end.Truncate(time.Second); whole.Before(end) {
			return whole.Add(time.Second).UTC()
		}
		return end.UTC()
	}
	return time.Time{}
}

// Request asks for a machine.
type Request struct {
	ID          string
	Dimensions  Dimensions
	Length      Length
	Lessee      Destination
	Instruction string // the Swarming server to connect to
}

// Check completes a request, and refuses one that is invalid no matter when it
// is made. Topics without a project belong to the project own.
func (r Request) Check(own string, limits Limits) (Request, error) {
	if err := r.Length.Check(limits); err != nil {
		return r, err
	}
	var err error
	r.Lessee, err = r.Lessee.Check(own)
	return r, err
}

// Hash returns the key of a request, which is unique among all clients.
func Hash(owner, requestID string) string {
	sum := sha1.Sum([]byte(owner + "\x00" + requestID)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// Checksum returns a hash of the request's content.
func (r Request) Checksum() string {
	var text strings.Builder
	for _, term := range r.Dimensions.Terms() {
		fmt.Fprintf(&text, "%q ", term)
	}
	fmt.Fprintf(&text, "| %s %s %t | %q %q | %q", number(r.Length.Seconds), number(r.Length.Until),
		r.Length.Indefinite, r.Lessee.Project, r.Lessee.Topic, r.Instruction)
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
