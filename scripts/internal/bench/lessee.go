package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The suite's tokens, which only a local Machine Provider believes.
const (
	backendToken = "dev:backend@example.com" //nolint:gosec // no secret
	lesseeToken  = "dev:lessee@example.com"  //nolint:gosec // no secret
)

// callTimeout bounds a call of the Machine Provider.
const callTimeout = 30 * time.Second

// lessee leases machines.
type lessee struct {
	url    string
	client http.Client
}

func (s *system) lessee() *lessee {
	return &lessee{url: s.Endpoints.MachineProvider + "/_ah/api/machine_provider/v1/",
		client: http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// answer is what the Machine Provider says of a request.
type answer struct {
	State    string `json:"state"`
	Hostname string `json:"hostname"`
	Error    string `json:"error"`
}

// lease leases a machine and answers its hostname.
func (l *lessee) lease(ctx context.Context, id string) (string, error) {
	said, err := l.call(ctx, "lease", map[string]any{
		"request_id": id, "dimensions": map[string]any{"os_family": "LINUX"}, "duration": 3600,
	})
	if err == nil && said.State != "FULFILLED" {
		err = fmt.Errorf("lease %s is %s %s", id, said.State, said.Error)
	}
	return said.Hostname, err
}

func (l *lessee) release(ctx context.Context, id string) error {
	said, err := l.call(ctx, "release", map[string]any{"request_id": id})
	if err == nil && said.Error != "" {
		err = fmt.Errorf("release %s: %s", id, said.Error)
	}
	return err
}

func (l *lessee) call(ctx context.Context, method string, request map[string]any) (answer, error) {
	var said answer
	body, err := json.Marshal(request)
	if err != nil {
		return said, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+method, bytes.NewReader(body))
	if err != nil {
		return said, err
	}
	r.Header.Set("Authorization", "Bearer "+lesseeToken)
	r.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(r)
	if err != nil {
		return said, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return said, err
	}
	if response.StatusCode != http.StatusOK {
		return said, fmt.Errorf("%s: %s: %.300s", method, response.Status, text)
	}
	return said, json.Unmarshal(text, &said)
}
