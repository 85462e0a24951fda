package suite

import (
	"net/http"
	"os"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/status"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// sampleEvery is the interval at which the suite records the size of its fleet.
// A suite runs for a shorter time than a deployment.
const sampleEvery = 5 * time.Minute

// statusPage returns the function status-page. If anyone is true, it needs no
// identity, because only this machine can reach it; otherwise it accepts the
// Machine Provider's development identities.
func (s *Suite) statusPage(anyone bool) (http.Handler, error) {
	deps := statuspage.Dependencies{
		Store: s.Store, Now: s.opts.Now, Log: s.opts.Log.With("job", statuspage.Name), Jobs: job.Names(functions.Jobs()), Anyone: anyone,
	}
	if !anyone {
		verify, err := identity.NewLocal(os.Getenv)
		if err != nil {
			return nil, err
		}
		deps.Verify = verify
	}
	page := statuspage.New(deps)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page.ServeHTTP(w, r.WithContext(metered.WithJob(r.Context(), statuspage.Name)))
	}), nil
}

func (s *Suite) recorder() job.Recorder {
	return status.NewRecorder(s.Store, s.opts.Now, sampleEvery, s.opts.Log)
}
