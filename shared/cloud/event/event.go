// Package event holds the messages that wake jobs and announce facts: what a
// message carries, how its scope is written, and the contract to publish one.
package event

import (
	"context"
	"time"
)

// Topic names a Pub/Sub topic. Without a project it is one of this deployment.
type Topic struct{ Project, Name string }

// Message is a Pub/Sub message: as it is published, and, with ID, Topic and
// Published filled in, as it is delivered.
type Message struct {
	ID         string
	Topic      string // the name of the topic that it came by, where known
	Data       []byte
	Attributes map[string]string
	Published  time.Time
}

// Publisher publishes messages. It returns when all of them are accepted; an
// error means that any of them may or may not have been.
type Publisher interface {
	Publish(ctx context.Context, topic Topic, messages ...Message) error
}

// LeasesChanged is the topic of the Machine Provider's messages to the
// backend: LEASED and RECLAIMED, with the machine in the attributes.
const LeasesChanged = "leases-changed"

// Attributes of a message on LeasesChanged. Besides them it carries the
// backend attributes that the machine was added with.
const (
	AttributeHostname = "hostname"
	AttributeInstance = "instance" // the instance's key; a backend attribute of ours
)

// The Data of a message on LeasesChanged.
const (
	Leased    = "LEASED"
	Reclaimed = "RECLAIMED"
)
