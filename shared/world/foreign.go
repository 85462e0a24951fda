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
	w.compute(http.MethodPost, "global/instanceTemplates", fmt.Sprintf(`{"name":%q,"properties":{"machineType":"e2-small",
"disks":[{"boot":true,"autoDelete":true,"initializeParams":{"sourceImage":"projects/debian-cloud/global/images/debian-12"}}],
"networkInterfaces":[{"network":"global/networks/default"}]}}`, name))
	w.foreign.templates++
	w.Settle(0)
	w.RunFor(w.Options.OperationTime * 2)
	w.compute(http.MethodPost, "zones/us-central1-a/instanceGroupManagers", fmt.Sprintf(
		`{"name":%q,"baseInstanceName":"pool0-00000000-us-central1-a","instanceTemplate":"global/instanceTemplates/%s","targetSize":2}`, name, name))
}

// compute asks Compute Engine for something, as somebody outside.
func (w *World) compute(method, path, body string) {
	r, err := http.NewRequestWithContext(context.Background(), method, "http://compute.test/compute/v1/projects/"+Project+"/"+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	response, err := w.Cloud.Transport().RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK {
		panic(fmt.Sprint("what is foreign cannot be made: ", err, response))
	}
	_ = response.Body.Close()
}
