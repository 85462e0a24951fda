package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/loadtest"
)

// The suite's tokens, which only a local Machine Provider accepts.
const (
	backendToken = "dev:backend@example.com" //nolint:gosec // no secret
	lesseeToken  = "dev:lessee@example.com"  //nolint:gosec // no secret
)

// callTimeout bounds a call of the Machine Provider.
const callTimeout = 30 * time.Second

// lessee leases machines.
type lessee struct{ loadtest.Caller }

func (s *system) lessee() lessee {
	client := &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: lesseesAtOnce}}
	return lessee{loadtest.Caller{URL: s.Endpoints.MachineProvider, Token: lesseeToken, Client: client}}
}

// lease leases a machine.
func (l lessee) lease(id string) step {
	return l.ask("lease", "FULFILLED", map[string]any{"request_id": id, "dimensions": map[string]any{"os_family": "LINUX"}, "duration": 3600})
}

func (l lessee) release(id string) step {
	return l.ask("release", "", map[string]any{"request_id": id})
}

// ask sends a request that must be answered without an error, and with a state.
func (l lessee) ask(method, state string, request map[string]any) step {
	return func(ctx context.Context) error {
		var answer struct{ State, Error string }
		_, err := l.Call(ctx, "machine_provider/v1/"+method, request, &answer)
		if err == nil && (answer.Error != "" || answer.State != state) {
			err = fmt.Errorf("%s %s: %s %s", method, request["request_id"], answer.State, answer.Error)
		}
		return err
	}
}
