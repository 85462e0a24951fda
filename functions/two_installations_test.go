package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// vmProject holds the VMs of both installations.
const vmProject = "shared-vms"

// installation is a suite in a project of its own, whose VMs are in vmProject.
// Messages are dropped: each sweep finds out by itself.
type installation struct {
	t        *testing.T
	owner    compute.Owner
	before   bool // it is an earlier version
	image    string
	provider http.Handler
	runners  []*job.Runner
	log      bytes.Buffer
}

// install puts an installation into a cloud, with a pool of the base name.
func install(t *testing.T, cloud *simulator.Cloud, project, base string) *installation {
	i := &installation{t: t, owner: compute.Owner{Project: project, Deployment: "gce-backend"}, before: true, image: base + "-1"}
	log, random, documents := slog.New(slog.NewTextHandler(&i.log, nil)), lockedrand.New(), memory.New(time.Now)
	i.provider = machineprovider.New(machineprovider.Dependencies{Store: documents, Publish: nowhere{}, Limits: leasing.DefaultLimits,
		Now: time.Now, Rand: random, Log: log, Verify: verify, Project: project})
	engine := rest.New(rest.Options{HTTPClient: &http.Client{Transport: cloud.Transport()}, Endpoint: "http://compute.test",
		RequestsPerMinute: 1500, Rand: random.Float64, Now: time.Now, Sleep: pause.For})
	deps := job.Dependencies{
		Store: documents, Publisher: nowhere{}, Source: files{i, base}, Now: time.Now, Sleep: pause.For, Rand: random,
		Project: i.owner.Project, Deployment: i.owner.Deployment, Compute: labelled{engine, i},
		Catalog: client.New(client.Options{Base: func(context.Context) (string, error) { return "http://provider.test", nil }, Token: identity.LocalToken(world.Backend),
			HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return i.ask(r), nil })}}),
	}
	for _, each := range functions.Jobs() {
		i.runners = append(i.runners, job.NewRunner(each, deps, 2*time.Minute, log))
	}
	return i
}

type nowhere struct{}

func (nowhere) Publish(context.Context, event.Topic, ...event.Message) error { return nil }

// files is the configuration of one pool.
type files struct {
	of   *installation
	base string
}

func (f files) Read(context.Context) (config.Files, error) {
	return config.Files{Revision: f.of.image, Settings: []byte(settings),
		Templates: fmt.Appendf(nil, `templates { base_name: %q project: %q machine_type: "e2-small" image_name: %q service_accounts { name: "vm@example.iam.gserviceaccount.com" } dimensions: "os_family:LINUX" }`, f.base, vmProject, f.of.image),
		Managers:  fmt.Appendf(nil, `managers { template_base_name: %q zone: "us-central1-a" minimum_size: 2 maximum_size: 3 }`, f.base)}, nil
}

func (files) Close() error { return nil }

// labelled labels what an installation of an earlier version creates with the
// deployment's name alone.
type labelled struct {
	compute.Engine
	of *installation
}

func (l labelled) labels(labels map[string]string) map[string]string {
	if l.of.before {
		return map[string]string{compute.OwnershipLabel: l.of.owner.Deployment}
	}
	return labels
}

func (l labelled) InsertTemplate(ctx context.Context, template compute.Template, requestID string) error {
	template.Properties.Labels = l.labels(template.Properties.Labels)
	return l.Engine.InsertTemplate(ctx, template, requestID)
}

func (l labelled) InsertGroup(ctx context.Context, group compute.NewGroup, requestID string) error {
	group.Labels = l.labels(group.Labels)
	return l.Engine.InsertGroup(ctx, group, requestID)
}

func (i *installation) ask(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	i.provider.ServeHTTP(w, r)
	return w.Result()
}

