package host

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	messages "github.com/gce-backend/gce-backend/shared/event"
)

// delivery is the CloudEvent that the framework makes of a push. How it makes
// it is tested in scripts/internal/delivery, against the framework itself.
func delivery(t *testing.T, data string) event.Event {
	t.Helper()
	ce := event.New()
	ce.SetID("17")
	ce.SetType("google.cloud.pubsub.topic.v1.messagePublished")
	ce.SetSource("//pubsub.googleapis.com/projects/p/topics/groups-resized")
	if err := ce.SetData("application/json", []byte(data)); err != nil {
		t.Fatal(err)
	}
	return ce
}

func TestAnEventBecomesAMessage(t *testing.T) {
	at := time.Date(2026, 3, 14, 12, 0, 0, 123000000, time.UTC)
	for _, c := range []struct {
		name, data string
		want       messages.Message
	}{
		{"all", `{"message":{"data":"eyJ6b25lIjoieiJ9","attributes":{"hostname":"h"},"messageId":"17","publishTime":"2026-03-14T12:00:00.123Z"},"subscription":"s"}`,
			messages.Message{ID: "17", Topic: "groups-resized", Data: []byte(`{"zone":"z"}`), Attributes: map[string]string{"hostname": "h"}, Published: at}},
		{"no data", `{"message":{"messageId":"17"}}`, messages.Message{ID: "17", Topic: "groups-resized"}},
		{"null", `{"message":{"data":null,"attributes":null}}`, messages.Message{ID: "17", Topic: "groups-resized"}},
		{"empty data", `{"message":{"data":""}}`, messages.Message{ID: "17", Topic: "groups-resized", Data: []byte{}}},
		{"fields that nobody knows", `{"message":{"data":"e30=","orderingKey":"x"},"deliveryAttempt":3}`, messages.Message{ID: "17", Topic: "groups-resized", Data: []byte("{}")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []messages.Message
			err := CloudEvent(func(_ context.Context, m messages.Message) error { got = append(got, m); return nil })(t.Context(), delivery(t, c.data))
			if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestWhatIsNoDeliveryIsRefused(t *testing.T) {
	other := delivery(t, `{}`)
	other.SetType("google.cloud.storage.object.v1.finalized")
	for name, ce := range map[string]event.Event{
		"another type": other,
		"not base64":   delivery(t, `{"message":{"data":"%%%"}}`),
		"wrong types":  delivery(t, `{"message":{"attributes":[1]}}`),
		"a list":       delivery(t, `[]`),
		"no JSON":      delivery(t, `nothing`),
		"no data":      delivery(t, ``),
	} {
		t.Run(name, func(t *testing.T) {
			err := CloudEvent(func(context.Context, messages.Message) error { t.Error("delivered"); return nil })(t.Context(), ce)
			var result *cehttp.Result
			if !errors.As(err, &result) || result.StatusCode != http.StatusBadRequest {
				t.Fatalf("%v", err)
			}
			if text := err.Error(); strings.Contains(text, "%!") || !strings.Contains(text, "Pub/Sub") {
				t.Errorf("the reason: %q", text)
			}
		})
	}
}

func TestAnErrorComesBack(t *testing.T) {
	want := errors.New("x")
	err := CloudEvent(func(context.Context, messages.Message) error { return want })(t.Context(), delivery(t, `{"message":{}}`))
	if !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
}
