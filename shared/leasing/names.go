package leasing

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// hostnamePattern is that of RFC 1123; what is stricter is Compute
	// Engine's to say.
	hostnamePattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	// topicPattern is Pub/Sub's: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
	topicPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)
	// projectPattern allows for the domain of an older project, as in
	// example.com:project.
	projectPattern = regexp.MustCompile(`^([a-z0-9.-]{1,61}:)?[a-z][a-z0-9-]{1,61}[a-z0-9]$`)
)

// CheckHostname refuses what cannot be a hostname.
func CheckHostname(hostname string) error {
	if !hostnamePattern.MatchString(hostname) {
		return fmt.Errorf("%.80q is no hostname: it has 1 to 253 letters, digits, hyphens and dots, and begins and ends with a letter or digit", hostname)
	}
	return nil
}

// Destination is where messages go: a topic and its project.
type Destination struct {
	Topic   string `firestore:"topic,omitempty"`
	Project string `firestore:"project,omitempty"`
}

// Check completes a destination: a topic without a project is one of the
// Machine Provider's own project. No topic and no project: nobody is told.
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
