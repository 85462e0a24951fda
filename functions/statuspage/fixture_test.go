package statuspage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/records"
)

// noon is the time of the tests.
var noon = time.Date(2026, 3, 2, 13, 42, 0, 0, time.UTC)

// fixture is a system that the page shows.
type fixture struct {
	t     testing.TB
	store store.Store
	now   time.Time
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, now: noon}
	f.store = memory.New(func() time.Time { return f.now })
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// put writes a document.
func (f *fixture) put(key store.Key, err error, value any) {
	f.t.Helper()
	f.must(err)
	fields, err := store.Encode(value)
	f.must(err)
	_, err = f.store.Commit(f.t.Context(), store.Put(key, fields))
	f.must(err)
}

// configure imports a configuration.
func (f *fixture) configure(managers, settings string) {
	f.t.Helper()
	templates := ""
	for _, name := range []string{"linux-small", "linux-large", "windows"} {
		templates += fmt.Sprintf(`templates { base_name: %q project: "example-builders" image_name: "debian-12" machine_type: "n2-standard-8"
  service_accounts { name: "b@example.com" } }`+"\n", name)
	}
	parsed, problems := config.Parse(config.Files{Revision: "20260302-091500-3f2c77ab@0a1b2c3d4e5f",
		Templates: []byte(templates), Managers: []byte(managers), Settings: []byte(settings + "\ncatalog_viewers: \"viewer@example.com\"\ncatalog_administrators: \"admin@example.com\"\n")})
	if len(problems.Errors()) > 0 {
		f.t.Fatal(problems.Errors())
	}
	fields, err := config.Encode(parsed, f.now.Add(-4*time.Hour))
	f.must(err)
	_, err = f.store.Commit(f.t.Context(), store.Put(config.Key, fields))
	f.must(err)
}

// manager makes a manager with its revision.
func (f *fixture) manager(baseName, revision, zone string, state fleet.State, change func(*fleet.Manager, *fleet.Revision)) fleet.Manager {
	f.t.Helper()
	m := fleet.Manager{BaseName: baseName, Revision: revision, Zone: zone, Project: "example-builders", MinimumSize: 8, MaximumSize: 20, Resource: fleet.Resource{State: state, URL: "https://www.googleapis.com/compute/v1/projects/example-builders/zones/" + zone + "/instanceGroupManagers/" + baseName + "-" + revision}}
	r := fleet.Revision{BaseName: baseName, ID: revision, Resource: fleet.Resource{State: state, URL: "https://www.googleapis.com/compute/v1/projects/example-builders/global/instanceTemplates/" + baseName + "-" + revision},
		Spec: fleet.TemplateSpec{Project: "example-builders", MachineType: "n2-standard-8", ImageName: "debian-12", Metadata: map[string]string{"token": "hunter2"}}}
	if change != nil {
		change(&m, &r)
	}
	key, err := records.RevisionKey(baseName, revision)
	f.put(key, err, r)
	key, err = records.ManagerKey(m.Key())
	f.put(key, err, m)
	return m
}

// instances makes instances of a manager in a state.
func (f *fixture) instances(m fleet.Manager, n int, state fleet.InstanceState, change func(int, *fleet.Instance)) {
	f.t.Helper()
	var writes []store.Write
	for i := range n {
		hostname := fmt.Sprintf("%s-%s-%s-%.2s%02d", m.BaseName, m.Revision[:8], m.Zone, state, i)
		instance := fleet.NewInstance(m, hostname, fmt.Sprint(4711000+i), "https://www.googleapis.com/compute/v1/projects/example-builders/zones/"+m.Zone+"/instances/"+hostname, f.now.Add(-3*time.Hour))
		instance.State = state
		if state != fleet.Found {
			instance.CatalogedAt = instance.FoundAt.Add(time.Minute)
		}
		if state == fleet.Leased {
			instance.LeaseExpiration = f.now.Add(time.Duration(i+1) * 20 * time.Minute)
		}
		if change != nil {
			change(i, &instance)
		}
		key, err := records.InstanceKey(instance.Key())
		f.must(err)
		fields, err := store.Encode(instance)
		f.must(err)
		writes = append(writes, store.Put(key, fields))
	}
	for len(writes) > 0 {
		chunk := writes[:min(len(writes), store.MaxWrites)]
		writes = writes[len(chunk):]
		_, err := f.store.Commit(f.t.Context(), chunk...)
		f.must(err)
	}
}

