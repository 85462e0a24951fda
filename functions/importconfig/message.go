package importconfig

import (
	"encoding/json"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// uploadAttribute is in each notification of a Cloud Storage bucket:
// https://cloud.google.com/storage/docs/pubsub-notifications#attributes
const uploadAttribute = "objectId"

// decode takes a bucket's notification for a sweep, as it takes a tick: there
// is one configuration, and no part of it can be imported by itself.
func decode(message event.Message) (event.Scope, error) {
	if _, ok := message.Attributes[uploadAttribute]; ok {
		return decodeUpload(message)
	}
	return event.OfEverything(message)
}

func decodeUpload(message event.Message) (event.Scope, error) {
	if len(message.Data) > event.MaxScopeBytes {
		return event.Scope{}, fmt.Errorf("the bucket's notification has %d bytes; the limit is %d", len(message.Data), event.MaxScopeBytes)
	}
	var object map[string]any
	if len(message.Data) > 0 {
		if err := json.Unmarshal(message.Data, &object); err != nil {
			return event.Scope{}, fmt.Errorf("the bucket's notification is not the JSON of an object: %w", err)
		}
	}
	return event.Scope{}, nil
}
