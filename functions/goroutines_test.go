package functions_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// served is the whole suite behind its handlers, as it is deployed, with runs
// that do several things at a time. It lives in a synctest bubble, whose clock
// advances when all goroutines wait.
type served struct {
	t         *testing.T
	functions map[string]http.Handler
	cloud     *simulator.Cloud
	files     config.Files
	store     func(context.Context, faulty.Call) faulty.Fault
	outside   func(*http.Request) (*http.Response, error) // in place of Compute Engine and the Machine Provider; nil: they
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Read and Close make it the configuration's source.
func (s *served) Read(context.Context) (config.Files, error) { return s.files, nil }
func (s *served) Close() error                               { return nil }

// Publish drops the messages: each sweep finds its work by itself.
func (s *served) Publish(context.Context, event.Topic, ...event.Message) error { return nil }

func (s *served) call(inner http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if s.outside != nil {
			return s.outside(r)
		}
		return inner.RoundTrip(r)
	})
}

func newServed(t *testing.T) *served {
	s := &served{t: t, functions: map[string]http.Handler{}}
	log, random := slog.New(slog.DiscardHandler), lockedrand.New()
	documents := faulty.New(memory.New(time.Now), faulty.Hooks{Fault: func(ctx context.Context, call faulty.Call) faulty.Fault {
		if s.store != nil {
			return s.store(ctx, call)
		}
		return faulty.Fault{}
	}})
	cloud := simulator.New(simulator.Options{Now: time.Now, Sleep: pause.For, Rand: random, OperationTime: 2 * time.Second, BootTime: 20 * time.Second, Zones: world.Zones})
	provider := machineprovider.New(machineprovider.Dependencies{Store: documents, Publish: s, Limits: leasing.DefaultLimits, Now: time.Now, Rand: random, Log: log, Verify: verify, Project: world.Project})
	deps := job.Dependencies{
		Store: documents, Publisher: s, Source: s, Now: time.Now, Sleep: pause.For, Rand: random, Project: world.Project, Deployment: world.Deployment,
		Compute: rest.New(rest.Options{HTTPClient: &http.Client{Transport: s.call(cloud.Transport())}, Endpoint: "http://compute.test", RequestsPerMinute: 1500, Rand: random.Float64, Now: time.Now, Sleep: pause.For}),
		Catalog: client.New(client.Options{Base: func(context.Context) (string, error) { return "http://provider.test", nil }, Token: identity.LocalToken(world.Backend),
			HTTPClient: &http.Client{Transport: s.call(roundTrip(func(r *http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				provider.ServeHTTP(w, r)
				return w.Result(), nil
			}))}}),
		Recorder: status.NewRecorder(documents, time.Now, time.Hour, log),
	}
	page := statuspage.New(statuspage.Dependencies{Store: documents, Now: time.Now, Log: log, Jobs: job.Names(functions.Jobs()), Anyone: true})
	s.cloud = cloud
	s.functions[machineprovider.Name], s.functions[statuspage.Name] = provider, page
	for _, each := range functions.Jobs() {
		s.functions[each.Name] = push.Function(job.NewRunner(each, deps, 2*time.Minute, log).Deliver)
	}
	return s
}

// request returns the request of a function's sweep.
func request(ctx context.Context, name string) *http.Request {
	switch name {
	case statuspage.Name:
		return httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	case machineprovider.Name:
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/_ah/api/machine_provider/v1/lease",
			strings.NewReader(`{"request_id":"r","duration":"600","dimensions":{"os_family":"LINUX"}}`))
		r.Header.Set("Authorization", "Bearer dev:"+world.Lessee)
		return r
	}
	return httptest.NewRequestWithContext(ctx, http.MethodPost, "/projects/p/topics/"+name, strings.NewReader(delivery))
}

