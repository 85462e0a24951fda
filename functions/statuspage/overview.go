package statuspage

import (
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
	Next          string          `json:"next,omitempty"` // the sort key after which the next page begins
	Jobs          []Job           `json:"jobs"`           // jobs that have failed lately
	LastDay       []status.Sample `json:"last_day"`
}

// Job is a job that has failed lately.
type Job struct {
	status.Job
	Failing bool `json:"failing"`
}

// Troubled lists the groups that a person should look at first.
func (o *Overview) Troubled() []Group {
	return slices.DeleteFunc(slices.Clone(o.Pools), func(g Group) bool { return !g.Trouble })
}

func (p *page) overview(ctx context.Context, after string) (view, error) {
	now := p.Now().UTC()
	o := &Overview{At: now, LastDay: []status.Sample{}}
	read, err := p.read(ctx,
		func(ctx context.Context) (err error) { o.Fleet, err = status.Count(ctx, p.records, now); return err },
		func(ctx context.Context) (err error) { o.WaitingLeases, err = p.looks.CountWaiting(ctx); return err },
		func(ctx context.Context) (err error) { o.RunningLeases, err = p.looks.CountRunning(ctx); return err },
		func(ctx context.Context) error {
			samples, err := status.Samples(ctx, p.Store)
			o.LastDay = append(o.LastDay, samples...)
			return err
		},
	)
	if err != nil {
		return view{}, err
	}
	o.Revision, o.Imported, o.Frozen, o.Jobs = read.config.Revision, read.config.ImportedAt, read.config.Settings.GetFreeze(), read.recent()
	shown := read.rows()
	o.PoolCount = len(shown)
	if after != "" {
		shown = slices.DeleteFunc(shown, func(r row) bool { return r.sortKey() <= after })
	}
	if len(shown) > poolsPerPage {
		shown = shown[:poolsPerPage]
		o.Next = shown[len(shown)-1].sortKey()
	}
	o.Pools, err = read.describe(ctx, shown)
	return view{"overview", "GCE Backend", now, o}, err
}

// reading is the data about pools that was read for one request.
type reading struct {
	page   *page
	now    time.Time
	config config.Config
	pools  []*fleet.Pool
	failed []status.Job
}

// read reads what each view of pools needs. It calls the functions in more at
// the same time, since most of the time is spent waiting.
func (p *page) read(ctx context.Context, more ...func(context.Context) error) (*reading, error) {
	r := &reading{page: p, now: p.Now().UTC()}
	return r, records.Together(ctx, append(more,
		func(ctx context.Context) (err error) { r.config, err = config.Current(ctx, p.Store); return err },
		func(ctx context.Context) (err error) { r.pools, err = p.records.Pools(ctx); return err },
		func(ctx context.Context) (err error) { r.failed, err = status.Jobs(ctx, p.Store, p.Jobs); return err },
	)...)
}

// ofInterest is how long a job is listed after its last failure.
const ofInterest = 24 * time.Hour

// recent returns the jobs that have failed lately, the latest failure first.
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
