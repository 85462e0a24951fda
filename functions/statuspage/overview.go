package statuspage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/records"
)

// poolsPerPage bounds the counting that one request does.
const poolsPerPage = 100

// Overview is the system at a glance.
type Overview struct {
	At       time.Time `json:"at"`
	Revision string    `json:"revision"` // the configuration in force; "" for none
	Imported time.Time `json:"imported,omitzero"`
	Frozen   []string  `json:"frozen,omitempty"`
	// Fleet counts the machines of all pools.
	Fleet         status.Sample   `json:"fleet"`
	WaitingLeases int             `json:"waiting_leases"`
	RunningLeases int             `json:"running_leases"`
	Pools         []Group         `json:"pools"`
	PoolCount     int             `json:"pool_count"`
	Next          string          `json:"next,omitempty"` // the page after this one begins after it
	Jobs          []Job           `json:"jobs"`           // that have failed lately
	LastDay       []status.Sample `json:"last_day"`
}

// Job is how a job has failed lately.
type Job struct {
	status.Job
	Failing bool `json:"failing"`
}

// Troubled lists what a person should look at first.
func (o *Overview) Troubled() []Group {
	return slices.DeleteFunc(slices.Clone(o.Pools), func(g Group) bool { return !g.Trouble })
}

// FailingJobs counts the jobs that are not known to have recovered.
func (o *Overview) FailingJobs() int {
	n := 0
	for _, job := range o.Jobs {
		if job.Failing {
			n++
		}
	}
	return n
}

func (p *page) overview(ctx context.Context, after string) (view, error) {
	now := p.Now().UTC()
	read := &reading{page: p, now: now}
	o := &Overview{At: now}
	// All of it at once: it is the waiting that takes time.
	err := records.Together(ctx,
		read.configuration, read.all, read.jobs,
		func(ctx context.Context) (err error) { o.Fleet, err = status.Count(ctx, p.entities, now); return err },
		func(ctx context.Context) (err error) { o.WaitingLeases, err = p.looks.CountWaiting(ctx); return err },
		func(ctx context.Context) (err error) { o.RunningLeases, err = p.looks.CountRunning(ctx); return err },
		func(ctx context.Context) (err error) { o.LastDay, err = status.Samples(ctx, p.Store); return err },
	)
	if err != nil {
		return nil, err
	}
	o.Revision, o.Imported, o.Frozen = read.config.Revision, read.config.ImportedAt, read.config.Settings.GetFreeze()
	o.Jobs, o.LastDay = read.recent(), append([]status.Sample{}, o.LastDay...)
	all := read.rows()
	o.PoolCount = len(all)
	at, _ := slices.BinarySearchFunc(all, after, func(r row, key string) int { return cmp.Compare(r.sortKey(), key) })
	if after != "" && at < len(all) && all[at].sortKey() == after {
		at++
	}
	shown := all[min(at, len(all)):]
	if len(shown) > poolsPerPage {
		shown = shown[:poolsPerPage]
		o.Next = shown[len(shown)-1].sortKey()
	}
	o.Pools, err = read.describe(ctx, shown)
	return o, err
}

// reading is what is read about pools.
type reading struct {
	page   *page
	now    time.Time
	config config.Config
	pools  []*fleet.Pool
	failed []status.Job
}

func (r *reading) configuration(ctx context.Context) (err error) {
	r.config, err = config.Current(ctx, r.page.Store)
	return err
}

func (r *reading) all(ctx context.Context) (err error) {
	r.pools, err = r.page.entities.Pools(ctx)
	return err
}

func (r *reading) jobs(ctx context.Context) (err error) {
	r.failed, err = status.Jobs(ctx, r.page.Store, r.page.Jobs)
	return err
}

func (r *reading) circumstances() fleet.Circumstances {
	return fleet.Circumstances{Now: r.now, Freeze: r.config.Settings.GetFreeze(), Failed: status.Failed(r.failed, r.now)}
}

// ofInterest is how long the errors of a job are of interest.
const ofInterest = 24 * time.Hour

// recent lists the jobs that have failed lately, the last first.
func (r *reading) recent() []Job {
	jobs := []Job{}
	for _, job := range r.failed {
		if r.now.Sub(job.FailedAt) < ofInterest {
			jobs = append(jobs, Job{Job: job, Failing: job.Failing()})
		}
	}
	slices.SortStableFunc(jobs, func(a, b Job) int { return b.FailedAt.Compare(a.FailedAt) })
	return jobs
}
