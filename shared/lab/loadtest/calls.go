package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

type object map[string]any

// batch is the number of machines in one call.
const batch = 250

// machine returns the hostname of the n-th machine.
func (l *load) machine(n int) string { return fmt.Sprintf("%s-%06d", l.options.Prefix, n) }

func (l *load) addMachines(ctx context.Context) error {
	policies := object{"on_reclamation": "MAKE_AVAILABLE"}
	if l.options.Topic != "" {
		policies["backend_topic"] = l.options.Topic
	}
	request := func(hostname string) object {
		return object{"dimensions": object{"hostname": hostname, "os_family": "LINUX", "num_cpus": "8"}, "policies": policies}
	}
	return l.catalog(ctx, "add_machines", request, func(hostname string, response response) error {
		// A repeated call finds the machines of the first.
		if response.Error != "" && response.Error != "HOSTNAME_REUSE" {
			return fmt.Errorf("add machine %s: %s", hostname, response.Error)
		}
		return nil
	})
}

// checkMachines checks that every machine is available again.
func (l *load) checkMachines(ctx context.Context) error {
	request := func(hostname string) object { return object{"hostname": hostname} }
	return l.catalog(ctx, "get_machines", request, func(hostname string, response response) error {
		if response.State != "AVAILABLE" {
			l.problem("%s did not come back: %s%s", hostname, response.State, response.Error)
		}
		return nil
	})
}

// response is the catalog's answer about one machine.
type response struct{ State, Error string }

// catalog calls a method of the catalog about each machine.
func (l *load) catalog(ctx context.Context, method string, request func(hostname string) object, take func(hostname string, response response) error) error {
	for begin := 0; begin < l.options.Machines; begin += batch {
		var requests []object
		for n := begin; n < min(begin+batch, l.options.Machines); n++ {
			requests = append(requests, request(l.machine(n)))
		}
		var answer struct{ Responses []response }
		if err := l.call(ctx, l.options.Backend, "catalog/v1/"+method, object{"requests": requests}, &answer); err != nil {
			return fmt.Errorf("call %s of all machines: %w", method, err)
		}
		for i, response := range answer.Responses {
			if err := take(l.machine(begin+i), response); err != nil {
				return err
			}
		}
	}
	return nil
}

// lease repeats the request until it is fulfilled; a repeated request returns
// the lease's current state. The latency is measured from at, when the request
// was scheduled.
func (l *load) lease(ctx context.Context, id string, at time.Time, dice *rand.Rand) (string, error) {
	request := object{
		"request_id": id,
		"dimensions": object{"os_family": "LINUX"},
		"duration":   3600,
	}
	var sent, waiting time.Time
	for asked := 0; ; asked++ {
		var answer struct{ State, Hostname, Error string }
		begin := time.Now()
		if asked == 0 {
			sent = begin
		}
		if err := l.call(ctx, l.options.Lessee, "machine_provider/v1/lease", request, &answer); err != nil {
			return "", err
		}
		now := time.Now()
		switch {
		case answer.Error != "":
			return "", fmt.Errorf("lease: %s", answer.Error)
		case answer.State == "FULFILLED" && answer.Hostname != "":
			l.order.fulfilled(sent, now)
			l.mu.Lock()
			defer l.mu.Unlock()
			if asked == 0 {
				l.leases = append(l.leases, now.Sub(at))
			} else {
				l.waited++
			}
			return answer.Hostname, nil
		case answer.State != "PENDING":
			return "", fmt.Errorf("lease: the state is %q with hostname %q", answer.State, answer.Hostname)
		}
		if asked == 0 {
			waiting = now
		} else if l.order.overtaken(waiting, begin) {
			l.mu.Lock()
			l.problem("request %s, waiting since %s, was overtaken", id, waiting.Format(time.TimeOnly))
			l.mu.Unlock()
		}
		_ = pause.For(ctx, time.Duration(20+dice.IntN(60)+20*min(asked, 20))*time.Millisecond)
	}
}

func (l *load) release(ctx context.Context, id string, at time.Time) error {
	var answer struct{ Error string }
	if err := l.call(ctx, l.options.Lessee, "machine_provider/v1/release", object{"request_id": id}, &answer); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releases = append(l.releases, time.Since(at))
	// A retry may find that the first attempt released the lease.
	if answer.Error != "" && answer.Error != "ALREADY_RECLAIMED" {
		l.problem("lease %s was lost: release answered %s", id, answer.Error)
	}
	return nil
}

// call sends a request, and retries it for up to Patience if it gets no
// response or a 5xx.
func (l *load) call(ctx context.Context, token, method string, request, into any) error {
	caller := Caller{URL: l.options.URL, Token: token, Client: l.options.Client}
	until := time.Now().Add(l.options.Patience)
	for {
		again, err := caller.Call(ctx, method, request, into)
		if err == nil || !again || time.Now().After(until) || ctx.Err() != nil {
			return err
		}
		l.mu.Lock()
		l.retries++
		l.mu.Unlock()
		_ = pause.For(ctx, 50*time.Millisecond)
	}
}

// Caller calls the Machine Provider at a URL, without /_ah/api, with a bearer
// token.
type Caller struct {
	URL, Token string
	Client     *http.Client
}

// Call sends one request. If it fails, again reports whether a retry may
// succeed.
func (c Caller) Call(ctx context.Context, method string, request, into any) (again bool, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/_ah/api/"+method, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Content-Type", "application/json")
	response, err := c.Client.Do(r)
	if err != nil {
		return true, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return true, err
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode >= 500, fmt.Errorf("%s: %s: %.300s", method, response.Status, answer)
	}
	return false, json.Unmarshal(answer, into)
}