// ask calls each function several times at once, and then checks that no new
// goroutine is left.
func (s *served) ask(ctx context.Context, times int) {
	s.t.Helper()
	for _, name := range suite(s.t).Manifest.Names() {
		before := inBubble()
		var wait sync.WaitGroup
		for range times {
			wait.Go(func() { s.functions[name].ServeHTTP(httptest.NewRecorder(), request(ctx, name)) })
		}
		wait.Wait()
		synctest.Wait()
		if after := inBubble(); len(after) > len(before) {
			s.t.Errorf("%s leaves %d goroutines behind:\n%s", name, len(after)-len(before), strings.Join(after, "\n\n"))
		}
	}
}

var bubble = regexp.MustCompile(`^goroutine \d+ .*synctest bubble`)

// inBubble returns the stacks of the goroutines in a bubble.
func inBubble() []string {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	var stacks []string
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		if bubble.MatchString(stack) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

const settings = "backends { name: \"GCE\" members: \"" + world.Backend + "\" }\nlessees: \"" + world.Lessee + "\"\n"

func (s *served) configure(revision, image, managers string) {
	s.files = config.Files{Revision: revision, Settings: []byte(settings), Managers: []byte(managers), Templates: []byte(`templates { base_name: "pool" project: "` + world.Project +
		`" machine_type: "e2-standard-4" image_name: "` + image + `" service_accounts { name: "vm@example.iam.gserviceaccount.com" } dimensions: "os_family:LINUX" }`)}
}

// No function leaves a goroutine behind, whether all goes well, no response
// comes, responses come too late, or the caller is gone. The bubble itself
// fails if a goroutine is left at the end.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	const managers = `managers { template_base_name: "pool" zone: "us-central1-a" minimum_size: 3 maximum_size: 5 } managers { template_base_name: "pool" zone: "us-central1-b" minimum_size: 2 maximum_size: 5 }`
	gone := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	}
	for name, c := range map[string]struct {
		outside func(*http.Request) (*http.Response, error)
		store   func(context.Context, faulty.Call) faulty.Fault
		context func(context.Context) context.Context
	}{
		"all goes well":          {},
		"who asked is gone":      {context: gone},
		"the store is down":      {store: func(context.Context, faulty.Call) faulty.Fault { return faulty.Unavailable }},
		"the store is contended": {store: func(_ context.Context, call faulty.Call) faulty.Fault { return conflicts(call) }},
		"the store is silent": {store: func(ctx context.Context, _ faulty.Call) faulty.Fault {
			<-ctx.Done()
			return faulty.Fault{Before: ctx.Err()}
		}},
		"nothing else answers":    {outside: func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }},
		"connections are refused": {outside: func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }},
		"answers break off": {outside: func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: brokenOff{r.Context()}}, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServed(t)
				ctx := t.Context()
				sweep := func(n int) {
					for range n {
						s.ask(ctx, 2)
						time.Sleep(time.Minute) // the bubble's clock: nobody waits
					}
				}
				s.configure("1", "debian-11", managers)
				sweep(4) // there are machines, and somebody has one
				if c.context != nil {
					ctx = c.context(ctx)
				}
				s.outside, s.store = c.outside, c.store
				s.configure("2", "debian-12", managers)
				sweep(3)
				s.outside, s.store = nil, nil
				s.configure("3", "debian-12", "")
				sweep(20)
				for _, method := range []string{"instanceTemplates.insert", "instanceGroupManagers.resize", "instanceGroupManagers.deleteInstances", "instanceGroupManagers.delete"} {
					if s.cloud.Calls()[method] == 0 {
						t.Errorf("%s was never called: this test tests nothing", method)
					}
				}
			})
		})
	}
}

func conflicts(call faulty.Call) faulty.Fault {
	if call.Method == faulty.Commit {
		return faulty.Conflict
	}
	return faulty.Fault{}
}

// brokenOff is a body that never arrives: reading it fails when its context
// ends.
type brokenOff struct{ ctx context.Context }

func (b brokenOff) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, io.ErrUnexpectedEOF }
func (b brokenOff) Close() error             { return nil }
