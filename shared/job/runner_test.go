package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// lines collects log lines.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) all(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []map[string]any
	for text := range strings.Lines(l.b.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, line)
	}
	return all
}

// of returns the lines of these severities.
func (l *lines) of(t *testing.T, severities ...string) []map[string]any {
	t.Helper()
	var some []map[string]any
	for _, line := range l.all(t) {
		for _, severity := range severities {
			if line["severity"] == severity {
				some = append(some, line)
			}
		}
	}
	return some
}

func (l *lines) logger() *slog.Logger { return logging.JSON(l) }

func runnerOf(l *lines, handler Handler) *Runner {
	j := Job{Name: "test-job", New: func(Dependencies) Handler { return handler }}
	return NewRunner(j, Dependencies{Now: time.Now, Store: knows("linux", "windows")}, time.Minute, l.logger())
}

// knows is a store with some templates.
func knows(baseNames ...string) store.Store {
	s := memory.New(time.Now)
	for _, baseName := range baseNames {
		key := store.MustKey("instanceTemplates", baseName)
		if _, err := s.Commit(context.Background(), store.Create(key, store.Fields{"baseName": baseName})); err != nil {
			panic(err)
		}
	}
	return s
}

func TestAMessageAboutSomethingUnknownIsSetAside(t *testing.T) {
	for _, data := range []string{
		`{"baseName":"other"}`, `{"baseName":"linux","revision":"r"}`, `{"baseName":"linux","revision":"r","zone":"z"}`,
		`{"baseName":"a/b"}`, `{"baseName":"..","revision":"../x","zone":"z"}`, `{"revision":"r"}`, `{"instances":["vm:1"]}`,
	} {
		var l lines
		calls := 0
		runner := runnerOf(&l, func(context.Context, Run) error { calls++; return nil })
		if err := runner.Deliver(t.Context(), message(data)); err != nil || calls != 0 {
			t.Errorf("%s: %v, %d calls", data, err, calls)
		}
		if wrong := l.of(t, "ERROR"); len(wrong) != 1 {
			t.Errorf("%s: %d lines at ERROR: %v", data, len(wrong), wrong)
		}
	}
}

func message(data string) event.Message {
	return event.Message{ID: "77", Topic: "test-job", Data: []byte(data)}
}

const scoped = `{"baseName":"linux"}`

func TestAMessageIsDecodedAndRun(t *testing.T) {
	for data, want := range map[string]event.Scope{"": {}, "{}": {}, `""`: {}, scoped: {BaseName: "linux"}} {
		var l lines
		var got []event.Scope
		runner := runnerOf(&l, func(_ context.Context, run Run) error {
			run.Log.Info("inside")
			got = append(got, run.Scope)
			return nil
		})
		if err := runner.Deliver(t.Context(), message(data)); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%q: %+v", data, got)
		}
		all := l.all(t)
		if len(all) != 2 || all[1]["event"] != "JOB_DONE" || all[1]["outcome"] != "ok" {
			t.Fatalf("%q: %v", data, all)
		}
		for _, line := range all {
			if line["job"] != "test-job" || line["event_id"] != "77" {
				t.Errorf("%v", line)
			}
		}
	}
}

// A malformed message is logged once at ERROR with the event's id and the
// reason, acknowledged, and changes nothing.
func TestAMalformedMessageIsSetAside(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON": "linux", "wrong type": `{"baseName":1}`, "unknown field": `{"name":"x"}`, "trailing": "{}{}",
		"10 MB": `{"baseName":"` + strings.Repeat("x", 10<<20) + `"}`, "10 MB of nothing known": strings.Repeat("\x00", 10<<20),
	} {
		t.Run(name, func(t *testing.T) {
			var l lines
			runner := runnerOf(&l, func(context.Context, Run) error { t.Error("the handler was called"); return nil })
			if err := runner.Deliver(t.Context(), message(data)); err != nil {
				t.Errorf("not acknowledged: %v", err)
			}
			wrong := l.of(t, "ERROR", "WARNING")
			if len(wrong) != 1 || wrong[0]["severity"] != "ERROR" || wrong[0]["event_id"] != "77" || wrong[0]["job"] != "test-job" {
				t.Fatalf("%v", wrong)
			}
			if text := wrong[0]["message"].(string); !strings.Contains(text, "payload") || len(text) > 1000 {
				t.Errorf("the reason: %.1000s", text)
			}
			all := l.all(t)
			if last := all[len(all)-1]; last["outcome"] != "set_aside" {
				t.Errorf("%v", last)
			}
		})
	}
}

