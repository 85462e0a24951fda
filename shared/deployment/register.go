package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/job/status"
)

// HTTP makes the handler of a function.
type HTTP func(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error)

// Register registers each job, and each function that serves HTTP, with the
// Functions Framework under its name. It is called from init, in every
// function's process: nothing is read, parsed or opened before the first
// request, and then only for the function that gets it.
func Register(jobs []job.Job, handlers map[string]HTTP, manifestYAML []byte) {
	process{log: logging.JSON(os.Stderr), manifest: manifestYAML}.register(functions.HTTP, jobs, handlers)
}

// process holds what the functions of one process share.
type process struct {
	log      *slog.Logger
	manifest []byte
}

// function is an HTTP function in the form that the Functions Framework takes.
type function = func(http.ResponseWriter, *http.Request)

func (p process) register(to func(name string, of function), jobs []job.Job, handlers map[string]HTTP) {
	for _, each := range jobs {
		to(each.Name, p.serve(each.Name, p.events(each)))
	}
	for name, each := range handlers {
		to(name, p.serve(name, each))
	}
}

// events returns the HTTP function of a job.
func (p process) events(of job.Job) HTTP {
	return func(_ context.Context, deps job.Dependencies, _ environment.Environment, _ *slog.Logger) (http.Handler, error) {
		timeout, err := p.timeout(of.Name)
		if err != nil {
			return nil, err
		}
		deps.Recorder = status.NewRecorder(deps.Store, deps.Now, status.SampleEvery, p.log)
		return push.Function(job.NewRunner(of, deps, timeout, p.log).Deliver), nil
	}
}

// serve returns a function that is assembled at its first request. If that
// fails, it answers the request with an error, so that Pub/Sub delivers the
// message again, and tries anew at the next request: a service that was
// unreachable may be reachable then.
func (p process) serve(name string, of HTTP) function {
	var mu sync.Mutex
	var built http.Handler
	build := func(ctx context.Context) (http.Handler, error) {
		mu.Lock()
		defer mu.Unlock()
		if built != nil {
			return built, nil
		}
		env, err := environment.Read(ctx)
		if err != nil {
			return nil, err
		}
		deps, err := newDependencies(ctx, env)
		if err != nil {
			return nil, err
		}
		handler, err := of(context.WithoutCancel(ctx), deps, env, p.log.With("job", name))
		if err == nil {
			built = handler
		}
		return handler, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := build(r.Context())
		if err != nil {
			p.log.Error("put the function together: "+err.Error(), "job", name)
			http.Error(w, "the function could not start", http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// timeout returns the time limit of a job's runs, from the manifest.
func (p process) timeout(name string) (time.Duration, error) {
	parsed, err := manifest.Parse(p.manifest)
	if err != nil {
		return 0, err
	}
	function, ok := parsed.Functions[name]
	if !ok || function.TimeoutSeconds <= 0 {
		return 0, fmt.Errorf("functions.yaml has no time limit for %s", name)
	}
	return function.Timeout(), nil
}
