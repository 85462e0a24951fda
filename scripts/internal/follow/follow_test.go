package follow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var published = time.Now().Add(-time.Minute)

func line(after time.Duration, job, id, message, rest string) string {
	return fmt.Sprintf(`{"time":%q,"severity":"INFO","message":%q,"job":%q,"event_id":%q%s}`+"\n", published.Add(after).Format(time.RFC3339Nano), message, job, id, rest)
}

func done(after time.Duration, job, id, outcome string, took time.Duration) string {
	return line(after, job, id, job+": "+outcome, fmt.Sprintf(`,"event":"JOB_DONE","outcome":%q,"duration_ms":%d`, outcome, took.Milliseconds()))
}

// follow follows a message through a log to which the parts are added one by
// one.
func follow(t *testing.T, jobs []string, parts ...string) (ok bool, shown string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(done(0, "a", "mine", "ok", 0)), 0o600); err != nil { // of before
		t.Fatal(err)
	}
	log, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var out strings.Builder
	f := &Follower{Log: &feeding{log: log, parts: parts, to: file}, Out: &out, Jobs: jobs, ID: "mine", Published: published, Every: time.Millisecond}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("patience is over"))
	defer cancel()
	ok, err = f.Run(ctx)
	return ok, out.String(), err
}

// feeding adds a part before each read.
type feeding struct {
	log   *File
	parts []string
	to    *os.File
}

func (f *feeding) Next(ctx context.Context) ([]Line, error) {
	if len(f.parts) > 0 {
		if _, err := f.to.WriteString(f.parts[0]); err != nil {
			return nil, err
		}
		f.parts = f.parts[1:]
	}
	return f.log.Next(ctx)
}

func TestFollow(t *testing.T) {
	hello := line(time.Second, "a", "mine", "hello", "")
	for name, test := range map[string]struct {
		jobs  []string
		parts []string
		ok    bool
		want  []string // contained in the output or the error
		not   string
	}{
		"one job, in pieces": {[]string{"a"}, []string{hello[:20], hello[20:], done(2*time.Second, "a", "mine", "ok", time.Second)}, true,
			[]string{"hello", "a: ok after 1s"}, ""},
		"it failed": {[]string{"a"}, []string{done(2*time.Second, "a", "mine", "failed", time.Second)}, false, []string{"a: failed"}, ""},
		"two jobs": {[]string{"a", "b"}, []string{done(2*time.Second, "b", "mine", "ok", 0), "no JSON\n", done(3*time.Second, "a", "mine", "ok", 0)}, true,
			[]string{"b: ok", "a: ok"}, ""},
		"another's run that began before": {[]string{"a"}, []string{line(0, "a", "other", "strange", ""), done(time.Second, "a", "other", "ok", time.Hour), done(2*time.Second, "a", "mine", "ok", 0)}, true,
			[]string{"a: ok"}, "strange"},
		"another's run that serves it": {[]string{"a"}, []string{line(time.Second, "a", "other", "strange", ""), done(2*time.Second, "a", "other", "failed", time.Second)}, false,
			[]string{"together with the message other", "strange", "a: failed"}, ""},
		"nothing comes": {[]string{"a"}, nil, false, []string{"no end of a was logged: patience is over"}, ""},
	} {
		ok, shown, err := follow(t, test.jobs, test.parts...)
		if err != nil {
			shown += err.Error()
		}
		for _, want := range test.want {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, shown)
			}
		}
		if ok != test.ok || test.not != "" && strings.Contains(shown, test.not) {
			t.Errorf("%s: %v\n%s", name, ok, shown)
		}
	}
}

func TestCloud(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	gcloud := `#!/bin/sh
printf '%s\n' "$@" >"` + folder + `/asked"
cat <<'END'
[{"insertId": "1", "timestamp": "2026-03-01T12:00:00.5Z", "severity": "INFO", "jsonPayload": {"message": "a: ok", "job": "a", "event_id": "mine", "event": "JOB_DONE", "outcome": "ok", "duration_ms": 1500}}]
END
`
	if err := os.WriteFile(filepath.Join(folder, "gcloud"), []byte(gcloud), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	cloud := &Cloud{Project: "my-project", Jobs: []string{"a", "b"}, Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	lines, err := cloud.Next(t.Context())
	if err != nil || len(lines) != 1 || !lines[0].done() || lines[0].duration() != 1500*time.Millisecond || lines[0].EventID != "mine" || lines[0].Severity != "INFO" {
		t.Errorf("%+v, %v", lines, err)
	}
	if lines, err = cloud.Next(t.Context()); err != nil || len(lines) != 0 {
		t.Errorf("again: %+v, %v", lines, err)
	}
	asked, err := os.ReadFile(filepath.Join(folder, "asked")) //nolint:gosec // ours
	if err != nil || !strings.Contains(string(asked), `service_name=("a" OR "b")`) || !strings.Contains(string(asked), "--project=my-project") {
		t.Errorf("asked %s, %v", asked, err)
	}
}
