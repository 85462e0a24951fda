package status

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/records"
)

// world is a store with a clock, and the processes that record in it.
type world struct {
	t     *testing.T
	now   time.Time
	store *metered.Store
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.store = metered.New(memory.New(func() time.Time { return w.now }))
	return w
}

func (w *world) process() *Recorder {
	return NewRecorder(w.store, func() time.Time { return w.now }, SampleEvery, slog.New(slog.DiscardHandler))
}

func (w *world) writes() int64 { return w.store.Counts().Total().Writes }

func (w *world) job(name string) Job {
	w.t.Helper()
	jobs, err := Jobs(w.t.Context(), w.store, []string{"other", name})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(jobs) == 0 {
		return Job{}
	}
	return jobs[0]
}

func TestSuccessWritesNothing(t *testing.T) {
	w := newWorld(t)
	r := w.process()
	for range 600 {
		r.Ended(t.Context(), "a", true, nil)
		r.Ended(t.Context(), sampler, true, nil)
		w.now = w.now.Add(time.Minute)
	}
	if w.writes() != 0 {
		t.Errorf("%d writes", w.writes())
	}
	if reads := w.store.Counts().Total().Reads; reads > 6*600/15 {
		t.Errorf("%d reads in ten hours", reads)
	}
}

func TestFailures(t *testing.T) {
	w := newWorld(t)
	one, two := w.process(), w.process()
	start := w.now
	for i := range 90 { // 30 minutes of failures, three a minute, in two processes
		err := failure.New(failure.Quota, "resize group g: it is full")
		if i%2 == 0 {
			err = errors.Join(err, fmt.Errorf("resize group h: %s", strings.Repeat("long ", 1000)))
		}
		one.Ended(t.Context(), "a", true, err)
		two.Ended(t.Context(), "a", false, err)
		w.now = w.now.Add(20 * time.Second)
	}
	job := w.job("a")
	if w.writes() > 31 {
		t.Errorf("%d writes in 30 minutes", w.writes())
	}
	if !job.Failing() || !job.Since.Equal(start) || len(job.Errors) != 2 {
		t.Errorf("%+v", job)
	}
	if e := job.Errors[0]; e.Class != string(failure.Quota) || e.Times < 10 || len(e.Message) > maxMessage+10 {
		t.Errorf("%+v", e)
	}
	one.Ended(t.Context(), "a", false, nil)
	if w.now = w.now.Add(2 * time.Minute); !w.job("a").Failing() {
		t.Error("it recovered by a success that was no sweep")
	}
	one.Ended(t.Context(), "a", true, nil)
	if job = w.job("a"); job.Failing() || !job.RecoveredAt.Equal(w.now) {
		t.Errorf("%+v", job)
	}
	before := w.writes()
	for range 100 {
		one.Ended(t.Context(), "a", true, nil)
		w.now = w.now.Add(time.Minute)
	}
	if w.writes() != before {
		t.Errorf("%d writes after it recovered", w.writes()-before)
	}
	one.Ended(t.Context(), "a", true, errors.New("again"))
	if job = w.job("a"); !job.Failing() || !job.Since.Equal(w.now) || job.Errors[0].Message != "again" {
		t.Errorf("%+v", job)
	}
}

func TestManyDifferentErrors(t *testing.T) {
	w := newWorld(t)
	r := w.process()
	for i := range 100 {
		r.Ended(t.Context(), "a", true, fmt.Errorf("operation-%d failed", i))
		w.now = w.now.Add(time.Hour)
	}
	job := w.job("a")
	if len(job.Errors) != maxErrors || job.Errors[0].Message != "operation-99 failed" {
		t.Errorf("%d errors, the first %+v", len(job.Errors), job.Errors[0])
	}
}

// brokenStore is a store that fails.
type brokenStore struct{ store.Store }

func (brokenStore) Get(context.Context, ...store.Key) ([]store.Document, error) {
	return nil, failure.New(failure.Transient, "no answer")
}

func TestBrokenStore(t *testing.T) {
	r := NewRecorder(brokenStore{}, time.Now, SampleEvery, slog.New(slog.DiscardHandler))
	r.Ended(t.Context(), sampler, true, errors.New("failed"))
	r.Ended(t.Context(), sampler, true, nil)
}

func (w *world) add(state fleet.InstanceState, n int) {
	w.t.Helper()
	for i := range n {
		instance := fleet.NewInstance(fleet.Manager{BaseName: "b"}, fmt.Sprintf("vm-%s-%d-%d", state, w.now.Unix(), i), "1", "", w.now)
		instance.State = state
		key, err := records.InstanceKey(instance.Key())
		if err != nil {
			w.t.Fatal(err)
		}
		fields, err := store.Encode(instance)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.store.Commit(w.t.Context(), store.Put(key, fields)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestSamples(t *testing.T) {
	w := newWorld(t)
	one, two := w.process(), w.process()
	w.add(fleet.Cataloged, 3)
	w.add(fleet.Leased, 2)
	w.add(fleet.Deleted, 5)
	before := w.writes()
	for minute := range 3 * 24 * 60 {
		if minute == 60 {
			w.add(fleet.PendingDeletion, 1)
			before++
		}
		one.Ended(t.Context(), sampler, true, nil)
		two.Ended(t.Context(), sampler, true, nil)
		w.now = w.now.Add(time.Minute)
	}
	if n := w.writes() - before; n != 2 {
		t.Errorf("%d writes for two sizes", n)
	}
	samples, err := Samples(t.Context(), w.store)
	if err != nil || len(samples) != 2 {
		t.Fatalf("%+v, %v", samples, err)
	}
	if s := samples[1]; s.Cataloged != 3 || s.Leased != 2 || s.Pending != 1 || s.Total() != 6 || s.At.Sub(samples[0].At) != time.Hour {
		t.Errorf("%+v", samples)
	}
	for range 200 { // it changes all the time
		w.add(fleet.Found, 1)
		one.Ended(t.Context(), sampler, true, nil)
		w.now = w.now.Add(SampleEvery)
	}
	if samples, err = Samples(t.Context(), w.store); err != nil || len(samples) != 24*4+2 {
		t.Errorf("%d samples of a day, %v", len(samples), err)
	}
}

// A job's error counts as a reason for a present wait while it is recent and
// the job has not recovered, and only for the entities that it names.
func TestFailed(t *testing.T) {
	now := time.Date(2026, 3, 2, 13, 42, 0, 0, time.UTC)
	first := now.Add(-time.Hour)
	job := Job{Name: "resize-instance-groups", FailedAt: now.Add(-time.Minute), Errors: []Error{{Message: "group b-1 in z: no", First: first}, {Message: "group b-2 in z: no"}}}
	old, recovered := job, job
	old.FailedAt, recovered.RecoveredAt = now.Add(-errorFreshness-1), now
	for _, test := range []struct {
		jobs  []Job
		job   string
		names []string
		want  string
	}{
		{[]Job{job}, job.Name, []string{"b-1", "z"}, "group b-1 in z: no"},
		{[]Job{job}, job.Name, []string{"b-2"}, "group b-2 in z: no"},
		{[]Job{job}, job.Name, []string{"b-1", "y"}, ""},
		{[]Job{job}, "import-config", nil, ""},
		{[]Job{old}, job.Name, []string{"b-1"}, ""},
		{[]Job{recovered}, job.Name, []string{"b-1"}, ""},
	} {
		if since, got := Failed(test.jobs, now)(test.job, test.names...); got != test.want || got == "group b-1 in z: no" && !since.Equal(first) {
			t.Errorf("%s %q: %q since %s, want %q", test.job, test.names, got, since, test.want)
		}
	}
}
