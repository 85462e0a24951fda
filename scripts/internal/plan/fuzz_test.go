package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/shared/config"
)

// A local suite serves its state as JSON. Whatever it contains, the result is a
// plan or an error.
func FuzzState(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"in_force":"r1","config":"","templates":[{"BaseName":"a","ActiveRevision":"0123456789ab"}]}`, `{"config":"//8="}`, `{"managers":[{"State":"active"},null]}`,
		`{"machines":{"a/b/c":{"leased":-1}}}`, `null`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var state plan.State
		if json.Unmarshal(text, &state) != nil {
			return
		}
		if made, err := plan.Make(state, config.Empty()); err == nil && made.String() == "" {
			t.Errorf("%q: no plan", text)
		}
	})
}
