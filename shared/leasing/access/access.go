// Package access says who may do what in the Machine Provider, and what its
// limits are, by the imported settings.cfg. No entry, no access.
package access

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Settings are what settings.cfg says about the Machine Provider.
type Settings struct {
	Administrators []string
	Lessees        []string
	Viewers        []string
	// Backends holds the members of each backend, by its name.
	Backends map[string][]string
	Limits   leasing.Limits
}

// Source tells the settings at the moment.
type Source interface {
	Settings(ctx context.Context) (Settings, error)
}

// Administrator reports whether an identity may do everything in the catalog.
func (s Settings) Administrator(email string) bool { return has(s.Administrators, email) }

// Lessee reports whether an identity may lease machines.
func (s Settings) Lessee(email string) bool { return has(s.Lessees, email) }

// Viewer reports whether an identity may look at the catalog.
func (s Settings) Viewer(email string) bool { return has(s.Viewers, email) }

// Backend is the backend that an identity is a member of; "" for none. Of
// several it is the first by name.
func (s Settings) Backend(email string) string {
	first := ""
	for name, members := range s.Backends {
		if has(members, email) && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

func has(list []string, email string) bool {
	return email != "" && slices.ContainsFunc(list, func(entry string) bool { return strings.EqualFold(entry, email) })
}

// FromConfig picks the settings out of a configuration.
func FromConfig(settings *configpb.SettingsCfg) Settings {
	s := Settings{
		Administrators: settings.GetCatalogAdministrators(),
		Lessees:        settings.GetLessees(),
		Viewers:        settings.GetCatalogViewers(),
		Backends:       map[string][]string{},
		Limits:         leasing.DefaultLimits(),
	}
	for _, backend := range settings.GetBackends() {
		s.Backends[backend.GetName()] = append(s.Backends[backend.GetName()], backend.GetMembers()...)
	}
	s.Limits.MaxWait = time.Duration(settings.GetLeaseRequestTimeoutSeconds()) * time.Second
	s.Limits.Retention = time.Duration(settings.GetLeaseRetentionSeconds()) * time.Second
	s.Limits = s.Limits.WithDefaults()
	return s
}

const (
	// fresh is how long what was read is good for.
	fresh = 10 * time.Second
	// stale is how long it is used while the store does not answer.
	stale = time.Minute
)

// Cached reads the settings from the store, and not again for a while.
type Cached struct {
	store store.Store
	now   func() time.Time

	mu   sync.Mutex
	last Settings
	at   time.Time
}

// NewCached makes a Cached.
func NewCached(s store.Store, now func() time.Time) *Cached {
	return &Cached{store: s, now: now}
}

// Settings tells the settings at the moment.
func (c *Cached) Settings(ctx context.Context) (Settings, error) {
	now := c.now()
	if last, age := c.known(now); age < fresh {
		return last, nil
	}
	current, err := config.Current(ctx, c.store)
	if err != nil {
		if last, age := c.known(now); age < stale {
			return last, nil
		}
		return Settings{}, err
	}
	settings := FromConfig(current.Settings)
	if current.Revision == "" {
		return settings, nil // nobody has access before the first import, but right after it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.at = settings, now
	return settings, nil
}

// Limits are those of the settings that were read last.
func (c *Cached) Limits() leasing.Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last.Limits.WithDefaults()
}

func (c *Cached) known(now time.Time) (Settings, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return Settings{}, stale
	}
	return c.last, max(now.Sub(c.at), 0)
}
