package manifest

import (
	"slices"
	"testing"
)

// Any text is either refused or gives a manifest whose topics and subscriptions
// match.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"functions:\n  wake-up:\n    listens: [a]\n    announces: [b]\n    timeout: 60\nsources:\n  a: somebody\n",
		"functions:\n  page:\n    trigger: http\n", "functions: [a]", "functions:\n  a: {unknown: 1}", "a: &a [*a]", "---\n---\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		topics := m.Topics()
		for _, subscription := range m.Subscriptions() {
			if _, ok := m.Functions[subscription.Function]; !ok || !slices.Contains(topics, subscription.Topic) {
				t.Errorf("%q subscribes %+v", text, subscription)
			}
		}
	})
}
