package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// send sends the messages of leases that were just changed. Messages to the
// lessee are stored in the lease until they are sent. Messages to the backend
// are stored only if sending fails: if a process ends before it sends them, the
// backend learns about the change from list_changes. The sweep sends stored
// messages.
func (b *Broker) send(ctx context.Context, items ...storedLease) {
	if err := b.deliver(ctx, items, leasing.Lease.Owe); err != nil {
		b.options.Log.Warn("messages are sent again by the sweep: "+err.Error(), "event", "SENDING_FAILED")
	}
}

// deliver sends the messages of leases. Then it uses owe to record in each
// lease which messages could not be sent. If a lease changed in the meantime,
// the process that changed it sends its messages.
func (b *Broker) deliver(
	ctx context.Context, items []storedLease, owe func(leasing.Lease, []leasing.Notice, time.Time, leasing.Limits) leasing.Lease,
) error {
	left, failed := b.publish(ctx, items)
	var changes []change
	for i, item := range items {
		next := owe(item.Value, left[i], b.now(), b.limits())
		if !slices.Equal(next.Unsent, item.Value.Unsent) || next.Attempts != item.Value.Attempts {
			changes = append(changes, change{lease: item, next: &next})
		}
	}
	_, err := made("note what was sent of", b.apply(ctx, changes...))
	return errors.Join(failed, err)
}

// publish sends the messages of leases, together for each topic. It returns the
// messages that could not be sent, in the order of the leases.
func (b *Broker) publish(ctx context.Context, items []storedLease) (left [][]leasing.Notice, err error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	type notice struct {
		of   int // the place among items
		what leasing.Notice
	}
	var order []event.Topic
	messages, notices := map[event.Topic][]event.Message{}, map[event.Topic][]notice{}
	for i, item := range items {
		for _, what := range slices.Concat(item.Value.Tell, item.Value.Unsent) {
			topic, message := b.compose(item.Value, what)
			if messages[topic] == nil {
				order = append(order, topic)
			}
			messages[topic] = append(messages[topic], message)
			notices[topic] = append(notices[topic], notice{of: i, what: what})
		}
	}
	left = make([][]leasing.Notice, len(items))
	var errs []error
	for _, topic := range order {
		if err := b.options.Publisher.Publish(ctx, topic, messages[topic]...); err != nil {
			errs = append(errs, fmt.Errorf("publish to topic %s %s: %w", topic.Project, topic.Name, err))
			for _, n := range notices[topic] {
				left[n.of] = append(left[n.of], n.what)
			}
		}
	}
	return left, errors.Join(errs...)
}

// compose writes a message about the current state of a lease.
func (b *Broker) compose(lease leasing.Lease, notice leasing.Notice) (event.Topic, event.Message) {
	if notice == leasing.LesseeNotice {
		return b.topicOf(lease.Lessee), event.Message{Data: response(lease)}
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
	return b.topicOf(lease.BackendTopic), event.Message{Data: []byte(data), Attributes: attributes}
}

func (b *Broker) topicOf(to leasing.Destination) event.Topic {
	topic := event.Topic{Project: to.Project, Name: to.Topic}
	if topic.Project == b.options.Project {
		topic.Project = ""
	}
	return topic
}

func response(lease leasing.Lease) []byte {
	data, err := wire.Encode(wire.LeaseMessage(lease))
	if err != nil { // it holds strings and numbers only
		panic(err)
	}
	return data
}
