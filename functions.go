// Package gcebackend links every function, so that one source deploys each of
// them: the Go buildpack wants the root package to import the Functions
// Framework.
package gcebackend

import (
	"context"
	"log/slog"
	"net/http"

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
		machineprovider.Name: machineProvider,
		statuspage.Name:      statusPage,
	}, functions.Manifest)
}

// machineProvider makes the Machine Provider as it is deployed.
func machineProvider(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error) {
	verify, err := deployment.Callers(ctx, deps, env, false)
	if err != nil {
		return nil, err
	}
	return machineprovider.New(machineprovider.Dependencies{
		Store: deps.Store, Publish: deps.Publisher, Now: deps.Now, Rand: deps.Rand, Log: log, Verify: verify, Project: deps.Project,
	}), nil
}

// statusPage makes the status page as it is deployed.
func statusPage(ctx context.Context, deps job.Dependencies, env environment.Environment, log *slog.Logger) (http.Handler, error) {
	verify, err := deployment.Callers(ctx, deps, env, true)
	if err != nil {
		return nil, err
	}
	return statuspage.New(statuspage.Dependencies{
		Store: deps.Store, Now: deps.Now, Log: log, Jobs: job.Names(functions.Jobs()), Verify: verify,
	}), nil
}
