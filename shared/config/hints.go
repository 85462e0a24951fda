package config

import (
	"fmt"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// hint returns the clause that ends a message about an unknown word: the word
// that was perhaps meant, otherwise all choices.
func hint(word string, choices []string, introduction string) string {
	if question := spelling.DidYouMean(word, choices); question != "" {
		return question
	}
	return "; " + introduction + " " + strings.Join(choices, ", ")
}

// didYouMean returns the clause that suggests another value.
func didYouMean(meant string) string { return fmt.Sprintf("; did you mean %q?", meant) }

// notInNames matches the characters that people write in place of hyphens.
var notInNames = lazily(`[^a-z0-9-]+`)

// nameHint returns a clause that suggests an invalid name in lower case and
// with hyphens; "" if that is not valid either.
func nameHint(name string, valid func(string) bool) string {
	near := strings.Trim(notInNames().ReplaceAllString(strings.ToLower(name), "-"), "-")
	if near == name || !valid(near) {
		return ""
	}
	return didYouMean(near)
}

// imageURL matches the URL by which Compute Engine names an image.
var imageURL = lazily(`(?:^|/)projects/([^/]+)/global/images/((?:family/)?[^/]+)$`)

// imageHint returns a clause with the fields that replace an image's URL.
func imageHint(image string) string {
	parts := imageURL().FindStringSubmatch(image)
	if parts == nil {
		return ""
	}
	return fmt.Sprintf("; did you mean image_project: %q and image_name: %q?", parts[1], parts[2])
}
