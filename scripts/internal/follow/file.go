package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// fields are what the suite's lines hold, as JSON.
type fields struct {
	Time       time.Time `json:"time"`
	Severity   string    `json:"severity"`
	Message    string    `json:"message"`
	Job        string    `json:"job"`
	EventID    string    `json:"event_id"`
	Event      string    `json:"event"`
	Outcome    string    `json:"outcome"`
	DurationMS float64   `json:"duration_ms"`
}

func (f fields) line() Line {
	return Line{Time: f.Time, Severity: f.Severity, Message: f.Message, Job: f.Job, EventID: f.EventID,
		Event: f.Event, Outcome: f.Outcome, Duration: time.Duration(f.DurationMS * float64(time.Millisecond))}
}

// File is the log file of a local suite, from where it ended when it was
// opened.
type File struct {
	file *os.File
	rest []byte // of a line that is not whole yet
}

// OpenFile opens a log file at its end.
func OpenFile(path string) (*File, error) {
	file, err := os.Open(path) //nolint:gosec // the suite names it
	if err != nil {
		return nil, fmt.Errorf("open the suite's log: %w", err)
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, fmt.Errorf("open the suite's log: %w", errors.Join(err, file.Close()))
	}
	return &File{file: file}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Next reads the lines that were added. What is not the suite's JSON is left
// out.
func (f *File) Next(context.Context) ([]Line, error) {
	added, err := io.ReadAll(f.file)
	if err != nil {
		return nil, fmt.Errorf("read the suite's log: %w", err)
	}
	f.rest = append(f.rest, added...)
	var lines []Line
	for {
		text, rest, whole := bytes.Cut(f.rest, []byte("\n"))
		if !whole {
			return lines, nil
		}
		f.rest = rest
		var read fields
		if json.Unmarshal(text, &read) == nil {
			lines = append(lines, read.line())
		}
	}
}
