package leasing

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// hostnamePattern follows RFC 1123; backends other than GCE may have such
	// names.
	hostnamePattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	// topicPattern is Pub/Sub's: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
	topicPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)
	// projectPattern allows for the domain of an older project, as in
	// example.com:project.
	projectPattern = regexp.MustCompile(`^([a-z0-9.-]{1,61}:)?[a-z][a-z0-9-]{1,61}[a-z0-9]$`)
)

// CheckHostname returns an error for a string that cannot be a hostname.
func CheckHostname(hostname string) error {
	if !hostnamePattern.MatchString(hostname) {
		return fmt.Errorf("%.80q is no hostname: it has 1 to 253 letters, digits, hyphens and dots, and begins and ends with a letter or digit", hostname)
	}
	return nil
}

// Destination is the topic for messages, with its project.
type Destination struct {
	Topic   string `firestore:"topic,omitempty"`
	Project string `firestore:"project,omitempty"`
}

// Check completes a destination: a topic without a project belongs to the
// Machine Provider's own project. A destination with neither gets no messages.
func (d Destination) Check(own string) (Destination, error) {
	if d.Topic != "" {
		if !topicPattern.MatchString(d.Topic) || strings.HasPrefix(d.Topic, "goog") {
			return d, InvalidTopic
		}
		if d.Project == "" {
			d.Project = own
		}
	}
	switch {
	case d.Project == "":
		return d, nil
	case !projectPattern.MatchString(d.Project):
		return d, InvalidProject
	case d.Topic == "":
		return d, UnspecifiedTopic
	}
	return d, nil
}
