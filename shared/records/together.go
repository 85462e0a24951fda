package records

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// atATime bounds the number of steps that one call runs at once.
const atATime = 32

// Together runs all steps concurrently and returns their errors.
func Together(ctx context.Context, steps ...func(context.Context) error) error {
	errs := make([]error, len(steps))
	places := make(chan struct{}, atATime)
	var wait sync.WaitGroup
	for i, step := range steps {
		places <- struct{}{}
		wait.Go(func() {
			defer func() {
				if recovered := recover(); recovered != nil { // it would end the process
					errs[i] = fmt.Errorf("panic: %v\n%s", recovered, debug.Stack())
				}
				<-places
			}()
			errs[i] = step(ctx)
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
