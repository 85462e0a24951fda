package promises

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

const (
	foreignName      = world.Foreign + "-000000000000" // with a name like ours
	foreignTemplates = 1
	foreignVMs       = 2
)

// MakeForeign makes a template and a group that are not ours: its VMs are named
// as those of another template are.
func (c *Checker) MakeForeign(ctx context.Context, project string, like Pool) error {
	if err := c.ask(ctx, project, "global/instanceTemplates", fmt.Sprintf(`{"name":%q,"properties":{"machineType":"e2-small",
"disks":[{"boot":true,"autoDelete":true,"initializeParams":{"sourceImage":"projects/debian-cloud/global/images/family/debian-12"}}],
"networkInterfaces":[{"network":"global/networks/default"}]}}`, foreignName)); err != nil {
		return err
	}
	return c.ask(ctx, project, "zones/"+like.Zone+"/instanceGroupManagers", fmt.Sprintf(
		`{"name":%q,"baseInstanceName":"%s-00000000-%s","instanceTemplate":"global/instanceTemplates/%s","targetSize":%d}`,
		foreignName, like.BaseName, like.Zone, foreignName, foreignVMs))
}

// ask asks Compute Engine for something, as somebody else; again while there is
// not yet what it needs.
func (c *Checker) ask(ctx context.Context, project, path, body string) error {
	for {
		status, err := c.post(ctx, "http://compute.invalid/compute/v1/projects/"+project+"/"+path, body)
		switch {
		case err != nil:
			return fmt.Errorf("make what is not ours: %w", err)
		case status == http.StatusOK:
			return nil
		case status != http.StatusNotFound:
			return fmt.Errorf("make what is not ours: %s: %s", path, http.StatusText(status))
		}
		time.Sleep(pollEvery)
	}
}

// pollEvery is how often it is asked again.
const pollEvery = 20 * time.Millisecond

func (c *Checker) post(ctx context.Context, url, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	answer, err := c.cloud.Transport().RoundTrip(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// Foreign describes what is not ours; it stays the same once its VMs are up.
func (v View) Foreign() (text string, up bool) {
	for _, g := range v.Groups {
		if g.Name == foreignName {
			text += fmt.Sprintf("group of %d; ", g.TargetSize)
		}
	}
	running := 0
	for _, vm := range v.VMs {
		if vm.Group != foreignName {
			continue
		}
		text += world.KeyOf(vm) + " " + vm.Status + "; "
		if vm.Status == "RUNNING" {
			running++
		}
	}
	return text, running == foreignVMs
}
