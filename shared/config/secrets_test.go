package config

import (
	"fmt"
	"strings"
	"testing"
)

// Metadata may hold secrets. Wherever a character is missing or superfluous, no
// problem shows the value.
func TestNoProblemShowsAValueOfMetadata(t *testing.T) {
	const first, second = "hunter2", "swordfish"
	const secret = first + second
	const text = "templates {\n  base_name: \"linux\"\n  metadata: \"token:" + secret + "\"\n  metadata: ['key:" + secret + "', \"k2:" + secret + "\"]\n" +
		"  metadata_from_file: \"script:s.sh\"\n}\n"
	inserted := []string{"", "\"", "'", "{", "}", "[", "]", "<", ":", ",", ";", "=", "#", "\\", "\n", " ", "x", "-", "7", "ä"}
	for at := range len(text) {
		for _, character := range inserted {
			for _, wrong := range []string{text[:at] + character + text[at:], text[:at] + character + text[at+1:]} {
				showsNone(t, wrong, first, second)
			}
		}
	}
	for _, wrong := range []string{ // values with quotes of their own
		`"token:` + first + `" ` + second + ` "x"`, `"token:"` + first + `" "` + second + `""`, `"key:{"` + first + `": "` + second + `"}"`, `["a:` + first + `" "b:" ` + second + `]`, `"a:" ` + first + ` ` + second,
	} {
		showsNone(t, "templates {\n  metadata: "+wrong+"\n}", first, second)
	}
}

func showsNone(t *testing.T, text string, words ...string) {
	t.Helper()
	_, problems := Parse(Files{Templates: []byte(text), Managers: []byte(text), Settings: []byte(text)})
	for _, word := range words {
		if strings.Contains(fmt.Sprint(problems), word) {
			t.Errorf("%s\nhas %v", text, problems)
		}
	}
}