// fail makes a job fail.
func (f *fixture) fail(job string, at time.Time, err error) {
	status.NewRecorder(f.store, func() time.Time { return at }, time.Hour, slog.New(slog.DiscardHandler)).Ended(f.t.Context(), job, true, err)
}

// day makes samples of a day from the number of leased machines in each quarter
// of an hour.
func (f *fixture) day(size int) {
	type samples struct {
		Samples []status.Sample `firestore:"samples"`
	}
	var day samples
	for i := range 95 {
		leased := size * (20 + 60*min(i%60, 60-i%60)/30) / 100
		day.Samples = append(day.Samples, status.Sample{At: f.now.Add(time.Duration(i-96) * 15 * time.Minute),
			Leased: leased, Cataloged: size - leased, Found: size / 20 * (i % 3), Pending: size / 25 * (i % 2)})
	}
	f.put("status/fleet", nil, day)
}

// request makes a waiting lease request, or the lease of an instance.
func (f *fixture) request(id string, since time.Time, instance *fleet.Instance) {
	lease := leasing.NewLease("scheduler@example-ci.iam.gserviceaccount.com", leasing.Request{
		ID: id, Dimensions: leasing.Dimensions{Values: map[string]string{"os_family": "LINUX", "num_cpus": "8"}},
	}, since)
	if instance == nil {
		lease = lease.Wait(since, leasing.DefaultLimits())
		f.put(broker.LeaseKey(lease.Hash), nil, lease)
		return
	}
	machine := leasing.Machine{Backend: "GCE", Hostname: instance.Hostname, Policies: leasing.Policies{
		Attributes: []leasing.Attribute{{Key: leasing.InstanceAttribute, Value: instance.Key()}}}}
	lease, machine = leasing.Give(lease, machine, since, leasing.DefaultLimits())
	lease.ExpiresAt = instance.LeaseExpiration
	f.put(broker.LeaseKey(lease.Hash), nil, lease)
	key, err := broker.MachineKey("GCE", instance.Hostname)
	f.put(key, err, machine)
}

const someManagers = `managers { template_base_name: "linux-small" zone: "us-central1-a" minimum_size: 8 maximum_size: 20 }
managers { template_base_name: "linux-small" zone: "us-central1-b" minimum_size: 8 maximum_size: 20 }
`

// quiet is a system in which everything is as it should be.
func quiet(t testing.TB) *fixture {
	f := newFixture(t)
	f.configure(someManagers, "")
	for _, zone := range []string{"us-central1-a", "us-central1-b"} {
		m := f.manager("linux-small", "3f2c77ab0011", zone, fleet.Active, nil)
		f.instances(m, 6, fleet.Cataloged, nil)
		f.instances(m, 2, fleet.Leased, func(_ int, i *fleet.Instance) { f.request("build-"+i.Hostname, f.now.Add(-time.Hour), i) })
	}
	f.day(16)
	return f
}

