package pools

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/records"
)

const (
	template = `templates { base_name: "linux" project: "example-builders" image_name: "debian-12" machine_type: "n2-standard-4"
  service_accounts { name: "builder@example-builders.iam.gserviceaccount.com" } }`
	manager = `managers { template_base_name: "linux" zone: "us-central1-a" minimum_size: %d maximum_size: 5 }`
)

// disk is the configuration in its folder.
type disk struct{ files config.Files }

func (d *disk) Read(context.Context) (config.Files, error) { return d.files, nil }
func (d *disk) Close() error                               { return nil }

// fixture is a system at some stage of a rollout.
type fixture struct {
	*testing.T
	reader  Reader
	disk    *disk
	running map[compute.GroupRef]int
	hosts   int
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{T: t, disk: &disk{}, running: map[compute.GroupRef]int{}}
	f.reader = Reader{
		Store: memory.New(time.Now), Source: f.disk, Now: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.DiscardHandler),
		Running: func() map[compute.GroupRef]int { return f.running },
	}
	f.edit("r1", 3)
	return f
}

func (f *fixture) edit(revision string, minimum int) {
	f.disk.files = config.Files{Revision: revision, Templates: []byte(template), Managers: fmt.Appendf(nil, manager, minimum)}
}

func (f *fixture) put(key store.Key, fields store.Fields, err error) {
	f.Helper()
	if err == nil {
		_, err = f.reader.Store.Commit(f.Context(), store.Put(key, fields))
	}
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) imported() config.Config {
	f.Helper()
	parsed, problems := config.Parse(f.disk.files)
	if len(problems.Errors()) > 0 {
		f.Fatal(problems)
	}
	fields, err := config.Encode(parsed, time.Unix(0, 0))
	f.put(config.Key, fields, err)
	return parsed
}

// processed builds the records as process-config does, then changes them.
func (f *fixture) processed(change func(*fleet.Revision, *fleet.Manager)) fleet.Manager {
	f.Helper()
	e := records.Records{Store: f.reader.Store, Log: f.reader.Log}
	wish := processconfig.Wishes(f.imported())[0]
	tree, err := e.Tree(f.Context(), wish.BaseName)
	if err != nil {
		f.Fatal(err)
	}
	records := fleet.Build(tree.Records(), wish)
	var last fleet.Manager
	for key, m := range records.Managers {
		revision := records.Revisions[m.Revision]
		change(&revision, &m)
		records.Managers[key], records.Revisions[m.Revision], last = m, revision, m
	}
	if _, err := e.Save(f.Context(), tree, records); err != nil {
		f.Fatal(err)
	}
	return last
}

func (f *fixture) instances(m fleet.Manager, state fleet.InstanceState, n int) {
	f.Helper()
	for range n {
		f.hosts++
		i := fleet.NewInstance(m, fmt.Sprintf("host-%d", f.hosts), fmt.Sprint(f.hosts), "", time.Unix(0, 0))
		i.State = state
		if state == fleet.Leased {
			i.LeaseExpiration = time.Unix(0, 0).Add(9*time.Hour + 30*time.Minute)
		}
		key, err := records.InstanceKey(i.Key())
		if err != nil {
			f.Fatal(err)
		}
		fields, err := store.Encode(i)
		f.put(key, fields, err)
	}
}

func (f *fixture) read() Report {
	f.Helper()
	report, err := f.reader.Read(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return report
}

// up sets the URLs of a manager whose resources all exist in Compute Engine.
func up(revision *fleet.Revision, m *fleet.Manager) { revision.URL, m.URL = "template", "group" }

func TestWhatAPoolWaitsFor(t *testing.T) {
	for _, test := range []struct {
		name      string
		set       func(*fixture)
		waits     string
		converged bool
	}{
		{"imported", func(f *fixture) { f.imported() }, "the configuration to be processed", false},
		{"no template", func(f *fixture) { f.processed(func(*fleet.Revision, *fleet.Manager) {}) }, "its instance template", false},
		{"no group", func(f *fixture) { f.processed(func(r *fleet.Revision, _ *fleet.Manager) { r.URL = "template" }) }, "its instance group", false},
		{"no VMs", func(f *fixture) { f.processed(up) }, "3 VMs to be created", false},
		{"booting", func(f *fixture) {
			m := f.processed(up)
			f.instances(m, fleet.Found, 3)
			f.running[compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}] = 1
		}, "3 VMs to boot and be cataloged", false},
		{"complete", func(f *fixture) { f.instances(f.processed(up), fleet.Cataloged, 3) }, "", true},
		{"leased", func(f *fixture) {
			m := f.processed(up)
			f.instances(m, fleet.Cataloged, 1)
			f.instances(m, fleet.Leased, 2)
		}, "", true},
		{"more leases than the minimum", func(f *fixture) { f.instances(f.processed(up), fleet.Leased, 4) }, "1 VM to be created", true},
		{"one to be deleted", func(f *fixture) {
			m := f.processed(up)
			f.instances(m, fleet.Cataloged, 2)
			f.instances(m, fleet.PendingDeletion, 1)
		}, "1 VM to be created; 1 VM to be deleted", false},
		{"drained", func(f *fixture) {
			m := f.processed(func(r *fleet.Revision, m *fleet.Manager) { up(r, m); m.State = fleet.Drained })
			f.instances(m, fleet.Leased, 1)
			f.instances(m, fleet.Cataloged, 1)
		}, "the lease of host-1 until 09:30; 1 machine to be taken out of the catalog", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			test.set(f)
			report := f.read()
			if len(report.Pools) == 0 || report.Pools[len(report.Pools)-1].Waits != test.waits {
				t.Errorf("pools %+v; want one that waits for %q", report.Pools, test.waits)
			}
			if err := report.Converged(); (err == nil) != test.converged {
				t.Errorf("converged: %v", err)
			}
		})
	}
}

// The configuration in force must be the one in the folder, and be processed.
func TestConvergedAsConfigured(t *testing.T) {
	f := newFixture(t)
	expect := func(want string) {
		t.Helper()
		err := f.read().Converged()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("converged: %v; want %q", err, want)
		}
	}
	expect("not imported yet")
	m := f.processed(up)
	expect("0 of 3 cataloged; it waits for 3 VMs to be created")
	f.instances(m, fleet.Cataloged, 3)
	expect("")
	f.edit("r2", 2)
	expect("not imported yet")
	f.imported()
	expect("not processed yet: linux")
	f.processed(func(*fleet.Revision, *fleet.Manager) {})
	expect("")
	f.disk.files.Managers = []byte("managers {")
	f.disk.files.Revision = "r3"
	expect("managers.cfg:1:")
}

func TestFrozenIsAsItShouldBe(t *testing.T) {
	f := newFixture(t)
	f.instances(f.processed(up), fleet.Cataloged, 3)
	f.edit("r2", 1)
	f.disk.files.Settings = []byte(`freeze: "linux"`)
	f.imported()
	if err := f.read().Converged(); err != nil {
		t.Error(err)
	}
}
