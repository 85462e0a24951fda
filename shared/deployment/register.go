package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/job/status"
)

// HTTP makes the handler of a function that serves HTTP.
type HTTP func(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error)

// Register registers each job, and each function that serves HTTP, with the
// Functions Framework under its name. It is called from init, in every
// function's process: nothing is read, parsed or opened before the first
// request, and then for the function that is asked alone.
func Register(jobs []job.Job, handlers map[string]HTTP, manifestYAML []byte) {
	register(framework{}, process{log: logging.JSON(os.Stderr), manifest: manifestYAML}, jobs, handlers)
}

// registry is where functions are registered.
type registry interface {
	HTTP(name string, function func(http.ResponseWriter, *http.Request))
}

// framework is the Functions Framework's registry.
type framework struct{}

func (framework) HTTP(name string, function func(http.ResponseWriter, *http.Request)) {
	functions.HTTP(name, function)
}

// process is what the functions of a process share.
type process struct {
	log      *slog.Logger
	manifest []byte
}

func register(to registry, p process, jobs []job.Job, handlers map[string]HTTP) {
	for _, each := range jobs {
		to.HTTP(each.Name, p.events(each))
	}
	for name, each := range handlers {
		to.HTTP(name, p.requests(name, each))
	}
}

// events is a job's function. While it cannot be put together, each message is
// answered with an error, so that it is delivered again.
func (p process) events(of job.Job) func(http.ResponseWriter, *http.Request) {
	return p.serve(of.Name, func(ctx context.Context) (http.Handler, error) {
		timeout, err := p.timeout(of.Name)
		if err != nil {
			return nil, err
		}
		_, deps, err := dependencies(ctx)
		if err != nil {
			return nil, err
		}
		deps.Recorder = status.NewRecorder(deps.Store, deps.Now, status.SampleEvery, p.log)
		return push.Function(job.NewRunner(of, deps, timeout, p.log).Deliver), nil
	})
}

// requests is a function that serves HTTP.
func (p process) requests(name string, of HTTP) func(http.ResponseWriter, *http.Request) {
	return p.serve(name, func(ctx context.Context) (http.Handler, error) {
		env, deps, err := dependencies(ctx)
		if err != nil {
			return nil, err
		}
		return of(context.WithoutCancel(ctx), deps, env, p.log.With("job", name))
	})
}

// serve puts a function together at its first request.
func (p process) serve(name string, make func(context.Context) (http.Handler, error)) func(http.ResponseWriter, *http.Request) {
	built := lazy[http.Handler]{make: make}
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := built.get(r.Context())
		if err != nil {
			p.log.Error("put the function together: "+err.Error(), "job", name)
			http.Error(w, "the function could not start", http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// timeout is how long one run of a job may take, as the manifest says.
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

func dependencies(ctx context.Context) (environment.Environment, job.Dependencies, error) {
	env, err := environment.Read(ctx)
	if err != nil {
		return env, job.Dependencies{}, err
	}
	deps, err := newDependencies(ctx, env)
	return env, deps, err
}
