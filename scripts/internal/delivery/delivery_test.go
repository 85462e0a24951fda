package delivery

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/framework"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/push"
)

// The framework's registry is global, so one server serves all tests; each test
// sets what the function does.
var (
	server  *framework.Server
	deliver atomic.Pointer[push.Deliver]
)

func TestMain(m *testing.M) {
	function := push.Function(func(ctx context.Context, m event.Message) error {
		return (*deliver.Load())(ctx, m)
	})
	var err error
	if server, err = framework.Serve(context.Background(), 0, map[string]http.Handler{"test-job": function}); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}

// post sends a body as a push subscription does, and returns the status.
func post(t *testing.T, path, body string, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// collect makes the function keep the messages that it gets.
func collect(t *testing.T, answer error) *[]event.Message {
	t.Helper()
	var got []event.Message
	function := push.Deliver(func(_ context.Context, m event.Message) error {
		got = append(got, m)
		return answer
	})
	deliver.Store(&function)
	return &got
}

const path = "/test-job/projects/local-project/topics/groups-resized"

func TestPushBecomesAMessage(t *testing.T) {
	at := time.Date(2026, 3, 14, 12, 0, 0, 123000000, time.UTC)
	data := base64.StdEncoding.EncodeToString([]byte(`{"zone":"z"}`))
	for _, c := range []struct {
		name, path, body string
		want             event.Message
	}{
		{"data and attributes", path,
			`{"message":{"data":"` + data + `","attributes":{"hostname":"h","instance":"h:1"},"messageId":"17","message_id":"17","publishTime":"2026-03-14T12:00:00.123Z","publish_time":"2026-03-14T12:00:00.123Z"},"subscription":"projects/local-project/subscriptions/s"}`,
			event.Message{ID: "17", Topic: "groups-resized", Data: []byte(`{"zone":"z"}`), Attributes: map[string]string{"hostname": "h", "instance": "h:1"}, Published: at}},
		{"attributes alone", path,
			`{"message":{"attributes":{"hostname":"h"},"messageId":"18","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
			event.Message{ID: "18", Topic: "groups-resized", Attributes: map[string]string{"hostname": "h"}, Published: at}},
		{"empty data", path,
			`{"message":{"data":"","messageId":"19","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
			event.Message{ID: "19", Topic: "groups-resized", Published: at}},
		{"a delivery attempt", path,
			`{"deliveryAttempt":5,"message":{"data":"` + data + `","messageId":"20","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
			event.Message{ID: "20", Topic: "groups-resized", Data: []byte(`{"zone":"z"}`), Published: at}},
		{"another topic", "/test-job/projects/p/topics/vm-activity",
			`{"message":{"data":"` + data + `","messageId":"21","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
			event.Message{ID: "21", Topic: "vm-activity", Data: []byte(`{"zone":"z"}`), Published: at}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := collect(t, nil)
			if status := post(t, c.path, c.body); status/100 != 2 {
				t.Fatalf("status %d", status)
			}
			if len(*got) != 1 {
				t.Fatalf("%d messages", len(*got))
			}
			m := (*got)[0]
			m.Published = m.Published.UTC()
			if len(m.Data) == 0 {
				m.Data = nil
			}
			if len(m.Attributes) == 0 {
				m.Attributes = nil
			}
			if !reflect.DeepEqual(m, c.want) {
				t.Errorf("got  %+v\nwant %+v", m, c.want)
			}
		})
	}
}

// An error asks for another delivery; a request that is not a delivery is the
// caller's fault.
func TestStatuses(t *testing.T) {
	const good = `{"message":{"data":"e30=","messageId":"1","publishTime":"2026-03-14T12:00:00Z"},"subscription":"s"}`
	structured := func(kind string) []string {
		return []string{"Ce-Id", "1", "Ce-Specversion", "1.0", "Ce-Type", kind, "Ce-Source", "//x"}
	}
	for _, c := range []struct {
		name, body string
		headers    []string
		answer     error
		want       int // 2: any 2xx
		delivered  int
	}{
		{"done", good, nil, nil, 2, 1},
		{"failed", good, nil, errors.New("down, 100%"), http.StatusInternalServerError, 1},
		{"another kind of event", `{}`, structured("google.cloud.storage.object.v1.finalized"), nil, http.StatusBadRequest, 0},
		{"a CloudEvent without a message in it", `[1]`, structured("google.cloud.pubsub.topic.v1.messagePublished"), nil, http.StatusBadRequest, 0},
		{"a CloudEvent of Pub/Sub", `{"message":{"data":"e30="}}`, structured("google.cloud.pubsub.topic.v1.messagePublished"), nil, 2, 1},
		{"no JSON", `hello`, nil, nil, http.StatusBadRequest, 0},
		{"nothing", ``, nil, nil, http.StatusBadRequest, 0},
		{"other JSON", `{"hello":"world"}`, nil, nil, http.StatusBadRequest, 0},
		{"data that is no base64", `{"message":{"data":"%%%","messageId":"1"},"subscription":"s"}`, nil, nil, http.StatusBadRequest, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := collect(t, c.answer)
			status := post(t, path, c.body, c.headers...)
			if status != c.want && (c.want != 2 || status/100 != 2) || len(*got) != c.delivered {
				t.Errorf("status %d with %d delivered", status, len(*got))
			}
		})
	}
}

// A malformed scope, and 10 MB of one, are acknowledged and never spin.
func TestMalformedPayloadsAreAcknowledged(t *testing.T) {
	var b strings.Builder
	runner := job.NewRunner(job.Job{Name: "test-job", New: func(job.Dependencies) job.Handler {
		return func(context.Context, job.Run) error { t.Error("the job ran"); return nil }
	}}, job.Dependencies{Now: time.Now}, time.Minute, logging.JSON(&b))
	function := push.Deliver(runner.Deliver)
	deliver.Store(&function)
	for _, payload := range []string{"not JSON", `{"zone":7}`, `{"zones":["z"]}`, strings.Repeat("x", 10<<20)} {
		b.Reset()
		body := fmt.Sprintf(`{"message":{"data":%q,"messageId":"44","publishTime":"2026-03-14T12:00:00Z"},"subscription":"s"}`,
			base64.StdEncoding.EncodeToString([]byte(payload)))
		if status := post(t, path, body); status/100 != 2 {
			t.Errorf("%.20s: status %d", payload, status)
		}
		if strings.Count(b.String(), `"severity":"ERROR"`) != 1 || !strings.Contains(b.String(), `"event_id":"44"`) {
			t.Errorf("%.20s: %.500s", payload, b.String())
		}
	}
}
