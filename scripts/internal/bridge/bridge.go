// Package bridge delivers messages through Pub/Sub's emulator: it makes the
// topics and subscriptions of a deployment, pulls their messages, and pushes
// them to the functions with the same requests as Pub/Sub's push. The emulator's
// own push has at most two requests in flight; the bridge has as many as the
// subscription allows.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	publisher "github.com/gce-backend/gce-backend/shared/cloud/pubsub"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
)

// The delivery settings of a deployment, except for a shorter back-off.
const (
	// DeadLetters is the dead-letter topic, and its subscription.
	DeadLetters = "dead-letter"

	attempts       = 5
	minBackoff     = 100 * time.Millisecond
	maxBackoff     = 10 * time.Second
	maxAckDeadline = 600 * time.Second
	callTimeout    = 30 * time.Second
)

// Bridge is a connection to the emulator. It is safe for concurrent use.
type Bridge struct {
	project string
	client  *pubsub.Client
	log     *slog.Logger

	ctx       context.Context // the context of the deliveries
	cancel    context.CancelFunc
	receivers sync.WaitGroup
	inFlight  atomic.Int64
	close     sync.Once

	*publisher.Publisher
}

var _ event.Publisher = (*Bridge)(nil)

// Open connects to the emulator that PUBSUB_EMULATOR_HOST names and makes the
// topics that do not exist yet.
func Open(ctx context.Context, project string, topics []string, log *slog.Logger) (*Bridge, error) {
	client, err := pubsub.NewClient(ctx, project)
	if err != nil {
		return nil, fmt.Errorf("connect to the Pub/Sub emulator: %w", err)
	}
	b := &Bridge{project: project, client: client, log: log, Publisher: publisher.New(project)}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for _, name := range append([]string{DeadLetters}, topics...) {
		if err := b.createTopic(ctx, name); err != nil {
			b.Close(ctx)
			return nil, err
		}
	}
	return b, b.createSubscription(ctx, &pubsubpb.Subscription{
		Name: b.subscriptionPath(DeadLetters), Topic: b.topicPath(DeadLetters),
	})
}

func (b *Bridge) topicPath(name string) string { return "projects/" + b.project + "/topics/" + name }

func (b *Bridge) subscriptionPath(name string) string {
	return "projects/" + b.project + "/subscriptions/" + name
}

func (b *Bridge) createTopic(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: b.topicPath(name)})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create the topic %s: %w", name, err)
	}
	return nil
}

func (b *Bridge) createSubscription(ctx context.Context, sub *pubsubpb.Subscription) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.client.SubscriptionAdminClient.CreateSubscription(ctx, sub)
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create the subscription %s: %w", sub.GetName(), err)
	}
	return nil
}

// Subscribe makes a subscription, unless it exists already, and begins to
// deliver its messages.
func (b *Bridge) Subscribe(sub bus.Subscription) error {
	if err := b.createSubscription(b.ctx, b.described(sub)); err != nil {
		return err
	}
	subscriber := b.client.Subscriber(sub.Name)
	subscriber.ReceiveSettings.MaxOutstandingMessages = sub.Concurrency
	subscriber.ReceiveSettings.NumGoroutines = 1
	subscriber.ReceiveSettings.MaxExtension = sub.Timeout
	b.receivers.Add(1)
	go func() {
		defer b.receivers.Done()
		err := subscriber.Receive(b.ctx, func(ctx context.Context, m *pubsub.Message) { b.deliver(ctx, sub, m) })
		if err != nil {
			b.log.Error("a subscription ended: "+err.Error(), "subscription", sub.Name)
		}
	}()
	return nil
}

func (b *Bridge) described(sub bus.Subscription) *pubsubpb.Subscription {
	return &pubsubpb.Subscription{
		Name:               b.subscriptionPath(sub.Name),
		Topic:              b.topicPath(sub.Topic.Name),
		AckDeadlineSeconds: int32(min(sub.Timeout, maxAckDeadline) / time.Second), //nolint:gosec // at most 600
		RetryPolicy: &pubsubpb.RetryPolicy{
			MinimumBackoff: durationpb.New(minBackoff), MaximumBackoff: durationpb.New(maxBackoff),
		},
		DeadLetterPolicy: &pubsubpb.DeadLetterPolicy{
			DeadLetterTopic: b.topicPath(DeadLetters), MaxDeliveryAttempts: attempts,
		},
	}
}

// deliver delivers a message. A delivery under way may finish when the suite
// stops.
func (b *Bridge) deliver(ctx context.Context, sub bus.Subscription, m *pubsub.Message) {
	b.inFlight.Add(1)
	defer b.inFlight.Add(-1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sub.Timeout)
	defer cancel()
	err := sub.Deliver(ctx, event.Message{
		ID: m.ID, Topic: sub.Topic.Name, Data: m.Data, Attributes: m.Attributes, Published: m.PublishTime,
	})
	if err != nil {
		b.log.Debug("a delivery failed: "+err.Error(), "subscription", sub.Name, "event_id", m.ID)
		m.Nack()
		return
	}
	m.Ack()
}

// Idle reports whether no delivery is under way. It does not see the messages
// that wait in the emulator.
func (b *Bridge) Idle() bool { return b.inFlight.Load() == 0 }

// Close accepts no more messages and waits for the deliveries under way until
// ctx ends.
func (b *Bridge) Close(ctx context.Context) {
	b.close.Do(func() {
		b.cancel()
		ended := make(chan struct{})
		go func() {
			b.receivers.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-ctx.Done():
		}
		// Every message was acknowledged or will be delivered again.
		_ = errors.Join(b.Publisher.Close(), b.client.Close())
	})
}
