package broker

import (
	"fmt"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Two steps on one document are not one commit, which would be refused for good.
func TestFitting(t *testing.T) {
	step := func(ids ...string) []store.Write {
		var writes []store.Write
		for _, id := range ids {
			writes = append(writes, store.Delete(store.MustKey(leases, id)))
		}
		return writes
	}
	var many [][]store.Write
	for i := range maxTogether {
		many = append(many, step(fmt.Sprint("a", i), fmt.Sprint("b", i)))
	}
	for name, c := range map[string]struct {
		groups [][]store.Write
		want   int
	}{
		"all":                   {[][]store.Write{step("a", "b"), step("c")}, 2},
		"one document twice":    {[][]store.Write{step("a", "b"), step("c"), step("d", "b"), step("e")}, 2},
		"as many as go":         {many, maxTogether / 2},
		"one that is too large": {[][]store.Write{step(keys(maxTogether + 1)...), step("x")}, 1},
	} {
		if got := fitting(c.groups); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func keys(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("k", i))
	}
	return all
}
