package world

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// makeForeign makes a template and a group in Compute Engine that are not
// ours, one of them with a name like ours.
func (w *World) makeForeign() {
	name := Foreign + "-000000000000"
	w.must(http.MethodPost, "global/instanceTemplates", fmt.Sprintf(`{"name":%q,"properties":{"machineType":"e2-small",
"disks":[{"boot":true,"autoDelete":true,"initializeParams":{"sourceImage":"projects/debian-cloud/global/images/family/debian-12"}}],
"networkInterfaces":[{"network":"global/networks/default"}]}}`, name))
	w.foreign.templates++
	w.Settle(0)
	w.RunFor(w.Options.OperationTime * 2)
	w.must(http.MethodPost, "zones/us-central1-a/instanceGroupManagers", fmt.Sprintf(
		`{"name":%q,"baseInstanceName":"pool0-00000000-us-central1-a","instanceTemplate":"global/instanceTemplates/%s","targetSize":2}`, name, name))
}

// DeleteGroup deletes a group by hand.
func (w *World) DeleteGroup(zone, name string) {
	w.Note("by hand: delete group %s in %s", name, zone)
	w.users.deleted[[2]string{zone, name}] = true
	if err := w.compute(http.MethodDelete, "zones/"+zone+"/instanceGroupManagers/"+name, ""); err != nil {
		w.Note("it is not: %s", err)
	}
}

func (w *World) must(method, path, body string) {
	if err := w.compute(method, path, body); err != nil {
		panic(err)
	}
}

// compute asks Compute Engine for something, as somebody outside.
func (w *World) compute(method, path, body string) error {
	r, err := http.NewRequestWithContext(context.Background(), method, "http://compute.test/compute/v1/projects/"+Project+"/"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := w.Cloud.Transport().RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return nil
}
