package fetchinstances

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// An audit message is a hint about one template in one zone, never a sweep, and
// its names are valid. Messages of every other topic carry a scope.
func FuzzDecode(f *testing.F) {
	for _, data := range []string{
		entry("projects/p/zones/us-east1-b/instances/linux-01234567-us-east1-b-x1y2"),
		entry("projects/p/zones/us-east1-b/instances/web-1"),
		entry("projects/p/zones/../instances/linux-01234567-..-x1y2"),
		`{"protoPayload":{"resourceName":7}}`, `{"baseName":"linux"}`, `{`, ``,
	} {
		f.Add([]byte(data), true)
		f.Add([]byte(data), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, audit bool) {
		message := event.Message{Topic: "groups-resized", Data: data}
		if audit {
			message.Topic = vmActivity
		}
		scope, err := decode(message)
		switch {
		case err != nil && !reflect.DeepEqual(scope, event.Scope{}):
			t.Errorf("%q: %+v beside %v", data, scope, err)
		case err != nil && strings.Contains(err.Error(), "%!"):
			t.Errorf("%q: %v", data, err)
		case err == nil && audit && (!scope.Hint || scope.Sweep() || !baseName(scope.BaseName) || strings.Contains(scope.Zone, "/")):
			t.Errorf("%q: %+v", data, scope)
		}
	})
}

// baseName reports whether a template can have this base name.
func baseName(name string) bool {
	base, _, ok := fleet.SplitTemplateName(fleet.TemplateName(name, "0123456789ab"))
	return ok && base == name
}
