package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"strings"

	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// startMachineProvider serves the Machine Provider on its own port, unless the
// environment names one. It accepts "Bearer dev:EMAIL".
func (s *Suite) startMachineProvider(ctx context.Context) error {
	verify, err := identity.NewLocal(os.Getenv)
	if err != nil {
		return fmt.Errorf("start the Machine Provider: %w", err)
	}
	handler := machineprovider.New(machineprovider.Dependencies{
		Store:   s.Store,
		Publish: s.messages,
		Now:     s.opts.Now,
		Rand:    rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // not for secrets
		Log:     s.opts.Log.With("job", machineprovider.Name),
		Verify:  verify,
		Project: s.opts.Project,
	})
	s.provider = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.add(path.Base(r.URL.Path), 1)
		handler.ServeHTTP(w, r.WithContext(metered.WithJob(r.Context(), machineprovider.Name)))
	})
	if s.Endpoints.MachineProvider = s.opts.Environment.MachineProvider; s.Endpoints.MachineProvider != "" {
		return nil
	}
	s.Endpoints.MachineProvider, err = s.serve(ctx, "the Machine Provider", s.provider)
	return err
}

// catalog returns the Machine Provider as the jobs see it: the one that
// settings.cfg names, or else this suite's, which identifies the jobs by a
// development identity.
func (s *Suite) catalog() catalog.Catalog {
	return client.New(client.Options{
		Base: func(ctx context.Context) (string, error) {
			current, err := config.Current(ctx, s.inner)
			if err != nil {
				return "", fmt.Errorf("find the Machine Provider: %w", err)
			}
			if named := current.Settings.GetMpServer(); named != "" {
				return strings.TrimSuffix(named, "/"), nil
			}
			return s.Endpoints.MachineProvider, nil
		},
		Token: identity.LocalToken(Identity),
	})
}
