package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// send sends the messages of leases and notes that they are sent. What fails
// here is sent by the sweep: the note of it is in the lease already.
func (b *Broker) send(ctx context.Context, items ...storedLease) {
	sent, failed := b.publish(ctx, items)
	err := b.note(ctx, sent, leasing.Lease.Sent)
	if err = errors.Join(failed, err); err != nil {
		b.log.Warn("messages are sent again by the sweep: "+err.Error(), "event", "SENDING_FAILED")
	}
}

// resend sends the messages of leases that were not sent at first, and waits
// longer before each further attempt.
func (b *Broker) resend(ctx context.Context, items []storedLease) error {
	sent, failed := b.publish(ctx, items)
	done := map[store.Key]bool{}
	for _, lease := range sent {
		done[lease.Key()] = true
	}
	var unsent []storedLease
	for _, lease := range items {
		if !done[lease.Key()] {
			unsent = append(unsent, lease)
		}
	}
	return errors.Join(failed, b.note(ctx, sent, leasing.Lease.Sent), b.note(ctx, unsent, leasing.Lease.Failed))
}

// note writes what became of sending. Where a lease changed meanwhile, whoever
// changed it sends.
func (b *Broker) note(ctx context.Context, items []storedLease, as scheduled) error {
	if len(items) == 0 {
		return nil
	}
	var writes []store.Write
	now := b.now()
	for _, item := range items {
		next := as(item.Value, now, b.limits())
		write, _, err := replace(item, &next)
		if err != nil {
			return err
		}
		writes = append(writes, write)
	}
	outcomes, err := b.marks.add(ctx, writes...)
	if err != nil {
		return fmt.Errorf("note what was sent: %w", err)
	}
	var errs []error
	for _, out := range outcomes {
		if out.err != nil && !failure.Is(out.err, failure.Conflict) {
			errs = append(errs, fmt.Errorf("note what was sent: %w", out.err))
		}
	}
	return errors.Join(errs...)
}

// publish sends the messages of leases, those of one topic together. A lease
// is sent when all its messages are.
func (b *Broker) publish(ctx context.Context, items []storedLease) (sent []storedLease, err error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	var order []event.Topic
	messages := map[event.Topic][]event.Message{}
	for _, item := range items {
		for _, notice := range item.Value.Unsent {
			topic, message := compose(item.Value, notice)
			if topic.Project == b.project {
				topic.Project = ""
			}
			if messages[topic] == nil {
				order = append(order, topic)
			}
			messages[topic] = append(messages[topic], message)
		}
	}
	broken := map[event.Topic]bool{}
	var errs []error
	for _, topic := range order {
		if err := b.publisher.Publish(ctx, topic, messages[topic]...); err != nil {
			broken[topic] = true
			errs = append(errs, fmt.Errorf("publish to topic %s %s: %w", topic.Project, topic.Name, err))
		}
	}
	for _, item := range items {
		if len(item.Value.Unsent) > 0 && !b.touches(item.Value, broken) {
			sent = append(sent, item)
		}
	}
	return sent, errors.Join(errs...)
}

func (b *Broker) touches(lease leasing.Lease, broken map[event.Topic]bool) bool {
	for _, notice := range lease.Unsent {
		topic, _ := compose(lease, notice)
		if topic.Project == b.project {
			topic.Project = ""
		}
		if broken[topic] {
			return true
		}
	}
	return false
}

// compose writes a message about a lease as it is.
func compose(lease leasing.Lease, notice leasing.Notice) (event.Topic, event.Message) {
	if notice == leasing.LesseeNotice {
		return topicOf(lease.Lessee), event.Message{Data: response(lease)}
	}
	attributes := map[string]string{}
	for _, attribute := range lease.BackendAttributes {
		attributes[attribute.Key] = attribute.Value
	}
	attributes[event.AttributeHostname] = lease.Hostname
	data := event.Leased
	if notice == leasing.ReclaimedNotice {
		data = event.Reclaimed
	}
	return topicOf(lease.BackendTopic), event.Message{Data: []byte(data), Attributes: attributes}
}

func topicOf(to leasing.Destination) event.Topic {
	return event.Topic{Project: to.Project, Name: to.Topic}
}

// scheduled is a change of a lease that decides when it is looked at again.
type scheduled func(leasing.Lease, time.Time, leasing.Limits) leasing.Lease

func response(lease leasing.Lease) []byte {
	data, err := wire.Encode(wire.LeaseMessage(lease))
	if err != nil { // it holds strings and numbers only
		panic(err)
	}
	return data
}
