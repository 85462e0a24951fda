package status

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

const (
	maxErrors  = 20
	maxMessage = 600 // bytes
	keepErrors = 24 * time.Hour
)

// fail adds a failure. Errors of independent parts stand in lines of their
// own.
func (j *Job) fail(err error, now time.Time) {
	if !j.Failing() || j.Since.IsZero() {
		j.Since = now
	}
	j.FailedAt = now
	class := string(failure.ClassOf(err))
	j.Errors = slices.DeleteFunc(slices.Clone(j.Errors), func(e Error) bool { return now.Sub(e.Last) > keepErrors })
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = shorten(strings.TrimSpace(line)); line != "" {
			j.add(Error{Message: line, Class: class, First: now, Last: now, Times: 1})
		}
	}
	slices.SortStableFunc(j.Errors, func(a, b Error) int {
		return cmp.Or(b.Last.Compare(a.Last), a.First.Compare(b.First))
	})
	j.Errors = j.Errors[:min(len(j.Errors), maxErrors)]
}

func (j *Job) add(e Error) {
	for i, known := range j.Errors {
		if known.Message == e.Message {
			if known.Last.Before(e.Last) {
				j.Errors[i].Last, j.Errors[i].Class = e.Last, e.Class
				j.Errors[i].Times++
			}
			return
		}
	}
	j.Errors = append(j.Errors, e)
}

func shorten(line string) string {
	if len(line) <= maxMessage {
		return line
	}
	return strings.ToValidUTF8(line[:maxMessage], "") + "…"
}
