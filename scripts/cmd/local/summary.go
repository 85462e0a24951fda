package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
)

// summary is what the command prints once the suite is up.
type summary struct {
	endpoints.Endpoints
	file   string // the endpoints file
	folder string // the configuration's folder
	took   time.Duration
}

func (s summary) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "GCE Backend is up after %v, in project %s.\n", s.took.Round(10*time.Millisecond), s.Project)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&text, "  %-17s %s\n", name, value)
		}
	}
	line("functions", s.Functions+"/NAME")
	line("Compute Engine", s.Compute+"/compute/v1/")
	line("Machine Provider", s.MachineProvider+"/_ah/api/")
	line("Pub/Sub", s.PubSubREST+"/v1/")
	line("Firestore", s.Firestore)
	line("status page", s.Status+"/")
	line("configuration", near(s.folder)+" (edit it: it is read again at every import)")
	line("log", near(s.Log))
	if s.file != "" {
		fmt.Fprintf(&text, "Force a job:  ./scripts/publish import-config --endpoints %s\n", near(s.file))
	}
	fmt.Fprintf(&text, "Lease a VM:   curl -s -X POST %s/_ah/api/machine_provider/v1/lease"+
		" -H 'Authorization: Bearer dev:lessee@example.com' -H 'Content-Type: application/json'"+
		` -d '{"request_id": "first", "duration": "600", "dimensions": {"os_family": "LINUX"}}'`+"\n", s.MachineProvider)
	text.WriteString("Ctrl-C ends it.\n")
	return text.String()
}

// near returns a path relative to the current folder if that is shorter.
func near(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil || path == "" {
		return path
	}
	relative, err := filepath.Rel(here, absolute)
	if err != nil || len(relative) >= len(absolute) {
		return path
	}
	return relative
}
