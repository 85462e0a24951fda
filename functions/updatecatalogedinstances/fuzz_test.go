package updatecatalogedinstances

import (
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// A message about a machine concerns only that instance. It never becomes a
// sweep, and only the Machine Provider's RECLAIMED sets Reclaimed.
func FuzzDecode(f *testing.F) {
	f.Add("vm-1", "vm-1:17", []byte(event.Leased))
	f.Add("vm-1", "vm-1:17", []byte(event.Reclaimed))
	f.Add("vm-1", "", []byte(event.Reclaimed))
	f.Add("", "vm-1:17", []byte(`{"instances":["vm-1:17"],"reclaimed":true}`))
	f.Add("", "", []byte(`{"instances":["../x"]}`))
	f.Add("", "", []byte(nil))
	f.Fuzz(func(t *testing.T, hostname, instance string, data []byte) {
		message := event.Message{Data: data, Attributes: map[string]string{event.AttributeHostname: hostname, event.AttributeInstance: instance}}
		scope, err := decode(message)
		if hostname == "" || err != nil {
			return
		}
		if instance == "" || len(scope.Instances) != 1 || scope.Instances[0] != instance || scope.Reclaimed != (string(data) == event.Reclaimed) {
			t.Errorf("%q, %q, %q: %+v", hostname, instance, data, scope)
		}
	})
}
