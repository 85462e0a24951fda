// Command publish publishes a message, in order to force a job.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/publishing"
)

type arguments struct {
	Topic     string            `arg:"" help:"A job, such as import-config, to force it; or a fact, such as config-imported."`
	JSON      string            `arg:"" optional:"" name:"json" help:"What it is about, such as {\"baseName\": \"linux-small\"} (default: {}, everything)."`
	Attribute map[string]string `mapsep:"none" placeholder:"KEY=VALUE" help:"An attribute of the message; may be given again."`
	Endpoints string            `xor:"to" required:"" placeholder:"FILE" help:"Into the local suite that wrote this file (scripts/local --endpoints FILE)."`
	Project   string            `xor:"to" required:"" placeholder:"ID" help:"Into this project of Google Cloud, as whoever is logged in."`
	Follow    bool              `help:"Show the log lines of the jobs that it wakes, until they are done; exit 1 when one fails."`
	Timeout   time.Duration     `default:"10m" help:"How long --follow waits (default: ${default})."`
}

const description = `Publishes a message, so as to force a job, in a local suite or in a project.

Examples:
  scripts/publish import-config --endpoints .build/endpoints.json --follow
  scripts/publish resize-instance-groups '{"baseName": "linux-small"}' --project my-project`

func main() { commandline.Main("publish", description, run) }

func run(ctx context.Context, a arguments) error {
	if a.Follow {
		return a.publishAndFollow(ctx)
	}
	return a.publish(ctx)
}

func (a arguments) publish(ctx context.Context) error {
	message, err := publishing.Message(a.Topic, a.JSON, a.Attribute)
	if err != nil {
		return err
	}
	if a.Project != "" {
		if err := publishing.ToProject(ctx, a.Project, a.Topic, message); err != nil {
			return err
		}
		fmt.Printf("Published %s to %s of the project %s.\n", message.Data, a.Topic, a.Project)
		return nil
	}
	to, err := endpoints.Read(a.Endpoints)
	if err != nil {
		return err
	}
	id, err := publishing.ToSuite(ctx, http.DefaultClient, to, a.Topic, message)
	if err != nil {
		return err
	}
	fmt.Printf("Published %s to %s as message %s.", message.Data, a.Topic, id)
	if to.Log != "" {
		fmt.Printf(" Its log lines: grep '\"event_id\":\"%s\"' %s", id, to.Log)
	}
	fmt.Println()
	return nil
}
