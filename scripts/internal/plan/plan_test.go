package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions/importconfig"
	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/records"
)

// readOnly is a store that fails every write.
type readOnly struct {
	store.Store
	t *testing.T
}

func (r readOnly) Commit(context.Context, ...store.Write) ([]store.Version, error) {
	r.t.Error("a plan wrote to the store")
	return nil, errors.New("this store is read only")
}

// source is a configuration in memory.
type source struct{ files config.Files }

func (s *source) Read(context.Context) (config.Files, error) { return s.files, nil }
func (s *source) Close() error                               { return nil }

type discard struct{}

func (discard) Publish(context.Context, event.Topic, ...event.Message) error { return nil }

// system imports and processes configurations, with its own store.
type system struct {
	t      *testing.T
	rand   *rand.Rand
	store  *memory.Store
	source *source
	deps   job.Dependencies
}

func newSystem(t *testing.T, seed uint64) *system {
	s := &system{t: t, rand: rand.New(rand.NewPCG(seed, 0)), store: memory.New(time.Now), source: &source{}}
	s.deps = job.Dependencies{Store: s.store, Publisher: discard{}, Source: s.source, Now: time.Now, Rand: s.rand, Serial: true}
	return s
}

func (s *system) run(each job.Job) {
	s.t.Helper()
	if err := each.New(s.deps)(s.t.Context(), s.deps.Run(each.Name, event.Scope{}, slog.New(slog.DiscardHandler))); err != nil {
		s.t.Fatalf("%s: %v", each.Name, err)
	}
}

func (s *system) entities() records.Records {
	return records.Records{Store: s.store, Log: slog.New(slog.DiscardHandler)}
}

// random returns a configuration of a few templates with few variants, so that
// earlier revisions come back.
func random(r *rand.Rand, revision int) config.Files {
	files := config.Files{Revision: fmt.Sprintf("rev-%d", revision), Templates: []byte{}, Managers: []byte{}, Settings: []byte{}}
	for i := range 4 {
		if r.IntN(4) == 0 {
			continue
		}
		name := fmt.Sprintf("pool-%d", i)
		files.Templates = fmt.Appendf(files.Templates, `templates { base_name: %q project: "example-builders" image_name: "image-%d"
  machine_type: "n2-standard-4" metadata: "secret:hunter%d"
  service_accounts { name: "builder@example-builders.iam.gserviceaccount.com" } }
`, name, r.IntN(2), r.IntN(2))
		for _, zone := range []string{"us-central1-a", "us-central1-b", "europe-west1-b"} {
			if r.IntN(3) == 0 {
				continue
			}
			minimum := r.IntN(4) * 5
			files.Managers = fmt.Appendf(files.Managers, "managers { template_base_name: %q zone: %q minimum_size: %d maximum_size: %d }\n",
				name, zone, minimum, minimum+r.IntN(3)*10)
		}
		if r.IntN(8) == 0 {
			files.Settings = fmt.Appendf(files.Settings, "freeze: %q\n", name)
		}
	}
	return files
}

// live lets random time pass: templates, groups and instances come and go.
func (s *system) live() {
	e, ctx := s.entities(), s.t.Context()
	managers, err := e.Managers(ctx)
	s.must(err)
	grouped := map[string]bool{} // the templates that have groups
	for _, m := range managers {
		_, err := e.ChangeManager(ctx, m.Value.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
			now.URL, now.Deleting = s.resource(now.State)
			grouped[now.GroupName()] = grouped[now.GroupName()] || now.URL != ""
			return now, true
		})
		s.must(err)
		s.instances(m.Value)
	}
	for _, state := range []fleet.State{fleet.Active, fleet.Drained} {
		revisions, err := e.RevisionsIn(ctx, state)
		s.must(err)
		for _, r := range revisions {
			_, err := e.ChangeRevision(ctx, r.Value.BaseName, r.Value.ID, func(now fleet.Revision) (fleet.Revision, bool) {
				now.URL, now.Deleting = s.resource(now.State)
				now.Deleting = now.Deleting && !grouped[now.TemplateName()]
				return now, true
			})
			s.must(err)
		}
	}
}

func (s *system) resource(state fleet.State) (url string, deleting bool) {
	if s.rand.IntN(4) > 0 {
		url = "https://compute.example.com/it"
	}
	return url, url != "" && state == fleet.Drained && s.rand.IntN(3) == 0
}

func (s *system) instances(m fleet.Manager) {
	old, err := s.entities().InstancesOf(s.t.Context(), m.Key())
	s.must(err)
	_, err = records.Remove(s.t.Context(), s.entities(), old, func(fleet.Instance) bool { return true })
	s.must(err)
	states := []fleet.InstanceState{fleet.Found, fleet.Cataloged, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion, fleet.Deleted}
	for i := range s.rand.IntN(12) {
		instance := fleet.NewInstance(m, fmt.Sprintf("%s-%d", m.GroupName(), i), fmt.Sprint(s.rand.Uint32()), "", time.Now())
		instance.State = states[s.rand.IntN(len(states))]
		k, err := records.InstanceKey(instance.Key())
		s.must(err)
		fields, err := store.Encode(instance)
		s.must(err)
		_, err = s.store.Commit(s.t.Context(), store.Put(k, fields))
		s.must(err)
	}
}

func (s *system) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// state returns the state as the command gets it from a local suite.
func (s *system) state() plan.State {
	s.t.Helper()
	read, err := plan.Read(s.t.Context(), readOnly{s.store, s.t}, slog.New(slog.DiscardHandler))
	s.must(err)
	text, err := json.Marshal(read)
	s.must(err)
	var state plan.State
	s.must(json.Unmarshal(text, &state))
	return state
}

