package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/functions/importconfig"
	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/shared/config"
)

// Metadata may hold secrets: neither a plan nor the state that it is made from
// shows one, as text or as JSON.
func TestPlanShowsNoSecret(t *testing.T) {
	s, changed := newSystem(t, 3), false
	for step := range 20 {
		files := random(s.rand, step) // every template has one in its metadata
		parsed, problems := config.Parse(files)
		if len(problems.Errors()) > 0 {
			t.Fatal(problems.Errors())
		}
		before := s.state()
		made, err := plan.Make(before, parsed)
		s.must(err)
		changed = changed || strings.Contains(made.String(), "metadata secret")
		for what, value := range map[string]any{"the state": before, "the plan": made} {
			text, err := json.Marshal(value)
			s.must(err)
			if strings.Contains(string(text)+made.String()+string(before.Config), "hunter") {
				t.Fatalf("%s shows a secret: %s", what, text)
			}
		}
		s.source.files = files
		s.run(importconfig.Job)
		s.run(processconfig.Job)
	}
	if !changed {
		t.Error("no secret changed: this test tests nothing")
	}
}
