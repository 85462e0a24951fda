package suite

import (
	"context"
	"sync"

	"github.com/gce-backend/gce-backend/shared/catalog"
)

// STUB until functions/machineprovider exists.
func (s *Suite) startMachineProvider(context.Context) error { return nil }

func (s *Suite) catalog() catalog.Catalog { return &stub{} }

type stub struct {
	mu   sync.Mutex
	have map[string]catalog.Entry
}

func (s *stub) Add(_ context.Context, entries ...catalog.Entry) ([]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.have == nil {
		s.have = map[string]catalog.Entry{}
	}
	for _, e := range entries {
		s.have[e.Hostname] = e
	}
	return make([]error, len(entries)), nil
}

func (s *stub) Get(_ context.Context, hostnames ...string) ([]catalog.Machine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []catalog.Machine
	for _, h := range hostnames {
		m := catalog.Machine{Hostname: h, Instance: s.have[h].Instance}
		if _, ok := s.have[h]; !ok {
			m.Err = catalog.ErrNotFound
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *stub) Remove(_ context.Context, removals ...catalog.Removal) ([]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]error, len(removals))
	for i, r := range removals {
		if _, ok := s.have[r.Hostname]; !ok {
			out[i] = catalog.ErrNotFound
		}
		delete(s.have, r.Hostname)
	}
	return out, nil
}

func (s *stub) Changes(context.Context, string) (catalog.Changes, error) {
	return catalog.Changes{}, catalog.ErrUnsupported
}
