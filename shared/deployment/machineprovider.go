package deployment

import (
	"context"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
)

// settingsAge is how old what is known of settings.cfg may get.
const settingsAge = 30 * time.Second

// machineProvider returns the Machine Provider's URL: mp_server of the
// configuration in force, else the fallback.
func machineProvider(documents store.Store, fallback string, now func() time.Time) func(context.Context) (string, error) {
	r := &resolver{documents: documents, fallback: fallback, now: now}
	return r.resolve
}

type resolver struct {
	documents store.Store
	fallback  string
	now       func() time.Time

	mu    sync.Mutex
	url   string
	until time.Time
}

func (r *resolver) resolve(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); now.Before(r.until) {
		return r.url, nil
	}
	current, err := config.Current(ctx, r.documents)
	if err != nil {
		return "", err
	}
	if r.url = current.Settings.GetMpServer(); r.url == "" {
		r.url = r.fallback
	}
	r.until = r.now().Add(settingsAge)
	return r.url, nil
}
