package rest

import (
	"fmt"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// incomplete is the error of a list that left something out. What is not on
// such a list is not gone, so the list is of no use.
func incomplete(unreachable []string, warnings ...*computepb.Warning) error {
	var missing []string
	for _, place := range unreachable {
		missing = append(missing, place+" is unreachable")
	}
	for _, warning := range warnings {
		switch warning.GetCode() {
		case computepb.Warning_UNREACHABLE.String(), computepb.Warning_PARTIAL_SUCCESS.String():
			missing = append(missing, fmt.Sprintf("%s: %s", warning.GetCode(), warning.GetMessage()))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return failure.New(failure.Transient, "the list is incomplete: %s", strings.Join(missing, "; "))
}
