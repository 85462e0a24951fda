package suite

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// VMActivity is the topic of Compute Engine's audit messages about VMs.
const VMActivity = "vm-activity"

// computeRequests is the limit of requests per minute and method group: the
// default of a deployment.
const computeRequests = 1500

// startCompute starts the simulator, unless the environment names one. It
// publishes the events of VMs, as the log sink of a deployment does.
func (s *Suite) startCompute(ctx context.Context) error {
	if s.Endpoints.Compute = s.opts.Environment.Compute; s.Endpoints.Compute != "" {
		return nil
	}
	sink := NewSink(s.messages, s.opts.Log)
	options := simulator.Options{Now: s.opts.Now, BootTime: s.opts.VMBoot, OperationTime: s.opts.Operation, OnActivity: sink.Add}
	if s.opts.Simulate != nil {
		s.opts.Simulate(&options)
	}
	s.Cloud = simulator.New(options)
	running, cancel := context.WithCancel(context.Background())
	go s.Cloud.Run(running)
	go sink.Run(running)
	s.onStop(func(context.Context) { cancel() })
	var err error
	s.Endpoints.Compute, err = s.serve(ctx, "the Compute Engine simulator", s.Cloud)
	return err
}

// engine returns Compute Engine as the jobs see it.
func (s *Suite) engine() compute.Engine {
	return rest.New(rest.Options{Endpoint: s.Endpoints.Compute, RequestsPerMinute: computeRequests})
}

// running counts the simulator's VMs that are up, by group.
func (s *Suite) running() map[compute.GroupRef]int {
	if s.Cloud == nil {
		return nil
	}
	counts := map[compute.GroupRef]int{}
	for _, group := range s.Cloud.State().Groups {
		counts[compute.GroupRef{Project: group.Project, Zone: group.Zone, Name: group.Name}] += group.VMs["RUNNING"]
	}
	return counts
}

// Sink publishes a simulator's audit messages in order, without blocking the
// simulator.
type Sink struct {
	to  event.Publisher
	log *slog.Logger

	mu      sync.Mutex
	pending []event.Message
	arrived chan struct{}
}

// NewSink returns a Sink that publishes to the topic vm-activity.
func NewSink(to event.Publisher, log *slog.Logger) *Sink {
	return &Sink{to: to, log: log, arrived: make(chan struct{}, 1)}
}

// Add is the simulator's Options.OnActivity.
func (s *Sink) Add(entry []byte) {
	s.mu.Lock()
	s.pending = append(s.pending, event.Message{Data: entry})
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// Run publishes until ctx ends.
func (s *Sink) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.arrived:
		}
		s.mu.Lock()
		messages := s.pending
		s.pending = nil
		s.mu.Unlock()
		s.publish(ctx, messages)
	}
}

func (s *Sink) publish(ctx context.Context, messages []event.Message) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := s.to.Publish(ctx, event.Topic{Name: VMActivity}, messages...)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("VM activity was lost: "+err.Error(), "next", "the sweep finds it")
	}
}
