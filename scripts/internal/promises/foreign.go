package promises

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// MakeForeign makes resources in Compute Engine that are not ours, with names
// like ours.
func (c *Checker) MakeForeign(ctx context.Context, project string, like Pool) error {
	for _, request := range invariants.MakeForeign(like.key()) {
		if err := c.ask(ctx, project, request[0], request[1]); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a request to Compute Engine that comes from no job. It repeats the
// request while a resource that it needs is missing.
func (c *Checker) ask(ctx context.Context, project, path, body string) error {
	for {
		status, err := invariants.Ask(ctx, c.cloud, project, http.MethodPost, path, body)
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

// pollEvery is the interval between two attempts.
const pollEvery = 20 * time.Millisecond

// Foreign describes the foreign resources; the text stays the same once their
// VMs are up.
func Foreign(v invariants.View) (text string, up bool) {
	for _, g := range v.Groups {
		if g.Name == invariants.ForeignName {
			text += fmt.Sprintf("group of %d; ", g.TargetSize)
		}
	}
	running := 0
	for _, vm := range v.VMs {
		if vm.Group != invariants.ForeignName {
			continue
		}
		text += invariants.KeyOf(vm) + " " + vm.Status + "; "
		if vm.Status == "RUNNING" {
			running++
		}
	}
	return text, running == invariants.ForeignVMs
}
