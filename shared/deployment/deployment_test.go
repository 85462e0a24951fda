package deployment

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// registered holds the functions that a test registers, by name.
type registered map[string]function

const manifestYAML = `
functions:
  wake-up:
    timeout: 60
  without-limit: {}
`

// deliver pushes an empty message to a function and returns the status.
func (r registered) deliver(name string) int {
	w := httptest.NewRecorder()
	r[name](w, httptest.NewRequest(http.MethodPost, "/projects/p/topics/wake-up",
		strings.NewReader(`{"message":{"data":"e30="}}`)))
	return w.Code
}

func TestRegister(t *testing.T) {
	var made, ran, other, served int
	jobs := []job.Job{
		{Name: "wake-up", New: func(deps job.Dependencies) job.Handler {
			made++
			if deps.Project != "some-project" || deps.Store == nil || deps.Compute == nil || deps.Catalog == nil ||
				deps.Publisher == nil || deps.Rand == nil || deps.Sleep == nil || deps.Source != nil {
				t.Errorf("got %+v", deps)
			}
			return func(ctx context.Context, _ job.Run) error {
				ran++
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute {
					t.Error("a run has not the time limit of the manifest")
				}
				return nil
			}
		}},
		{Name: "without-limit", New: func(job.Dependencies) job.Handler { other++; return nil }},
	}
	handlers := map[string]HTTP{"serve": func(_ context.Context, _ job.Dependencies, env environment.Environment, _ *slog.Logger) (http.Handler, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			served++
			if env.Project != "some-project" {
				t.Errorf("got %+v", env)
			}
		}), nil
	}}
	var log bytes.Buffer
	to := registered{}
	t.Setenv("PROJECT", "")
	process{log: logging.JSON(&log), manifest: []byte(manifestYAML)}.register(func(name string, of function) { to[name] = of }, jobs, handlers)

	if status := to.deliver("wake-up"); status != http.StatusInternalServerError || !strings.Contains(log.String(), "PROJECT") {
		t.Errorf("got %d and the log %s, want one that names PROJECT", status, &log)
	}
	w := httptest.NewRecorder()
	to["serve"](w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || served != 0 {
		t.Errorf("got %d", w.Code)
	}

	t.Setenv("PROJECT", "some-project")
	for range 2 {
		if status := to.deliver("wake-up"); status != http.StatusNoContent {
			t.Fatalf("got %d", status)
		}
		to["serve"](httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	if made != 1 || ran != 2 || other != 0 || served != 2 {
		t.Errorf("made %d, ran %d, made others %d, served %d times; want 1, 2, 0, 2", made, ran, other, served)
	}
	if status := to.deliver("without-limit"); status != http.StatusInternalServerError || other != 0 {
		t.Errorf("a job without a time limit was made")
	}
}

func TestRegisterWithTheFramework(*testing.T) {
	Register([]job.Job{{Name: "a-job-of-this-test"}}, nil, nil) // if this failed, the framework would end the process
}

func TestDependencies(t *testing.T) {
	deployed := environment.Environment{Project: "p", Service: "wake-up"}
	tests := []struct {
		name   string
		change func(*environment.Environment)
		want   string
	}{
		{"deployed", func(*environment.Environment) {}, ""},
		{"with a source", func(e *environment.Environment) { e.ConfigSource = "file://" + t.TempDir() }, ""},
		{"with a wrong source", func(e *environment.Environment) { e.ConfigSource = "ftp://x" }, "CONFIG_SOURCE"},
		{"local identities", func(e *environment.Environment) { e.DevelopmentIdentities = true }, "DEVELOPMENT_IDENTITIES"},
		{"local Compute Engine", func(e *environment.Environment) { e.ComputeEndpoint = "http://localhost" }, "COMPUTE_ENDPOINT"},
		{"local", func(e *environment.Environment) {
			e.Service, e.DevelopmentIdentities, e.ComputeEndpoint = "", true, "http://localhost"
		}, ""},
	}
	for _, test := range tests {
		env := deployed
		test.change(&env)
		deps, err := newDependencies(t.Context(), env)
		if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if err == nil && (deps.Source != nil) != (env.ConfigSource != "") {
			t.Errorf("%s: got the source %v", test.name, deps.Source)
		}
	}
}

// failing is a store that cannot be read.
type failing struct{ store.Store }

func (failing) Get(context.Context, ...store.Key) ([]store.Document, error) {
	return nil, errors.New("down")
}

func TestMachineProvider(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { return now }
	documents := memory.New(clock)
	resolve := machineProvider(documents, "https://fallback.example", clock)
	want := func(url string) {
		t.Helper()
		if got, err := resolve(t.Context()); got != url || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, url)
		}
	}
	want("https://fallback.example")

	imported := config.Empty()
	imported.Revision = "r1"
	server := "https://configured.example"
	imported.Settings = &configpb.SettingsCfg{MpServer: &server}
	fields, err := config.Encode(imported, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := documents.Commit(t.Context(), store.Put(config.Key, fields)); err != nil {
		t.Fatal(err)
	}
	want("https://fallback.example") // for half a minute
	now = now.Add(settingsAge)
	want("https://configured.example")

	if _, err := machineProvider(failing{documents}, "https://fallback.example", clock)(t.Context()); err == nil {
		t.Error("a store that cannot be read is no reason to ask another Machine Provider")
	}
}
