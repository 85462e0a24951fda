package bus

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// Whatever the request, the bus answers it without an internal error.
func FuzzRequests(f *testing.F) {
	for _, c := range [][3]string{
		{http.MethodPut, "/v1/projects/p/topics/t", ""},
		{http.MethodPut, "/v1/projects/p/subscriptions/s", `{"topic":"projects/p/topics/t","ackDeadlineSeconds":-60}`},
		{http.MethodPost, "/v1/projects/p/topics/facts:publish", `{"messages":[{"data":"e30=","attributes":{"a":"b"}},{}]}`},
		{http.MethodPost, "/v1/projects/p/subscriptions/of-facts:pull", `{"maxMessages":-5}`},
		{http.MethodPost, "/v1/projects/p/subscriptions/of-facts:acknowledge", `{"ackIds":["1-1",""]}`},
		{http.MethodPost, "/v1/projects/p/subscriptions/of-facts:modifyAckDeadline", `{"ackIds":["1-1"],"ackDeadlineSeconds":9223372036854775807}`},
		{http.MethodGet, "/v1/projects/p/topics/facts:messages", ""}, {http.MethodGet, "/v1/projects/p/deadLetters", "["},
	} {
		f.Add(c[0], c[1], []byte(c[2]))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		b := New(Options{Project: "p", Now: func() time.Time { return time.Unix(1000, 0) }})
		defer b.Close(t.Context())
		name := event.Topic{Project: "p", Name: "facts"}
		b.CreateTopic(name)
		if err := b.Subscribe(Subscription{Project: "p", Name: "of-facts", Topic: name}); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), name, event.Message{Data: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", strings.NewReader(string(body)))
		r.Method, r.URL = method, &url.URL{Path: path}
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s with %q: %d %s", method, path, body, w.Code, w.Body)
		}
	})
}
