package cataloginstances

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

var update = flag.Bool("update", false, "rewrite what is offered for each template")

// overheard keeps the body of the last request and sends nothing.
type overheard struct{ body []byte }

func (o *overheard) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	o.body, err = io.ReadAll(r.Body)
	return nil, errors.Join(err, errors.New("nothing goes through"))
}

// The dimensions by which lessees choose machines must not change by accident.
func TestOffersGolden(t *testing.T) {
	offered := map[string]json.RawMessage{}
	for name, change := range map[string]func(*fleet.TemplateSpec){
		"least":    nil,
		"no size":  func(s *fleet.TemplateSpec) { s.DiskSizeGB = 0 },
		"snapshot": func(s *fleet.TemplateSpec) { s.SnapshotLabels = map[string]string{"stage": "prod", "kind": "cache"} },
		"all of the template": func(s *fleet.TemplateSpec) {
			s.SnapshotName, s.DiskType = "base", "pd-ssd"
			s.Dimensions = []string{"os_family:LINUX", "linux_flavor:UBUNTU", "os_version:24.04:x", "num_cpus:2", "memory_gb:7.5", "disk_gb:50",
				"disk_type:HDD", "project:p2", "snapshot:s2", "snapshot_labels:kind:cache", "snapshot_labels:own:x", "snapshot_labels:own:x"}
		},
		"nothing and zero": func(s *fleet.TemplateSpec) {
			s.Dimensions = []string{"os_family:", "os_version:", "num_cpus:0", "memory_gb:0.0", "disk_gb:0", "project:", "disk_type:", "snapshot:"}
		},
		"signed and padded": func(s *fleet.TemplateSpec) { s.Dimensions = []string{"num_cpus:+8", "memory_gb:007.50", "disk_gb:010"} },
	} {
		r := revision(change)
		r.SnapshotURL = "projects/p/global/snapshots/newest"
		entry, err := entries(r, "home-project")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var sent overheard
		_, _ = client.New(client.Options{
			Base:       func(context.Context) (string, error) { return "http://machine-provider.invalid", nil },
			Token:      func(context.Context, string) (string, error) { return "token", nil },
			HTTPClient: &http.Client{Transport: &sent},
		}).Add(t.Context(), entry(fleet.NewInstance(fleet.Manager{BaseName: "linux", Revision: "r", Zone: "z", Project: "p"}, "linux-1", "42", "url", time.Unix(0, 0))))
		var fields any
		if err := json.Unmarshal(sent.body, &fields); err != nil {
			t.Fatalf("%s: %v: %q", name, err, sent.body)
		}
		if offered[name], err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.MarshalIndent(offered, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/offers.json"
	if *update {
		if err := os.WriteFile(golden, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(append(text, '\n'), want) {
		t.Errorf("%v: what is offered is not what %s says:\n%s", err, golden, text)
	}
}
