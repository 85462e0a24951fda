package push

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// Any request is either delivered once and answered 204, or refused with 400.
func FuzzFunction(f *testing.F) {
	const path, trigger = "/projects/p/topics/groups-resized", "//pubsub.googleapis.com/projects/p/topics/vm-activity"
	for _, body := range []string{
		`{"message":{"data":"e30=","attributes":{"hostname":"h"},"messageId":"17","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
		`{"message":null}`, `{"message":{"data":"%%%"}}`, `{"message":{"publishTime":"yesterday"}}`, `[]`, ``,
	} {
		f.Add(http.MethodPost, path, "", "", []byte(body))
		f.Add(http.MethodPost, "/", messagePublished, trigger, []byte(body))
	}
	f.Add(http.MethodGet, path, "", "", []byte(`{"message":{}}`))
	f.Add(http.MethodPost, path, "google.cloud.storage.object.v1.finalized", "", []byte(`{"message":{}}`))
	f.Fuzz(func(t *testing.T, method, path, kind, source string, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
		r.Method, r.URL.Path = method, path
		if kind != "" {
			r.Header.Set("Ce-Type", kind)
			r.Header.Set("Ce-Source", source)
		}
		var got []event.Message
		w := httptest.NewRecorder()
		Function(func(_ context.Context, m event.Message) error { got = append(got, m); return nil })(w, r)
		switch {
		case w.Code == http.StatusNoContent && len(got) == 1 && method == http.MethodPost && !strings.Contains(got[0].Topic, "/"):
		case w.Code == http.StatusBadRequest && len(got) == 0:
		default:
			t.Errorf("%s %q with %q: %d, delivered %+v", method, path, body, w.Code, got)
		}
	})
}
