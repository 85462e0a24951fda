// Package pause waits, by the machine's clock, no longer than a context.
package pause

import (
	"context"
	"time"
)

// For waits for d. It returns the context's error where that ends first.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
