package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// ends records the ends of runs.
type ends []string

func (e *ends) Ended(_ context.Context, job string, sweep bool, err error) {
	*e = append(*e, fmt.Sprint(job, " ", sweep, " ", err))
}

func TestRecorder(t *testing.T) {
	var recorded ends
	outcome := error(nil)
	job := Job{Name: "test-job", New: func(Dependencies) Handler {
		return func(context.Context, Run) error {
			if outcome != nil && outcome.Error() == "panic" {
				panic("oh")
			}
			return outcome
		}
	}}
	runner := NewRunner(job, Dependencies{Store: memory.New(time.Now), Now: time.Now, Recorder: &recorded}, time.Minute, slog.New(slog.DiscardHandler))
	for _, outcome = range []error{nil, errors.New("failed"), errors.New("panic")} {
		_ = runner.Deliver(t.Context(), event.Message{}) // the outcome is in the record
	}
	want := ends{"test-job true <nil>", "test-job true failed", "test-job true panic: oh"}
	if !reflect.DeepEqual(recorded, want) {
		t.Errorf("recorded %q", recorded)
	}
}
