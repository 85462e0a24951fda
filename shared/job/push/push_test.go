package push

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// post sends a body as a push does, and returns the status and the text.
func post(t *testing.T, deliver Deliver, body string, headers ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/projects/p/topics/groups-resized", strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Function(deliver)(w, r)
	return w.Code, w.Body.String()
}

func TestAPushBecomesAMessage(t *testing.T) {
	at := time.Date(2026, 3, 14, 12, 0, 0, 123000000, time.UTC)
	triggered := []string{"Ce-Type", messagePublished, "Ce-Id", "18", "Ce-Source", "//pubsub.googleapis.com/projects/p/topics/vm-activity"}
	for _, c := range []struct {
		name, body string
		headers    []string
		want       event.Message
	}{
		{"all", `{"message":{"data":"eyJ6b25lIjoieiJ9","attributes":{"hostname":"h"},"messageId":"17","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`, nil,
			event.Message{ID: "17", Topic: "groups-resized", Data: []byte(`{"zone":"z"}`), Attributes: map[string]string{"hostname": "h"}, Published: at}},
		{"no data", `{"message":{"messageId":"17"}}`, nil, event.Message{ID: "17", Topic: "groups-resized"}},
		{"null", `{"message":{"data":null,"attributes":null}}`, nil, event.Message{Topic: "groups-resized"}},
		{"empty data", `{"message":{"data":""}}`, nil, event.Message{Topic: "groups-resized", Data: []byte{}}},
		{"fields that nobody knows", `{"message":{"data":"e30=","orderingKey":"x"},"deliveryAttempt":3}`, nil, event.Message{Topic: "groups-resized", Data: []byte("{}")}},
		{"a trigger's event", `{"message":{"data":"e30="}}`, triggered, event.Message{ID: "18", Topic: "vm-activity", Data: []byte("{}")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []event.Message
			status, text := post(t, func(_ context.Context, m event.Message) error { got = append(got, m); return nil }, c.body, c.headers...)
			if status != http.StatusNoContent || len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got %d %s, %+v", status, text, got)
			}
		})
	}
}

func TestWhatIsNoDeliveryIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
	}{
		"another type": {`{"message":{}}`, []string{"Ce-Type", "google.cloud.storage.object.v1.finalized"}},
		"not base64":   {`{"message":{"data":"%%%"}}`, nil},
		"wrong types":  {`{"message":{"attributes":[1]}}`, nil},
		"no message":   {`{"hello":"world"}`, nil},
		"a list":       {`[]`, nil},
		"no JSON":      {`nothing`, nil},
		"no data":      {``, nil},
		"too much":     {`{"message":{"data":"` + strings.Repeat("A", maxBody) + `"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := post(t, func(context.Context, event.Message) error { t.Error("delivered"); return nil }, c.body, c.headers...)
			if status != http.StatusBadRequest || strings.Contains(text, "%!") || !strings.Contains(text, "Pub/Sub") {
				t.Errorf("%d %s", status, text)
			}
		})
	}
}

func TestAnErrorAsksForAnotherDelivery(t *testing.T) {
	status, text := post(t, func(context.Context, event.Message) error { return errors.New("100% down") }, `{"message":{}}`)
	if status != http.StatusInternalServerError || strings.TrimSpace(text) != "100% down" {
		t.Errorf("%d %s", status, text)
	}
}

func TestATopicIsWhereThePathNamesOne(t *testing.T) {
	for from, want := range map[string]string{"/projects/p/topics/t": "t", "/": "", "/job": "", "/topics/": ""} {
		if got := topicOf(from); got != want {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
}
