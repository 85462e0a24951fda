package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/push"
)

// Many concurrent deliveries all get their answers. With the receiver of
// CloudEvents, answers could be left over for later requests.
func TestManyDeliveriesAtOnceAreAllAnswered(t *testing.T) {
	function := push.Deliver(func(context.Context, event.Message) error { return nil })
	deliver.Store(&function)
	var crowd sync.WaitGroup
	for sender := range 32 {
		crowd.Go(func() {
			for n := range 50 {
				body, err := json.Marshal(map[string]any{"message": map[string]any{"data": []byte("{}"), "messageId": fmt.Sprint(sender, n)}})
				if err != nil {
					t.Error(err)
					return
				}
				if status := post(t, path, string(body)); status != http.StatusNoContent {
					t.Errorf("status %d", status)
				}
			}
		})
	}
	crowd.Wait()
}
