package bench

import (
	"context"
)

// Scale measures the same at three sizes.
func Scale(ctx context.Context, o Options) (Result, error) {
	result := newResult("scale", o)
	return result, nil
}
