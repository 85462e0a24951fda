package rest

import (
	"errors"
	"regexp"

	"google.golang.org/api/googleapi"
)

// Metadata may hold secrets, and Compute Engine quotes the value that it does
// not like: "Invalid value for field 'resource.properties.metadata.items[0].value':
// '…'". So only the field is passed on of a message about metadata. The name of a
// permission, such as compute.instances.setMetadata, reveals no value.
var aboutMetadata = regexp.MustCompile(`(?i)(?:[a-z.]+\.)?\bmetadata\b(?:\.items)?(?:\[\d+\])?(?:\.(?:key|value)\b)?`)

// withheld returns a message without what may be a secret.
func withheld(message string) string {
	field := aboutMetadata.FindString(message)
	if field == "" {
		return message
	}
	return "it is about " + field + "; what else Compute Engine says is left out, since it may quote a value"
}

// withholding withholds the text of an error that Compute Engine returned; the
// error can still be unwrapped. Any other error, such as one of the metadata
// server that gives tokens, is passed on as it is.
func withholding(err error) error {
	if _, ok := errors.AsType[*googleapi.Error](err); ok {
		return quiet{err}
	}
	return err
}

type quiet struct{ error }

func (q quiet) Error() string { return withheld(q.error.Error()) }
func (q quiet) Unwrap() error { return q.error }
