package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions/createinstancetemplates"
	"github.com/gce-backend/gce-backend/functions/importconfig"
	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

var update = flag.Bool("update", false, "rewrite what is sent for each template")

// inserted keeps the bodies of instanceTemplates.insert by the templates' names.
type inserted struct {
	http.RoundTripper
	bodies map[string]json.RawMessage
}

func (i inserted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/instanceTemplates") {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		var named struct{ Name string }
		if err := json.Unmarshal(text, &named); err != nil {
			return nil, err
		}
		i.bodies[named.Name] = text
	}
	return i.RoundTripper.RoundTrip(r)
}

// unheard is a publisher without subscribers.
type unheard struct{}

func (unheard) Publish(context.Context, event.Topic, ...event.Message) error { return nil }

// The template body for a configuration must not change by accident: another
// revision would replace every VM of a pool, and another body would make the
// existing instance templates count as foreign.
func TestTemplateBodiesGolden(t *testing.T) {
	for folder, golden := range map[string]string{
		"../scripts/example": "testdata/templates/example.json", "testdata/templates": "testdata/templates/sent.json",
	} {
		sent := templateBodies(t, folder)
		if *update {
			if err := os.WriteFile(golden, sent, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sent, want) {
			t.Errorf("%s: what is sent is not what %s says:\n%s", folder, golden, sent)
		}
	}
}

// templateBodies returns the bodies sent for the templates of a folder, as
// JSON.
func templateBodies(t *testing.T, folder string) []byte {
	t.Helper()
	ctx := t.Context()
	path, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	source, err := configsource.Open(ctx, "file://"+path, configsource.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	cloud := simulator.New(simulator.Options{})
	for _, name := range []string{"checkout", "checkout-old"} {
		if err := cloud.CreateSnapshot(simulator.Snapshot{Project: "fleet-test", Name: name, Labels: map[string]string{"kind": "cache", "stage": "prod"}}); err != nil {
			t.Fatal(err)
		}
	}
	requests := inserted{cloud.Transport(), map[string]json.RawMessage{}}
	log := slog.New(slog.DiscardHandler)
	deps := job.Dependencies{
		Store: memory.New(time.Now), Publisher: unheard{}, Source: source, Now: time.Now, Project: "home", Deployment: "blue", Serial: true,
		Compute: rest.New(rest.Options{HTTPClient: &http.Client{Transport: requests}, Endpoint: "http://compute.invalid"}),
		Rand:    rand.New(rand.NewPCG(1, 2)),
	}
	for _, each := range []job.Job{importconfig.Job, processconfig.Job, createinstancetemplates.Job} {
		// The request counts even if Compute Engine would refuse it.
		if err := each.New(deps)(ctx, deps.Run(each.Name, event.Scope{}, log)); err != nil && each.Name != createinstancetemplates.Job.Name {
			t.Fatalf("%s: %v", each.Name, err)
		}
	}
	text, err := json.MarshalIndent(requests.bodies, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}
