package world

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// makeForeign makes resources in Compute Engine that are not ours, with names
// like ours.
func (w *World) makeForeign() {
	for i, request := range invariants.MakeForeign(fleet.PoolKey{BaseName: "pool0", Zone: "us-central1-a"}) {
		if i > 0 { // it refers to the one before
			w.Settle(0)
			w.RunFor(w.Options.OperationTime * 2)
		}
		if err := w.compute(http.MethodPost, request[0], request[1]); err != nil {
			panic(err)
		}
	}
	w.foreignTemplates = invariants.ForeignTemplates
}

// DeleteGroup deletes a group by hand.
func (w *World) DeleteGroup(zone, name string) {
	w.Note("by hand: delete group %s in %s", name, zone)
	w.users.deleted[[2]string{zone, name}] = true
	if err := w.compute(http.MethodDelete, "zones/"+zone+"/instanceGroupManagers/"+name, ""); err != nil {
		w.Note("it is not: %s", err)
	}
}

// compute sends a request to Compute Engine that comes from no job.
func (w *World) compute(method, path, body string) error {
	status, err := invariants.Ask(context.Background(), w.Cloud, Project, method, path, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s %s: %d", method, path, status)
	}
	return err
}
