package publishing

import (
	"encoding/json"
	"testing"
)

// Whatever a person types: a message that is JSON, on a topic that there is, or
// an error.
func FuzzMessage(f *testing.F) {
	for _, payload := range []string{"", "{}", `{"baseName":"linux"}`, "{baseName:linux}", `""`, " \n", "[1", "nul"} {
		f.Add("create-instance-templates", payload)
	}
	f.Add("create-instance-template", "{}")
	f.Fuzz(func(t *testing.T, topic, payload string) {
		message, err := Message(topic, payload, nil)
		if err == nil && !json.Valid(message.Data) {
			t.Errorf("%q on %q: %q", payload, topic, message.Data)
		}
	})
}
