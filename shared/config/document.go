package config

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Key is the key of the document that holds the current configuration.
var Key = store.MustKey("config", "current")

// maxContentBytes bounds the size of a stored configuration after
// decompression.
const maxContentBytes = 256 << 20

// document is the configuration in the store. It is compressed, because a
// document may have at most 1 MiB and metadata is large.
type document struct {
	Revision   string    `firestore:"revision"`
	Content    []byte    `firestore:"content"`
	ImportedAt time.Time `firestore:"importedAt"`
	// Size is the size of the content before compression, in bytes.
	Size int `firestore:"size"`
}

// TooLargeError describes why a configuration does not fit into one document.
type TooLargeError string

func (e TooLargeError) Error() string { return string(e) }

// Encode returns the document of a configuration. If the configuration does not
// fit, the error is a TooLargeError.
func Encode(config Config, at time.Time) (store.Fields, error) {
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(&configpb.StoredConfig{
		Templates: config.Templates,
		Managers:  config.Managers,
		Settings:  config.Settings,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	packed, err := pack(content)
	if err != nil {
		return nil, fmt.Errorf("compress the configuration: %w", err)
	}
	fields, err := store.Encode(document{Revision: config.Revision, ImportedAt: at, Size: len(content)})
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	size, err := store.Size(Key, fields)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	// A single field has a limit too, a little below a document's.
	if size += len(packed); size > store.MaxDocumentBytes || len(packed) > store.MaxFieldBytes {
		return nil, TooLargeError(fmt.Sprintf(
			"the configuration has %d bytes (%d before compression) and makes a document of %d; a Firestore document may have %d",
			len(packed), len(content), size, store.MaxDocumentBytes))
	}
	fields["content"] = packed
	return fields, nil
}

// Decode reads the configuration from its document.
func Decode(fields store.Fields) (Config, error) {
	var read document
	if err := store.Decode(fields, &read); err != nil {
		return Config{}, fmt.Errorf("stored configuration: %w", err)
	}
	content, err := unpack(read.Content)
	if err != nil {
		return Config{}, failure.New(failure.Permanent, "stored configuration %s: %w", read.Revision, err)
	}
	stored := &configpb.StoredConfig{}
	if err := proto.Unmarshal(content, stored); err != nil {
		return Config{}, failure.New(failure.Permanent, "stored configuration %s: %w", read.Revision, err)
	}
	empty := Empty()
	return Config{
		Revision:   read.Revision,
		ImportedAt: read.ImportedAt,
		Templates:  cmp.Or(stored.GetTemplates(), empty.Templates),
		Managers:   cmp.Or(stored.GetManagers(), empty.Managers),
		Settings:   cmp.Or(stored.GetSettings(), empty.Settings),
	}, nil
}

// RevisionOf reads the revision from a configuration's document; "" if there is
// no document.
func RevisionOf(fields store.Fields) string {
	revision, _ := fields["revision"].(string)
	return revision
}

// Current reads the current configuration. If none was imported yet it returns
// Empty, whose revision is "".
func Current(ctx context.Context, s store.Store) (Config, error) {
	documents, err := s.Get(ctx, Key)
	if err != nil {
		return Config{}, fmt.Errorf("read the stored configuration: %w", err)
	}
	if !documents[0].Exists() {
		return Empty(), nil
	}
	return Decode(documents[0].Fields)
}

func pack(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = writer.Write(content)
	if err := errors.Join(err, writer.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// readers pools *gzip.Reader: each has a window of 32 KiB, and every run of a job
// reads the configuration.
var readers = sync.Pool{New: func() any { return new(gzip.Reader) }}

func unpack(packed []byte) ([]byte, error) {
	reader := readers.Get().(*gzip.Reader)
	defer readers.Put(reader)
	if err := reader.Reset(bytes.NewReader(packed)); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(reader, maxContentBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxContentBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxContentBytes)
	}
	return content, reader.Close()
}
