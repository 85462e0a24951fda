package config

import "testing"

// Patterns are compiled late, so a mistake in one would be found late.
func TestEveryPatternCompiles(*testing.T) {
	for _, p := range []pattern{rfc1035, projectID, zoneName, email, metadataKey, labelKey, labelValue, decimal, placeOf} {
		p.MatchString("")
	}
}
