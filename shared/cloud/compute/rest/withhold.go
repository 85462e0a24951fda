package rest

import (
	"errors"
	"regexp"

	"google.golang.org/api/googleapi"
)

// Metadata may hold secrets, and Compute Engine quotes an invalid value:
// "Invalid value for field 'resource.properties.metadata.items[0].value': '…'".
// So a message about metadata is reduced to the field. The name of a
// permission, such as compute.instances.setMetadata, reveals no value.
var aboutMetadata = regexp.MustCompile(`(?i)(?:[a-z.]+\.)?\bmetadata\b(?:\.items)?(?:\[\d+\])?(?:\.(?:key|value)\b)?`)

// withheld returns a message without anything that may be a secret.
func withheld(message string) string {
	field := aboutMetadata.FindString(message)
	if field == "" {
		return message
	}
	return "it is about " + field + "; what else Compute Engine says is left out, since it may quote a value"
}

// withholding removes possible secrets from the text of an error that Compute
// Engine returned; the error can still be unwrapped. Any other error, such as
// one from the metadata server's token endpoint, is returned unchanged.
func withholding(err error) error {
	if _, ok := errors.AsType[*googleapi.Error](err); ok {
		return quiet{err}
	}
	return err
}

type quiet struct{ error }

func (q quiet) Error() string { return withheld(q.error.Error()) }
func (q quiet) Unwrap() error { return q.error }
