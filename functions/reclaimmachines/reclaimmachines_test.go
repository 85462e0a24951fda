package reclaimmachines

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

type published []string

func (p *published) Publish(_ context.Context, topic event.Topic, messages ...event.Message) error {
	for _, message := range messages {
		*p = append(*p, topic.Name+" "+string(message.Data))
	}
	return nil
}

func TestJob(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	documents := metered.New(memory.New(func() time.Time { return now }))
	messages := &published{}
	deps := job.Dependencies{
		Store: documents, Publisher: messages, Now: func() time.Time { return now },
		Rand: rand.New(rand.NewPCG(1, 2)), Project: "own",
	}
	configured := config.Empty()
	configured.Revision = "1"
	configured.Settings = &configpb.SettingsCfg{LeaseRequestTimeoutSeconds: proto.Int32(60), LeaseRetentionSeconds: proto.Int32(3600)}
	fields, err := config.Encode(configured, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := documents.Commit(ctx, store.Put(config.Key, fields)); err != nil {
		t.Fatal(err)
	}
	handler := Job.New(deps)
	run := func() {
		t.Helper()
		if err := handler(ctx, job.Run{Log: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
	}

	documents.Reset()
	run()
	if counts := documents.Counts().Total(); counts.Reads > 4 || counts.Writes+counts.Deletes != 0 {
		t.Errorf("with nothing to do: %+v", counts)
	}

	b := broker.New(broker.Options{
		Store: documents, Publisher: messages, Now: deps.Now, Rand: deps.Rand, Log: slog.New(slog.DiscardHandler), Project: "own",
		Limits: func() leasing.Limits { return leasing.Limits{MaxWait: time.Minute, Retention: time.Hour} },
	})
	seconds := int64(30)
	lease := func(id string) leasing.Lease {
		t.Helper()
		got, err := b.Lease(ctx, "lessee", leasing.Request{ID: id, Length: leasing.Length{Seconds: &seconds}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	b.Add(ctx, leasing.Machine{Backend: "GCE", Hostname: "vm-1", Policies: leasing.Policies{OnReclamation: leasing.Delete, Backend: leasing.Destination{Topic: "leases-changed", Project: "own"}}})
	lease("r")
	lease("waits")
	now = now.Add(30 * time.Second)
	run()
	if got := *messages; len(got) != 2 || got[1] != "leases-changed RECLAIMED" {
		t.Errorf("%q", got)
	}
	if got := lease("waits"); got.State != leasing.Pending {
		t.Errorf("%+v", got)
	}
	now = now.Add(30 * time.Second)
	run()
	if got := lease("waits"); got.State != leasing.Denied {
		t.Errorf("after lease_request_timeout_seconds: %+v", got)
	}
	now = now.Add(time.Hour)
	run()
	left, err := documents.Find(ctx, store.Query{Collection: "leases"})
	if err != nil || len(left) != 0 {
		t.Errorf("after lease_retention_seconds: %v, %v", left, err)
	}
}
