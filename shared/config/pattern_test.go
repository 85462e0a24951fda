package config

import (
	"regexp"
	"testing"
)

// Patterns are compiled late, so a mistake in one would be found late.
func TestEveryPatternCompiles(*testing.T) {
	for _, pattern := range []func() *regexp.Regexp{
		rfc1035, projectID, zoneName, email, metadataKey, labelKey, labelValue, decimal, placeOf, indexes, wholeNumber, notInNames, imageURL,
	} {
		pattern()
	}
}
