package bus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// inbox collects what a subscription gets.
type inbox struct {
	mu       sync.Mutex
	messages []event.Message
	failures int // the next deliveries that fail
}

func (i *inbox) deliver(_ context.Context, message event.Message) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failures > 0 {
		i.failures--
		return errors.New("not now")
	}
	i.messages = append(i.messages, message)
	return nil
}

func (i *inbox) ids() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	ids := ""
	for _, message := range i.messages {
		ids += message.ID + " "
	}
	return ids
}

var facts = event.Topic{Name: "facts"}

// with makes a bus with the topic facts and a subscription of it.
func with(t *testing.T, opts Options, sub Subscription) *Bus {
	t.Helper()
	opts.Project = "example-project"
	b := New(opts)
	b.CreateTopic(facts)
	sub.Name, sub.Topic = "listener.facts", facts
	if err := b.Subscribe(sub); err != nil {
		t.Fatal(err)
	}
	return b
}

func publish(t *testing.T, b *Bus, data ...string) {
	t.Helper()
	for _, one := range data {
		if err := b.Publish(t.Context(), facts, event.Message{Data: []byte(one)}); err != nil {
			t.Fatal(err)
		}
	}
}

// untilIdle lets simulated time pass until every message was delivered or set
// aside.
func untilIdle(b *Bus) {
	for synctest.Wait(); !b.Idle(); synctest.Wait() {
		time.Sleep(50 * time.Millisecond)
	}
}

func TestDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got inbox
		b := with(t, Options{}, Subscription{Deliver: got.deliver})
		publish(t, b, "a", "b")
		untilIdle(b)
		if got.ids() != "1 2 " || got.messages[0].Topic != "facts" || string(got.messages[1].Data) != "b" {
			t.Errorf("delivered %+v", got.messages)
		}
		if recent, err := b.Recent(facts); err != nil || len(recent) != 2 {
			t.Errorf("recent: %v, %v", recent, err)
		}
		b.Close(t.Context())
		if err := b.Publish(t.Context(), facts, event.Message{}); err == nil {
			t.Error("a closed bus took a message")
		}
	})
}

func TestUnknownTopic(t *testing.T) {
	b := New(Options{Project: "example-project"})
	err := b.Publish(t.Context(), event.Topic{Name: "nowhere"}, event.Message{})
	if !failure.Is(err, failure.NotFound) {
		t.Errorf("publish to an unknown topic: %v", err)
	}
	if err := b.Subscribe(Subscription{Name: "s", Topic: facts}); !failure.Is(err, failure.NotFound) {
		t.Errorf("subscribe to an unknown topic: %v", err)
	}
}

func TestRetryAndDeadLetter(t *testing.T) {
	for _, test := range []struct {
		failures, delivered, dead int
		took                      time.Duration
	}{
		{0, 1, 0, 0},
		{2, 1, 0, 300 * time.Millisecond},
		{4, 1, 0, 1100 * time.Millisecond}, // 100 + 200 + 400 + 400
		{5, 0, 1, 1100 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			got := inbox{failures: test.failures}
			b := with(t, Options{MaxBackoff: 400 * time.Millisecond}, Subscription{Deliver: got.deliver})
			start := time.Now()
			publish(t, b, "a")
			untilIdle(b)
			if took := time.Since(start); took != test.took {
				t.Errorf("%d failures took %v, want %v", test.failures, took, test.took)
			}
			if len(got.messages) != test.delivered || len(b.DeadLetters()) != test.dead {
				t.Errorf("%d failures: %d delivered, dead %+v", test.failures, len(got.messages), b.DeadLetters())
			}
			b.Close(t.Context())
		})
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		b := with(t, Options{}, Subscription{Concurrency: 3, Deliver: func(context.Context, event.Message) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}})
		start := time.Now()
		publish(t, b, "a", "b", "c", "d", "e", "f", "g")
		untilIdle(b)
		if most.Load() != 3 || time.Since(start) != 3*time.Second {
			t.Errorf("%d at once, %v", most.Load(), time.Since(start))
		}
		b.Close(t.Context())
	})
}

func TestPanicAndDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := with(t, Options{Attempts: 2}, Subscription{Timeout: time.Second, Deliver: func(ctx context.Context, m event.Message) error {
			if string(m.Data) == "panic" {
				panic("bad")
			}
			<-ctx.Done()
			return ctx.Err()
		}})
		publish(t, b, "panic", "slow")
		untilIdle(b)
		if dead := b.DeadLetters(); len(dead) != 2 || dead[0].Attempts != 2 || dead[0].Reason == "" {
			t.Errorf("dead letters: %+v", dead)
		}
		b.Close(t.Context())
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got inbox
		faults := map[string]Fault{"lost": {Drop: true}, "late": {Delay: time.Second}, "twice": {Copies: 1}}
		b := with(t, Options{Fault: func(_ string, m event.Message) Fault { return faults[string(m.Data)] }}, Subscription{Deliver: got.deliver})
		publish(t, b, "lost", "late", "twice")
		untilIdle(b)
		if got.ids() != "3 3 2 " {
			t.Errorf("delivered %q", got.ids())
		}
		b.Close(t.Context())
	})
}

func TestCloseWaitsAndForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		b := with(t, Options{}, Subscription{Timeout: time.Minute, Deliver: func(ctx context.Context, _ event.Message) error {
			select {
			case <-time.After(2 * time.Second):
				ended.Add(1)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		publish(t, b, "a", "b")
		synctest.Wait()
		start := time.Now()
		b.Close(t.Context())
		if ended.Load() != 1 || time.Since(start) != 2*time.Second || !b.Idle() {
			t.Errorf("%d deliveries ended after %v, idle %v", ended.Load(), time.Since(start), b.Idle())
		}
	})
}

func TestCloseCancelsAtItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := with(t, Options{}, Subscription{Timeout: time.Hour, Deliver: func(ctx context.Context, _ event.Message) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		publish(t, b, "a")
		synctest.Wait()
		limit, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		b.Close(limit)
		if time.Since(start) != time.Second {
			t.Errorf("close took %v", time.Since(start))
		}
	})
}

func TestRetainsTheLast(t *testing.T) {
	b := New(Options{Retain: 3})
	b.CreateTopic(facts)
	publish(t, b, "a", "b", "c", "d", "e")
	recent, err := b.Recent(facts)
	if err != nil || len(recent) != 3 || string(recent[0].Data) != "c" || string(recent[2].Data) != "e" {
		t.Errorf("recent %v, %v", recent, err)
	}
	if b.Published()["facts"] != 5 {
		t.Errorf("published %v", b.Published())
	}
}
