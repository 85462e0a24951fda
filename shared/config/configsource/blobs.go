package configsource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // registers gs://
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config"
)

// pointerFile holds, in a bucket or folder, the name of the folder in it that is
// the current revision. Writing it last makes an upload atomic.
const pointerFile = "current"

const (
	// maxAttempts bounds how often files that keep changing are read again.
	maxAttempts = 4
	// Files that changed within this time may be followed by others of the
	// same edit or upload; they are read again when it is over.
	folderSettles = 500 * time.Millisecond
	bucketSettles = 2 * time.Second
	// folderPause is at least between the two readings of a folder's new
	// revision: while a file is truncated it is seen empty before its time of
	// modification changes.
	folderPause = 50 * time.Millisecond
	// maxPointerBytes bounds the name of a revision.
	maxPointerBytes = 500
)

// blobs is the source of a folder or a bucket.
type blobs struct {
	options Options
	address string // for messages
	bucket  func(context.Context) (*blob.Bucket, error)
	release func(*blob.Bucket) error // after each read
	close   func() error
	prefix  string // "" or with a slash at its end
	pointer bool   // look for pointerFile
	settles time.Duration
	pause   time.Duration
	known   atomic.Value // the revision, a string, that was read last
}

func openFolder(address *url.URL, options Options) (Source, error) {
	if address.Host != "" && address.Host != "localhost" || !path.IsAbs(address.Path) || address.RawQuery != "" {
		return nil, fmt.Errorf("the configuration source %q must be file:///FOLDER, with three slashes", address.Redacted())
	}
	return &blobs{
		options: options,
		address: address.String(),
		// Opened at each read: the folder may be replaced as a whole.
		bucket:  func(context.Context) (*blob.Bucket, error) { return fileblob.OpenBucket(address.Path, nil) },
		release: (*blob.Bucket).Close,
		close:   func() error { return nil },
		pointer: true,
		settles: folderSettles,
		pause:   folderPause,
	}, nil
}

func openCloudStorage(ctx context.Context, address *url.URL, options Options) (Source, error) {
	if address.Host == "" || address.RawQuery != "" {
		return nil, fmt.Errorf("the configuration source %q must be gs://BUCKET/PREFIX", address.Redacted())
	}
	// The client outlives this call.
	bucket, err := blob.OpenBucket(context.WithoutCancel(ctx), "gs://"+address.Host)
	if err != nil {
		return nil, fmt.Errorf("open the configuration bucket %s: %w", address.Host, err)
	}
	return newBucket(bucket, address.String(), strings.Trim(address.Path, "/"), options), nil
}

// Bucket is the source of a bucket that is open already; address is for
// messages.
func Bucket(bucket *blob.Bucket, address string, options Options) Source {
	return newBucket(bucket, address, "", options.withDefaults())
}

func newBucket(bucket *blob.Bucket, address, prefix string, options Options) *blobs {
	if prefix != "" {
		prefix += "/"
	}
	return &blobs{
		options: options,
		address: address,
		bucket:  func(context.Context) (*blob.Bucket, error) { return bucket, nil },
		release: func(*blob.Bucket) error { return nil },
		close:   bucket.Close,
		prefix:  prefix,
		pointer: true,
		settles: bucketSettles,
	}
}

func (b *blobs) Close() error { return b.close() }

// Read reads all files twice, and returns them only when both readings are the
// same and nothing changed shortly before, so that it never returns half of an
// upload.
func (b *blobs) Read(ctx context.Context) (config.Files, error) {
	bucket, err := b.bucket(ctx)
	if err != nil {
		return config.Files{}, fmt.Errorf("open the configuration source %s: %w", b.address, err)
	}
	defer func() { _ = b.release(bucket) }() // it was only read from
	before, err := b.readOnce(ctx, bucket)
	for attempt := 1; err == nil; attempt++ {
		if err = b.settle(ctx, before); err != nil {
			break
		}
		var after reading
		if after, err = b.readOnce(ctx, bucket); err != nil {
			break
		}
		if after.revision() == before.revision() && after.modified.Equal(before.modified) {
			b.known.Store(after.revision())
			return after.result(), nil
		}
		if attempt == maxAttempts {
			err = failure.New(failure.Transient, "it changed during each of %d readings", attempt+1)
		}
		before = after
	}
	return config.Files{}, fmt.Errorf("read the configuration from %s: %w", b.address, err)
}

// settle waits until the newest file is old enough for the edit or upload to be
// complete, and for at least the pause where the revision is a new one.
func (b *blobs) settle(ctx context.Context, read reading) error {
	wait := min(b.settles-b.options.Now().Sub(read.modified), b.settles)
	if b.known.Load() != read.revision() {
		wait = max(wait, b.pause)
	}
	if wait <= 0 {
		return nil
	}
	return b.options.Sleep(ctx, wait)
}

