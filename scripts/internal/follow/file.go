package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// File is the log file of a local suite, read from its end at the time of
// opening.
type File struct {
	file *os.File
	rest []byte // an incomplete line
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

// Next returns the lines that were added. It skips lines that are not the
// suite's JSON.
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
		var line Line
		if json.Unmarshal(text, &line) == nil {
			lines = append(lines, line)
		}
	}
}
