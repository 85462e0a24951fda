// Package endpoints reads and writes the file that says where a running local
// suite listens.
package endpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Endpoints are the addresses of a local suite. URLs are base URLs.
type Endpoints struct {
	Project   string `json:"project"`
	Functions string `json:"functions"` // each function at /NAME
	// Compute is the base URL of Compute Engine, to which clients add
	// /compute/v1/projects/….
	Compute         string `json:"compute"`
	MachineProvider string `json:"machine_provider"` // clients add /_ah/api/…
	// PubSub and Firestore are host:port of the emulators; empty without them.
	PubSub    string `json:"pubsub,omitempty"`
	Firestore string `json:"firestore,omitempty"`
	// PubSubREST is the base URL of Pub/Sub's REST API, of the emulator or of
	// the bus in its place; clients add /v1/projects/….
	PubSubREST string `json:"pubsub_rest"`
	// Status is the base URL of the suite's own status: /pools, /counters.
	Status string `json:"status"`
	Log    string `json:"log,omitempty"` // the log file
	PID    int    `json:"pid"`
}

// Write writes the file atomically.
func Write(path string, e Endpoints) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("write the endpoints: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the endpoints: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the endpoints: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

// Read reads the file.
func Read(path string) (Endpoints, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return Endpoints{}, fmt.Errorf("read the endpoints of a local suite (scripts/local --endpoints FILE writes them): %w", err)
	}
	var e Endpoints
	if err := json.Unmarshal(text, &e); err != nil {
		return Endpoints{}, fmt.Errorf("%s is not what scripts/local --endpoints writes: %w", path, err)
	}
	if e.Project == "" || e.PubSubREST == "" {
		return Endpoints{}, fmt.Errorf("%s is not what scripts/local --endpoints writes: it has no project or no pubsub_rest", path)
	}
	return e, nil
}
