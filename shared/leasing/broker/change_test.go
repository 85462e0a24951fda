package broker

import (
	"fmt"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Two steps on one document do not share a commit, which would always be
// refused.
func TestFitting(t *testing.T) {
	step := func(lease, machine string) change {
		c := change{lease: absent[leasing.Lease](LeaseKey(lease))}
		if machine != "" {
			c.machine = absent[leasing.Machine](store.MustKey(machines, machine))
		}
		return c
	}
	var many, single []change
	for i := range 2 * maxTogether {
		many = append(many, step(fmt.Sprint("a", i), fmt.Sprint("b", i)))
		single = append(single, step(fmt.Sprint("a", i), ""))
	}
	for name, c := range map[string]struct {
		changes []change
		want    int
	}{
		"all":                {[]change{step("a", "b"), step("c", ""), step("d", "")}, 3},
		"one lease twice":    {[]change{step("a", "b"), step("c", ""), step("a", ""), step("e", "")}, 2},
		"one machine twice":  {[]change{step("a", "b"), step("c", ""), step("d", "b"), step("e", "")}, 2},
		"as many as go":      {many, maxTogether / 2},
		"as many as go, one": {single, maxTogether},
	} {
		if got := fitting(c.changes); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// A conflict is not an error, and hides neither the changed leases nor other
// errors.
func TestMade(t *testing.T) {
	result := func(id string, err error) changed {
		return changed{lease: absent[leasing.Lease](LeaseKey(id)), err: err}
	}
	leases, err := made("end", []changed{
		result("a", failure.New(failure.Conflict, "changed")), result("b", nil),
		result("c", failure.New(failure.Transient, "away")), result("d", nil),
	})
	if len(leases) != 2 || leases[0].Key().ID() != "b" || leases[1].Key().ID() != "d" || fmt.Sprint(err) != "end lease c: away" {
		t.Errorf("%v, %v", leases, err)
	}
}
