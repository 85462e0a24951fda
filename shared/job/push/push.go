// Package push puts the jobs behind HTTP: it turns the request of a Pub/Sub
// push into a message and gives it to the job.
//
// It is deliberately an HTTP function and not one for CloudEvents: the receiver
// for CloudEvents passes all requests through one shared channel, so that one
// request may take another's message and leave its own waiting forever
// (https://github.com/cloudevents/sdk-go/issues/1332).
package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// Deliver takes a message; an error asks for it to be delivered again.
type Deliver func(context.Context, event.Message) error

// messagePublished is the type of the CloudEvent that a trigger makes of a
// Pub/Sub message.
const messagePublished = "google.cloud.pubsub.topic.v1.messagePublished"

// maxBody bounds the size of a request: a message has at most 10 MB, which
// base64 makes a third larger, and attributes.
const maxBody = 16 << 20

// pushed is the body of a push:
// https://cloud.google.com/pubsub/docs/push#receive_push
type pushed struct {
	Message *struct {
		Data        []byte            `json:"data"`
		Attributes  map[string]string `json:"attributes"`
		MessageID   string            `json:"messageId"`
		PublishTime time.Time         `json:"publishTime"`
	} `json:"message"`
}

// Function makes the HTTP function of a job. It takes the request of a push
// subscription, with the topic at the end of the path, or the same request as a
// CloudEvent with its attributes in headers. It answers 400 to any other
// request, and 500 if deliver fails, which asks for another delivery.
func Function(deliver Deliver) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		message, err := decode(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := deliver(r.Context(), message); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func decode(w http.ResponseWriter, r *http.Request) (event.Message, error) {
	if r.Method != http.MethodPost {
		return event.Message{}, errors.New("a Pub/Sub delivery is a POST")
	}
	id, topic := "", r.URL.Path
	if kind := r.Header.Get("Ce-Type"); kind != "" {
		if kind != messagePublished {
			return event.Message{}, fmt.Errorf("an event of type %q is no Pub/Sub delivery", kind)
		}
		id, topic = r.Header.Get("Ce-Id"), r.Header.Get("Ce-Source")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return event.Message{}, fmt.Errorf("read the Pub/Sub message: %w", err)
	}
	var push pushed
	if err := json.Unmarshal(body, &push); err != nil {
		return event.Message{}, fmt.Errorf("the body holds no Pub/Sub message: %w", err)
	}
	if push.Message == nil {
		return event.Message{}, errors.New("the body holds no Pub/Sub message")
	}
	if id == "" {
		id = push.Message.MessageID
	}
	return event.Message{
		ID:         id,
		Topic:      topicOf(topic),
		Data:       push.Message.Data,
		Attributes: push.Message.Attributes,
		Published:  push.Message.PublishTime,
	}, nil
}

// topicOf returns the topic that a path ends with; "" if it names none.
func topicOf(from string) string {
	if folder, topic := path.Split(from); strings.HasSuffix(folder, "/topics/") {
		return topic
	}
	return ""
}
