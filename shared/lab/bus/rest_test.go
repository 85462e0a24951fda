package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// call makes a request and reads the answer.
func call(t *testing.T, h http.Handler, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, answer
}

func TestREST(t *testing.T) {
	h := New(Options{Project: "p"}).Handler()
	for _, step := range []struct {
		method, path, body string
		code               int
		contains           string
	}{
		{"PUT", "/v1/projects/p/topics/t", "", 200, "projects/p/topics/t"},
		{"PUT", "/v1/projects/p/topics/t", "", 409, "ALREADY_EXISTS"},
		{"GET", "/v1/projects/p/topics", "", 200, "projects/p/topics/t"},
		{"GET", "/v1/projects/p/topics/t", "", 200, "projects/p/topics/t"},
		{"GET", "/v1/projects/p/topics/none", "", 404, "NOT_FOUND"},
		{"PUT", "/v1/projects/p/subscriptions/s", `{"topic":"t"}`, 400, "projects/PROJECT/topics/TOPIC"},
		{"PUT", "/v1/projects/p/subscriptions/s", `{"topic":"projects/p/topics/none"}`, 404, "NOT_FOUND"},
		{"PUT", "/v1/projects/p/subscriptions/s", `{"topic":"projects/p/topics/t","ackDeadlineSeconds":60}`, 200, "subscriptions/s"},
		{"PUT", "/v1/projects/p/subscriptions/s", `{"topic":"projects/p/topics/t"}`, 409, "ALREADY_EXISTS"},
		{"POST", "/v1/projects/p/topics/none:publish", `{"messages":[{"data":"e30="}]}`, 404, "NOT_FOUND"},
		{"POST", "/v1/projects/p/topics/t:publish", `{"messages":[]}`, 400, "no messages"},
		{"POST", "/v1/projects/p/topics/t:publish", `{"messages":[{"data":"%%"}]}`, 400, "not valid"},
		{"POST", "/v1/projects/p/topics/t:publish", `{"messages":[{"data":"e30=","attributes":{"a":"b"}}]}`, 200, "messageIds"},
		{"POST", "/v1/projects/p/topics/t:explode", ``, 404, "explode"},
		{"GET", "/v1/projects/p/topics/t:messages", "", 200, "e30="},
		{"POST", "/v1/projects/p/subscriptions/s:pull", `{"maxMessages":5}`, 200, "1-1"},
		{"POST", "/v1/projects/p/subscriptions/s:modifyAckDeadline", `{"ackIds":["1-1"],"ackDeadlineSeconds":0}`, 200, ""},
		{"POST", "/v1/projects/p/subscriptions/s:pull", `{"maxMessages":5}`, 200, "1-2"},
		{"POST", "/v1/projects/p/subscriptions/s:acknowledge", `{"ackIds":["1-2"]}`, 200, ""},
		{"POST", "/v1/projects/p/subscriptions/s:pull", `{"returnImmediately":true}`, 200, "[]"},
		{"POST", "/v1/projects/p/subscriptions/none:pull", `{}`, 404, "NOT_FOUND"},
		{"GET", "/v1/projects/p/deadLetters", "", 200, "[]"},
	} {
		code, answer := call(t, h, step.method, step.path, step.body)
		if text := fmt.Sprint(answer); code != step.code || !strings.Contains(text, step.contains) {
			t.Errorf("%s %s %s: %d %s; want %d with %q", step.method, step.path, step.body, code, text, step.code, step.contains)
		}
	}
}

func TestUnacknowledgedComesAgain(t *testing.T) {
	clock := time.Unix(1000, 0)
	b := New(Options{Project: "p", Now: func() time.Time { return clock }})
	b.CreateTopic(facts)
	if err := b.Subscribe(Subscription{Name: "s", Topic: facts, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	publish(t, b, "a")
	pull := func() []Pulled {
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		taken, err := b.Pull(ctx, "", "s", 10)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if first := pull(); len(first) != 1 {
		t.Fatalf("pulled %v", first)
	}
	clock = clock.Add(59 * time.Second)
	if early := pull(); len(early) != 0 {
		t.Fatalf("came again before its deadline: %v", early)
	}
	clock = clock.Add(time.Second)
	if again := pull(); len(again) != 1 || again[0].Attempt != 2 {
		t.Fatalf("after the deadline: %v", again)
	}
}

func TestPush(t *testing.T) {
	var path, body string
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(raw)
		path, body = r.URL.Path, string(raw)
		w.WriteHeader(status)
	}))
	defer server.Close()
	deliver := Push(server.Client(), server.URL+"/job", "p", "job.facts")
	message := event.Message{ID: "7", Topic: "facts", Data: []byte("{}"), Attributes: map[string]string{"a": "b"}, Published: time.Unix(0, 0)}
	if err := deliver(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	const want = `{"message":{"data":"e30=","attributes":{"a":"b"},"messageId":"7","publishTime":"1970-01-01T00:00:00Z"},"subscription":"projects/p/subscriptions/job.facts"}`
	if path != "/job/projects/p/topics/facts" || body != want {
		t.Errorf("posted to %s:\n%s", path, body)
	}
	status = http.StatusInternalServerError
	if err := deliver(t.Context(), message); err == nil {
		t.Error("a refusal was taken for an acknowledgement")
	}
}
