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

// pointerFile is the file in a bucket or folder that holds the name of the
// current revision's subfolder. Writing it last makes an upload atomic.
const pointerFile = "current"

const (
	// maxReadings bounds how often the files are read again while they keep
	// changing.
	maxReadings = 5
	// folderSettles and bucketSettles are the times within which a change may
	// be followed by others of the same edit or upload. After that time the
	// files are read again.
	folderSettles = 500 * time.Millisecond
	bucketSettles = 2 * time.Second
	// folderPause is the shortest time between two readings of a new revision
	// of a folder: a file that is being overwritten is empty before its
	// modification time changes.
	folderPause = 50 * time.Millisecond
	// maxPointerBytes bounds the name of a revision.
	maxPointerBytes = 500
)

// blobs is a source in a folder or a bucket.
type blobs struct {
	options Options
	address string       // for messages
	bucket  *blob.Bucket // nil: a folder, opened at each read, because it may be replaced as a whole
	folder  string
	prefix  string // "" or with a slash at its end
	settles time.Duration
	pause   time.Duration
	known   atomic.Value // the last revision read, a string
}

func openFolder(address *url.URL, options Options) (Source, error) {
	if address.Host != "" && address.Host != "localhost" || !path.IsAbs(address.Path) || address.RawQuery != "" {
		return nil, fmt.Errorf("the configuration source %q must be file:///FOLDER, with three slashes", address.Redacted())
	}
	return &blobs{options: options, address: address.String(), folder: address.Path, settles: folderSettles, pause: folderPause}, nil
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
	return Bucket(bucket, address.String(), strings.Trim(address.Path, "/"), options), nil
}

// Bucket returns a source in an open bucket, or in a folder in it; address is
// for messages.
func Bucket(bucket *blob.Bucket, address, folder string, options Options) Source {
	prefix := strings.TrimPrefix(folder+"/", "/")
	return &blobs{options: options.withDefaults(), address: address, bucket: bucket, prefix: prefix, settles: bucketSettles}
}

func (b *blobs) Close() error {
	if b.bucket == nil {
		return nil
	}
	return b.bucket.Close()
}

// Read reads all files twice, and returns them only if both readings are the
// same and nothing changed shortly before, so that it never returns half of an
// upload.
func (b *blobs) Read(ctx context.Context) (config.Files, error) {
	bucket := b.bucket
	if bucket == nil {
		var err error
		if bucket, err = fileblob.OpenBucket(b.folder, nil); err != nil {
			return config.Files{}, fmt.Errorf("open the configuration source %s: %w", b.address, err)
		}
		defer func() { _ = bucket.Close() }() // it was only read from
	}
	settled, err := b.readSettled(ctx, bucket)
	if err != nil {
		return config.Files{}, fmt.Errorf("read the configuration from %s: %w", b.address, err)
	}
	b.known.Store(settled.revision)
	return files(settled.revision, settled.files), nil
}

// readSettled reads until two consecutive readings are the same.
func (b *blobs) readSettled(ctx context.Context, bucket *blob.Bucket) (reading, error) {
	var before reading
	for attempt := range maxReadings {
		if attempt > 0 {
			if err := b.settle(ctx, before); err != nil {
				return reading{}, err
			}
		}
		after, err := b.readOnce(ctx, bucket)
		if err != nil {
			return reading{}, err
		}
		if after.revision == before.revision && after.modified.Equal(before.modified) {
			return after, nil
		}
		before = after
	}
	return reading{}, failure.New(failure.Transient, "it changed during each of %d readings", maxReadings)
}

// settle waits until the newest file is old enough for the edit or upload to be
// complete, and for at least b.pause if the revision is new.
func (b *blobs) settle(ctx context.Context, read reading) error {
	wait := min(b.settles-b.options.Now().Sub(read.modified), b.settles)
	if b.known.Load() != read.revision {
		wait = max(wait, b.pause)
	}
	if wait <= 0 {
		return nil
	}
	return b.options.Sleep(ctx, wait)
}

// reading holds the files as read at one time.
type reading struct {
	// revision is the hash of the files. If the pointer file names a folder, it
	// is the name of that folder and a part of the hash.
	revision string
	files    map[string][]byte // without those that do not exist
	modified time.Time         // the newest of them
}

// Revision returns the revision of files that come without one: a hash of their
// names and contents.
func Revision(files map[string][]byte) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%d:%s%d:", len(name), name, len(files[name]))
		hash.Write(files[name])
	}
	return hex.EncodeToString(hash.Sum(nil))[:40]
}

func (b *blobs) readOnce(ctx context.Context, bucket *blob.Bucket) (found reading, err error) {
	folder, err := b.current(ctx, bucket)
	if err != nil {
		return reading{}, err
	}
	prefix := b.prefix + strings.TrimPrefix(folder+"/", "/")
	found.files, err = collect(func(name string) ([]byte, error) {
		content, modified, err := b.file(ctx, bucket, prefix+name, maxFileBytes)
		if modified.After(found.modified) {
			found.modified = modified
		}
		return content, err
	})
	found.revision = Revision(found.files)
	if folder != "" {
		found.revision = folder + "@" + found.revision[:12]
	}
	return found, err
}

// current returns the content of the pointer file, "" if it does not exist.
func (b *blobs) current(ctx context.Context, bucket *blob.Bucket) (string, error) {
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

// file returns the content of one file, nil if it does not exist.
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

// isMissing reports whether the file does not exist. gcsblob reports NotFound
// also if the right to read the file is missing, but then the file may exist.
func isMissing(err error) bool {
	var answer *googleapi.Error
	if errors.As(err, &answer) && answer.Code == http.StatusForbidden {
		return false
	}
	return gcerrors.Code(err) == gcerrors.NotFound
}

// bounded reads everything, up to a limit; the result is never nil.
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