// lease asks for a machine and returns its hostname.
func (i *installation) lease() string {
	i.t.Helper()
	r := httptest.NewRequestWithContext(i.t.Context(), http.MethodPost, "/_ah/api/machine_provider/v1/lease",
		strings.NewReader(`{"request_id":"r","duration":"14400","dimensions":{"os_family":"LINUX"}}`))
	r.Header.Set("Authorization", "Bearer dev:"+world.Lessee)
	response := i.ask(r)
	defer func() { _ = response.Body.Close() }()
	var answer struct{ State, Hostname string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.State != "FULFILLED" {
		i.t.Fatalf("the lease in %s is %+v (%v)\n%s", i.owner.Project, answer, err, i.log.String())
	}
	return answer.Hostname
}

// minutes ticks every job of the installations once a minute.
func minutes(t *testing.T, n int, all ...*installation) {
	for range n {
		for _, i := range all {
			for _, runner := range i.runners {
				_ = runner.Deliver(t.Context(), event.Message{}) // the next minute tries again
			}
		}
		time.Sleep(time.Minute) // the bubble's clock: nobody waits
	}
}

// things returns the names of the groups, and names and ids of the running VMs,
// that begin with a base name.
func things(cloud *simulator.Cloud, base string) (groups, vms []string) {
	for _, group := range cloud.State().Groups {
		if strings.HasPrefix(group.Name, base+"-") {
			groups = append(groups, group.Name)
		}
	}
	for _, vm := range cloud.VMs() {
		if strings.HasPrefix(vm.Name, base+"-") && vm.Status == "RUNNING" {
			vms = append(vms, fmt.Sprint(vm.Name, "/", vm.ID))
		}
	}
	slices.Sort(groups)
	slices.Sort(vms)
	return groups, vms
}

// Two installations of an earlier version have VMs in one project under one
// label. They are upgraded one after the other, and neither touches what is the
// other's.
func TestTwoInstallationsInOneProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := simulator.New(simulator.Options{Now: time.Now, Sleep: pause.For, Rand: rand.New(rand.NewPCG(1, 2)),
			OperationTime: 2 * time.Second, BootTime: 20 * time.Second, Zones: world.Zones})
		red, blue := install(t, cloud, "red-fleet", "red"), install(t, cloud, "blue-fleet", "blue")
		minutes(t, 8, red, blue)
		leased := []string{red.lease(), blue.lease()}
		minutes(t, 3, red, blue)
		redGroups, redVMs := things(cloud, "red")
		blueGroups, blueVMs := things(cloud, "blue")
		if len(redVMs) < 2 || len(blueVMs) < 2 {
			t.Fatalf("the VMs are %q and %q", redVMs, blueVMs)
		}

		red.before = false
		minutes(t, 30, red, blue)
		blue.before = false
		minutes(t, 30, red, blue)
		same := func(base string, groups, vms []string) {
			t.Helper()
			if nowGroups, nowVMs := things(cloud, base); !slices.Equal(nowGroups, groups) || !slices.Equal(nowVMs, vms) {
				t.Errorf("%s had %q with %q, and has %q with %q", base, groups, vms, nowGroups, nowVMs)
			}
		}
		same("red", redGroups, redVMs)
		same("blue", blueGroups, blueVMs)
		if now := []string{red.lease(), blue.lease()}; !slices.Equal(now, leased) {
			t.Errorf("leased were %q, and are %q", leased, now)
		}
		if !strings.Contains(red.log.String(), "ORPHAN_UNCLAIMED") || !strings.Contains(red.log.String(), "managed delete "+blueGroups[0]+" --zone=us-central1-a --project="+vmProject) {
			t.Error("red does not report the groups that it cannot tell the owner of")
		}
		if n := strings.Count(red.log.String(), "managed delete "+blueGroups[0]); n != 1 {
			t.Errorf("red reports blue's group %d times", n)
		}

		// What a record names is replaced and deleted as before, whatever its
		// label; only the leased machine stays.
		red.image = "red-2"
		minutes(t, 40, red, blue)
		after, vms := things(cloud, "red")
		if len(after) != 2 || !slices.ContainsFunc(vms, func(vm string) bool { return strings.HasPrefix(vm, leased[0]+"/") }) {
			t.Errorf("after red's roll-out it has %q with %q; %s is leased", after, vms, leased[0])
		}
		same("blue", blueGroups, blueVMs)
		time.Sleep(4 * time.Hour) // the leases end
		minutes(t, 40, red, blue)
		if left, _ := things(cloud, "red"); len(left) != 1 || left[0] == redGroups[0] {
			t.Errorf("red's old group is not deleted: %q", left)
		}
	})
}
