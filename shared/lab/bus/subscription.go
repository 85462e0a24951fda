package bus

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Deliver takes a message; an error asks for it to be delivered again.
type Deliver func(context.Context, event.Message) error

// Subscription is a subscription to a topic.
type Subscription struct {
	Project string // the bus's Project when empty
	Name    string // unique in the project
	Topic   event.Topic
	// Deliver takes each message; when nil, the messages wait to be pulled.
	Deliver Deliver
	// Concurrency is the number of deliveries under way at once; 1 when zero.
	Concurrency int
	// Timeout is the acknowledge deadline: the time limit of a delivery, and of
	// the acknowledgement of a pulled message; 10 s when zero.
	Timeout time.Duration
}

type subscription struct {
	Subscription
	workers int
	queue   []*delivery
	waiting map[*delivery]*time.Timer
	pulled  map[string]*delivery // by acknowledgement id
	arrived chan struct{}        // has a value when a message for a puller has arrived
}

// delivery is a message on its way to one subscription.
type delivery struct {
	message  event.Message
	attempt  int
	deadline time.Time // of a pulled message
}

// DeadLetter is a message all of whose attempts failed.
type DeadLetter struct {
	Subscription string        `json:"subscription"`
	Topic        string        `json:"topic"`
	Attempts     int           `json:"attempts"`
	Reason       string        `json:"reason"`
	Time         time.Time     `json:"time"`
	Message      pushedMessage `json:"message"`
}

// Subscribe makes a subscription, which gets the messages published from now on.
func (b *Bus) Subscribe(s Subscription) error {
	s.Topic = b.qualified(s.Topic)
	if s.Project == "" {
		s.Project = b.opts.Project
	}
	s.Concurrency = max(s.Concurrency, 1)
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	path := subscriptionPath(s.Project, s.Name)
	b.mu.Lock()
	defer b.mu.Unlock()
	of := b.topics[s.Topic]
	if of == nil {
		return notFound("topic", topicPath(s.Topic))
	}
	if b.subscriptions[path] != nil {
		return failure.New(failure.Conflict, "there is a subscription %s already", path)
	}
	made := &subscription{
		Subscription: s,
		waiting:      map[*delivery]*time.Timer{},
		pulled:       map[string]*delivery{},
		arrived:      make(chan struct{}, 1),
	}
	b.subscriptions[path] = made
	of.subscriptions = append(of.subscriptions, made)
	return nil
}

// DeadLetters lists the dead letters, oldest first.
func (b *Bus) DeadLetters() []DeadLetter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]DeadLetter(nil), b.dead...)
}

// enqueue queues a message for delivery; the caller holds the lock.
func (b *Bus) enqueue(sub *subscription, d *delivery) {
	sub.queue = append(sub.queue, d)
	if sub.Deliver == nil {
		select {
		case sub.arrived <- struct{}{}:
		default:
		}
		return
	}
	if sub.workers < sub.Concurrency {
		sub.workers++
		b.workers.Add(1)
		go b.work(sub)
	}
}

// later enqueues a message after a delay; the caller holds the lock.
func (b *Bus) later(sub *subscription, d *delivery, wait time.Duration) {
	sub.waiting[d] = time.AfterFunc(wait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := sub.waiting[d]; ok {
			delete(sub.waiting, d)
			b.enqueue(sub, d)
		}
	})
}

func (b *Bus) work(sub *subscription) {
	defer b.workers.Done()
	for {
		b.mu.Lock()
		if len(sub.queue) == 0 {
			sub.workers--
			b.mu.Unlock()
			return
		}
		d := sub.queue[0]
		sub.queue[0] = nil
		sub.queue = sub.queue[1:]
		b.mu.Unlock()
		err := b.deliver(sub, d)
		b.mu.Lock()
		b.settle(sub, d, err)
		b.mu.Unlock()
	}
}

func (b *Bus) deliver(sub *subscription, d *delivery) (err error) {
	ctx, cancel := context.WithTimeout(b.ctx, sub.Timeout)
	defer cancel()
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("panic: %v", recovered)
		}
	}()
	message := d.message
	message.Attributes = maps.Clone(message.Attributes) // the receiver may change it
	return sub.Deliver(ctx, message)
}

// settle retries a message after a failed attempt, or makes it a dead letter;
// the caller holds the lock.
func (b *Bus) settle(sub *subscription, d *delivery, err error) {
	d.attempt++
	log := b.opts.Log.With("subscription", sub.Name, "event_id", d.message.ID, "attempt", d.attempt)
	switch {
	case err == nil, b.closed:
		b.owe(sub, -1)
	case d.attempt >= b.opts.Attempts:
		log.Error("gave a message up: "+err.Error(), "next", "kept as a dead letter")
		b.dead = append(b.dead, DeadLetter{
			Subscription: sub.Name, Topic: d.message.Topic, Attempts: d.attempt,
			Reason: err.Error(), Time: b.opts.Now().UTC(), Message: pushedFrom(d.message),
		})
		b.owe(sub, -1)
	default:
		wait := b.backoff(d.attempt)
		log.Debug("a delivery failed: "+err.Error(), "next", "again after "+wait.String())
		b.later(sub, d, wait)
	}
}

func (b *Bus) backoff(attempt int) time.Duration {
	const first, mostDoublings = 100 * time.Millisecond, 20
	return min(first<<min(attempt-1, mostDoublings), b.opts.MaxBackoff)
}

// forget drops the messages that are not being delivered; the caller holds the
// lock.
func (b *Bus) forget(sub *subscription) {
	for _, timer := range sub.waiting {
		timer.Stop()
	}
	b.owe(sub, -len(sub.queue)-len(sub.waiting))
	sub.queue, sub.waiting = nil, map[*delivery]*time.Timer{}
}
