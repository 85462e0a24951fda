package importconfig

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

const (
	goodTemplates = `templates {
  base_name: "linux" project: "some-project" machine_type: "n2-standard-8" image_name: "image"
  service_accounts { name: "sa@example.com" }
}`
	goodManagers = `managers { template_base_name: "linux" zone: "us-central1-a" minimum_size: 2 }`
)

// suite is the job with its dependencies.
type suite struct {
	t       *testing.T
	store   *metered.Store
	files   config.Files
	err     error  // of the source
	during  func() // what happens while the source is read
	facts   []string
	log     bytes.Buffer
	handler job.Handler
}

func (s *suite) Read(context.Context) (config.Files, error) {
	files := s.files
	if s.during != nil {
		s.during()
	}
	return files, s.err
}

func (s *suite) Close() error { return nil }

func (s *suite) Publish(_ context.Context, topic event.Topic, messages ...event.Message) error {
	for range messages {
		s.facts = append(s.facts, topic.Name)
	}
	return nil
}

func newSuite(t *testing.T) *suite {
	now := func() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }
	s := &suite{t: t, store: metered.New(memory.New(now)), files: files("r1", goodTemplates, goodManagers)}
	s.handler = Job.New(job.Dependencies{Store: s.store, Publisher: s, Source: s, Now: now})
	return s
}

func files(revision, templates, managers string) config.Files {
	return config.Files{Revision: revision, Templates: []byte(templates), Managers: []byte(managers)}
}

// run runs the job once and returns its log.
func (s *suite) run() (string, error) {
	s.log.Reset()
	err := s.handler(context.Background(), job.Run{Log: logging.Text(&s.log, slog.LevelInfo)})
	return s.log.String(), err
}

func (s *suite) must() string {
	s.t.Helper()
	log, err := s.run()
	if err != nil {
		s.t.Fatal(err)
	}
	return log
}

func (s *suite) inForce() config.Config {
	s.t.Helper()
	current, err := config.Current(context.Background(), s.store)
	if err != nil {
		s.t.Fatal(err)
	}
	return current
}

func expect(t *testing.T, log string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(log, part) {
			t.Errorf("the log has no %q:\n%s", part, log)
		}
	}
}

func TestImport(t *testing.T) {
	s := newSuite(t)
	log := s.must()
	expect(t, log, "level=INFO", "event=CONFIG_VALID", "config_revision=r1", "problems=0", "templates.cfg is valid, managers.cfg is valid, settings.cfg is absent", "is in force")
	current := s.inForce()
	if current.Revision != "r1" || current.Template("linux") == nil || len(current.Managers.GetManagers()) != 1 {
		t.Errorf("in force is %v", current)
	}
	if strings.Join(s.facts, " ") != "config-imported" {
		t.Errorf("announced %q", s.facts)
	}
}

func TestTwiceIsOnce(t *testing.T) {
	s := newSuite(t)
	s.must()
	s.store.Reset()
	log := s.must()
	expect(t, log, "event=CONFIG_VALID", "config_revision=r1")
	if total := s.store.Counts().Total(); total.Writes != 0 || total.Deletes != 0 || len(s.facts) != 1 {
		t.Errorf("the second run wrote %+v, and %q were announced", total, s.facts)
	}
}

func TestProblemsLeaveTheLastGoodOneInForce(t *testing.T) {
	s := newSuite(t)
	s.must()
	s.files = files("r2", strings.Replace(goodTemplates, "n2-standard-8", "n2-standrd-8", 1), `managers { template_base_name: "linux" minimum_size: 5 maximum_size: 4 } managers { template_base_name: "linu" zone: "us-central1-a" }`)
	for n := range 2 {
		log := s.must()
		if n == 1 {
			expect(t, log, "level=ERROR", "event=CONFIG_INVALID", "problems=3", "its problems were logged at 2026-05-04T12:00:00Z")
			if strings.Count(log, "\n") != 1 {
				t.Errorf("the problems of one revision are logged again:\n%s", log)
			}
			break
		}
		expect(t, log,
			"level=ERROR", "templates.cfg:2:46: template linux: machine_type: unknown machine type", `did you mean \"n2-standard-8\"?`,
			"managers.cfg:1:1: manager linux: zone: missing", "maximum_size: 4 is less than minimum_size, which is 5",
			"level=WARN", `there is no template \"linu\"`,
			"event=CONFIG_INVALID", "config_revision=r2", "problems=3", "warnings=1", "in_force=r1",
			"templates.cfg has 1 problems, managers.cfg has 2 problems, settings.cfg is absent; revision r1 stays in force")
		if strings.Count(log, "level=ERROR") != 4 {
			t.Errorf("not one line for each problem:\n%s", log)
		}
	}
	if s.inForce().Revision != "r1" || len(s.facts) != 1 {
		t.Errorf("in force is %s, announced %q", s.inForce().Revision, s.facts)
	}
	s.files.Revision = "r2b"
	expect(t, s.must(), "event=CONFIG_PROBLEM", "config_revision=r2b")
	s.files = files("r3", goodTemplates, goodManagers)
	if s.must(); s.inForce().Revision != "r3" || len(s.facts) != 2 {
		t.Error("the mended configuration is not imported")
	}
}

