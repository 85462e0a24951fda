package config

import (
	"fmt"
	"regexp"
	"strings"
)

// notInNames are the characters that people put where a name has hyphens.
var notInNames = regexp.MustCompile(`[^a-z0-9-]+`)

// nameHint is a clause with the valid name that is nearest to one that is not:
// in lower case, with hyphens. Nothing, where that is not valid either.
func nameHint(name string, valid func(string) bool) string {
	near := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if near == name || !valid(near) {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", near)
}

// imageURL is how Compute Engine itself names an image.
var imageURL = regexp.MustCompile(`(?:^|/)projects/([^/]+)/global/images/((?:family/)?[^/]+)$`)

// imageHint is a clause that takes an image's URL or path apart.
func imageHint(image string) string {
	parts := imageURL.FindStringSubmatch(image)
	if parts == nil {
		return ""
	}
	return fmt.Sprintf("; did you mean image_project: %q and image_name: %q?", parts[1], parts[2])
}
