package machineprovider

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Deployed makes the function as it is deployed: it believes Google's tokens
// that are meant for its own URL, and refuses to start with development
// identities.
func Deployed(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error) {
	audiences := []string{env.MachineProvider}
	google, err := NewGoogle(ctx, GoogleOptions{Audiences: audiences, Now: deps.Now})
	if err != nil {
		return nil, err
	}
	var verify Verifier = google
	if env.InvokersChecked {
		verify = &CloudRun{Audiences: audiences, Now: deps.Now, Next: google}
	}
	verify, err = NewDevelopment(os.Getenv, verify)
	if err != nil {
		return nil, err
	}
	return New(Dependencies{
		Store: deps.Store, Publish: deps.Publisher, Now: deps.Now, Rand: deps.Rand,
		Log: log, Verify: verify, Project: deps.Project,
	}), nil
}
