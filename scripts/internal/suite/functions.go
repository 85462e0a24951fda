package suite

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/scripts/internal/framework"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// deployment is the deployment's name.
const deployment = "gce-backend"

// otherPorts is how many more ports are tried if the chosen one is taken and
// none was requested.
const otherPorts = 3

// startFunctions serves every function of the manifest.
func (s *Suite) startFunctions(ctx context.Context) error {
	deps := s.dependencies()
	all := map[string]http.Handler{}
	for _, j := range functions.Jobs() {
		function, ok := s.manifest.Functions[j.Name]
		if !ok {
			return fmt.Errorf("the job %s is not in functions.yaml", j.Name)
		}
		runner := job.NewRunner(j, deps, function.Timeout(), s.opts.Log)
		all[j.Name] = push.Function(s.onAccountOf(j.Name, runner.Deliver))
	}
	page, err := s.statusPage(false)
	if err != nil {
		return err
	}
	all[machineprovider.Name], all[statuspage.Name] = s.provider, page
	for _, name := range s.manifest.Names() {
		if all[name] == nil {
			return fmt.Errorf("functions.yaml names %s, which no code serves", name)
		}
	}
	s.functions, err = framework.Serve(ctx, s.ports.functions, all)
	for attempt := 0; err != nil && s.opts.Port == 0 && attempt < otherPorts; attempt++ {
		s.functions, err = framework.Serve(ctx, 0, all) // another process took the port
	}
	if err != nil {
		return err
	}
	s.Endpoints.Functions = s.functions.URL()
	s.onStop(s.functions.Close)
	return nil
}

// onAccountOf counts a delivery, and attributes its use of the store to the job.
func (s *Suite) onAccountOf(name string, deliver push.Deliver) push.Deliver {
	return func(ctx context.Context, message event.Message) error {
		s.delivered.add(name, 1)
		return deliver(metered.WithJob(ctx, name), message)
	}
}

// dependencies returns the jobs' dependencies, which differ from a deployment's
// only in their addresses.
func (s *Suite) dependencies() job.Dependencies {
	return job.Dependencies{
		Store:           s.Store,
		Compute:         s.engine(),
		Catalog:         s.catalog(),
		Publisher:       s.messages,
		Source:          s.source,
		Recorder:        s.recorder(),
		Now:             s.opts.Now,
		Sleep:           pause.For,
		ComputeRequests: computeRequests,
		Rand:            lockedrand.New(),
		Project:         s.opts.Project,
		Deployment:      deployment,
	}
}
