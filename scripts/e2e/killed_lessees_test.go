package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/promises"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// provider is the Machine Provider of the moment.
type provider struct {
	mu               sync.Mutex
	url              string
	leases, repeated int
}

// moved tells where it is now.
func (p *provider) moved(to endpoints.Endpoints) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.url = to.MachineProvider + "/_ah/api/machine_provider/v1/"
}

func (p *provider) counts() (leases, repeated int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leases, p.repeated
}

// answer is an answer of the Machine Provider, with the fields of all methods.
type answer struct {
	State      string `json:"state"`
	Hostname   string `json:"hostname"`
	Hash       string `json:"request_hash"`
	Expiration string `json:"lease_expiration_ts"`
	Error      string `json:"error"`
	calls      int
}

func (a answer) until() time.Time {
	seconds, err := strconv.ParseInt(a.Expiration, 10, 64)
	if err != nil { // indefinite
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// callTimeout is how long a lessee waits for one answer.
const callTimeout = 10 * time.Second

// call repeats a call until there is an answer: a call without an answer may or
// may not have taken effect. The answer holds the number of calls.
func (p *provider) call(ctx context.Context, method string, body map[string]any) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	for calls := 1; ; calls++ {
		p.mu.Lock()
		url := p.url
		p.mu.Unlock()
		got, again, err := once(ctx, url+method, text)
		if err == nil || !again {
			got.calls = calls
			return got, err
		}
		p.mu.Lock()
		p.repeated++
		p.mu.Unlock()
		if !pause(ctx, 100*time.Millisecond) {
			return answer{}, ctx.Err()
		}
	}
}

func once(ctx context.Context, url string, body []byte) (got answer, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, false, err
	}
	r.Header.Set("Authorization", "Bearer dev:lessee@example.com")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, true, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, true, err
	}
	if response.StatusCode != http.StatusOK {
		return answer{}, response.StatusCode >= 500, fmt.Errorf("%s: %s: %.300s", url, response.Status, text)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return answer{}, false, fmt.Errorf("%s: %w: %.300s", url, err, text)
	}
	return got, false, nil
}

// pause is a lessee's own time; false: the test is over.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// lessee leases machines, one after the other.
type lessee struct {
	name     string
	provider *provider
	checker  *promises.Checker
	dice     *rand.Rand
	keeps    bool // the first machine, to the end
}

// live leases one machine after the other until stop is closed, and still completes
// the lease under way.
func (l *lessee) live(ctx context.Context, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(l.dice.Int64N(int64(time.Second)))):
		}
		if err := l.cycle(ctx, fmt.Sprintf("%s-%d", l.name, n)); err != nil {
			if ctx.Err() == nil {
				l.checker.Break(invariants.LeasedStays, "%v", err)
			}
			return
		}
		if l.keeps {
			return
		}
	}
}

// cycle is one lease from its beginning to its end.
func (l *lessee) cycle(ctx context.Context, id string) error {
	request := map[string]any{"request_id": id, "dimensions": map[string]any{"os_family": "LINUX"}}
	kind := l.dice.IntN(4)
	switch {
	case l.keeps || kind == 0:
		request["indefinite"] = true
	case kind == 1:
		request["duration"] = "600"
	default:
		request["duration"] = strconv.Itoa(5 + l.dice.IntN(6))
	}
	h, err := l.lease(ctx, id, request)
	if err != nil || h.Instance == "" || l.keeps {
		return err
	}
	for range l.dice.IntN(4) {
		if !pause(ctx, time.Second+time.Duration(l.dice.Int64N(int64(2*time.Second)))) {
			return nil
		}
		if kind == 2 {
			if over, err := l.renew(ctx, h); err != nil || over {
				return err
			}
		}
	}
	if kind == 3 { // it runs out
		pause(ctx, time.Until(h.Until))
		l.checker.Book.LetGo(id)
		return nil
	}
	return l.release(ctx, h)
}

// lease asks until the lease is fulfilled. It returns no machine if answers were
// lost for so long that the lease is over.
func (l *lessee) lease(ctx context.Context, id string, request map[string]any) (promises.Holding, error) {
	for {
		got, err := l.provider.call(ctx, "lease", request)
		switch {
		case err != nil || got.Error != "":
			return promises.Holding{}, fmt.Errorf("%s leases: %s %w", id, got.Error, err)
		case got.State == "FULFILLED":
			return l.took(ctx, id, got)
		case got.State != "PENDING":
			return promises.Holding{}, fmt.Errorf("%s leases, and is %s", id, got.State)
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// took notes what it was given.
func (l *lessee) took(ctx context.Context, id string, got answer) (promises.Holding, error) {
	v, err := l.checker.Look(ctx)
	if err != nil {
		return promises.Holding{}, err
	}
	l.provider.mu.Lock()
	l.provider.leases++
	l.provider.mu.Unlock()
	lease := v.Leases[got.Hash]
	h := promises.Holding{
		Holding: invariants.Holding{Request: id, Hash: got.Hash, Hostname: got.Hostname, Instance: lease.Instance()}, Until: got.until(), Kept: l.keeps,
	}
	if got.Hostname == "" || !lease.Running() { // over in the meantime; the checks see whether rightly
		return promises.Holding{}, nil
	}
	l.checker.Note("%s is given %s until %s", id, h.Instance, got.Expiration)
	if other := l.checker.Book.Took(h, time.Now()); other != "" {
		l.checker.Break(invariants.OneLessee, "%s is given to %s, and %s has it", h.Instance, id, other)
	}
	return h, nil
}

// renew extends the lease, and reports whether the lease is over.
func (l *lessee) renew(ctx context.Context, h promises.Holding) (over bool, err error) {
	got, err := l.provider.call(ctx, "renew", map[string]any{"request_id": h.Request, "duration": "15"})
	if err != nil {
		return false, fmt.Errorf("%s renews: %w", h.Request, err)
	}
	if got.Error == "" {
		l.checker.Book.Extend(h.Request, got.until())
		return false, nil
	}
	is, held := l.checker.Book.LetGo(h.Request)
	return true, l.lost(is, held, "renews", got)
}

// release gives the machine back.
func (l *lessee) release(ctx context.Context, h promises.Holding) error {
	is, held := l.checker.Book.LetGo(h.Request)
	l.checker.Note("%s gives %s back", h.Request, h.Instance)
	got, err := l.provider.call(ctx, "release", map[string]any{"request_id": h.Request})
	if err != nil {
		return fmt.Errorf("%s releases: %w", h.Request, err)
	}
	if got.calls > 1 { // a call before may have done it
		return nil
	}
	return l.lost(is, held, "releases", got)
}

// lost returns an error if a refusal means that a running lease was lost.
func (l *lessee) lost(h promises.Holding, held bool, does string, got answer) error {
	if got.Error == "" || !held || !h.Sure(time.Now()) || l.checker.Book.Harmed(h.Instance) {
		return nil
	}
	return fmt.Errorf("%s %s %s, and is answered %s", h.Request, does, h.Instance, got.Error)
}
