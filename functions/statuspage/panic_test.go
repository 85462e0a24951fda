package statuspage

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// panicking is a store that panics at a query, which the page makes on a
// goroutine of its own.
type panicking struct{ store.Store }

func (panicking) Find(context.Context, store.Query) ([]store.Document, error) {
	panic("out of range")
}

// A panic leads to the response 500, and the process goes on.
func TestAPanicIsAnswered(t *testing.T) {
	f := quiet(t)
	handler := f.handler(func(d *Dependencies) { d.Store = panicking{d.Store} })
	if answer := f.get(handler, "/"); answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "out of range") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}
