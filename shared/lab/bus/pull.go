package bus

import (
	"context"
	"strconv"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Pulled is a message that waits for its acknowledgement.
type Pulled struct {
	AckID   string        `json:"ackId"`
	Message pushedMessage `json:"message"`
	Attempt int           `json:"deliveryAttempt"`
}

// Pull takes up to limit messages of a subscription that has no Deliver. It
// waits for the first one until ctx ends, and then returns none.
func (b *Bus) Pull(ctx context.Context, project, name string, limit int) ([]Pulled, error) {
	sub, err := b.pullable(project, name)
	if err != nil {
		return nil, err
	}
	for {
		taken, next := b.take(sub, limit)
		if len(taken) > 0 {
			return taken, nil
		}
		var again <-chan time.Time
		if next > 0 {
			again = time.After(next)
		}
		select {
		case <-sub.arrived:
		case <-again:
		case <-ctx.Done():
			return []Pulled{}, nil
		}
	}
}

// acknowledged is the deadline of messages that were acknowledged.
const acknowledged time.Duration = -1

// extend sets another deadline for pulled messages; 0 returns them to the queue
// at once. An id that is unknown or too late is ignored, as in Pub/Sub.
func (b *Bus) extend(project, name string, deadline time.Duration, ids []string) error {
	sub, err := b.pullable(project, name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		switch d := sub.pulled[id]; {
		case d == nil:
		case deadline == acknowledged:
			delete(sub.pulled, id)
		case deadline == 0:
			delete(sub.pulled, id)
			b.enqueue(sub, d)
		default:
			d.deadline = b.opts.Now().Add(deadline)
		}
	}
	return nil
}

func (b *Bus) pullable(project, name string) (*subscription, error) {
	if project == "" {
		project = b.opts.Project
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	sub := b.subscriptions[subscriptionPath(project, name)]
	if sub == nil {
		return nil, notFound("subscription", subscriptionPath(project, name))
	}
	if sub.Deliver != nil {
		return nil, failure.New(failure.Permanent, "the subscription %s is a push subscription", name)
	}
	return sub, nil
}

// take moves messages from the queue to those that wait for their
// acknowledgement. next is the time until the first of their deadlines.
func (b *Bus) take(sub *subscription, limit int) (taken []Pulled, next time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.opts.Now()
	for id, d := range sub.pulled {
		if left := d.deadline.Sub(now); left > 0 {
			if next == 0 || left < next {
				next = left
			}
			continue
		}
		delete(sub.pulled, id)
		sub.queue = append(sub.queue, d)
	}
	for len(sub.queue) > 0 && len(taken) < max(limit, 1) {
		d := sub.queue[0]
		sub.queue = sub.queue[1:]
		d.attempt++
		d.deadline = now.Add(sub.Timeout)
		id := d.message.ID + "-" + strconv.Itoa(d.attempt)
		sub.pulled[id] = d
		taken = append(taken, Pulled{AckID: id, Message: pushedFrom(d.message), Attempt: d.attempt})
	}
	return taken, next
}
