package rest

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

func TestWithheld(t *testing.T) {
	const rest = "; what else Compute Engine says is left out, since it may quote a value"
	for message, want := range map[string]string{
		"Invalid value for field 'resource.properties.metadata.items[0].value': 'hunter2'. It is too long.": "it is about resource.properties.metadata.items[0].value" + rest,
		"'hunter2' is no value of Metadata":                                    "it is about Metadata" + rest,
		"googleapi: Error 400: metadata.items: hunter2":                        "it is about metadata.items" + rest,
		"Required 'compute.instances.setMetadata' permission for 'projects/p'": "Required 'compute.instances.setMetadata' permission for 'projects/p'",
		"Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.":           "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.",
	} {
		if got := withheld(message); got != want {
			t.Errorf("%s\nbecomes %s\nand not %s", message, got, want)
		}
	}
}

// Only errors of Compute Engine itself may quote metadata.
func TestWithholdingKeepsTheError(t *testing.T) {
	answer := &googleapi.Error{Code: 409, Message: "metadata: hunter2"}
	if err := withholding(fmt.Errorf("insert: %w", answer)); !errors.Is(err, answer) || !failure.Is(err, failure.Conflict) || err.Error() != withheld("metadata") {
		t.Errorf("%v", err)
	}
	token := errors.New(`Get "http://metadata.google.internal/computeMetadata/v1/token": connection refused`)
	if err := withholding(token); err.Error() != token.Error() {
		t.Errorf("%v", err)
	}
}
