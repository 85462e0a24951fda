// Package upload writes a configuration to a bucket or a folder as a new
// revision: first its files, and then the file that makes it the current one.
package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // opens gs://

	"github.com/gce-backend/gce-backend/shared/config"
)

// limit bounds an upload.
const limit = 2 * time.Minute

// pointer is the file that names the current revision's folder, as
// shared/config/configsource reads it.
const pointer = "current"

// Address returns from as a URL. Without a scheme it is a folder.
func Address(from string) (string, error) {
	if strings.Contains(from, "://") {
		return from, nil
	}
	absolute, err := filepath.Abs(from)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", from, err)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}).String(), nil
}

// Open opens the bucket or folder that a URL names; prefix is "" or ends with
// a slash.
func Open(ctx context.Context, address string) (bucket *blob.Bucket, prefix string, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, "", fmt.Errorf("%q is not a URL: %w", address, err)
	}
	switch {
	case parsed.Scheme == "gs" && parsed.Host != "":
		if prefix = strings.Trim(parsed.Path, "/"); prefix != "" {
			prefix += "/"
		}
		bucket, err = blob.OpenBucket(ctx, "gs://"+parsed.Host)
	case parsed.Scheme == "file" && parsed.Host == "" && path.IsAbs(parsed.Path):
		bucket, err = fileblob.OpenBucket(parsed.Path, &fileblob.Options{CreateDir: true, Metadata: fileblob.MetadataDontWrite})
	default:
		return nil, "", fmt.Errorf("%q must be gs://BUCKET/PREFIX or file:///FOLDER", address)
	}
	if err != nil {
		return nil, "", fmt.Errorf("open %s: %w", address, err)
	}
	return bucket, prefix, nil
}

// Files returns the files of a configuration, including those that templates.cfg
// refers to.
func Files(files config.Files) (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, content := range map[string][]byte{
		config.TemplatesFile: files.Templates, config.ManagersFile: files.Managers, config.SettingsFile: files.Settings,
	} {
		if content != nil {
			all[name] = content
		}
	}
	for _, name := range config.MetadataFiles(files.Templates) {
		content, err := files.Read(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all[name] = content
	}
	return all, nil
}

// Revision names a new revision after its time, so that names sort, and its
// content.
func Revision(files map[string][]byte, now time.Time) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%d:%s%d:", len(name), name, len(files[name]))
		hash.Write(files[name])
	}
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(hash.Sum(nil))[:8]
}

// Write uploads the files into the revision's folder and then makes it the
// current one. Until then readers get the previous revision.
func Write(ctx context.Context, bucket *blob.Bucket, prefix, revision string, files map[string][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := bucket.WriteAll(ctx, prefix+revision+"/"+name, files[name], &blob.WriterOptions{ContentType: "text/plain; charset=utf-8"}); err != nil {
			return fmt.Errorf("upload %s of revision %s (the revision before stays current): %w", name, revision, err)
		}
	}
	if err := bucket.WriteAll(ctx, prefix+pointer, []byte(revision+"\n"), &blob.WriterOptions{ContentType: "text/plain; charset=utf-8", CacheControl: "no-store"}); err != nil {
		return fmt.Errorf("make revision %s the current one: %w", revision, err)
	}
	return nil
}
