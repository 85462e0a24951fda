package world

import (
	"net/http"

	"github.com/gce-backend/gce-backend/shared/store"
)

// Violation is a broken invariant.
type Violation struct{ Invariant, Detail string }

func (v *Violation) Error() string { return v.Invariant + ": " + v.Detail }

// Broken is the first invariant that was broken; nil while all hold.
func (w *World) Broken() *Violation { return w.broken }

// Break records that an invariant does not hold.
func (w *World) Break(invariant, detail string) {
	if w.broken != nil {
		return
	}
	w.Note("BROKEN %s", invariant+": "+detail)
	w.broken = &Violation{Invariant: invariant, Detail: detail}
}

type mirror struct{}

func newMirror() mirror { return mirror{} }

func (w *World) committed([]store.Write) {}

func (w *World) computeAsked(*http.Request, string, []byte) {}
