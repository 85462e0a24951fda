package leasing

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// The names on the wire of the dimensions that need special handling.
const (
	Hostname       = "hostname"
	SnapshotLabels = "snapshot_labels"
)

// bySelectivity lists dimensions, beginning with those that the fewest machines
// share; a dimension that is not listed comes last.
var bySelectivity = []string{
	Hostname, "snapshot", SnapshotLabels, "project", "os_version", "num_cpus", "memory_gb",
	"disk_gb", "linux_flavor", "disk_type", "os_family", "backend",
}

// AnyTerm is a term that every machine has.
const AnyTerm = "*"

// Dimensions are the properties that a machine has, or that a request asks for.
type Dimensions struct {
	// Values holds the dimensions that have one value, each in canonical form,
	// so that equal values are equal strings.
	Values map[string]string `firestore:"values,omitempty"`
	// SnapshotLabels are the labels of the snapshot; their order does not matter.
	SnapshotLabels []string `firestore:"snapshotLabels,omitempty"`
}

// Match reports whether a machine with these dimensions serves a request for
// the wanted ones: it must have the same value in each dimension that the
// request names, and each label that the request names.
func (d Dimensions) Match(wanted Dimensions) bool {
	for name, value := range wanted.Values {
		if had, ok := d.Values[name]; !ok || had != value {
			return false
		}
	}
	for _, label := range wanted.SnapshotLabels {
		if !slices.Contains(d.SnapshotLabels, label) {
			return false
		}
	}
	return true
}

// Terms lists the dimensions as "name=value", sorted, each once. A machine
// serves a request if it has all of the request's terms.
func (d Dimensions) Terms() []string {
	terms := make([]string, 0, len(d.Values)+len(d.SnapshotLabels))
	for name, value := range d.Values {
		terms = append(terms, term(name, value))
	}
	for _, label := range d.SnapshotLabels {
		terms = append(terms, term(SnapshotLabels, label))
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// Key identifies a set of dimensions: requests with the same key wait in one
// line.
func (d Dimensions) Key() string {
	sum := sha256.Sum256([]byte(strings.Join(d.Terms(), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Selector returns the term of a request by which to search for machines: the
// one that is probably rarest among machines.
func (d Dimensions) Selector() string {
	for _, name := range slices.Concat(bySelectivity, slices.Sorted(maps.Keys(d.Values))) {
		if name == SnapshotLabels && len(d.SnapshotLabels) > 0 {
			return term(name, slices.Min(d.SnapshotLabels))
		}
		if value, ok := d.Values[name]; ok {
			return term(name, value)
		}
	}
	return AnyTerm
}

func term(name, value string) string { return name + "=" + value }
