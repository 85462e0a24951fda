package gate_test

import (
	"context"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"

	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/terraform"
)

func TestFaults(t *testing.T) {
	client, g, behind := start(t, terraform.Indexes{})
	for _, c := range []struct {
		name   string
		fault  gate.Fault
		code   codes.Code
		effect int
	}{
		{"none", gate.Fault{}, codes.OK, 1},
		{"contention", gate.Fault{Code: codes.Aborted}, codes.Aborted, 0},
		{"not available", gate.Fault{Code: codes.Unavailable}, codes.Unavailable, 0},
		{"the answer is lost", gate.Fault{Code: codes.Unavailable, Late: true}, codes.Unavailable, 1},
		{"slow", gate.Fault{Delay: time.Millisecond}, codes.OK, 1},
		{"slower than the call", gate.Fault{Delay: time.Hour}, codes.DeadlineExceeded, 0},
	} {
		g.Inject(func(method string) gate.Fault {
			if method != "Commit" {
				t.Errorf("asked about %s", method)
			}
			return c.fault
		})
		ctx, cancel := context.WithTimeout(routed(t.Context()), 10*time.Second)
		if c.fault.Delay == time.Hour {
			cancel()
			ctx, cancel = context.WithTimeout(routed(t.Context()), 100*time.Millisecond)
		}
		_, err := client.Commit(ctx, &pb.CommitRequest{Database: database})
		cancel()
		want(t, c.name, err, c.code, "")
		if got := len(behind.commits); got != c.effect {
			t.Errorf("%s: the emulator saw %d commits, not %d", c.name, got, c.effect)
		}
		for len(behind.commits) > 0 {
			<-behind.commits
		}
	}
}

// A silent connection carries no answer, and a new one works.
func TestSilence(t *testing.T) {
	client, g, behind := start(t, terraform.Indexes{})
	if _, err := client.Commit(routed(t.Context()), &pb.CommitRequest{Database: database}); err != nil {
		t.Fatal(err)
	}
	<-behind.commits
	if count := g.Silence(); count != 1 {
		t.Fatalf("%d connections were open, not 1", count)
	}
	ctx, cancel := context.WithTimeout(routed(t.Context()), 200*time.Millisecond)
	defer cancel()
	_, err := client.Commit(ctx, &pb.CommitRequest{Database: database})
	want(t, "on a silent connection", err, codes.DeadlineExceeded, "")
	if len(behind.commits) > 0 {
		t.Error("the commit came through")
	}
	if count := g.Silence(); count != 0 {
		t.Errorf("%d connections are open beside the silent one", count)
	}
}
