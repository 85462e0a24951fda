package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"
)

// Lengths of names. Compute Engine's limits are 63 for templates and groups
// (RFC 1035) and 58 for a group's base instance name, to which it appends a
// hyphen and four characters.
const (
	MaxNameLength             = 63
	MaxBaseInstanceNameLength = 58
	// RevisionLength is the number of hexadecimal digits of a revision.
	RevisionLength = 12
	// shortRevisionLength is how many of these digits are in the name of a VM.
	shortRevisionLength = 8
)

// templateName matches names that end with a hyphen and RevisionLength digits.
var templateName = regexp.MustCompile(`^([a-z](?:[-a-z0-9]*[a-z0-9])?)-([0-9a-f]{12})$`)

// TemplateName returns the name of a revision's instance template, and of its
// groups: a group's name must be unique in its zone only.
func TemplateName(baseName, revision string) string { return baseName + "-" + revision }

// SplitTemplateName splits a name that TemplateName made; ok is false for any
// other name.
func SplitTemplateName(name string) (baseName, revision string, ok bool) {
	parts := templateName.FindStringSubmatch(name)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// BaseInstanceName returns the prefix that Compute Engine gives the names of a
// group's VMs.
func BaseInstanceName(baseName, revision, zone string) string {
	return fmt.Sprintf("%s-%s-%s", baseName, revision[:min(shortRevisionLength, len(revision))], zone)
}

// HostnamePrefix returns the beginning of the hostnames of the manager's
// instances.
func (m Manager) HostnamePrefix() string {
	return BaseInstanceName(m.BaseName, m.Revision, m.Zone) + "-"
}

// InstanceKey returns the key of an instance: its hostname and Compute Engine's
// numeric id, because another VM may get the same name later.
func InstanceKey(hostname, id string) string { return hostname + ":" + id }

// requestNamespace keeps our request ids apart from anybody else's.
const requestNamespace = "gce-backend request"

// attemptLength is how long one attempt at a change lasts; within it the same
// request has the same id.
const attemptLength = 10 * time.Second

// Attempt names an attempt at a change, as a part of its request id. A new
// attempt needs a new id, because Compute Engine answers the id of a failed
// operation with the same failure. since is when the record changed such
// that the attempt became necessary. Another time makes another id: creating a
// group again, seconds after it was created and deleted, is another request.
func Attempt(now, since time.Time) string {
	return now.UTC().Truncate(attemptLength).Format(time.RFC3339) + " since " + since.UTC().Format(time.RFC3339Nano)
}

// RequestID makes a deterministic request id, in the form of a UUID as Compute
// Engine requires: Compute Engine carries out a request that is sent twice only
// once.
func RequestID(parts ...string) string {
	hash := sha256.New()
	for _, part := range append([]string{requestNamespace}, parts...) {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	sum := hash.Sum(nil)[:16]
	sum[6] = sum[6]&0x0f | 0x50 // version 5: made from a name
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum)
	return fmt.Sprintf("%s-%s-%s-%s-%s", text[:8], text[8:12], text[12:16], text[16:20], text[20:])
}
