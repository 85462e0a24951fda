package promises

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// MakeForeign makes what in Compute Engine is not ours, with names like ours.
func (c *Checker) MakeForeign(ctx context.Context, project string, like Pool) error {
	for _, request := range invariants.MakeForeign(like.key()) {
		if err := c.ask(ctx, project, request[0], request[1]); err != nil {
			return err
		}
	}
	return nil
}

// ask asks Compute Engine for something, as somebody else; again while there is
// not yet what it needs.
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

// pollEvery is how often it is asked again.
const pollEvery = 20 * time.Millisecond

// Foreign describes what is not ours; it stays the same once its VMs are up.
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
