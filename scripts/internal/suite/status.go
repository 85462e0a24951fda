package suite

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/shared/lab/bus"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// startStatus serves the suite's status, and the REST API of the bus if there is
// one.
func (s *Suite) startStatus(ctx context.Context) error {
	page, err := s.statusPage(true)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page)
	mux.HandleFunc("GET /pools", func(w http.ResponseWriter, r *http.Request) {
		report, err := s.Pools().Read(r.Context())
		answer(w, report, err)
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		state, err := plan.Read(r.Context(), s.inner, s.opts.Log)
		answer(w, state, err)
	})
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Counters(), nil) })
	b, embedded := s.messages.(*bus.Bus)
	if embedded {
		mux.Handle("/v1/", b.Handler())
	}
	url, err := s.serve(ctx, "the suite's status", mux)
	if err != nil {
		return err
	}
	s.Endpoints.Status = url
	if embedded {
		s.Endpoints.PubSubREST = url
	}
	return nil
}

// Counters count what the suite has done since its start.
type Counters struct {
	// Store counts documents as Firestore bills them, in total and in parts.
	Store StoreCounters `json:"store"`
	// Compute counts the simulator's calls by method; Mutations is the number of
	// those that could have changed something.
	Compute   map[string]int `json:"compute,omitempty"`
	Mutations int            `json:"mutations"`
	// MachineProvider counts the calls of the Machine Provider by method.
	MachineProvider map[string]int `json:"machine_provider,omitempty"`
	// Published counts messages by topic, Deliveries the messages that reached
	// each job. DeadLetters counts the dead letters of the bus; an emulator's are
	// unknown.
	Published   map[string]int `json:"published,omitempty"`
	Deliveries  map[string]int `json:"deliveries,omitempty"`
	DeadLetters int            `json:"dead_letters"`
	Idle        bool           `json:"idle"` // no delivery is under way
}

// Counters reads the counters.
func (s *Suite) Counters() Counters {
	counters := Counters{
		Store: storeCounters(s.Store.Counts()), Idle: s.Idle(), MachineProvider: s.asked.counts(),
		Published: s.published.counts(), Deliveries: s.delivered.counts(),
	}
	if s.Cloud != nil {
		counters.Compute, counters.Mutations = s.Cloud.Calls(), s.Cloud.Mutations()
	}
	if b, ok := s.messages.(*bus.Bus); ok {
		counters.Published, counters.DeadLetters = b.Published(), len(b.DeadLetters())
	}
	return counters
}

// StoreCounters are counts of documents.
type StoreCounters struct {
	metered.Counts
	Parts []StorePart `json:"parts"`
}

// StorePart counts the documents of a collection that a function used.
type StorePart struct {
	metered.Source
	metered.Counts
}

// Since returns the difference to an earlier reading.
func (c StoreCounters) Since(earlier StoreCounters) StoreCounters {
	old := map[metered.Source]metered.Counts{}
	for _, part := range earlier.Parts {
		old[part.Source] = part.Counts
	}
	grown := StoreCounters{Counts: c.Minus(earlier.Counts)}
	for _, part := range c.Parts {
		if part.Counts = part.Minus(old[part.Source]); part.Reads+part.Writes+part.Deletes > 0 {
			grown.Parts = append(grown.Parts, part)
		}
	}
	return grown
}

func storeCounters(counts metered.Snapshot) StoreCounters {
	counters := StoreCounters{Counts: counts.Total(), Parts: []StorePart{}}
	for by, part := range counts {
		counters.Parts = append(counters.Parts, StorePart{by, part})
	}
	slices.SortFunc(counters.Parts, func(a, b StorePart) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Collection, b.Collection))
	})
	return counters
}

func answer(w http.ResponseWriter, result any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		result = map[string]string{"error": err.Error()}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(result) // an error means that the client is gone
}
