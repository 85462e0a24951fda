//go:build !race

package functions_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// secret is a metadata value; a startup script contains it in a line.
const secret = "hunter2-swordfish"

// vault is a world in which every template has the secret in its metadata. It
// keeps everything that is logged and published.
type vault struct {
	*world.World
	t *testing.T
	// broken is appended to the templates file.
	broken string
	// another makes Compute Engine return a template with other metadata.
	another bool
	said    strings.Builder
	lines   int
}

func newVault(t *testing.T) *vault {
	v := &vault{t: t}
	v.World = newWorld(t, world.Options{Seed: 131, Plant: world.Plant{Name: "secrets", Dependencies: v.dependencies}})
	v.Listen(func(record slog.Record, attrs []slog.Attr) {
		v.lines++
		fmt.Fprintln(&v.said, record.Level, record.Message, attrs)
		record.Attrs(func(a slog.Attr) bool { fmt.Fprintln(&v.said, a.Key, a.Value.Resolve()); return true })
	})
	return v
}

func (v *vault) dependencies(_ string, deps job.Dependencies) job.Dependencies {
	deps.Source = secretSource{deps.Source, v}
	deps.Publisher = loud{deps.Publisher, v}
	deps.Compute = occupied{deps.Compute, v}
	deps.Recorder = recorder{v}
	return deps
}

// pages returns everything that the status page shows.
func (v *vault) pages() string {
	page := statuspage.New(statuspage.Dependencies{Store: v.Documents, Now: v.Now, Log: slog.New(slog.DiscardHandler), Jobs: job.Names(functions.Jobs()), Anyone: true})
	targets := []string{"/?", "/?leases=waiting", "/?leases=running"}
	for _, vm := range v.Cloud.VMs() {
		base, revision, _ := fleet.SplitTemplateName(vm.Group)
		targets = append(targets, "/?pool="+base+"/"+revision+"/"+vm.Zone, fmt.Sprintf("/?instance=%s:%d", vm.Name, vm.ID))
	}
	var shown strings.Builder
	for _, target := range targets {
		for _, format := range []string{"html", "json"} {
			answer := httptest.NewRecorder()
			page.ServeHTTP(answer, httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, target+"&format="+format, nil))
			if answer.Code != http.StatusOK {
				v.t.Errorf("%s: %d", target, answer.Code)
			}
			shown.WriteString(answer.Body.String())
		}
	}
	return shown.String()
}

// secretSource puts the secret into the templates and appends broken to them.
type secretSource struct {
	configsource.Source
	v *vault
}

func (s secretSource) Read(ctx context.Context) (config.Files, error) {
	files, err := s.Source.Read(ctx)
	text := strings.ReplaceAll(string(files.Templates), `metadata: "pool:`, `metadata: "token:`+secret+`" metadata: "startup-script:#!/bin/sh\nexport TOKEN=`+secret+`\n" metadata: "pool:`)
	files.Templates = []byte(text + s.v.broken)
	return files, err
}

// loud keeps the published messages.
type loud struct {
	event.Publisher
	v *vault
}

func (l loud) Publish(ctx context.Context, topic event.Topic, messages ...event.Message) error {
	for _, message := range messages {
		fmt.Fprintln(&l.v.said, topic, string(message.Data), message.Attributes)
	}
	return l.Publisher.Publish(ctx, topic, messages...)
}

// occupied returns a template with other metadata instead of the created one.
type occupied struct {
	compute.Engine
	v *vault
}

func (o occupied) Template(ctx context.Context, project, name string) (compute.Template, error) {
	found, err := o.Engine.Template(ctx, project, name)
	if o.v.another {
		found.Properties.Metadata = &computepb.Metadata{Items: []*computepb.Items{{Key: proto.String("token"), Value: proto.String(secret + secret)}}}
	}
	return found, err
}

// recorder records errors for the status page and keeps them.
type recorder struct{ v *vault }

func (r recorder) Ended(ctx context.Context, name string, sweep bool, err error) {
	if err != nil {
		fmt.Fprintln(&r.v.said, err)
	}
	status.NewRecorder(r.v.Documents, r.v.Now, time.Hour, slog.New(slog.DiscardHandler)).Ended(ctx, name, sweep, err)
}

// Metadata may contain secrets. Whatever fails, and whichever error contains
// the secret, it is never logged, published or shown.
func TestSecretsInMetadataAreNeverShown(t *testing.T) {
	echo := fmt.Sprintf("Invalid value for field 'resource.properties.metadata.items[0].value': '%s'. It was %q and \"export TOKEN=%s\"", secret, "#!/bin/sh\nexport TOKEN="+secret+"\n", secret)
	errored := []simulator.OperationError{{Code: "INVALID_FIELD_VALUE", Message: echo}}
	for name, happen := range map[string]func(v *vault){
		"nothing": func(*vault) {},
		"insert refused": func(v *vault) {
			v.inject("instanceTemplates.insert", simulator.Fault{Status: http.StatusBadRequest, Message: echo})
		},
		"insert's operation fails": func(v *vault) { v.inject("instanceTemplates.insert", simulator.Fault{OperationErrors: errored}) },
		"get refused": func(v *vault) {
			v.inject("instanceTemplates.get", simulator.Fault{Status: http.StatusBadRequest, Message: echo})
		},
		"group refused": func(v *vault) {
			v.inject("instanceGroupManagers.insert", simulator.Fault{Status: http.StatusBadRequest, Message: echo})
		},
		"group's operation fails": func(v *vault) { v.inject("instanceGroupManagers.insert", simulator.Fault{OperationErrors: errored}) },
		"resize fails":            func(v *vault) { v.inject("instanceGroupManagers.resize", simulator.Fault{OperationErrors: errored}) },
		"VMs are not created":     func(v *vault) { v.inject("instances.insert", simulator.Fault{OperationErrors: errored}) },
		"another template is there": func(v *vault) {
			v.another = true
			v.After(3*time.Minute, func() { v.another = false })
		},
		"the file is broken": func(v *vault) {
			v.RunFor(time.Minute)
			v.broken = "templates { metadata: '" + secret + " metadata: \"token:\"" + secret + "\" }"
			v.After(3*time.Minute, func() { v.broken = "" })
		},
		"an entry is broken": func(v *vault) {
			v.broken = "templates { metadata: [\"" + secret + "\", \":" + secret + "\", 7] }"
			v.After(3*time.Minute, func() { v.broken = "" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.Config.Set(one(2, 4))
			happen(v)
			v.Minutes(3)
			shown := v.pages()
			v.Config.Set(variant(2))
			v.Converge(60)
			v.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
			v.Converge(90)
			if v.lines < 50 {
				t.Errorf("only %d lines were logged: this test tests nothing", v.lines)
			}
			for where, text := range map[string]string{"the log or a message": v.said.String(), "the status page": shown + v.pages()} {
				if at := strings.Index(text, secret); at >= 0 {
					t.Errorf("%s shows the secret: %s", where, text[max(at-300, 0):min(at+100, len(text))])
				}
			}
		})
	}
}

// inject makes a method fail several times.
func (v *vault) inject(method string, fault simulator.Fault) {
	v.Cloud.Inject(simulator.Injection{Method: method, Count: 4, Fault: fault})
}
