// Package status keeps two kinds of small documents for people to look at: the
// recent errors of each job, and the size of the fleet over the last day. While
// nothing fails and nothing changes it writes nothing.
package status

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

const (
	collection = "status"
	maxErrors  = 20
	maxMessage = 600 // bytes
	keepErrors = 24 * time.Hour
)

// fleetKey is the document of the samples; a job cannot have this name.
var fleetKey = store.MustKey(collection, "fleet")

func jobKey(job string) store.Key { return store.MustKey(collection, "job:"+job) }

// Job is a job that has failed lately, and its recent errors.
type Job struct {
	Name string `firestore:"job" json:"job"`
	// FailedAt is the time of the last failure. Since is the time of the first
	// failure that no known success followed.
	FailedAt time.Time `firestore:"failedAt" json:"failed_at"`
	Since    time.Time `firestore:"since" json:"since"`
	// RecoveredAt is when a sweep first succeeded after a failure; zero if none is
	// known to have.
	RecoveredAt time.Time `firestore:"recoveredAt,omitempty" json:"recovered_at,omitzero"`
	Errors      []Error   `firestore:"errors" json:"errors"` // the latest first
}

// Failing reports whether the job is not known to have recovered.
func (j Job) Failing() bool { return j.RecoveredAt.Before(j.FailedAt) }

// fail adds a failure. Each line of the error is an Error of its own, since joined
// errors of independent parts are a line each.
func (j *Job) fail(err error, now time.Time) {
	if !j.Failing() || j.Since.IsZero() {
		j.Since = now
	}
	j.FailedAt = now
	j.Errors = slices.DeleteFunc(j.Errors, func(e Error) bool { return now.Sub(e.Last) > keepErrors })
	for line := range strings.SplitSeq(err.Error(), "\n") {
		line = shorten(strings.TrimSpace(line))
		if line == "" {
			continue
		}
		i := slices.IndexFunc(j.Errors, func(e Error) bool { return e.Message == line })
		if i < 0 {
			i = len(j.Errors)
			j.Errors = append(j.Errors, Error{Message: line, First: now})
		}
		if e := &j.Errors[i]; e.Last.Before(now) {
			e.Last, e.Class = now, string(failure.ClassOf(err))
			e.Times++
		}
	}
	slices.SortStableFunc(j.Errors, func(a, b Error) int {
		return cmp.Or(b.Last.Compare(a.Last), a.First.Compare(b.First))
	})
	j.Errors = j.Errors[:min(len(j.Errors), maxErrors)]
}

func shorten(line string) string {
	if len(line) <= maxMessage {
		return line
	}
	return strings.ToValidUTF8(line[:maxMessage], "") + "…"
}

// Error is one line of a job's error.
type Error struct {
	Message string    `firestore:"message" json:"message"`
	Class   string    `firestore:"class" json:"class"`
	First   time.Time `firestore:"first" json:"first"`
	Last    time.Time `firestore:"last" json:"last"`
	// Times counts the minutes in which it was seen.
	Times int `firestore:"times" json:"times"`
}

// Sample is the number of machines at a time, by their states.
type Sample struct {
	At        time.Time `firestore:"at" json:"at"`
	Found     int       `firestore:"found,omitempty" json:"found"`
	Cataloged int       `firestore:"cataloged,omitempty" json:"cataloged"`
	Leased    int       `firestore:"leased,omitempty" json:"leased"`
	Pending   int       `firestore:"pending,omitempty" json:"pending"` // to be deleted
}

// Total counts the machines of all states.
func (s Sample) Total() int { return s.Found + s.Cataloged + s.Leased + s.Pending }

func (s Sample) same(other Sample) bool {
	s.At = other.At
	return s == other
}

type fleetFields struct {
	Samples []Sample `firestore:"samples"` // the oldest first
}

// Samples reads the size of the fleet over the last day, the oldest sample first.
// A sample holds until the next one, to within the sampling interval.
func Samples(ctx context.Context, s store.Store) ([]Sample, error) {
	read, err := store.GetAs[fleetFields](ctx, s, fleetKey)
	if err != nil {
		return nil, err
	}
	return read[0].Value.Samples, nil
}

// Jobs reads the recent errors of the named jobs, for those that have failed.
func Jobs(ctx context.Context, s store.Store, names []string) ([]Job, error) {
	keys := make([]store.Key, len(names))
	for i, name := range names {
		keys[i] = jobKey(name)
	}
	read, err := store.GetAs[Job](ctx, s, keys...)
	if read == nil {
		return nil, err
	}
	var jobs []Job
	for _, item := range read { // one that does not decode is left out
		if item.Exists() && item.Value.Name != "" {
			jobs = append(jobs, item.Value)
		}
	}
	return jobs, nil
}

// errorFreshness is how long an error counts as the reason for a present wait.
const errorFreshness = 10 * time.Minute

// Failed returns the function that fleet.Circumstances takes. If the named job
// still fails, that function returns the job's latest error that contains all
// the names.
func Failed(jobs []Job, now time.Time) func(job string, names ...string) (since time.Time, message string) {
	return func(name string, of ...string) (time.Time, string) {
		for _, job := range jobs {
			if job.Name != name || now.Sub(job.FailedAt) > errorFreshness || !job.Failing() {
				continue
			}
			for _, e := range job.Errors {
				if !slices.ContainsFunc(of, func(name string) bool { return !strings.Contains(e.Message, name) }) {
					return e.First, e.Message
				}
			}
		}
		return time.Time{}, ""
	}
}
