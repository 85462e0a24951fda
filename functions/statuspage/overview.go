package statuspage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
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
	Pools         []Pool          `json:"pools"`
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
func (o *Overview) Troubled() []Pool {
	return slices.DeleteFunc(slices.Clone(o.Pools), func(p Pool) bool { return !p.Trouble })
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
	err := together(ctx,
		read.configuration, read.managers, read.revisions, read.jobs,
		func(ctx context.Context) (err error) { o.Fleet, err = status.Count(ctx, p.entities, now); return err },
		func(ctx context.Context) (err error) { o.WaitingLeases, err = p.looks.CountWaiting(ctx); return err },
		func(ctx context.Context) (err error) { o.RunningLeases, err = p.looks.CountRunning(ctx); return err },
		func(ctx context.Context) (err error) { o.LastDay, err = status.Samples(ctx, p.Store); return err },
	)
	if err != nil {
		return nil, err
	}
	o.Revision, o.Imported, o.Frozen = read.config.Revision, read.imported, read.config.Settings.GetFreeze()
	o.Jobs, o.LastDay = append([]Job{}, read.failed...), append([]status.Sample{}, o.LastDay...)
	all := read.pools()
	o.PoolCount = len(all)
	at, _ := slices.BinarySearchFunc(all, after, func(pool *pool, key string) int { return cmp.Compare(pool.sortKey(), key) })
	if after != "" && at < len(all) && all[at].sortKey() == after {
		at++
	}
	shown := all[min(at, len(all)):]
	if len(shown) > poolsPerPage {
		shown = shown[:poolsPerPage]
		o.Next = shown[len(shown)-1].sortKey()
	}
	o.Pools, err = read.look(ctx, shown, all)
	return o, err
}

// reading is what is read about pools.
type reading struct {
	page     *page
	now      time.Time
	config   config.Config
	imported time.Time
	known    []fleet.Manager
	heads    map[[2]string]fleet.Revision // by base name and id
	failed   []Job
}

func (r *reading) configuration(ctx context.Context) error {
	var err error
	r.config, r.imported, err = config.CurrentWithTime(ctx, r.page.Store)
	return err
}

func (r *reading) managers(ctx context.Context) error {
	managers, err := r.page.entities.Managers(ctx)
	for _, manager := range managers {
		r.known = append(r.known, manager.Value)
	}
	return err
}

func (r *reading) revisions(ctx context.Context) error {
	heads, err := r.page.entities.RevisionHeads(ctx)
	r.heads = map[[2]string]fleet.Revision{}
	for _, head := range heads {
		r.heads[[2]string{head.Value.BaseName, head.Value.ID}] = head.Value
	}
	return err
}

// recent is how long the errors of a job are of interest.
const recent = 24 * time.Hour

func (r *reading) jobs(ctx context.Context) error {
	jobs, err := status.Jobs(ctx, r.page.Store, r.page.Jobs)
	for _, job := range jobs {
		if r.now.Sub(job.FailedAt) < recent {
			r.failed = append(r.failed, Job{Job: job, Failing: job.Failing()})
		}
	}
	slices.SortStableFunc(r.failed, func(a, b Job) int { return b.FailedAt.Compare(a.FailedAt) })
	return err
}
