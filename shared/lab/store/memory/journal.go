package memory

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var errClosed = errors.New("the journal is closed")

// journal is a file with one line per commit. Each commit is written to the
// operating system at once, so it survives the process, but not a crash of the
// machine.
type journal struct {
	file *os.File
	size int64
}

// line is one commit in the journal.
type line struct {
	Version int64  `json:"v"` // microseconds since 1970
	Writes  []item `json:"w,omitempty"`
}

type item struct {
	Key    store.Key      `json:"k"`
	Fields map[string]any `json:"f,omitempty"` // absent: deleted
	Empty  bool           `json:"e,omitempty"` // a document without fields
}

// Open returns a store that keeps a journal in a file, and starts with the
// documents in that file. It drops an incomplete last line, which a killed
// process leaves, and rewrites the journal without its history. Only one process
// may have it open.
func Open(path string, now func() time.Time) (*Store, error) {
	s := New(now)
	if err := s.replay(path); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := s.compact(path); err != nil {
		return nil, fmt.Errorf("compact journal: %w", err)
	}
	return s, nil
}

func (s *Store) replay(path string) error {
	file, err := os.Open(path) //nolint:gosec // the caller names the file
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	reader := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a line without its end is incomplete
		}
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if err := s.redo(l); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
}

func (s *Store) redo(l line) error {
	version := store.Version{Time: time.UnixMicro(l.Version).UTC()}
	for _, written := range l.Writes {
		doc := &document{key: written.Key, version: version}
		if written.Fields != nil || written.Empty {
			fields, err := unpackMap(written.Fields)
			if err != nil {
				return fmt.Errorf("%s: %w", written.Key, err)
			}
			doc.fields = fields
		}
		s.apply(doc)
	}
	if version.Time.After(s.last) {
		s.last = version.Time
	}
	return nil
}

// compact writes a new journal with one line per document and replaces the old
// one by it.
func (s *Store) compact(path string) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	err = s.writeAll(file)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	size, err := file.Seek(0, io.SeekCurrent)
	s.journal = &journal{file: file, size: size}
	return err
}

func (s *Store) writeAll(file io.Writer) error {
	buffered := bufio.NewWriterSize(file, 1<<20)
	encoder := json.NewEncoder(buffered)
	if !s.last.IsZero() {
		if err := encoder.Encode(line{Version: s.last.UnixMicro()}); err != nil {
			return err
		}
	}
	for _, doc := range s.documents {
		l := line{Version: doc.version.Time.UnixMicro(), Writes: []item{doc.item()}}
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func (d *document) item() item {
	if d.fields == nil {
		return item{Key: d.key}
	}
	return item{Key: d.key, Fields: packMap(d.fields), Empty: len(d.fields) == 0}
}

// append writes a commit in one piece. If that fails half-way, it truncates the
// journal to its previous length.
func (j *journal) append(version store.Version, documents []*document) error {
	if j.file == nil {
		return errClosed
	}
	l := line{Version: version.Time.UnixMicro(), Writes: make([]item, len(documents))}
	for i, doc := range documents {
		l.Writes[i] = doc.item()
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	written, err := j.file.Write(append(text, '\n'))
	if err != nil {
		_, seekErr := j.file.Seek(j.size, io.SeekStart)
		return errors.Join(err, j.file.Truncate(j.size), seekErr)
	}
	j.size += int64(written)
	return nil
}