// trouble is a system with many problems.
func trouble(t testing.TB) *fixture {
	f := newFixture(t)
	f.configure(someManagers+`managers { template_base_name: "linux-large" zone: "us-central1-a" minimum_size: 4 maximum_size: 10 }
managers { template_base_name: "linux-large" zone: "us-central1-b" minimum_size: 4 maximum_size: 10 }
managers { template_base_name: "windows" zone: "europe-west1-b" minimum_size: 4 maximum_size: 10 }`, `freeze: "windows"`)
	snapshot := func(_ *fleet.Manager, r *fleet.Revision) {
		r.URL, r.Spec.SnapshotName = "", "checkout"
		r.Spec.SnapshotLabels = map[string]string{"contents": "checkout"}
	}
	f.manager("linux-large", "9d8e7f6a5b4c", "us-central1-a", fleet.Active, snapshot)
	f.fail("create-instance-templates", f.now.Add(-time.Hour), errors.New("create instance template linux-large-000000000000 in project example-builders: it was another one"))
	f.fail("create-instance-templates", f.now.Add(-2*time.Minute), failure.New(failure.NotFound,
		`create instance template linux-large-9d8e7f6a5b4c in project example-builders: no READY snapshot in project example-builders has name "checkout" and labels map[contents:checkout]; the template waits for one`))
	b := f.manager("linux-small", "3f2c77ab0011", "us-central1-b", fleet.Active, func(m *fleet.Manager, _ *fleet.Revision) {
		m.Trouble = fleet.Trouble{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Since: f.now.Add(-2 * time.Minute)}
	})
	f.instances(b, 3, fleet.Cataloged, nil)
	f.instances(b, 1, fleet.Found, nil)
	a := f.manager("linux-small", "3f2c77ab0011", "us-central1-a", fleet.Active, nil)
	f.instances(a, 8, fleet.Cataloged, nil)
	old := f.manager("linux-small", "00aa11bb22cc", "us-central1-a", fleet.Drained, nil)
	f.instances(old, 3, fleet.Leased, nil)
	f.instances(old, 2, fleet.PendingDeletion, func(i int, instance *fleet.Instance) {
		instance.Reason, instance.DeletionRequested, instance.DeletionAttempts = "drained", f.now.Add(-time.Duration(i*30+1)*time.Minute), 1+i*3
	})
	w := f.manager("windows", "77665544aabb", "europe-west1-b", fleet.Active, nil)
	f.instances(w, 2, fleet.Cataloged, func(_ int, instance *fleet.Instance) { instance.MissingSince = f.now.Add(-time.Minute) })
	for i := range 7 {
		f.request(fmt.Sprintf("nightly-%d", i), f.now.Add(-time.Duration(i*11+1)*time.Minute), nil)
	}
	f.fail("update-cataloged-instances", f.now.Add(-26*time.Minute), failure.New(failure.Transient, "list the changes of the catalog: Post \"https://machine-provider.example.com/_ah/api/catalog/v1/list_changes\": context deadline exceeded"))
	f.day(40)
	return f
}

// large is a system of n VMs in 40 pools.
func large(t testing.TB, n int) *fixture {
	f := newFixture(t)
	f.configure(someManagers, "")
	for i := range 40 {
		zone := fmt.Sprintf("us-central%d-%c", 1+i/10, 'a'+i%4)
		m := f.manager(fmt.Sprintf("pool-%02d", i), "3f2c77ab0011", zone, fleet.Active, func(m *fleet.Manager, _ *fleet.Revision) {
			m.MinimumSize, m.MaximumSize = n/40, n/40*2
		})
		f.instances(m, n/40/2, fleet.Cataloged, nil)
		f.instances(m, n/40-n/40/2, fleet.Leased, nil)
	}
	f.day(n)
	return f
}

// readOnly is a store that refuses writes.
type readOnly struct {
	store.Store
	t testing.TB
}

func (r readOnly) Commit(context.Context, ...store.Write) ([]store.Version, error) {
	r.t.Error("the page wrote to the store")
	return nil, errors.New("this store is read only")
}

var theJobs = []string{"create-instance-templates", "update-cataloged-instances", "import-config"}

func (f *fixture) handler(change func(*Dependencies)) http.Handler {
	f.t.Helper()
	deps := Dependencies{Store: readOnly{f.store, f.t}, Now: func() time.Time { return f.now }, Log: slog.New(slog.DiscardHandler), Jobs: theJobs, Anyone: true}
	if change != nil {
		change(&deps)
	}
	return New(deps)
}

// get requests the page.
func (f *fixture) get(handler http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	request := httptest.NewRequestWithContext(f.t.Context(), http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}
