package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// pushed is the body of a Pub/Sub push request.
type pushed struct {
	Message      pushedMessage `json:"message"`
	Subscription string        `json:"subscription"`
}

type pushedMessage struct {
	Data        []byte            `json:"data,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	MessageID   string            `json:"messageId"`
	PublishTime string            `json:"publishTime"`
}

func pushedFrom(message event.Message) pushedMessage {
	return pushedMessage{
		Data:        message.Data,
		Attributes:  message.Attributes,
		MessageID:   message.ID,
		PublishTime: message.Published.UTC().Format(time.RFC3339Nano),
	}
}

// maxAnswer bounds the part of an answer's body that an error quotes.
const maxAnswer = 500

// Push delivers messages as Pub/Sub's push does: as a POST to a URL. The
// Functions Framework learns a message's topic from the path, which therefore
// ends in projects/PROJECT/topics/TOPIC. Any status but a 2xx is an error.
func Push(client *http.Client, url, project, subscription string) Deliver {
	base := strings.TrimSuffix(url, "/") + "/projects/" + project + "/topics/"
	path := subscriptionPath(project, subscription)
	return func(ctx context.Context, message event.Message) error {
		body, err := json.Marshal(pushed{Message: pushedFrom(message), Subscription: path})
		if err != nil { // a struct of strings can always be written
			panic(err)
		}
		return post(ctx, client, base+message.Topic, body)
	}
}

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("push to %s: %w", url, err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written to it
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("push to %s: %w", url, err)
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("push to %s: %s: %s", url, answer.Status, bytes.TrimSpace(said))
	}
	return nil
}
