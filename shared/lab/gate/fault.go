package gate

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Fault is a fault of a call.
type Fault struct {
	// Code replaces the emulator's answer, unless it is OK.
	Code codes.Code
	// Late says that the call takes effect nevertheless.
	Late bool
	// Delay delays the call before anything else happens.
	Delay time.Duration
}

// Inject makes faults happen from now on. fault is called for each call, by many
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

// wait waits for the fault's delay, or until the call ends.
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
