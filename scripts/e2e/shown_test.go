package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// kind is a kind of value that differs from run to run.
type kind struct {
	name string
	// same says that a value of the page stands for one value of the suite: where
	// the page repeats it, the suite must repeat that one, and commands use it.
	same    bool
	pattern *regexp.Regexp
}

var kinds = []kind{
	{"address", false, regexp.MustCompile(`127\.0\.0\.1:\d+`)},
	{"file", false, regexp.MustCompile(`[\w./-]*(?:local-\d+-\d+-\d+\.log|/log\b|endpoints\.json)`)},
	{"time", false, regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`)},
	{"clock", false, regexp.MustCompile(`\b\d\d:\d\d:\d\d\.\d{3}\b`)},
	{"instance", true, regexp.MustCompile(`[a-z0-9-]+-[0-9a-f]{8}-[a-z]+-[a-z]+\d-[a-z]-[a-z0-9]{4}:\d+`)},
	{"hostname", true, regexp.MustCompile(`[a-z0-9-]+-[0-9a-f]{8}-[a-z]+-[a-z]+\d-[a-z]-[a-z0-9]{4}\b`)},
	{"hash", true, regexp.MustCompile(`\b[0-9a-f]{40}\b`)},
	{"revision", true, regexp.MustCompile(`\b[0-9a-f]{12}\b`)},
	{"cursor", true, regexp.MustCompile(`\b\d\.1\d{15}\.[\w:.-]*`)},
	{"seconds", false, regexp.MustCompile(`\b1\d{9}\b`)},
	{"message", false, regexp.MustCompile(`as message \d+|"event_id":"\d+"|"messageIds": ?\["\d+"\]`)},
	{"duration", false, regexp.MustCompile(`\b\d+(?:\.\d+)?(?:ms|s)\b|"duration_ms":\d+`)},
}

// value is a value of a kind in a text.
type value struct {
	kind kind
	text string
}

// values cuts them out of a text.
func values(text string) (rest string, found []value) {
	for {
		begin, end, which := len(text), 0, -1
		for i, k := range kinds {
			if at := k.pattern.FindStringIndex(text); at != nil && at[0] < begin {
				begin, end, which = at[0], at[1], i
			}
		}
		if which < 0 {
			return rest + text, found
		}
		found = append(found, value{kinds[which], text[begin:end]})
		rest += text[:begin] + "<" + kinds[which].name + ">"
		text = text[end:]
	}
}

// shown remembers which value of the suite stands for which of the page.
type shown map[string]string

// compare tells how what was printed differs from what the page shows.
func (s shown) compare(language, want, got string) error {
	if language == "json" {
		var err error
		if want, err = compact(want); err != nil {
			return fmt.Errorf("the page does not show JSON: %w", err)
		}
		if got, err = compact(got); err != nil {
			return fmt.Errorf("it is not JSON: %w", err)
		}
	}
	wantRest, wanted := values(strings.TrimSpace(want))
	gotRest, printed := values(strings.TrimSpace(got))
	if wantRest != gotRest {
		return fmt.Errorf("the page shows\n%s\nand it is\n%s", wantRest, gotRest)
	}
	for i, v := range wanted {
		if !v.kind.same {
			continue
		}
		if before, known := s[v.text]; known && before != printed[i].text {
			return fmt.Errorf("the %s that the page shows as %s was %s before, and is %s", v.kind.name, v.text, before, printed[i].text)
		}
		s[v.text] = printed[i].text
	}
	return nil
}

// meant returns a command of the page with the suite's values in place of the
// page's.
func (s shown) meant(command string) string {
	for was, is := range s {
		command = strings.ReplaceAll(command, was, is)
	}
	return command
}

// asShown returns what was printed with the page's values in place of the suite's.
func (s shown) asShown(printed string) string {
	for was, is := range s {
		printed = strings.ReplaceAll(printed, is, was)
	}
	return printed
}

// compact writes JSON in one line; there may be several values.
func compact(text string) (string, error) {
	var all []string
	decoder := json.NewDecoder(strings.NewReader(text))
	for decoder.More() {
		var one json.RawMessage
		if err := decoder.Decode(&one); err != nil {
			return "", err
		}
		var line bytes.Buffer
		if err := json.Compact(&line, one); err != nil {
			return "", err
		}
		all = append(all, line.String())
	}
	return strings.Join(all, "\n"), nil
}

// lineWidth is the length up to which a page shows an answer in one line.
const lineWidth = 100

// display is an answer as a page shows it.
func display(language, text string) string {
	text = strings.TrimSpace(text)
	if language != "json" {
		return text
	}
	line, err := compact(text)
	if err != nil || len(line) <= lineWidth {
		return line
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, []byte(line), "", "  ") != nil {
		return line
	}
	return pretty.String()
}

func TestShown(t *testing.T) {
	const a, b = "linux-small-421e2958-us-central1-a-wrd5", "linux-large-0a1b2c3d-europe-west1-b-0000"
	s := shown{}
	if err := s.compare("json", `{"hostname": "`+a+`", "ts": "1795456845"}`, `{"hostname":"`+b+`","ts":"1895456846"}`); err != nil {
		t.Error(err)
	}
	if got := s.meant("poll " + a); got != "poll "+b {
		t.Error(got)
	}
	for _, c := range []struct{ language, want, got string }{
		{"json", `{"hostname": "` + a + `"}`, `{"hostname":"` + a + `"}`}, // it stands for b
		{"json", `{"ts": "1795456845"}`, `{"ts":""}`},
		{"json", `{"ts": "1795456845"}`, `{"ts":1895456846}`},
		{"json", `{"a": 1, "b": 2}`, `{"b":2,"a":1}`},
		{"json", `{"a": 1}`, `oops`},
		{"json", ``, `{}`},
		{"text", "done after 3s", "done after"},
	} {
		if err := s.compare(c.language, c.want, c.got); err == nil {
			t.Errorf("%q and %q are the same", c.want, c.got)
		}
	}
	if err := s.compare("text", "done after 3s, see .build/logs/local-20261123-175924-20.log\n", "done after 1.5s, see /tmp/x/log"); err != nil {
		t.Error(err)
	}
}
