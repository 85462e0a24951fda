package functions_test

import (
	"testing"

	"github.com/gce-backend/gce-backend/shared/world"
)

func TestConverges(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 1})
	w.Config.Set(example)
	w.Minutes(5)
	t.Log(w.Stats, w.Cloud.State())
	t.Log("\n" + w.Trace(0))
}
