package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Cloud reads Cloud Logging through gcloud, with the user's login.
type Cloud struct {
	Project string
	Jobs    []string
	Since   time.Time
	seen    map[string]bool // insert ids
}

// entry is a log entry as gcloud prints it.
type entry struct {
	InsertID    string    `json:"insertId"`
	Timestamp   time.Time `json:"timestamp"`
	Severity    string    `json:"severity"`
	JSONPayload Line      `json:"jsonPayload"`
}

// filter matches the log lines of the jobs' functions.
func (c *Cloud) filter() string {
	return fmt.Sprintf(`resource.type="cloud_run_revision" AND resource.labels.service_name=("%s") AND jsonPayload.event_id!="" AND timestamp>="%s"`,
		strings.Join(c.Jobs, `" OR "`), c.Since.UTC().Format(time.RFC3339))
}

// Next returns the new entries.
func (c *Cloud) Next(ctx context.Context) ([]Line, error) {
	command := exec.CommandContext(ctx, "gcloud", "logging", "read", c.filter(), "--project="+c.Project, "--order=asc", "--format=json", "--quiet") //nolint:gosec // names of ours
	var problems bytes.Buffer
	command.Stderr = &problems
	printed, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("--follow reads the project's log by gcloud, which is not on the PATH: https://cloud.google.com/sdk/docs/install")
	}
	if ctx.Err() != nil {
		return nil, nil //nolint:nilerr // the caller sees that ctx has ended
	}
	if err != nil {
		return nil, fmt.Errorf("gcloud logging read: %w: %s(who follows needs roles/logging.viewer)", err, &problems)
	}
	var entries []entry
	if err := json.Unmarshal(printed, &entries); err != nil {
		return nil, fmt.Errorf("read what gcloud printed: %w", err)
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	var lines []Line
	for _, e := range entries {
		if c.seen[e.InsertID] {
			continue
		}
		c.seen[e.InsertID] = true
		line := e.JSONPayload
		line.Time, line.Severity = e.Timestamp, e.Severity
		lines = append(lines, line)
	}
	return lines, nil
}
