package bridge

import (
	"path"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
)

// The tests in terraform/ compare what Terraform deploys with functions.yaml;
// this test compares the suite's setup of the emulator with the same file, so
// that the two cannot diverge.
func TestTheManifestOnTheEmulator(t *testing.T) {
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, m.Topics()...)
	ignore := new(inbox)
	for _, sub := range m.Subscriptions() {
		err := b.Subscribe(bus.Subscription{
			Name: sub.Name(), Topic: event.Topic{Name: sub.Topic}, Deliver: ignore.deliver,
			Timeout: m.Functions[sub.Function].Timeout(), Concurrency: m.Functions[sub.Function].Concurrency,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	topics := map[string]bool{}
	for all := b.client.TopicAdminClient.ListTopics(t.Context(), &pubsubpb.ListTopicsRequest{Project: "projects/" + b.project}); ; {
		topic, err := all.Next()
		if err == iterator.Done { //nolint:errorlint // as the library documents it
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		topics[path.Base(topic.GetName())] = true
	}
	for _, name := range append(m.Topics(), DeadLetters) {
		if !topics[name] {
			t.Errorf("there is no topic %s", name)
		}
	}
	if want := len(m.Topics()) + 1; len(topics) != want {
		t.Errorf("%d topics, want %d", len(topics), want)
	}
	for _, sub := range m.Subscriptions() {
		got, err := b.client.SubscriptionAdminClient.GetSubscription(t.Context(), &pubsubpb.GetSubscriptionRequest{Subscription: b.subscriptionPath(sub.Name())})
		if err != nil {
			t.Errorf("%s: %v", sub.Name(), err)
			continue
		}
		deadline := time.Duration(got.GetAckDeadlineSeconds()) * time.Second
		if path.Base(got.GetTopic()) != sub.Topic || deadline < m.Functions[sub.Function].Timeout() ||
			path.Base(got.GetDeadLetterPolicy().GetDeadLetterTopic()) != DeadLetters || got.GetRetryPolicy() == nil {
			t.Errorf("%s: %v", sub.Name(), got)
		}
	}
}