// reading holds the files as they were read at one time.
type reading struct {
	folder   string            // the revision's folder that pointerFile names
	files    map[string][]byte // without those that do not exist
	modified time.Time         // the newest of them
	bytes    int
}

// revision returns the hash of the files, or the name of the revision's folder
// and a part of the hash where there is such a folder.
func (r reading) revision() string {
	sum := Revision(r.files)
	if r.folder != "" {
		return r.folder + "@" + sum[:12]
	}
	return sum
}

// Revision returns the revision of files that come without one: a hash over
// their names and contents.
func Revision(files map[string][]byte) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%d:%s%d:", len(name), name, len(files[name]))
		hash.Write(files[name])
	}
	return hex.EncodeToString(hash.Sum(nil))[:40]
}

func (r reading) result() config.Files { return files(r.revision(), r.files) }

// files returns the reading in the form that config.Parse takes.
func files(revision string, read map[string][]byte) config.Files {
	return config.Files{
		Revision:  revision,
		Templates: read[config.TemplatesFile],
		Managers:  read[config.ManagersFile],
		Settings:  read[config.SettingsFile],
		Read: func(name string) ([]byte, error) {
			if content, ok := read[name]; ok {
				return content, nil
			}
			return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
		},
	}
}

func (b *blobs) readOnce(ctx context.Context, bucket *blob.Bucket) (reading, error) {
	found := reading{files: map[string][]byte{}}
	prefix := b.prefix
	if b.pointer {
		folder, err := b.folder(ctx, bucket)
		if err != nil {
			return reading{}, err
		}
		if folder != "" {
			found.folder, prefix = folder, prefix+folder+"/"
		}
	}
	names := []string{config.TemplatesFile, config.ManagersFile, config.SettingsFile}
	for _, name := range names {
		if err := b.add(ctx, bucket, prefix, name, &found); err != nil {
			return reading{}, err
		}
	}
	for _, name := range config.MetadataFiles(found.files[config.TemplatesFile]) {
		if err := b.add(ctx, bucket, prefix, name, &found); err != nil {
			return reading{}, err
		}
	}
	return found, nil
}

// folder returns the content of the pointer file, "" where there is none.
func (b *blobs) folder(ctx context.Context, bucket *blob.Bucket) (string, error) {
	content, _, err := b.file(ctx, bucket, b.prefix+pointerFile, maxPointerBytes)
	if err != nil || content == nil {
		return "", err
	}
	name := strings.Trim(strings.TrimSpace(string(content)), "/")
	if !fs.ValidPath(name) || name == "." || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return "", failure.New(failure.Permanent, "%s%s must hold the name of a folder, not %q", b.prefix, pointerFile, name)
	}
	return name, nil
}

func (b *blobs) add(ctx context.Context, bucket *blob.Bucket, prefix, name string, found *reading) error {
	content, modified, err := b.file(ctx, bucket, prefix+name, maxFileBytes)
	if err != nil || content == nil {
		return err
	}
	if found.bytes += len(content); found.bytes > maxTotalBytes {
		return failure.New(failure.Permanent, "the files have more than %d bytes, which is the limit for all together", maxTotalBytes)
	}
	found.files[name] = content
	if modified.After(found.modified) {
		found.modified = modified
	}
	return nil
}

// file returns the content of one file, nil where there is none.
func (b *blobs) file(ctx context.Context, bucket *blob.Bucket, key string, limit int64) ([]byte, time.Time, error) {
	ctx, cancel := b.options.limit(ctx)
	defer cancel()
	reader, err := bucket.NewReader(ctx, key, nil)
	if isMissing(err) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("open %s: %w", key, err)
	}
	defer func() { _ = reader.Close() }() // it was only read from
	content, err := bounded(reader, key, limit)
	return content, reader.ModTime(), err
}

// isMissing reports whether the file does not exist. gcsblob also says so when
// the right to read it is missing; then the file may exist, so that counts as an
// error.
func isMissing(err error) bool {
	var answer *googleapi.Error
	if errors.As(err, &answer) && answer.Code == http.StatusForbidden {
		return false
	}
	return gcerrors.Code(err) == gcerrors.NotFound
}

// bounded reads everything up to a limit; the result is never nil.
func bounded(reader io.Reader, name string, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(reader, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(content)) > limit {
		return nil, failure.New(failure.Permanent, "%s has more than %d bytes, which is the limit", name, limit)
	}
	return content, nil
}
