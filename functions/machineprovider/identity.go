package machineprovider

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/environment"
)

// gcloudClients are the OAuth clients of the tokens that people have by gcloud:
// gcloud auth print-identity-token and gcloud run services proxy. Cloud Run
// lets them through, and their audience is the client and not the service.
var gcloudClients = []string{
	"32555940559.apps.googleusercontent.com",
	"764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
}

// ForPeople verifies the identities of people and scripts that ask another
// function of the suite, at its URL. Gcloud's own tokens, which are good for
// any service, are believed only from Cloud Run.
func ForPeople(ctx context.Context, env environment.Environment, url string, now func() time.Time) (Verifier, error) {
	google, err := NewGoogle(ctx, GoogleOptions{Audiences: []string{url}, Now: now})
	if err != nil {
		return nil, err
	}
	var verify Verifier = google
	if env.InvokersChecked {
		verify = &CloudRun{Audiences: append([]string{url}, gcloudClients...), Now: now, Next: google}
	}
	return NewDevelopment(os.Getenv, verify)
}

// Identity tells who makes a request. An error that is ErrUnverified says that
// it proves no identity.
func Identity(verify Verifier) func(*http.Request) (string, error) {
	return func(r *http.Request) (string, error) {
		token, err := bearer(r)
		if err != nil {
			return "", unverified("%w", err)
		}
		return verify.Verify(r.Context(), token)
	}
}
