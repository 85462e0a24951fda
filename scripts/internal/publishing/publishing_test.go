package publishing

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
)

func TestMessage(t *testing.T) {
	for _, payload := range []string{"", "  ", "{}"} {
		if m, err := Message("import-config", payload, nil); err != nil || string(m.Data) != "{}" {
			t.Errorf("%q: %s, %v", payload, m.Data, err)
		}
	}
	for _, test := range []struct{ topic, payload, want string }{
		{"imprt-config", "", "Did you mean import-config?"},
		{"nothing-like-it", "", "create-instance-templates"},
		{"import-config", `{"a":`, "not JSON"},
		{"import-config", `{a: b}`, "single quotes"},
		{"import-config", `{} {}`, "not JSON"},
	} {
		if _, err := Message(test.topic, test.payload, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v; want %q", test.topic, test.payload, err, test.want)
		}
	}
}

func TestToSuite(t *testing.T) {
	b := bus.New(bus.Options{Project: "p"})
	b.CreateTopic(event.Topic{Name: "import-config"})
	server := httptest.NewServer(b.Handler())
	defer server.Close()
	to := endpoints.Endpoints{Project: "p", PubSubREST: server.URL}
	message := event.Message{Data: []byte("{}"), Attributes: map[string]string{"a": "b"}}
	id, err := ToSuite(t.Context(), server.Client(), to, "import-config", message)
	if err != nil || id != "1" {
		t.Errorf("message %q, %v", id, err)
	}
	if got, err := b.Recent(event.Topic{Name: "import-config"}); err != nil || len(got) != 1 || got[0].Attributes["a"] != "b" {
		t.Errorf("published %+v, %v", got, err)
	}
	if _, err := ToSuite(t.Context(), server.Client(), to, "process-config", message); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a topic that is not there: %v", err)
	}
	server.Close()
	if _, err := ToSuite(t.Context(), http.DefaultClient, to, "import-config", message); err == nil || !strings.Contains(err.Error(), "still run") {
		t.Errorf("no suite: %v", err)
	}
}
