package simulator_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// gcloud runs commands of the Google Cloud CLI against a simulator.
type gcloud struct {
	t    *testing.T
	path string
	env  []string
}

func newGcloud(t *testing.T, endpoint string) *gcloud {
	t.Helper()
	path, err := exec.LookPath("gcloud")
	if err != nil {
		t.Skip("SKIPPED: gcloud is not on PATH; install the Google Cloud SDK to check the simulator against it")
	}
	return &gcloud{t: t, path: path, env: append(os.Environ(),
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE="+endpoint+"/compute/v1/",
		"CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true", "CLOUDSDK_CORE_PROJECT="+testProject,
		"CLOUDSDK_COMPUTE_ZONE="+testZone, "CLOUDSDK_CONFIG="+t.TempDir(),
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true")}
}

// compute runs a command of gcloud compute and returns the lines of its output.
func (g *gcloud) compute(command string, environment ...string) []string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, g.path, append([]string{"compute"}, strings.Fields(command)...)...)
	c.Env = append(slices.Clone(g.env), environment...)
	var out, errors bytes.Buffer
	c.Stdout, c.Stderr = &out, &errors
	if err := c.Run(); err != nil {
		g.t.Fatalf("gcloud compute %s: %v\n%s", command, err, errors.Bytes())
	}
	return strings.Fields(out.String())
}

func TestGcloud(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: gcloud takes seconds; run without -short")
	}
	w := newWorld(t, simulator.Options{}) // everything takes no time: each gcloud command costs a second already
	cloud := w.cloud
	server := httptest.NewServer(cloud)
	defer server.Close()
	g := newGcloud(t, server.URL)
	w.insertTemplate("tmpl")
	w.insertGroup("grp", "tmpl", 3)

	equal := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: gcloud says %q, the simulator has %q", what, got, want)
		}
	}
	equal("templates", g.compute("instance-templates list --format value(name,properties.machineType)"), "tmpl", "n1-standard-1")
	equal("template", g.compute("instance-templates describe tmpl --format value(properties.labels.owner)"), "test")
	equal("groups", g.compute("instance-groups managed list --format value(name,targetSize,size)"), "grp", "3", "3")
	equal("group", g.compute("instance-groups managed describe grp --format value(currentActions.none,status.isStable)"), "3", "True")

	g.compute("instance-groups managed resize grp --size 4")
	g.compute("instance-groups managed delete-instances grp --instances " + cloud.VMs()[0].Name)
	var names, rows []string
	for _, vm := range cloud.VMs() {
		names = append(names, vm.Name)
		rows = append(rows, vm.Name, vm.Status, vm.CurrentAction)
	}
	if len(names) != 3 {
		t.Errorf("VMs after the deletion of one of four: %v", names)
	}
	equal("managed instances", g.compute("instance-groups managed list-instances grp --format value(name,instanceStatus,currentAction)"), rows...)
	equal("instances", g.compute("instances list --filter status=RUNNING --format value(name)"), names...)
	// The same through the batch endpoint.
	equal("batch", g.compute("instances list --format value(name)", "CLOUDSDK_COMPUTE_FORCE_BATCH_REQUEST=true"), names...)
	g.compute("instance-groups managed delete grp", "CLOUDSDK_COMPUTE_FORCE_BATCH_REQUEST=true")
	if s := cloud.State(); s.VMs+len(s.Groups)+s.Disks != 0 {
		t.Errorf("left over: %+v", s)
	}
}
