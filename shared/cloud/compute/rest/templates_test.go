package rest_test

import (
	"path"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func TestTemplate(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.Template(ctx, project, template)
	w.want(err, failure.NotFound)

	withSnapshot := newTemplate("linux-snapshot")
	withSnapshot.Properties = compute.Properties(fleet.TemplateSpec{Project: project, MachineType: "e2-small", ImageName: "debian-12"}, "global/snapshots/cache-1", "test")
	w.must(w.cloud.CreateSnapshot(simulator.Snapshot{Project: project, Name: "cache-1"}))
	for _, want := range []compute.Template{newTemplate(template), withSnapshot} {
		w.must(w.InsertTemplate(ctx, want, ""))
		got, err := w.Template(ctx, project, want.Name)
		w.must(err)
		if field := compute.DifferentField(got.Properties, want.Properties); field != "" {
			t.Errorf("%s: the %s is not what was asked for: %+v", want.Name, field, got)
		}
		if got.URL == "" || got.Properties.GetLabels()[compute.OwnershipLabel] != "test" || got.Project != project {
			t.Errorf("got %+v", got)
		}
		if path.Base(got.Snapshot()) != path.Base(want.Snapshot()) || strings.Contains(got.Snapshot(), "://") {
			t.Errorf("got the snapshot %q, want %q without a host", got.Snapshot(), want.Snapshot())
		}
		w.must(w.DeleteTemplate(ctx, project, want.Name, ""))
		_, err = w.Template(ctx, project, want.Name)
		w.want(err, failure.NotFound)
	}
}

func TestTemplateConflicts(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.group(0)
	w.want(w.InsertTemplate(ctx, newTemplate(template), ""), failure.Conflict)
	w.want(w.DeleteTemplate(ctx, project, template, ""), failure.Conflict) // the group uses it
	w.want(w.DeleteTemplate(ctx, project, "another", ""), failure.NotFound)
}

func TestTheSameRequestTwiceIsOne(t *testing.T) {
	w := newWorld(t)
	const id = "8a7c5f9e-1111-4222-8333-123456789abc"
	w.must(w.InsertTemplate(t.Context(), newTemplate(template), id))
	w.must(w.InsertTemplate(t.Context(), newTemplate(template), id))
}

func TestTemplatesLeavesOthersOut(t *testing.T) {
	w := newWorld(t)
	foreign := newTemplate("foreign")
	foreign.Properties.Labels = map[string]string{"owner": "somebody"}
	w.must(w.InsertTemplate(t.Context(), foreign, ""))
	w.must(w.InsertTemplate(t.Context(), newTemplate("ours"), ""))
	got, err := w.Templates(t.Context(), project)
	w.must(err)
	if len(got) != 1 || got[0].Name != "ours" {
		t.Errorf("got %+v, want ours only", got)
	}
}

func TestListsFollowEveryToken(t *testing.T) {
	for _, page := range []string{simulator.PageEmpty, simulator.PagePartial, simulator.PageEmptyLast} {
		t.Run(page, func(t *testing.T) {
			w := newWorld(t)
			for _, name := range []string{"a", "b", "c"} {
				w.must(w.InsertTemplate(t.Context(), newTemplate(name), ""))
			}
			w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.list", Fault: simulator.Fault{Page: page}})
			got, err := w.Templates(t.Context(), project)
			w.must(err)
			if len(got) != 3 {
				t.Errorf("got %d templates, want 3", len(got))
			}
		})
	}
}

func TestSnapshots(t *testing.T) {
	w := newWorld(t)
	created := w.clock.Now()
	for _, s := range []simulator.Snapshot{
		{Name: "old", Labels: map[string]string{"kind": "cache", "os": "linux"}},
		{Name: "new", Labels: map[string]string{"kind": "cache", "os": "linux"}},
		{Name: "other", Labels: map[string]string{"kind": "cache", "os": "windows"}},
		{Name: "unready", Status: "CREATING", Labels: map[string]string{"kind": "cache", "os": "linux"}},
	} {
		s.Project = project
		w.must(w.cloud.CreateSnapshot(s))
		w.must(w.clock.Sleep(t.Context(), 60e9))
	}
	tests := []struct {
		name   string
		labels map[string]string
		want   []string
	}{
		{"", map[string]string{"kind": "cache", "os": "linux"}, []string{"new", "old"}},
		{"old", nil, []string{"old"}},
		{"old", map[string]string{"os": "windows"}, nil},
		{"", nil, []string{"other", "new", "old"}},
		{`x" OR name = "old`, nil, nil},
		{"", map[string]string{"kind": `cache" OR labels.os = "linux`}, nil},
	}
	for _, test := range tests {
		got, err := w.Snapshots(t.Context(), project, test.name, test.labels)
		w.must(err)
		var names []string
		for _, snapshot := range got {
			names = append(names, snapshot.Name)
			if snapshot.URL == "" || snapshot.Created.Before(created) {
				t.Errorf("got %+v", snapshot)
			}
		}
		if len(names) != len(test.want) {
			t.Errorf("%q %v: got %v, want %v", test.name, test.labels, names, test.want)
			continue
		}
		for i := range names {
			if names[i] != test.want[i] {
				t.Errorf("%q %v: got %v, want %v", test.name, test.labels, names, test.want)
				break
			}
		}
	}
}
