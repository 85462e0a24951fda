package suite

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// openStore opens Firestore if there is an emulator, and otherwise a store in
// memory. The store counts the functions' calls, but not the suite's own.
func (s *Suite) openStore(ctx context.Context) error {
	switch {
	case s.Endpoints.Firestore != "":
		opened := firestore.Open(ctx, s.opts.Project, "")
		s.onStop(func(context.Context) { _ = opened.Close() }) // every commit was answered by then
		s.inner = opened
	case s.opts.State == "":
		s.inner = memory.New(s.opts.Now)
	default:
		opened, err := memory.Open(s.opts.State, s.opts.Now)
		if err != nil {
			return fmt.Errorf("open the state: %w", err)
		}
		s.onStop(func(context.Context) {
			if err := opened.Close(); err != nil {
				s.opts.Log.Error("close the state: " + err.Error())
			}
		})
		s.inner = opened
	}
	s.Store = metered.New(s.inner)
	return nil
}
