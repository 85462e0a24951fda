// Package gcebackend links every function, so that one source deploys each of
// them: the Go buildpack wants the root package to import the Functions
// Framework.
package gcebackend

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	_ "github.com/GoogleCloudPlatform/functions-framework-go/funcframework" // what the buildpack's main imports
	_ "github.com/GoogleCloudPlatform/functions-framework-go/functions"     // the buildpack looks for it here

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/deployment"
	"github.com/gce-backend/gce-backend/shared/job"
)

func init() {
	deployment.Register(functions.Jobs(), map[string]deployment.HTTP{
		machineprovider.Name: machineprovider.Deployed,
		statuspage.Name:      statusPage,
	}, functions.Manifest)
}

// statusPage makes the status page as it is deployed: for the identities that
// the Machine Provider believes, at an address of its own.
func statusPage(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error) {
	// The addresses that Cloud Run gives differ in the function's name only.
	url := strings.Replace(env.MachineProvider, "//"+machineprovider.Name+"-", "//"+statuspage.Name+"-", 1)
	verify, err := machineprovider.ForPeople(ctx, env, url, deps.Now)
	if err != nil {
		return nil, err
	}
	return statuspage.New(statuspage.Dependencies{
		Store: deps.Store, Now: deps.Now, Log: log, Jobs: job.Names(functions.Jobs()), Identify: machineprovider.Identity(verify),
	})
}
