package bench

import "context"

// ColdStart measures a deployed function's start.
func ColdStart(ctx context.Context, o Options) (Result, error) {
	return newResult("coldstart", o), nil
}
