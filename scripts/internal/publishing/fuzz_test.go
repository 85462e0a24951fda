package publishing

import (
	"encoding/json"
	"testing"
)

// Whatever a person types, the result is a message with JSON data for an
// existing topic, or an error.
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