// outcome is the effect of an import in the plan's terms, computed without the
// plan.
type outcome struct {
	created, deleted []string            // instance templates
	groups           map[string][]string // by change
}

// found computes the outcome from the records before and after.
func found(before, after plan.State, freeze fleet.Freeze) outcome {
	o := outcome{groups: map[string][]string{}}
	revisions := map[string]plan.Revision{}
	for _, r := range before.Revisions {
		revisions[r.BaseName+"-"+r.ID] = r
	}
	active := map[string]string{}
	for _, t := range after.Templates {
		if !freeze.Covers(t.BaseName) {
			active[t.BaseName] = t.ActiveRevision
		}
	}
	deleting := map[string]bool{}
	for _, r := range after.Revisions {
		name := r.BaseName + "-" + r.ID
		deleting[name] = r.Deleting
		was, known := revisions[name]
		switch {
		case known && was.State == r.State && !(r.Deleting && active[r.BaseName] == r.ID):
		case active[r.BaseName] == r.ID && (r.URL == "" || r.Deleting):
			o.created = append(o.created, name)
		case r.State == fleet.Drained && r.URL != "":
			o.deleted = append(o.deleted, name)
		}
	}
	managers := map[fleet.ManagerKey]fleet.Manager{}
	for _, m := range before.Managers {
		managers[m.Key()] = m
	}
	for _, m := range after.Managers {
		was, known := managers[m.Key()]
		name := m.Zone + " " + m.GroupName()
		switch {
		case !known || m.State == fleet.Active && was.State != fleet.Active && m.URL == "":
			o.add(plan.Create, name)
		case m.State == fleet.Active && was.State != fleet.Active:
			o.add(plan.Resume, name)
		case m.State != was.State:
			o.add(plan.Drain, name)
		case m.State == fleet.Active && (m.MinimumSize != was.MinimumSize || m.MaximumSize != was.MaximumSize):
			o.add(plan.Resize, name)
		case (m.Deleting || deleting[m.GroupName()]) && (m.MinimumSize != was.MinimumSize || m.MaximumSize != was.MaximumSize):
			o.add(plan.Create, name)
		}
	}
	return o
}

func (o outcome) add(change plan.Change, name string) {
	o.groups[string(change)] = append(o.groups[string(change)], name)
}

// planned converts a plan to an outcome. A group that is created again while its
// deletion is under way changes its records only if its sizes change.
func planned(p plan.Plan, state plan.State) outcome {
	o := outcome{groups: map[string][]string{}}
	managers := map[string]fleet.Manager{}
	for _, m := range state.Managers {
		managers[m.Zone+" "+m.GroupName()] = m
	}
	deleting := map[string]bool{}
	for _, r := range state.Revisions {
		deleting[r.BaseName+"-"+r.ID] = r.Deleting
	}
	for _, template := range p.Templates {
		o.created = append(o.created, template.Create...)
		o.deleted = append(o.deleted, template.Delete...)
		for _, group := range template.Groups {
			name := group.Zone + " " + group.Name
			if m := managers[name]; (m.Deleting || m.GroupName() == group.Name && deleting[group.Name]) && m.MinimumSize == group.Minimum && m.MaximumSize == group.Maximum {
				continue
			}
			o.add(group.Change, name)
		}
	}
	return o
}

func (o outcome) String() string {
	slices.Sort(o.created)
	slices.Sort(o.deleted)
	text := fmt.Sprintf("create %q, delete %q", o.created, o.deleted)
	for _, change := range slices.Sorted(maps.Keys(o.groups)) {
		slices.Sort(o.groups[change])
		text += fmt.Sprintf(", %s %q", change, o.groups[change])
	}
	return text
}

// The plan says what the jobs then do to the records, for random configurations
// and random states of the fleet; and planning writes nothing.
func TestPlanIsTheOutcome(t *testing.T) {
	changes := 0
	for seed := range uint64(60) {
		s := newSystem(t, seed)
		for step := range 8 {
			files := random(s.rand, step)
			parsed, problems := config.Parse(files)
			if len(problems.Errors()) > 0 {
				t.Fatalf("seed %d: %v", seed, problems.Errors())
			}
			before := s.state()
			made, err := plan.Make(before, parsed)
			s.must(err)
			s.source.files = files
			s.run(importconfig.Job)
			s.run(processconfig.Job)
			got, want := planned(made, before).String(), found(before, s.state(), parsed.Settings.GetFreeze()).String()
			if got != want {
				t.Fatalf("seed %d, step %d: planned\n%s\nbut it did\n%s\n%s", seed, step, got, want, made)
			}
			changes += len(made.Templates)
			s.live()
		}
	}
	if changes < 500 {
		t.Errorf("only %d templates changed", changes)
	}
}

// A second import of the same configuration changes nothing, and the plan says
// so.
func TestPlanOfTheSame(t *testing.T) {
	s := newSystem(t, 1)
	s.source.files = random(s.rand, 1)
	s.source.files.Settings = []byte{}
	s.run(importconfig.Job)
	s.run(processconfig.Job)
	parsed, _ := config.Parse(s.source.files)
	made, err := plan.Make(s.state(), parsed)
	s.must(err)
	if !made.Empty() || len(made.Settings) > 0 {
		t.Errorf("it would change\n%s", made)
	}
}