func TestInvalidAtFirst(t *testing.T) {
	s := newSuite(t)
	s.files = files("r1", "templates {", goodManagers)
	expect(t, s.must(), "event=CONFIG_INVALID", "templates.cfg:1:12: the message that begins in line 1 is not closed", "none is in force yet")
	if s.inForce().Revision != "" || len(s.facts) != 0 {
		t.Error("something was imported")
	}
}

func TestSourceErrorsChangeNothing(t *testing.T) {
	s := newSuite(t)
	s.must()
	s.err = errors.New("templates.cfg is at revision a, but managers.cfg is at revision b")
	log, err := s.run()
	if err == nil || !strings.Contains(err.Error(), "at revision a") || log != "" {
		t.Errorf("got %v and the log %q", err, log)
	}
	if s.inForce().Revision != "r1" {
		t.Error("the configuration in force has changed")
	}
}

// A run that read the source, was held up, and goes on after another run has
// imported a newer revision must not bring the old one back.
func TestLateDoesNoHarm(t *testing.T) {
	s := newSuite(t)
	s.must()
	s.files = files("r2", goodTemplates, goodManagers)
	s.during = func() {
		s.during = nil
		s.files = files("r3", goodTemplates, goodManagers)
		s.must()
	}
	_, err := s.run()
	if !failure.Is(err, failure.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if s.inForce().Revision != "r3" || len(s.facts) != 2 {
		t.Errorf("in force is %s, announced %q", s.inForce().Revision, s.facts)
	}
}

func TestTooLargeIsAProblem(t *testing.T) {
	s := newSuite(t)
	parsed, problems := config.Parse(s.files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var text strings.Builder
	for i := range 6 {
		text.WriteString(strings.ReplaceAll(strings.TrimSuffix(goodTemplates, "}"), `"linux"`, `"linux`+string(rune('a'+i))+`"`))
		text.WriteString(` metadata: "noise:` + noise(250<<10, uint32(i)) + "\" }\n")
	}
	s.files = files("r2", text.String(), goodManagers)
	expect(t, s.must(), "event=CONFIG_INVALID", "problems=1", "all files together: the configuration has ", "a Firestore document may have 1048576")
	if s.inForce().Revision != "" || parsed.Revision != "r1" {
		t.Error("it was imported")
	}
}

// noise returns text that does not compress well.
func noise(length int, seed uint32) string {
	text := make([]byte, length)
	state := seed + 1
	for i := range text {
		state = state*1664525 + 1013904223
		text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[state>>26]
	}
	return string(text)
}

func TestWithoutSource(t *testing.T) {
	handler := Job.New(job.Dependencies{Store: memory.New(time.Now)})
	if err := handler(context.Background(), job.Run{}); err == nil || !strings.Contains(err.Error(), "CONFIG_SOURCE") {
		t.Errorf("got %v", err)
	}
}

func TestMessages(t *testing.T) {
	upload := map[string]string{"objectId": "conf/templates.cfg", "eventType": "OBJECT_FINALIZE"}
	for _, test := range []struct {
		data       string
		attributes map[string]string
		want       string // in the error; "" if it is treated as a sweep
	}{
		{"", nil, ""}, {"{}", nil, ""}, {`""`, nil, ""},
		{`{"kind":"storage#object"}`, upload, ""}, {"", upload, ""},
		{`{"kind":"storage#object"}`, nil, "not a scope"},
		{"[]", upload, "not the JSON of an object"}, {strings.Repeat(" ", 10<<20), upload, "the limit is"},
		{"no JSON", nil, "not a scope"}, {`{"baseName":"linux"}`, nil, "has no parts"},
	} {
		scope, err := Job.Decode(event.Message{Data: []byte(test.data), Attributes: test.attributes})
		if test.want == "" && (err != nil || !scope.Sweep()) {
			t.Errorf("%.40q: %v, %v", test.data, scope, err)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%.40q: %v, want %q", test.data, err, test.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"kind":"storage#object"}`), true)
	f.Add([]byte(`{"baseName":"linux"}`), false)
	f.Fuzz(func(t *testing.T, data []byte, upload bool) {
		message := event.Message{Data: data, Attributes: map[string]string{}}
		if upload {
			message.Attributes[uploadAttribute] = "x"
		}
		if scope, err := decode(message); err == nil && !scope.Sweep() {
			t.Errorf("%q: %v", data, scope)
		}
	})
}
