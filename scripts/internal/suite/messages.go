package suite

import (
	"context"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/bridge"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
)

// messages delivers the messages: the bus, or Pub/Sub's emulator.
type messages interface {
	event.Publisher
	// Subscribe begins to deliver the topic's messages.
	Subscribe(subscription bus.Subscription) error
	Idle() bool
	Close(ctx context.Context)
}

// openMessages makes the manifest's topics. All topics exist before anything
// runs.
func (s *Suite) openMessages(ctx context.Context) error {
	if s.Endpoints.PubSub != "" {
		bridged, err := bridge.Open(ctx, s.opts.Project, s.manifest.Topics(), s.opts.Log)
		if err != nil {
			return err
		}
		s.messages = counted{messages: bridged, published: &s.published}
		s.Endpoints.PubSubREST = "http://" + s.Endpoints.PubSub
		s.onStop(bridged.Close)
		return nil
	}
	b := bus.New(bus.Options{Project: s.opts.Project, Log: s.opts.Log, Fault: s.opts.Fault})
	for _, name := range s.manifest.Topics() {
		b.CreateTopic(event.Topic{Name: name})
	}
	s.messages = b
	s.onStop(b.Close)
	return nil
}

// subscribe makes each function's subscription, which pushes to it.
func (s *Suite) subscribe(context.Context) error {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 256, // all deliveries go to one host
		IdleConnTimeout:     time.Minute,
	}}
	// Stops run in reverse order. Close is added here once more, so that the
	// deliveries end before anything that they use is stopped.
	s.onStop(s.messages.Close)
	for _, sub := range s.manifest.Subscriptions() {
		if err := s.messages.Subscribe(s.subscription(client, sub)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Suite) subscription(client *http.Client, sub manifest.Subscription) bus.Subscription {
	function := s.manifest.Functions[sub.Function]
	return bus.Subscription{
		Name:        sub.Name(),
		Topic:       event.Topic{Name: sub.Topic},
		Deliver:     bus.Push(client, s.functions.URL()+"/"+sub.Function, s.opts.Project, sub.Name()),
		Concurrency: max(function.Concurrency, 1) * max(function.MaxInstances, 1),
		Timeout:     function.Timeout(),
	}
}
