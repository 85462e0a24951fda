// Package configsource reads the configuration's files from where they are
// kept: a folder, a Cloud Storage bucket or a LUCI Config service, all of them
// at one revision.
package configsource

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/identity"
)

// Source reads a configuration.
type Source interface {
	// Read reads all files at one revision. A file that does not exist is nil
	// in the result, which is not an error.
	Read(ctx context.Context) (config.Files, error)
	// Close closes its connections.
	Close() error
}

// Options configure a source. The zero value of each is usable.
type Options struct {
	// Client sends the requests to a LUCI Config service; nil: a client of its
	// own.
	Client *http.Client
	// Token returns the token that a LUCI Config service requires; nil: one
	// from Google's metadata server or application default credentials. It is
	// not used over plain http.
	Token func(ctx context.Context, audience string) (string, error)
	// Timeout bounds each call; 0: 20 s.
	Timeout time.Duration
	// Sleep waits; nil: time.Sleep, ending early with the context.
	Sleep func(context.Context, time.Duration) error
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.Client = cmp.Or(o.Client, http.DefaultClient) // openLUCI copies it
	o.Timeout = cmp.Or(o.Timeout, 20*time.Second)
	if o.Token == nil {
		o.Token = identity.Tokens()
	}
	if o.Sleep == nil {
		o.Sleep = pause.For
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Limits of one configuration, so that a wrong source cannot exhaust memory.
const (
	maxFileBytes  = 8 << 20
	maxTotalBytes = 32 << 20
)

// The forms of a source's URL.
const forms = "file:///FOLDER, gs://BUCKET/PREFIX or luci-config://HOST/services/ID"

// Open opens the source at a URL: file:///FOLDER, gs://BUCKET/PREFIX or
// luci-config://HOST/services/ID.
func Open(ctx context.Context, address string, options Options) (Source, error) {
	options = options.withDefaults()
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the configuration source %q is not a URL; it must be %s", redactUser(address), forms)
	}
	switch parsed.Scheme {
	case "file":
		return openFolder(parsed, options)
	case "gs":
		return openCloudStorage(ctx, parsed, options)
	case "luci-config":
		return openLUCI(parsed, options)
	}
	return nil, fmt.Errorf("the configuration source %q must be %s", parsed.Redacted(), forms)
}

// collect reads the files of a configuration and the files that its templates
// name. get returns nil for a file that does not exist.
func collect(get func(name string) ([]byte, error)) (map[string][]byte, error) {
	found, total := map[string][]byte{}, 0
	add := func(names ...string) error {
		for _, name := range names {
			content, err := get(name)
			if err != nil {
				return err
			}
			if total += len(content); total > maxTotalBytes {
				return failure.New(failure.Permanent, "the files have more than %d bytes, which is the limit for all together", maxTotalBytes)
			}
			if content != nil {
				found[name] = content
			}
		}
		return nil
	}
	if err := add(config.TemplatesFile, config.ManagersFile, config.SettingsFile); err != nil {
		return nil, err
	}
	return found, add(config.MetadataFiles(found[config.TemplatesFile])...)
}

// files returns collected files in the form that config.Parse takes.
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

// redactUser strips everything up to the last @, which may hold a password.
func redactUser(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// limit sets the deadline of one call.
func (o Options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, o.Timeout)
}

// isLocal reports whether a host is this machine, for which http is allowed.
func isLocal(host string) bool {
	host = strings.TrimSuffix(host, ".")
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
