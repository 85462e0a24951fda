package gate

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Fault is what happens to a call.
type Fault struct {
	// Code is answered in place of the emulator's answer; OK: none.
	Code codes.Code
	// Late says that the call takes its effect all the same.
	Late bool
	// Delay comes before everything else.
	Delay time.Duration
}

// Inject lets faults happen from now on: it is asked at each call, from many
// goroutines, with the method's name, such as Commit.
func (g *Gate) Inject(fault func(method string) Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inject = fault
}

func (g *Gate) faultOf(method string) Fault {
	g.mu.Lock()
	inject := g.inject
	g.mu.Unlock()
	return inject(method)
}

func (f Fault) err() error {
	if f.Code == codes.OK {
		return nil
	}
	return status.Error(f.Code, "injected by the gate")
}

// wait waits for the fault's delay, or for the end of the call.
func (f Fault) wait(ctx context.Context) error {
	if f.Delay <= 0 {
		return nil
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}
