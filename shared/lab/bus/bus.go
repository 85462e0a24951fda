// Package bus is Pub/Sub in memory, for the local suite and for tests: topics,
// subscriptions that deliver each message with bounded concurrency and bounded
// retry, dead letters, and as much of Pub/Sub's REST API as a script needs.
package bus

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Options configure a [Bus].
type Options struct {
	// Project is the project of topics that name none.
	Project string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log gets a line for each failed delivery; nothing is logged when nil.
	Log *slog.Logger
	// Attempts is how often a message is delivered before it becomes a dead
	// letter; 5 when zero.
	Attempts int
	// MaxBackoff bounds the time between two attempts, which doubles each time
	// from 100 ms; 10 s when zero.
	MaxBackoff time.Duration
	// Retain is the number of messages of each topic that Recent lists; 100
	// when zero.
	Retain int
	// Fault is called once for each subscription that a message goes to.
	Fault func(subscription string, message event.Message) Fault
}

// Fault is a fault in the delivery of a message to a subscription.
type Fault struct {
	Drop   bool          // the message is lost
	Delay  time.Duration // the message arrives late, and so out of order
	Copies int           // the number of additional copies
}

// Bus holds topics and subscriptions. It is safe for concurrent use.
type Bus struct {
	opts   Options
	ctx    context.Context // the context of all deliveries
	cancel context.CancelFunc

	mu            sync.Mutex
	topics        map[event.Topic]*topic
	subscriptions map[string]*subscription
	sequence      int64
	outstanding   int // messages that a push subscription still owes
	dead          []DeadLetter
	closed        bool
	workers       sync.WaitGroup
}

var _ event.Publisher = (*Bus)(nil)

// New makes a bus without topics.
func New(opts Options) *Bus {
	ctx, cancel := context.WithCancel(context.Background())
	return &Bus{
		opts:          opts.withDefaults(),
		ctx:           ctx,
		cancel:        cancel,
		topics:        map[event.Topic]*topic{},
		subscriptions: map[string]*subscription{},
	}
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Attempts, o.Retain = cmp.Or(o.Attempts, 5), cmp.Or(o.Retain, 100)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 10*time.Second)
	return o
}

// Publish hands messages to every subscription of a topic. A topic that does
// not exist is a failure.NotFound, as in Pub/Sub.
func (b *Bus) Publish(_ context.Context, name event.Topic, messages ...event.Message) error {
	_, err := b.publish(name, messages)
	return err
}

func (b *Bus) publish(name event.Topic, messages []event.Message) ([]string, error) {
	name = b.qualified(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, failure.New(failure.Transient, "publish to %s: the bus is closed", name.Name)
	}
	to := b.topics[name]
	if to == nil {
		return nil, notFound("topic", topicPath(name))
	}
	ids := make([]string, len(messages))
	for i, message := range messages {
		ids[i] = b.accept(to, message)
	}
	return ids, nil
}

// accept assigns a message its id and fans it out; the caller holds the lock.
func (b *Bus) accept(to *topic, message event.Message) string {
	b.sequence++
	message.ID = strconv.FormatInt(b.sequence, 10)
	message.Topic = to.name.Name
	message.Published = b.opts.Now().UTC()
	message = clone(message)
	to.keep(message, b.opts.Retain)
	for _, sub := range to.subscriptions {
		b.fanOut(sub, message)
	}
	return message.ID
}

func (b *Bus) fanOut(sub *subscription, message event.Message) {
	var fault Fault
	if b.opts.Fault != nil {
		fault = b.opts.Fault(sub.Name, message)
	}
	if fault.Drop {
		return
	}
	for range 1 + fault.Copies {
		d := &delivery{message: message}
		b.owe(sub, 1)
		if fault.Delay > 0 {
			b.later(sub, d, fault.Delay)
		} else {
			b.enqueue(sub, d)
		}
	}
}

func (b *Bus) qualified(name event.Topic) event.Topic {
	if name.Project == "" {
		name.Project = b.opts.Project
	}
	return name
}

// owe adds n to the number of messages that push subscriptions have yet to
// deliver; the caller holds the lock.
func (b *Bus) owe(sub *subscription, n int) {
	if sub.Deliver != nil {
		b.outstanding += n
	}
}

// Idle reports whether every message was delivered or became a dead letter.
func (b *Bus) Idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outstanding == 0
}

// Close takes no more messages, forgets those that wait, and returns when the
// deliveries under way have ended; when ctx ends first, they are cancelled.
func (b *Bus) Close(ctx context.Context) {
	b.mu.Lock()
	b.closed = true
	for _, sub := range b.subscriptions {
		b.forget(sub)
	}
	b.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		b.workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	b.cancel()
	<-ended
}