func TestAJobDecodesItsOwnMessages(t *testing.T) {
	var l lines
	calls := 0
	j := Job{Name: "test-job", New: func(Dependencies) Handler {
		return func(context.Context, Run) error { calls++; return nil }
	}, Decode: func(m event.Message) (event.Scope, error) {
		switch string(m.Data) {
		case "other":
			return event.Scope{}, fmt.Errorf("x: %w", ErrNotOurs)
		case "bad":
			return event.Scope{}, errors.New("bad one")
		}
		return event.Scope{Zone: string(m.Data)}, nil
	}}
	runner := NewRunner(j, Dependencies{Now: time.Now, Store: knows("linux", "windows")}, time.Minute, l.logger())
	for _, data := range []string{"other", "bad", "z"} {
		if err := runner.Deliver(t.Context(), message(data)); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
	if wrong := l.of(t, "ERROR", "WARNING"); calls != 1 || len(wrong) != 1 || !strings.Contains(wrong[0]["message"].(string), "bad one") {
		t.Errorf("%d calls, %v", calls, wrong)
	}
	if all := l.all(t); len(all) != 3 { // none about the message that is not ours
		t.Errorf("%v", all)
	}
}

// A message is delivered again if its error passes by itself. A sweep is not,
// because the next tick is its retry, and neither is a message that would only
// fail again.
func TestErrorsAndRedelivery(t *testing.T) {
	for _, c := range []struct {
		class    failure.Class
		again    bool
		severity string
	}{
		{failure.Transient, true, "WARNING"},
		{failure.Quota, true, "WARNING"},
		{failure.Conflict, true, "WARNING"},
		{failure.NotFound, false, "ERROR"},
		{failure.Permanent, false, "ERROR"},
	} {
		for _, data := range []string{scoped, "{}"} {
			t.Run(string(c.class)+data, func(t *testing.T) {
				var l lines
				runner := runnerOf(&l, func(context.Context, Run) error { return fmt.Errorf("doing: %w", failure.New(c.class, "the cause")) })
				err := runner.Deliver(t.Context(), message(data))
				if again := err != nil; again != (c.again && data == scoped) {
					t.Errorf("delivered again: %v", again)
				}
				wrong := l.of(t, "ERROR", "WARNING")
				if len(wrong) != 1 || wrong[0]["severity"] != c.severity || wrong[0]["error_class"] != string(c.class) || wrong[0]["message"] != "doing: the cause" {
					t.Errorf("%v", wrong)
				}
				all := l.all(t)
				if last := all[len(all)-1]; last["outcome"] != "failed" || last["error_class"] != string(c.class) || last["severity"] != "INFO" {
					t.Errorf("%v", last)
				}
			})
		}
	}
}

func TestAPanicDoesNotEndTheProcess(t *testing.T) {
	var l lines
	calls := 0
	runner := runnerOf(&l, func(context.Context, Run) error {
		if calls++; calls == 1 {
			panic("out of range")
		}
		return nil
	})
	if err := runner.Deliver(t.Context(), message(scoped)); err != nil {
		t.Errorf("a panic spins: %v", err)
	}
	wrong := l.of(t, "ERROR")
	if len(wrong) != 1 || !strings.Contains(wrong[0]["message"].(string), "out of range") || !strings.Contains(wrong[0]["stack"].(string), "runner_test.go") {
		t.Errorf("%v", wrong)
	}
	if err := runner.Deliver(t.Context(), message(scoped)); err != nil || calls != 2 {
		t.Errorf("the next message: %v, %d calls", err, calls)
	}
}

func TestARunIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lines
		start := time.Now()
		runner := runnerOf(&l, func(ctx context.Context, _ Run) error {
			<-ctx.Done()
			return fmt.Errorf("waiting: %w", ctx.Err())
		})
		if err := runner.Deliver(t.Context(), message(scoped)); failure.ClassOf(err) != failure.Transient {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		all := l.all(t)
		if last := all[len(all)-1]; last["duration_ms"] != 60_000.0 {
			t.Errorf("%v", last)
		}
	})
}

// A run outlives the message that caused it, because others may have joined.
func TestARunOutlivesItsMessage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	runner := runnerOf(&lines{}, func(ctx context.Context, _ Run) error { return ctx.Err() })
	if err := runner.Deliver(ctx, message(scoped)); err != nil {
		t.Error(err)
	}
}

func worthAnotherTry(err error) bool {
	class := failure.ClassOf(err)
	return class == failure.Transient || class == failure.Quota || class == failure.Conflict
}

// Joined errors pass by themselves only if each of them does, in any order.
func TestJoined(t *testing.T) {
	passing := []error{failure.New(failure.Transient, "a"), failure.New(failure.Quota, "b"), failure.New(failure.Conflict, "c")}
	final := []error{failure.New(failure.NotFound, "d"), failure.New(failure.Permanent, "e"), errors.New("f")}
	if Joined() != nil || Joined(nil, nil) != nil {
		t.Error("nothing is an error")
	}
	if err := Joined(passing...); !worthAnotherTry(err) {
		t.Errorf("%v is %s", err, failure.ClassOf(err))
	}
	for _, one := range passing {
		if got := failure.ClassOf(Joined(nil, one)); got != failure.ClassOf(one) {
			t.Errorf("alone: %s", got)
		}
		for _, other := range final {
			for _, err := range []error{Joined(one, nil, other), Joined(other, one), Joined(one, other, one), Joined(Joined(one, other), one)} {
				if worthAnotherTry(err) || !errors.Is(err, one) || !errors.Is(err, other) {
					t.Errorf("%q is %s", err, failure.ClassOf(err))
				}
			}
		}
	}
}
