// Package access decides who may do what in the Machine Provider, and within
// which limits, from the imported settings.cfg. An identity without an entry
// has no access.
package access

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Settings are the parts of settings.cfg that concern the Machine Provider.
type Settings struct {
	Administrators []string
	Lessees        []string
	Viewers        []string
	// Backends holds the members of each backend, by its name.
	Backends map[string][]string
	Limits   leasing.Limits
}

// Source returns the current settings.
type Source interface {
	Settings(ctx context.Context) (Settings, error)
}

// Administrator reports whether an identity may do everything in the catalog.
func (s Settings) Administrator(email string) bool { return has(s.Administrators, email) }

// Lessee reports whether an identity may lease machines.
func (s Settings) Lessee(email string) bool { return has(s.Lessees, email) }

// Viewer reports whether an identity may look at the catalog.
func (s Settings) Viewer(email string) bool { return has(s.Viewers, email) }

// Backend returns the backend that an identity is a member of; "" for none. If
// there are several, it is the first by name.
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

// FromConfig extracts the settings from a configuration.
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
	// fresh is how long settings are used before they are read again.
	fresh = 10 * time.Second
	// stale is how long they are used while the store does not respond.
	stale = time.Minute
)

// Cached reads the settings from the store, and keeps them for a short time.
type Cached struct {
	store store.Store
	now   func() time.Time
	last  atomic.Pointer[reading]
}

// reading holds the settings as they were read at a time.
type reading struct {
	settings Settings
	at       time.Time
}

// NewCached makes a Cached.
func NewCached(s store.Store, now func() time.Time) *Cached {
	return &Cached{store: s, now: now}
}

// Settings returns the current settings.
func (c *Cached) Settings(ctx context.Context) (Settings, error) {
	now := c.now()
	if last := c.last.Load(); last.since(now) < fresh {
		return last.settings, nil
	}
	current, err := config.Current(ctx, c.store)
	if err != nil {
		if last := c.last.Load(); last.since(now) < stale {
			return last.settings, nil
		}
		return Settings{}, err
	}
	settings := FromConfig(current.Settings)
	if current.Revision != "" { // not cached before the first import, so that it takes effect at once
		c.last.Store(&reading{settings: settings, at: now})
	}
	return settings, nil
}

// since returns the age of a reading; stale for no reading.
func (r *reading) since(now time.Time) time.Duration {
	if r == nil {
		return stale
	}
	return max(now.Sub(r.at), 0)
}

// Limits returns the limits of the settings that were read last.
func (c *Cached) Limits() leasing.Limits {
	if last := c.last.Load(); last != nil {
		return last.settings.Limits
	}
	return leasing.DefaultLimits()
}
