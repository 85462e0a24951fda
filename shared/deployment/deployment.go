// Package deployment puts a deployed function together: the outside things
// that its jobs are given, and its registration with the Functions Framework.
// Whatever costs time is done at the first event and not before.
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

// developmentBackend is who the suite is to a local Machine Provider.
const developmentBackend = "backend@example.com"

// newDependencies makes what the jobs of a process are given. The clients among
// them connect with their first call.
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

// settingsAge is how old the URL that was read from settings.cfg may get.
const settingsAge = 30 * time.Second

// machineProvider returns the source of the Machine Provider's URL: mp_server of
// the configuration in force, else the fallback.
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

// check refuses an environment that cannot be meant: without a project, or with
// what is for local use where the process is deployed.
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

// Callers makes the Verifier of a function that serves HTTP: it believes Google's
// tokens that are meant for the function's own URL. To one that people look at
// they may come by gcloud.
func Callers(ctx context.Context, deps job.Dependencies, env environment.Environment, people bool) (identity.Verifier, error) {
	if env.DevelopmentIdentities {
		return identity.NewLocal(os.Getenv)
	}
	return identity.NewGoogle(ctx, identity.Options{Audiences: []string{env.URL}, CloudRun: env.InvokersChecked, Gcloud: people, Now: deps.Now})
}
