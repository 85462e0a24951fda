package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// exchange is a recorded request and its answer.
type exchange struct {
	method, url, body string
	status            int
	answer            string
}

// readExchanges reads a recording: request line, headers, body and status line,
// headers, body, with empty lines between and a line of dashes after each.
func readExchanges(t *testing.T, path string) []exchange {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	for _, text := range strings.Split(string(raw), "\n---\n") {
		text = strings.TrimSpace(text)
		status := regexp.MustCompile(`(?m)^(\d{3}) .*$`).FindStringIndex(text)
		if status == nil {
			t.Fatalf("%s: no status line in %q", path, text)
		}
		var e exchange
		request, answer := text[:status[0]], text[status[0]:]
		if _, err := fmt.Sscan(request, &e.method, &e.url); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(answer, &e.status); err != nil {
			t.Fatal(err)
		}
		_, e.body, _ = strings.Cut(strings.TrimSpace(request), "\n\n")
		_, e.answer, _ = strings.Cut(answer, "\n\n")
		all = append(all, e)
	}
	return all
}

func TestRecordedExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) != 2 {
		t.Fatalf("recordings: %v %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, readExchanges(t, file)) })
	}
}

func replay(t *testing.T, exchanges []exchange) {
	o := slow()
	o.OperationTime = time.Second
	w := newWorld(t, o)
	names := map[string]string{
		"${projectId}": testProject, "${instanceTemplateID}": "template-1",
		"${instanceGroupManagerID}": "group-1", "${healthCheckID}": "check-1",
	}
	fill := func(s string) string {
		for from, to := range names {
			s = strings.ReplaceAll(s, from, to)
		}
		return s
	}
	// The recording of the group assumes an existing health check.
	status, _ := w.send(t, "POST", "https://compute.googleapis.com/compute/v1/projects/"+testProject+"/global/healthChecks",
		`{"name": "check-1", "httpHealthCheck": {"port": 80}}`)
	if status != http.StatusOK {
		t.Fatalf("insert the health check: %d", status)
	}
	for i, e := range exchanges {
		w.settle()
		status, answer := w.send(t, e.method, fill(e.url), fill(e.body))
		if status != e.status {
			t.Fatalf("exchange %d, %s %s: status %d, recorded %d: %v", i, e.method, e.url, status, e.status, answer)
		}
		if answer["kind"] == "compute#operation" {
			names["${operationID}"] = answer["name"].(string)
		}
		var recorded map[string]any
		if err := json.Unmarshal([]byte(fill(e.answer)), &recorded); err != nil {
			t.Fatalf("exchange %d: %v", i, err)
		}
		if strings.Contains(e.url, "/images/") {
			// The recorder returned this image for every family; only the fields
			// count.
			for field := range recorded {
				if answer[field] == nil {
					t.Errorf("exchange %d: field %s is missing", i, field)
				}
			}
			continue
		}
		compare(t, fmt.Sprintf("exchange %d, %s %s", i, e.method, e.url), recorded, answer)
	}
}

func (w *world) send(t *testing.T, method, url, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.cloud.Transport().RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&answer); err != nil {
		t.Fatalf("%s %s: %v in %s", method, url, err, raw)
	}
	return resp.StatusCode, answer
}

// normalised fields were replaced in the recording; only their format counts.
var normalised = map[string]*regexp.Regexp{
	"id":                regexp.MustCompile(`^\d{19}$`),
	"targetId":          regexp.MustCompile(`^\d{19}$`),
	"fingerprint":       regexp.MustCompile(`^[A-Za-z0-9+/]+=+$`),
	"creationTimestamp": timePattern,
	"insertTime":        timePattern,
	"startTime":         timePattern,
	"endTime":           timePattern,
}

var timePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// compare requires every recorded field with its value. The simulator may return
// more, because the recording omits what changes from day to day.
func compare(t *testing.T, at string, recorded, got any) {
	t.Helper()
	switch want := recorded.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for field, value := range want {
			text, isText := object[field].(string)
			if pattern := normalised[field]; pattern != nil && isText && pattern.MatchString(text) {
				continue
			}
			compare(t, at+"."+field, value, object[field])
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			t.Errorf("%s: got %v, recorded %v", at, got, want)
			return
		}
		for i := range want {
			compare(t, fmt.Sprintf("%s[%d]", at, i), want[i], list[i])
		}
	default:
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, recorded %v", at, got, want)
		}
	}
}
