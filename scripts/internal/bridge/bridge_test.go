package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/gce-backend/gce-backend/scripts/internal/framework"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/job/push"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
)

// inbox keeps the messages that arrive.
type inbox struct {
	mu       sync.Mutex
	got      []event.Message
	failures int // number of deliveries that fail first; -1: all
	calls    int
	came     chan struct{} // has a value if a message arrived since the last look
}

func newInbox(failures int) *inbox { return &inbox{failures: failures, came: make(chan struct{}, 1)} }

func (i *inbox) deliver(_ context.Context, m event.Message) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls++
	if i.failures != 0 {
		i.failures--
		return errors.New("not now")
	}
	i.got = append(i.got, m)
	select {
	case i.came <- struct{}{}:
	default:
	}
	return nil
}

func (i *inbox) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.got)
}

// await waits until n messages have arrived.
func (i *inbox) await(t *testing.T, n int) {
	t.Helper()
	limit := time.After(time.Minute)
	for i.count() < n {
		select {
		case <-i.came:
		case <-limit:
			t.Fatalf("%d of %d messages came within a minute", i.count(), n)
		}
	}
}

func open(t *testing.T, topics ...string) *Bridge {
	t.Helper()
	emulatortest.PubSub(t)
	project := fmt.Sprintf("p%d", time.Now().UnixNano()) // the emulator may be an older one
	b, err := Open(t.Context(), project, topics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

func TestDeliversWithRetryAndDeadLetter(t *testing.T) {
	b := open(t, "facts", "poison")
	good, bad, dead := newInbox(2), newInbox(-1), newInbox(0)
	for _, sub := range []bus.Subscription{
		{Name: "listener.facts", Topic: event.Topic{Name: "facts"}, Deliver: good.deliver, Concurrency: 4, Timeout: time.Minute},
		{Name: "listener.poison", Topic: event.Topic{Name: "poison"}, Deliver: bad.deliver, Concurrency: 1, Timeout: time.Minute},
		{Name: "test.dead-letter", Topic: event.Topic{Name: DeadLetters}, Deliver: dead.deliver, Concurrency: 1, Timeout: time.Minute},
	} {
		if err := b.Subscribe(sub); err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range []string{"facts", "poison"} {
		message := event.Message{Data: []byte("{}"), Attributes: map[string]string{"a": "b"}}
		if err := b.Publish(t.Context(), event.Topic{Name: topic}, message); err != nil {
			t.Fatal(err)
		}
	}
	good.await(t, 1) // the third delivery
	if m := good.got[0]; m.Topic != "facts" || string(m.Data) != "{}" || m.Attributes["a"] != "b" || m.ID == "" || m.Published.IsZero() {
		t.Errorf("delivered %+v", m)
	}
	dead.await(t, 1)
	if bad.calls < attempts {
		t.Errorf("given up after %d deliveries", bad.calls)
	}
	if err := b.Publish(t.Context(), event.Topic{Name: "nowhere"}, event.Message{Data: []byte("{}")}); !failure.Is(err, failure.NotFound) {
		t.Errorf("publish to an unknown topic: %v", err)
	}
}

// The emulator's own push, which sends the same request as Pub/Sub, delivers the
// same message as the bridge.
func TestRealPushArrivesAsTheBridges(t *testing.T) {
	b := open(t, "facts")
	got := newInbox(0)
	server, err := framework.Serve(t.Context(), 0, map[string]http.Handler{"listener": push.Function(got.deliver)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.Background())
	err = b.createSubscription(t.Context(), &pubsubpb.Subscription{
		Name: b.subscriptionPath("pushed"), Topic: b.topicPath("facts"),
		PushConfig: &pubsubpb.PushConfig{PushEndpoint: server.URL() + "/listener/" + b.topicPath("facts")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Subscribe(bus.Subscription{
		Name: "bridged", Topic: event.Topic{Name: "facts"}, Concurrency: 1, Timeout: time.Minute,
		Deliver: bus.Push(http.DefaultClient, server.URL()+"/listener", b.project, "bridged"),
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), event.Topic{Name: "facts"}, event.Message{Data: []byte(`{"baseName":"x"}`), Attributes: map[string]string{"a": "b"}}); err != nil {
		t.Fatal(err)
	}
	got.await(t, 2)
	one, two := got.got[0], got.got[1]
	if one.ID != two.ID || one.Topic != two.Topic || string(one.Data) != string(two.Data) ||
		one.Attributes["a"] != two.Attributes["a"] || one.Topic != "facts" {
		t.Errorf("arrived\n%+v\n%+v", one, two)
	}
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	b := open(t, "facts")
	started, closed := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-b.ctx.Done() // it is being closed
		select {
		case <-closed:
			t.Error("closed in the middle of a delivery")
		case <-time.After(100 * time.Millisecond):
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer slow.Close()
	if err := b.Subscribe(bus.Subscription{
		Name: "slow", Topic: event.Topic{Name: "facts"}, Concurrency: 1, Timeout: time.Minute,
		Deliver: bus.Push(slow.Client(), slow.URL, b.project, "slow"),
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), event.Topic{Name: "facts"}, event.Message{Data: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	<-started
	b.Close(t.Context())
	close(closed)
	b.Close(t.Context()) // a second Close does no harm
}
