package testrun

import (
	"context"
	"errors"
	"sync"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

// lender starts the emulators once, for all tests of the first module that need
// them and for the step emulators.
type lender struct {
	once    sync.Once
	hosts   []string // as variables
	started []*emulators.Emulator
	err     error
}

// borrow returns the variables that name the emulators. It returns none if they
// are not installed: then the tests report what they cannot check.
func (l *lender) borrow(ctx context.Context) ([]string, error) {
	l.once.Do(func() {
		for _, kind := range []emulators.Kind{emulators.Firestore, emulators.PubSub} {
			started, err := emulators.Start(ctx, kind)
			if errors.Is(err, emulators.ErrMissing) {
				continue
			}
			if err != nil {
				l.err = err
				return
			}
			l.started = append(l.started, started)
			l.hosts = append(l.hosts, kind.Variable+"="+started.Host)
		}
	})
	return l.hosts, l.err
}

func (l *lender) stop() {
	for _, started := range l.started {
		started.Stop()
	}
}
