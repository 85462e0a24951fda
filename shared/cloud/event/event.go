// Package event holds the messages that start jobs and announce facts: the
// content of a message, the encoding of its scope, and the contract to publish
// it.
package event

import (
	"context"
	"time"
)

// Topic names a Pub/Sub topic. A topic without a project belongs to this
// deployment.
type Topic struct{ Project, Name string }

// Message is a Pub/Sub message to publish, or one that was delivered; only the
// latter has ID, Topic and Published.
type Message struct {
	ID         string
	Topic      string // the name of the topic that delivered it, if known
	Data       []byte
	Attributes map[string]string
	Published  time.Time
}

// Publisher publishes messages. It returns when all of them are accepted; after
// an error, each of them may or may not have been published.
type Publisher interface {
	Publish(ctx context.Context, topic Topic, messages ...Message) error
}

// LeasesChanged is the topic of the Machine Provider's messages to the
// backend: LEASED and RECLAIMED, with the machine in the attributes.
const LeasesChanged = "leases-changed"

// Attributes of a message on LeasesChanged. The message also carries the
// backend attributes with which the machine was added.
const (
	AttributeHostname = "hostname"
	AttributeInstance = "instance" // the instance's key; a backend attribute of ours
)

// The Data of a message on LeasesChanged.
const (
	Leased    = "LEASED"
	Reclaimed = "RECLAIMED"
)
