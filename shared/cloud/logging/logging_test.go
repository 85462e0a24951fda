package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

func TestJSONIsInCloudLoggingsForm(t *testing.T) {
	var b bytes.Buffer
	log := JSON(&b).With("job", "fetch-instances")
	for _, c := range []struct {
		write    func()
		severity string
	}{
		{func() { log.Info("text", "event_id", "7") }, "INFO"},
		{func() { log.Warn("text", "event_id", "7") }, "WARNING"},
		{func() { log.Error("text", "event_id", "7") }, "ERROR"},
		{func() { log.Log(t.Context(), slog.LevelError+4, "text", "event_id", "7") }, "ERROR"},
		{func() { log.Log(t.Context(), slog.LevelInfo+1, "text", "event_id", "7") }, "INFO"},
	} {
		b.Reset()
		c.write()
		var line map[string]any
		if err := json.Unmarshal(b.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", b.String(), err)
		}
		at, err := time.Parse(time.RFC3339Nano, line["time"].(string))
		if err != nil || at.IsZero() {
			t.Errorf("time %v: %v", line["time"], err)
		}
		delete(line, "time")
		want := map[string]any{"severity": c.severity, "message": "text", "job": "fetch-instances", "event_id": "7"}
		for key, value := range want {
			if line[key] != value {
				t.Errorf("%s is %v, want %v", key, line[key], value)
			}
		}
		if len(line) != len(want) {
			t.Errorf("the line has more: %v", line)
		}
	}
}

func TestJSONLeavesDebugOut(t *testing.T) {
	var b bytes.Buffer
	JSON(&b).Debug("text")
	if b.Len() > 0 {
		t.Error(b.String())
	}
}

// A message with line breaks stays one line, and attributes of a group named
// like slog's own keep their names.
func TestJSONOneLineEach(t *testing.T) {
	var b bytes.Buffer
	JSON(&b).Info("a\nb", slog.Group("in", "level", "high", "msg", "m"), "error", errors.New("x\ny"))
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("%q", b.String())
	}
	var line struct {
		Message string
		In      struct{ Level, Msg string }
		Error   string
	}
	if err := json.Unmarshal(b.Bytes(), &line); err != nil || line.Message != "a\nb" || line.In.Level != "high" || line.In.Msg != "m" || line.Error != "x\ny" {
		t.Errorf("%+v, %v", line, err)
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	log := Text(&b, slog.LevelWarn)
	log.Info("quiet")
	log.Warn("loud", "job", "fetch-instances")
	if got := b.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") || !strings.Contains(got, "job=fetch-instances") {
		t.Errorf("%q", got)
	}
}

// Metadata may hold secrets: no log format shows it in a logged template
// record.
func TestMetadataDoesNotAppear(t *testing.T) {
	spec := fleet.TemplateSpec{Project: "p", MachineType: "e2-small", Metadata: map[string]string{"token": "secret-word"}}
	revision := fleet.Revision{BaseName: "linux", Spec: spec}
	var b bytes.Buffer
	for _, log := range []*slog.Logger{JSON(&b), Text(&b, slog.LevelInfo)} {
		log.Info("x", "spec", spec, "pointer", &spec, "revision", revision, "list", []fleet.Revision{revision},
			"wish", fleet.Wish{Spec: &spec}, slog.Group("in", "spec", spec))
	}
	if strings.Contains(b.String(), "secret-word") {
		t.Error(b.String())
	}
	if !strings.Contains(b.String(), "e2-small") {
		t.Errorf("nothing of the template is left: %s", b.String())
	}
}
