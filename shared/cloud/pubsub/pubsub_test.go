package pubsub

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// topics is a Pub/Sub server with a fault. The library's own fake would add a
// module to the dependencies that nothing deployed needs.
type topics struct {
	pubsubpb.UnimplementedPublisherServer
	known map[string]bool
	fault codes.Code
	*gate.Listener

	mu       sync.Mutex
	requests []*pubsubpb.PublishRequest
}

func (s *topics) Publish(_ context.Context, request *pubsubpb.PublishRequest) (*pubsubpb.PublishResponse, error) {
	switch {
	case s.fault != codes.OK:
		return nil, status.Error(s.fault, "as the test says")
	case !s.known[request.GetTopic()]:
		return nil, status.Error(codes.NotFound, "no such topic")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	return &pubsubpb.PublishResponse{MessageIds: make([]string, len(request.GetMessages()))}, nil
}

// newPublisher returns a publisher that is connected to a server in this
// process.
func newPublisher(t *testing.T, fault codes.Code) (*Publisher, *topics) {
	t.Helper()
	listener, err := gate.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fake := &topics{Listener: listener, fault: fault, known: map[string]bool{
		"projects/ours/topics/facts": true, "projects/theirs/topics/leases": true}}
	server := grpc.NewServer()
	pubsubpb.RegisterPublisherServer(server, fake)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Setenv("PUBSUB_EMULATOR_HOST", listener.Addr().String())
	publisher := New("ours")
	t.Cleanup(func() {
		if err := publisher.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return publisher, fake
}

func TestPublish(t *testing.T) {
	publisher, server := newPublisher(t, codes.OK)
	tests := []struct {
		name    string
		topic   event.Topic
		message event.Message
		data    string
	}{
		{"ours", event.Topic{Name: "facts"}, event.Message{Data: []byte(`{"baseName":"linux"}`)}, `{"baseName":"linux"}`},
		{"of another project", event.Topic{Project: "theirs", Name: "leases"},
			event.Message{Data: []byte(event.Leased), Attributes: map[string]string{event.AttributeHostname: "vm-1"}}, event.Leased},
		{"empty", event.Topic{Name: "facts"}, event.Message{}, "{}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server.requests = nil
			if err := publisher.Publish(t.Context(), test.topic, test.message); err != nil {
				t.Fatal(err)
			}
			if len(server.requests) != 1 || len(server.requests[0].GetMessages()) != 1 {
				t.Fatalf("got %v, want one message", server.requests)
			}
			want := "projects/" + cmp.Or(test.topic.Project, "ours") + "/topics/" + test.topic.Name
			if got := server.requests[0].GetTopic(); got != want {
				t.Errorf("got topic %s, want %s", got, want)
			}
			message := server.requests[0].GetMessages()[0]
			if string(message.GetData()) != test.data || !maps.Equal(message.GetAttributes(), test.message.Attributes) {
				t.Errorf("got %v, want %s with %v", message, test.data, test.message.Attributes)
			}
		})
	}
}

func TestPublishInFewRequests(t *testing.T) {
	publisher, server := newPublisher(t, codes.OK)
	messages := make([]event.Message, 1001)
	for i := range messages {
		messages[i] = event.Message{Data: []byte("{}")}
	}
	if err := publisher.Publish(t.Context(), event.Topic{Name: "facts"}, messages...); err != nil {
		t.Fatal(err)
	}
	if len(server.requests) != 2 || len(server.requests[0].GetMessages()) != 1000 || len(server.requests[1].GetMessages()) != 1 {
		t.Errorf("got %d requests, want one of 1000 messages and one of 1", len(server.requests))
	}
}

func TestFitting(t *testing.T) {
	big := event.Message{Data: bytes.Repeat([]byte("x"), 4<<20)}
	tests := []struct {
		name     string
		messages []event.Message
		want     int
	}{
		{"one too large by itself", []event.Message{{Data: make([]byte, 10<<20)}}, 1},
		{"by size", []event.Message{big, big, big}, 2},
		{"by number", make([]event.Message, 1500), 1000},
		{"exactly", make([]event.Message, 1000), 1000},
	}
	for _, test := range tests {
		if got := fitting(test.messages); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

func TestPublishErrors(t *testing.T) {
	tests := []struct {
		name  string
		topic string
		code  codes.Code
		want  failure.Class
	}{
		{"no such topic", "nowhere", codes.OK, failure.NotFound},
		{"not allowed", "facts", codes.PermissionDenied, failure.Permanent},
		{"malformed", "facts", codes.InvalidArgument, failure.Permanent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			publisher, _ := newPublisher(t, test.code)
			err := publisher.Publish(t.Context(), event.Topic{Name: test.topic}, event.Message{Data: []byte("{}")})
			if got := failure.ClassOf(err); got != test.want {
				t.Errorf("got %v of class %q, want %q", err, got, test.want)
			}
		})
	}
}

func TestPublishEndsWithItsContext(t *testing.T) {
	publisher, _ := newPublisher(t, codes.Unavailable)
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	err := publisher.Publish(ctx, event.Topic{Name: "facts"}, event.Message{})
	if !failure.Is(err, failure.Transient) || ctx.Err() == nil {
		t.Errorf("got %v of class %q, want a transient one at the end of the context", err, failure.ClassOf(err))
	}
}

// A connection that has gone silent is closed long before the call's deadline,
// so that the library's retry uses another one.
func TestSilentConnectionIsGivenUp(t *testing.T) {
	publisher, server := newPublisher(t, codes.OK)
	for i := range 2 {
		if err := publisher.Publish(t.Context(), event.Topic{Name: "facts"}, event.Message{}); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		server.Silence()
	}
}

func TestNothingIsOpenedBeforeTheFirstMessage(t *testing.T) {
	publisher := New("ours")
	if err := publisher.Publish(t.Context(), event.Topic{Name: "facts"}); err != nil || publisher.client != nil {
		t.Errorf("got error %v and client %v", err, publisher.client)
	}
	if err := publisher.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
