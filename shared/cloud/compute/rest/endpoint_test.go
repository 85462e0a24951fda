package rest_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// An endpoint alone is enough: the engine calls it over the network, without
// credentials.
func TestEndpoint(t *testing.T) {
	cloud := simulator.New(simulator.Options{})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	w := &world{Engine: rest.New(rest.Options{Endpoint: server.URL}), t: t, cloud: cloud}
	cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Fault: simulator.Fault{LoseResponse: true}})
	w.want(w.InsertTemplate(t.Context(), newTemplate(template), ""), failure.Transient)
	w.want(w.InsertTemplate(t.Context(), newTemplate(template), ""), failure.Conflict) // the change was made
	templates, err := w.Templates(t.Context(), project)
	w.must(err)
	if len(templates) != 1 {
		t.Errorf("got %+v, want the one whose answer was lost", templates)
	}
}
