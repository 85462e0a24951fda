package bus

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// maxBody is Pub/Sub's limit for one publish request.
const maxBody = 10 << 20

// pullWait is how long a pull waits for a message.
const pullWait = 5 * time.Second

// Handler serves a part of Pub/Sub's REST API: create, get and list topics,
// publish; create subscriptions, pull, acknowledge, modifyAckDeadline. In
// addition, GET /v1/projects/P/topics/T:messages lists a topic's last messages
// and GET /v1/projects/P/deadLetters the dead letters.
func (b *Bus) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/projects/{project}/topics", answer(b.listTopics))
	mux.HandleFunc("PUT /v1/projects/{project}/topics/{topic}", answer(b.putTopic))
	mux.HandleFunc("GET /v1/projects/{project}/topics/{topic}", answer(b.getTopic))
	mux.HandleFunc("POST /v1/projects/{project}/topics/{topic}", answer(b.postTopic))
	mux.HandleFunc("PUT /v1/projects/{project}/subscriptions/{subscription}", answer(b.putSubscription))
	mux.HandleFunc("POST /v1/projects/{project}/subscriptions/{subscription}", answer(b.postSubscription))
	mux.HandleFunc("GET /v1/projects/{project}/deadLetters", answer(b.listDeadLetters))
	return mux
}

func answer(handle func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody*3/2) // base64 is longer by a third
		result, err := handle(r)
		status := http.StatusOK
		if err != nil {
			status, result = refusal(err)
		}
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(result) // an error means that the client is gone
	}
}

func refusal(err error) (int, any) {
	code, status := http.StatusBadRequest, "INVALID_ARGUMENT"
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		code = http.StatusRequestEntityTooLarge
	case failure.Is(err, failure.NotFound):
		code, status = http.StatusNotFound, "NOT_FOUND"
	case failure.Is(err, failure.Conflict):
		code, status = http.StatusConflict, "ALREADY_EXISTS"
	case failure.Is(err, failure.Transient):
		code, status = http.StatusServiceUnavailable, "UNAVAILABLE"
	}
	return code, map[string]any{"error": map[string]any{"code": code, "message": err.Error(), "status": status}}
}

func read(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return failure.New(failure.Permanent, "the request is not valid: %w", err)
	}
	return nil
}

// topicOf returns the topic in a request's path, and the verb after the colon.
func topicOf(r *http.Request) (topic event.Topic, verb string) {
	name, verb, _ := strings.Cut(r.PathValue("topic"), ":")
	return event.Topic{Project: r.PathValue("project"), Name: name}, verb
}

func (b *Bus) listTopics(r *http.Request) (any, error) {
	listed := []any{}
	project := r.PathValue("project")
	for _, name := range b.Topics(project) {
		listed = append(listed, map[string]any{"name": topicPath(event.Topic{Project: project, Name: name})})
	}
	return map[string]any{"topics": listed}, nil
}

func (b *Bus) putTopic(r *http.Request) (any, error) {
	name, _ := topicOf(r)
	if !b.CreateTopic(name) {
		return nil, failure.New(failure.Conflict, "there is a topic %s already", topicPath(name))
	}
	return map[string]any{"name": topicPath(name)}, nil
}

func (b *Bus) getTopic(r *http.Request) (any, error) {
	name, verb := topicOf(r)
	messages, err := b.Recent(name)
	if err != nil {
		return nil, err
	}
	switch verb {
	case "":
		return map[string]any{"name": topicPath(name)}, nil
	case "messages":
		listed := make([]pushedMessage, len(messages))
		for i, message := range messages {
			listed[i] = pushedFrom(message)
		}
		return map[string]any{"messages": listed}, nil
	}
	return nil, notFound("method", verb)
}

func (b *Bus) postTopic(r *http.Request) (any, error) {
	name, verb := topicOf(r)
	if verb != "publish" {
		return nil, notFound("method", verb)
	}
	var asked struct {
		Messages []struct {
			Data       []byte            `json:"data"`
			Attributes map[string]string `json:"attributes"`
		} `json:"messages"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	if len(asked.Messages) == 0 {
		return nil, failure.New(failure.Permanent, "the request has no messages")
	}
	messages := make([]event.Message, len(asked.Messages))
	for i, message := range asked.Messages {
		messages[i] = event.Message{Data: message.Data, Attributes: message.Attributes}
	}
	ids, err := b.publish(name, messages)
	if err != nil {
		return nil, err
	}
	return map[string]any{"messageIds": ids}, nil
}

func (b *Bus) putSubscription(r *http.Request) (any, error) {
	var asked struct {
		Topic              string `json:"topic"`
		AckDeadlineSeconds int    `json:"ackDeadlineSeconds"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	of, err := parseTopic(asked.Topic)
	if err != nil {
		return nil, err
	}
	sub := Subscription{
		Project: r.PathValue("project"),
		Name:    r.PathValue("subscription"),
		Topic:   of,
		Timeout: time.Duration(asked.AckDeadlineSeconds) * time.Second,
	}
	if err := b.Subscribe(sub); err != nil {
		return nil, err
	}
	return map[string]any{"name": subscriptionPath(sub.Project, sub.Name), "topic": asked.Topic}, nil
}

func (b *Bus) postSubscription(r *http.Request) (any, error) {
	project := r.PathValue("project")
	name, verb, _ := strings.Cut(r.PathValue("subscription"), ":")
	var asked struct {
		MaxMessages        int      `json:"maxMessages"`
		ReturnImmediately  bool     `json:"returnImmediately"`
		AckIDs             []string `json:"ackIds"`
		AckDeadlineSeconds int      `json:"ackDeadlineSeconds"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	switch verb {
	case "pull":
		return b.pull(r.Context(), project, name, asked.MaxMessages, asked.ReturnImmediately)
	case "acknowledge":
		return struct{}{}, b.extend(project, name, acknowledged, asked.AckIDs)
	case "modifyAckDeadline":
		return struct{}{}, b.extend(project, name, time.Duration(max(asked.AckDeadlineSeconds, 0))*time.Second, asked.AckIDs)
	}
	return nil, notFound("method", verb)
}

func (b *Bus) pull(ctx context.Context, project, name string, limit int, atOnce bool) (any, error) {
	wait := pullWait
	if atOnce {
		wait = 0
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	taken, err := b.Pull(ctx, project, name, limit)
	return map[string]any{"receivedMessages": taken}, err
}

func (b *Bus) listDeadLetters(*http.Request) (any, error) {
	return map[string]any{"deadLetters": append([]DeadLetter{}, b.DeadLetters()...)}, nil
}
