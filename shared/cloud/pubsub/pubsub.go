// Package pubsub implements event.Publisher with Cloud Pub/Sub, or with its
// emulator if PUBSUB_EMULATOR_HOST is set.
//
// It uses the client library's generated layer. A call publishes its messages
// in one request and waits for the response, so batching messages of several
// calls would only add delay; and the other layer would also open a client for
// subscriptions, which is not needed.
package pubsub

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	gcp "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/keepalive"
)

// publishTimeout bounds one call, including the library's retries.
const publishTimeout = 30 * time.Second

// Pub/Sub's limits for one request, with room for the data around the messages.
const (
	maxMessages = 1000
	maxBytes    = 9 << 20
)

// Publisher publishes to Pub/Sub. It is safe for concurrent use.
type Publisher struct {
	project string

	mu     sync.Mutex
	client *gcp.TopicAdminClient
}

var _ event.Publisher = (*Publisher)(nil)

// New makes a publisher; a topic without a project belongs to the given
// project. It opens no connection before the first message.
func New(project string) *Publisher { return &Publisher{project: project} }

// Publish publishes the messages in as few requests as Pub/Sub's limits allow.
func (p *Publisher) Publish(ctx context.Context, topic event.Topic, messages ...event.Message) error {
	if len(messages) == 0 {
		return nil
	}
	client, err := p.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	name := p.name(topic)
	for len(messages) > 0 {
		count := fitting(messages)
		request := &pubsubpb.PublishRequest{Topic: name, Messages: make([]*pubsubpb.PubsubMessage, count)}
		for i, message := range messages[:count] {
			request.Messages[i] = encode(message)
		}
		if _, err := client.Publish(ctx, request); err != nil {
			return fmt.Errorf("publish %d messages to %s: %w", len(messages), name, err)
		}
		messages = messages[count:]
	}
	return nil
}

// Close closes the connection, if there is one.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		return nil
	}
	err := p.client.Close()
	p.client = nil
	return err
}

// open connects at the first message. A failure is not cached, so that the next
// message tries again.
func (p *Publisher) open() (*gcp.TopicAdminClient, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client != nil {
		return p.client, nil
	}
	client, err := gcp.NewTopicAdminClient(context.Background(), option.WithGRPCDialOption(keepalive.Option()))
	if err != nil {
		return nil, fmt.Errorf("open the Pub/Sub client: %w", err)
	}
	p.client = client
	return client, nil
}

func (p *Publisher) name(topic event.Topic) string {
	return "projects/" + cmp.Or(topic.Project, p.project) + "/topics/" + topic.Name
}

// encode returns a message in Pub/Sub's form. Pub/Sub refuses a message without
// data and attributes, so it sends {} then, which means the same as an empty
// payload.
func encode(message event.Message) *pubsubpb.PubsubMessage {
	data := message.Data
	if len(data) == 0 && len(message.Attributes) == 0 {
		data = []byte("{}")
	}
	return &pubsubpb.PubsubMessage{Data: data, Attributes: message.Attributes}
}

// fitting counts the messages, at least one, that fit into one request.
func fitting(messages []event.Message) int {
	bytes := 0
	for i, message := range messages {
		bytes += size(message)
		if i > 0 && (bytes > maxBytes || i == maxMessages) {
			return i
		}
	}
	return len(messages)
}

func size(message event.Message) int {
	bytes := len(message.Data) + 16
	for key, value := range message.Attributes {
		bytes += len(key) + len(value) + 16
	}
	return bytes
}
