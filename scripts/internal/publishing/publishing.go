// Package publishing publishes a message for a person: into a local suite
// through Pub/Sub's REST API, or into a project.
package publishing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/pubsub"
	"github.com/gce-backend/gce-backend/shared/config/spelling"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// timeout bounds one publish.
const timeout = 30 * time.Second

// Message checks what a person wants to publish: the topic must be one of the
// suite's, and the payload JSON. An empty payload stands for {}, a sweep.
func Message(topic, payload string, attributes map[string]string) (event.Message, error) {
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return event.Message{}, err
	}
	if known := m.Topics(); !slices.Contains(known, topic) {
		return event.Message{}, unknown(topic, known)
	}
	if strings.TrimSpace(payload) == "" {
		payload = "{}"
	}
	var value any
	if err := json.Unmarshal([]byte(payload), &value); err != nil {
		return event.Message{}, fmt.Errorf("the payload is not JSON: %w%s", err, hint(payload))
	}
	return event.Message{Data: []byte(payload), Attributes: attributes}, nil
}

func unknown(topic string, known []string) error {
	guess := ""
	if nearest := spelling.Nearest(topic, known); nearest != "" {
		guess = fmt.Sprintf(" Did you mean %s?", nearest)
	}
	return fmt.Errorf("there is no topic %q.%s The topics are:\n  %s", topic, guess, strings.Join(known, "\n  "))
}

// hint reminds the user that the shell removes quotes.
func hint(payload string) string {
	if strings.Contains(payload, `"`) {
		return ""
	}
	return ` (it reads ` + payload + `; put it between single quotes: '{"baseName": "linux-small"}')`
}

// ToSuite publishes into a local suite and returns the message's id.
func ToSuite(ctx context.Context, client *http.Client, to endpoints.Endpoints, topic string, message event.Message) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"messages": []any{map[string]any{"data": message.Data, "attributes": message.Attributes}}})
	if err != nil { // strings can always be encoded
		panic(err)
	}
	url := to.PubSubREST + "/v1/projects/" + to.Project + "/topics/" + topic + ":publish"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("publish to %s: %w", topic, err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("publish to %s (does the suite still run?): %w", topic, err)
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written to it
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("publish to %s: %w", topic, err)
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("publish to %s: %s: %s", topic, answer.Status, bytes.TrimSpace(said))
	}
	var published struct {
		MessageIDs []string `json:"messageIds"`
	}
	if err := json.Unmarshal(said, &published); err != nil || len(published.MessageIDs) != 1 {
		return "", errors.Join(fmt.Errorf("publish to %s: the answer is not understood: %s", topic, said), err)
	}
	return published.MessageIDs[0], nil
}

// ToProject publishes into a project of Google Cloud, with the user's
// credentials.
func ToProject(ctx context.Context, project, topic string, message event.Message) (err error) {
	publisher := pubsub.New(project)
	defer func() { err = errors.Join(err, publisher.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := publisher.Publish(ctx, event.Topic{Name: topic}, message); err != nil {
		return fmt.Errorf("%w\n(who publishes: gcloud auth application-default login; they need roles/pubsub.publisher on the topic)", err)
	}
	return nil
}
