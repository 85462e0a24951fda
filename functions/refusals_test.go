package functions_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/functions/statuspage"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// untouched is a store that must not be used.
type untouched struct {
	store.Store // nil: every other method panics
	t           *testing.T
}

var errTouched = errors.New("this store is not to be used")

func (u untouched) Get(context.Context, ...store.Key) ([]store.Document, error) {
	u.t.Error("the store is read")
	return nil, errTouched
}

func (u untouched) Find(context.Context, store.Query) ([]store.Document, error) {
	u.t.Error("the store is queried")
	return nil, errTouched
}

func (u untouched) Commit(context.Context, ...store.Write) ([]store.Version, error) {
	u.t.Error("the store is written")
	return nil, errTouched
}

// every makes each function of functions.yaml as it is served, over a store
// that must not be used.
func every(t *testing.T) (jobs, others map[string]http.Handler) {
	t.Helper()
	log, documents := slog.New(slog.DiscardHandler), untouched{t: t}
	jobs, others = map[string]http.Handler{}, map[string]http.Handler{
		machineprovider.Name: machineProvider(world.MachineProvider{Store: documents, Limits: leasing.DefaultLimits, Now: time.Now, Rand: rand.New(rand.NewPCG(1, 2)), Log: log}),
	}
	page := statuspage.New(statuspage.Dependencies{Store: documents, Now: time.Now, Log: log, Verify: verify})
	others[statuspage.Name] = page
	for _, each := range functions.Jobs() {
		runner := job.NewRunner(each, job.Dependencies{Store: documents, Now: time.Now}, time.Minute, log)
		jobs[each.Name] = push.Function(runner.Deliver)
	}
	for name, function := range suite(t).Manifest.Functions {
		if function.HTTP() != (others[name] != nil) || function.HTTP() == (jobs[name] != nil) {
			t.Errorf("%s is not served as functions.yaml says", name)
		}
	}
	return jobs, others
}

const delivery = `{"message":{"data":"e30=","messageId":"1"},"subscription":"s"}`

// Every function except those that serve people and machines accepts Pub/Sub
// deliveries only, and refuses anything else before it uses its dependencies.
func TestEveryJobRefusesWhatIsNoDelivery(t *testing.T) {
	jobs, _ := every(t)
	for name, function := range jobs {
		for what, c := range map[string]struct{ method, path, body, kind string }{
			"a look":                {http.MethodGet, "/", "", ""},
			"a form":                {http.MethodPost, "/", "force=true", ""},
			"nothing":               {http.MethodPost, "/", "", ""},
			"the message alone":     {http.MethodPost, "/", `{"data":"e30="}`, ""},
			"a scope":               {http.MethodPost, "/", `{"baseName":"linux"}`, ""},
			"a list":                {http.MethodPost, "/projects/p/topics/" + name, `[` + delivery + `]`, ""},
			"no message":            {http.MethodPost, "/projects/p/topics/" + name, `{"message":null}`, ""},
			"data that is no text":  {http.MethodPost, "/projects/p/topics/" + name, `{"message":{"data":{}}}`, ""},
			"another method":        {http.MethodPut, "/projects/p/topics/" + name, delivery, ""},
			"a bucket's event":      {http.MethodPost, "/", delivery, "google.cloud.storage.object.v1.finalized"},
			"an audit log's event":  {http.MethodPost, "/", delivery, "google.cloud.audit.log.v1.written"},
			"a call of the catalog": {http.MethodPost, "/_ah/api/catalog/v1/get", `{"hostname":"vm-1"}`, ""},
		} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
			if c.kind != "" {
				r.Header.Set("Ce-Type", c.kind)
			}
			answer := httptest.NewRecorder()
			function.ServeHTTP(answer, r)
			if answer.Code != http.StatusBadRequest {
				t.Errorf("%s answers %d to %s: %s", name, answer.Code, what, answer.Body)
			}
		}
	}
}

// The other two functions refuse deliveries, because a delivery proves no
// identity to them.
func TestNoDeliveryForWhatServesHTTP(t *testing.T) {
	_, others := every(t)
	for name, function := range others {
		for _, path := range []string{"/", "/projects/p/topics/" + name, "/_ah/api/catalog/v1/get", "/_ah/api/machine_provider/v1/lease"} {
			answer := httptest.NewRecorder()
			function.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(delivery)))
			if !slices.Contains([]int{http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}, answer.Code) {
				t.Errorf("%s answers %d at %s: %s", name, answer.Code, path, answer.Body)
			}
		}
	}
}
