package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2/google"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/follow"
	"github.com/gce-backend/gce-backend/scripts/internal/publishing"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// The intervals at which a log is read: short for a file, longer for Cloud
// Logging, which takes some seconds to show a line.
const (
	fileEvery, fileGrace   = 100 * time.Millisecond, 2 * time.Second
	cloudEvery, cloudGrace = 3 * time.Second, 20 * time.Second
)

// publishAndFollow publishes a message, and shows what the jobs that it triggers
// write to the log.
func (a arguments) publishAndFollow(ctx context.Context) error {
	message, err := publishing.Message(a.Topic, a.JSON, a.Attribute)
	if err != nil {
		return err
	}
	jobs, err := woken(a.Topic)
	if err != nil {
		return err
	}
	follower := &follow.Follower{Out: os.Stdout, Jobs: jobs, Every: fileEvery, Grace: fileGrace}
	to, client := endpoints.Endpoints{Project: a.Project, PubSubREST: "https://pubsub.googleapis.com"}, http.DefaultClient
	if a.Project != "" {
		if client, err = google.DefaultClient(ctx, "https://www.googleapis.com/auth/pubsub"); err != nil {
			return fmt.Errorf("log in (gcloud auth application-default login): %w", err)
		}
		follower.Every, follower.Grace = cloudEvery, cloudGrace
		follower.Log = &follow.Cloud{Project: a.Project, Jobs: jobs, Since: time.Now().Add(-time.Minute)}
	} else if to, err = endpoints.Read(a.Endpoints); err != nil {
		return err
	} else if to.Log == "" {
		return errors.New("the suite writes its log to standard error, where it can be followed; with --log FILE it can be followed here")
	} else if log, err := follow.OpenFile(to.Log); err != nil {
		return err
	} else {
		defer func() { _ = log.Close() }() // only read
		follower.Log = log
	}
	follower.Published = time.Now()
	if follower.ID, err = publishing.ToSuite(ctx, client, to, a.Topic, message); err != nil {
		return err
	}
	fmt.Printf("Published %s to %s as message %s.\n", message.Data, a.Topic, follower.ID)
	if len(jobs) == 0 {
		fmt.Println("No function listens to this topic.")
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, a.Timeout, fmt.Errorf("waited %v", a.Timeout))
	defer cancel()
	ok, err := follower.Run(ctx)
	if err == nil && !ok {
		err = errors.New("it failed; the next tick tries again")
	}
	return err
}

// woken lists the functions that subscribe to a topic.
func woken(topic string) ([]string, error) {
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return nil, err
	}
	var jobs []string
	for _, subscription := range m.Subscriptions() {
		if subscription.Topic == topic {
			jobs = append(jobs, subscription.Function)
		}
	}
	return jobs, nil
}
