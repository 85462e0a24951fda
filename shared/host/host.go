// Package host puts the jobs behind the Functions Framework: it turns the
// CloudEvent of a Pub/Sub delivery into a message and gives it to the job.
package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	messages "github.com/gce-backend/gce-backend/shared/event"
)

// Deliver takes a message; an error asks for it to be delivered again.
type Deliver func(context.Context, messages.Message) error

// messagePublished is the type of the CloudEvent that a Pub/Sub delivery
// becomes.
const messagePublished = "google.cloud.pubsub.topic.v1.messagePublished"

// published is the CloudEvent's data.
type published struct {
	Message struct {
		Data        []byte            `json:"data"`
		Attributes  map[string]string `json:"attributes"`
		MessageID   string            `json:"messageId"`
		PublishTime time.Time         `json:"publishTime"`
	} `json:"message"`
}

// CloudEvent makes the function that the framework calls. An event that is no
// Pub/Sub delivery is refused with 400.
func CloudEvent(deliver Deliver) func(context.Context, event.Event) error {
	return func(ctx context.Context, ce event.Event) error {
		message, err := decode(ce)
		if err != nil {
			return cehttp.NewResult(http.StatusBadRequest, "%w", err)
		}
		return deliver(ctx, message)
	}
}

func decode(ce event.Event) (messages.Message, error) {
	if ce.Type() != messagePublished {
		return messages.Message{}, fmt.Errorf("an event of type %q is no Pub/Sub delivery", ce.Type())
	}
	var data published
	if err := json.Unmarshal(ce.Data(), &data); err != nil {
		return messages.Message{}, fmt.Errorf("the event %s holds no Pub/Sub message: %w", ce.ID(), err)
	}
	return messages.Message{
		ID:         ce.ID(),
		Topic:      path.Base(ce.Source()),
		Data:       data.Message.Data,
		Attributes: data.Message.Attributes,
		Published:  data.Message.PublishTime,
	}, nil
}
