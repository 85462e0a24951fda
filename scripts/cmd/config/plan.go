package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
)

// stateLimit bounds reading the stored state.
const stateLimit = 2 * time.Minute

// target is the deployment that a command is about.
type target struct {
	Endpoints string `xor:"to" placeholder:"FILE" help:"The local suite that wrote this file (scripts/local --endpoints FILE)."`
	Project   string `xor:"to" placeholder:"ID" help:"This project of Google Cloud, as whoever is logged in."`
	Database  string `placeholder:"NAME" default:"${database}" help:"The project's Firestore database (default: ${default})."`
}

func (t target) check() error {
	if t.Endpoints == "" && t.Project == "" {
		return errors.New("say where: --endpoints FILE of a local suite, or --project ID")
	}
	return nil
}

type planCommand struct {
	Source string `arg:"" help:"Folder, or gs://BUCKET/PREFIX."`
	target
	JSON bool `name:"json" help:"Print the plan as JSON."`
}

// Run prints the plan.
func (c planCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	_, parsed, problems, err := load(ctx, c.Source)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		report(os.Stderr, c.Source, problems)
	}
	if len(problems.Errors()) > 0 {
		return &commandline.Exit{Code: 1, Err: errors.New("it would be refused; what is in force stays in force")}
	}
	state, err := c.state(ctx)
	if err != nil {
		return err
	}
	made, err := plan.Make(state, parsed)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, made)
	}
	_, err = fmt.Print(made)
	return err
}

// state reads the stored state.
func (t target) state(ctx context.Context) (plan.State, error) {
	ctx, cancel := context.WithTimeout(ctx, stateLimit)
	defer cancel()
	if t.Endpoints != "" {
		var state plan.State
		err := t.ask(ctx, "/state", &state)
		return state, err
	}
	documents := firestore.Open(ctx, t.Project, t.Database)
	defer func() { _ = documents.Close() }() // only read
	state, err := plan.Read(ctx, documents, logging.Text(os.Stderr, slog.LevelWarn))
	if err != nil {
		return state, fmt.Errorf("%w\n(who plans: gcloud auth application-default login; they need roles/datastore.viewer)", err)
	}
	return state, nil
}

// ask asks the local suite's status server.
func (t target) ask(ctx context.Context, path string, into any) error {
	of, err := endpoints.Read(t.Endpoints)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, of.Status+path, nil)
	if err != nil {
		return fmt.Errorf("ask the suite: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the suite (does it still run?): %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // only read
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) //nolint:errcheck // it is for the message only
		return fmt.Errorf("ask the suite: %s: %s", answer.Status, said)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("read the suite's answer: %w", err)
	}
	return nil
}
