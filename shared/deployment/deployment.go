// Package deployment assembles a deployed function: it makes the clients of
// outside services that the jobs use, and registers the function with the
// Functions Framework. Slow work is left to the first request.
package deployment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/cloud/pubsub"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job"
)

// developmentBackend is the identity that the suite shows to a local Machine
// Provider.
const developmentBackend = "backend@example.com"

// newDependencies returns the dependencies of the jobs of a process. The clients
// connect at their first call.
func newDependencies(ctx context.Context, env environment.Environment) (job.Dependencies, error) {
	if err := check(env); err != nil {
		return job.Dependencies{}, err
	}
	documents := firestore.Open(ctx, env.Project, env.Database)
	random := lockedrand.New()
	deps := job.Dependencies{
		Store:     documents,
		Publisher: pubsub.New(env.Project),
		Compute: rest.New(rest.Options{
			Endpoint:          env.ComputeEndpoint,
			RequestsPerMinute: env.ComputeRequests,
			Rand:              random.Float64,
		}),
		Catalog: client.New(client.Options{
			Base:  machineProvider(documents, env.MachineProvider, time.Now),
			Token: token(env),
		}),
		Now:             time.Now,
		Sleep:           pause.For,
		ComputeRequests: env.ComputeRequests,
		Rand:            random,
		Project:         env.Project,
		Deployment:      env.Deployment,
	}
	if env.ConfigSource != "" {
		var err error
		if deps.Source, err = configsource.Open(context.WithoutCancel(ctx), env.ConfigSource, configsource.Options{}); err != nil {
			return job.Dependencies{}, fmt.Errorf("CONFIG_SOURCE: %w", err)
		}
	}
	return deps, nil
}

// settingsAge is the greatest age at which the URL read from settings.cfg is
// used.
const settingsAge = 30 * time.Second

// machineProvider returns a function that returns the Machine Provider's URL:
// mp_server of the current configuration, otherwise the fallback.
func machineProvider(documents store.Store, fallback string, now func() time.Time) func(context.Context) (string, error) {
	var mu sync.Mutex
	var url string
	var until time.Time
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if now().Before(until) {
			return url, nil
		}
		current, err := config.Current(ctx, documents)
		if err != nil {
			return "", err
		}
		url, until = cmp.Or(current.Settings.GetMpServer(), fallback), now().Add(settingsAge)
		return url, nil
	}
}

// check returns an error if the environment has no project, or if a deployed
// function has variables for local use.
func check(env environment.Environment) error {
	var errs []error
	if env.Project == "" {
		errs = append(errs, errors.New("PROJECT is empty"))
	}
	if env.Service != "" && env.DevelopmentIdentities {
		errs = append(errs, errors.New("DEVELOPMENT_IDENTITIES is for local use"))
	}
	if env.Service != "" && env.ComputeEndpoint != "" {
		errs = append(errs, errors.New("COMPUTE_ENDPOINT is for local use"))
	}
	return errors.Join(errs...)
}

func token(env environment.Environment) func(context.Context, string) (string, error) {
	if env.DevelopmentIdentities {
		return identity.LocalToken(developmentBackend)
	}
	return identity.Tokens()
}

// Callers returns the Verifier of a function that serves HTTP. It accepts
// Google's tokens for the function's own URL, and gcloud's own tokens if people
// use the function.
func Callers(ctx context.Context, deps job.Dependencies, env environment.Environment, people bool) (identity.Verifier, error) {
	if env.DevelopmentIdentities {
		return identity.NewLocal(os.Getenv)
	}
	return identity.NewGoogle(ctx, identity.Options{Audiences: []string{env.URL}, CloudRun: env.InvokersChecked, Gcloud: people, Now: deps.Now})
}
