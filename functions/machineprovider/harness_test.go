package machineprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// The identities of the tests.
const (
	admin    = "admin@example.com"
	backend  = "backend@example.com"
	vsphere  = "vsphere@example.com"
	lessee   = "lessee@example.com"
	lessee2  = "lessee2@example.com"
	viewer   = "viewer@example.com"
	nobody   = "nobody@example.com"
	machine1 = "vm@example-project.iam.gserviceaccount.com"
)

type fixedSettings access.Settings

func (f fixedSettings) Settings(context.Context) (access.Settings, error) {
	return access.Settings(f), nil
}

// clock is a controlled clock.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// sent is a message as it was published.
type sent struct {
	Topic   event.Topic
	Data    string
	Message event.Message
}

// publisher keeps the published messages.
type publisher struct {
	mu    sync.Mutex
	sent  []sent
	fault func(event.Topic) error
}

func (p *publisher) Publish(_ context.Context, topic event.Topic, messages ...event.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		if err := p.fault(topic); err != nil {
			return err
		}
	}
	for _, message := range messages {
		p.sent = append(p.sent, sent{topic, string(message.Data), message})
	}
	return nil
}

// take returns the messages that were published since the last call.
func (p *publisher) take() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.sent
	p.sent = nil
	return all
}

func (p *publisher) setFault(fault func(event.Topic) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// world is a Machine Provider under test, reached through HTTP.
type world struct {
	t         testing.TB
	url       string
	clock     *clock
	now       func() time.Time // the clock's, unless changed
	store     store.Store
	publisher *publisher
	limits    leasing.Limits
	settings  access.Settings
	handler   http.Handler
}

func testSettings() access.Settings {
	return access.Settings{
		Administrators: []string{admin},
		Lessees:        []string{lessee, lessee2},
		Viewers:        []string{viewer},
		Backends:       map[string][]string{"GCE": {backend}, "VSPHERE": {vsphere}},
	}
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	w := &world{
		t:         t,
		clock:     &clock{now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)},
		publisher: &publisher{},
		limits:    leasing.DefaultLimits(),
		settings:  testSettings(),
	}
	w.now = w.clock.Now
	w.store = memory.New(w.clock.Now)
	for _, f := range change {
		f(w)
	}
	verify, err := identity.NewLocal(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	w.handler = New(Dependencies{
		Store: w.store, Publish: w.publisher, Settings: fixedSettings(w.settings),
		Limits: func() leasing.Limits { return w.limits },
		Now:    w.now, Rand: rand.New(rand.NewPCG(1, 2)),
		Log: slog.New(slog.DiscardHandler), Verify: verify, Project: "own-project",
	})
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *world) broker() *broker.Broker {
	return broker.New(broker.Options{
		Store: w.store, Publisher: w.publisher, Now: w.now, Rand: rand.New(rand.NewPCG(3, 4)),
		Log: slog.New(slog.DiscardHandler), Project: "own-project",
		Limits: func() leasing.Limits { return w.limits },
	})
}

func (w *world) sweep() broker.Swept {
	w.t.Helper()
	swept, err := w.broker().Sweep(context.Background())
	if err != nil {
		w.t.Fatalf("sweep: %v", err)
	}
	return swept
}

// raw sends a body unchanged.
func (w *world) raw(httpMethod, token, method, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequest(httpMethod, w.url+"/_ah/api/"+method, bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// call sends a body as a caller and returns the status and the body of the
// response.
func (w *world) call(who, method, body string) (int, string) {
	w.t.Helper()
	return w.raw(http.MethodPost, "Bearer dev:"+who, method, body)
}

// expect makes a call and compares the whole response.
func (w *world) expect(who, method, body string, status int, answer string) {
	w.t.Helper()
	code, got := w.call(who, method, body)
	if code != status || got != answer {
		w.t.Fatalf("%s as %s with %.300s\n got %d %s\nwant %d %s", method, who, body, code, got, status, answer)
	}
}

// expectError makes a call and compares the status, the reason and a part of
// the message.
func (w *world) expectError(who, method, body string, status int, reason, part string) {
	w.t.Helper()
	code, got := w.call(who, method, body)
	checkError(w.t, code, got, status, reason, part)
}

func checkError(t testing.TB, code int, got string, status int, reason, part string) {
	t.Helper()
	var answer struct {
		Error struct {
			Code    int
			Message string
			Errors  []struct{ Domain, Reason, Message string }
		}
	}
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		t.Fatalf("the answer %d %q is no error: %v", code, got, err)
	}
	e := answer.Error
	if code != status || e.Code != status || len(e.Errors) != 1 || e.Errors[0].Reason != reason || e.Errors[0].Domain != "global" ||
		e.Errors[0].Message != e.Message || !bytes.Contains([]byte(e.Message), []byte(part)) {
		t.Fatalf("got %d %s\nwant %d with reason %q and a message with %q", code, got, status, reason, part)
	}
}

type leaseAnswer struct {
	RequestHash        string `json:"request_hash"`
	ClientRequestID    string `json:"client_request_id"`
	State              string `json:"state"`
	Error              string `json:"error"`
	Hostname           string `json:"hostname"`
	LeaseExpirationTS  string `json:"lease_expiration_ts"`
	LeasedIndefinitely bool   `json:"leased_indefinitely"`
}

func (w *world) lease(who, id, rest string) leaseAnswer {
	w.t.Helper()
	if rest == "" {
		rest = `"dimensions":{"os_family":"LINUX"},"duration":60`
	}
	code, got := w.call(who, "machine_provider/v1/lease", fmt.Sprintf(`{"request_id":%q,%s}`, id, rest))
	var answer leaseAnswer
	if err := json.Unmarshal([]byte(got), &answer); err != nil || code != http.StatusOK {
		w.t.Fatalf("lease %s: %d %s", id, code, got)
	}
	return answer
}

func (w *world) release(who, id string) string {
	w.t.Helper()
	code, got := w.call(who, "machine_provider/v1/release", fmt.Sprintf(`{"request_id":%q}`, id))
	var answer struct{ Error string }
	if err := json.Unmarshal([]byte(got), &answer); err != nil || code != http.StatusOK {
		w.t.Fatalf("release %s: %d %s", id, code, got)
	}
	return answer.Error
}

// add catalogs Linux machines with a policy and a topic.
func (w *world) add(policy string, hostnames ...string) {
	w.t.Helper()
	for _, hostname := range hostnames {
		body := fmt.Sprintf(`{"dimensions":{"hostname":%q,"os_family":"LINUX"},"policies":{"on_reclamation":%q,"backend_topic":"leases-changed",
			"machine_service_account":%q,"backend_attributes":[{"key":"instance","value":"key-of-%s"}]}}`, hostname, policy, machine1, hostname)
		code, got := w.call(backend, "catalog/v1/add_machine", body)
		if code != http.StatusOK || bytes.Contains([]byte(got), []byte(`"error"`)) {
			w.t.Fatalf("add %s: %d %s", hostname, code, got)
		}
	}
}

// state returns the state of a machine; "" if it is not in the catalog.
func (w *world) state(hostname string) string {
	w.t.Helper()
	code, got := w.call(backend, "catalog/v1/get", fmt.Sprintf(`{"hostname":%q}`, hostname))
	var answer struct{ State string }
	if code == http.StatusNotFound {
		return ""
	}
	if err := json.Unmarshal([]byte(got), &answer); err != nil || code != http.StatusOK {
		w.t.Fatalf("get %s: %d %s", hostname, code, got)
	}
	return answer.State
}

// documents returns everything that is stored.
func (w *world) documents() []store.Document {
	w.t.Helper()
	var all []store.Document
	for _, collection := range []string{"machines", "leases"} {
		found, err := w.store.Find(context.Background(), store.Query{Collection: collection})
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}
