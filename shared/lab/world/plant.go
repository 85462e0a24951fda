package world

import "github.com/gce-backend/gce-backend/shared/job"

// Plant puts a bug between a job and the outside, to show that the world's
// checks find it. The zero value plants none.
type Plant struct {
	Name string
	// Dependencies changes what a job is given.
	Dependencies func(jobName string, deps job.Dependencies) job.Dependencies
}

func (p Plant) apply(name string, deps job.Dependencies) job.Dependencies {
	if p.Dependencies == nil {
		return deps
	}
	return p.Dependencies(name, deps)
}
