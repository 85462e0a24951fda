package fetchinstances

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job"
)

// vmActivity is the topic of Compute Engine's audit messages about VMs.
const vmActivity = "vm-activity"

// logEntry is the part of a log entry that names the VM.
type logEntry struct {
	ProtoPayload struct {
		ResourceName string `json:"resourceName"` // projects/P/zones/Z/instances/NAME
	} `json:"protoPayload"`
}

var (
	instancePath = regexp.MustCompile(`^projects/[^/]+/zones/([a-z0-9-]+)/instances/([a-z0-9-]+)$`)
	// groupPrefix is the hostname without zone and suffix: base name, hyphen,
	// first digits of the revision.
	groupPrefix = regexp.MustCompile(`^([a-z][a-z0-9-]*)-[0-9a-f]{8}$`)
	hostSuffix  = regexp.MustCompile(`-[a-z0-9]{4}$`)
)

// decode returns the scope that a message names. For the audit message of a VM
// it is the scope of the VM's group, so that the messages of a group's VMs
// share a run.
func decode(message event.Message) (event.Scope, error) {
	if message.Topic != vmActivity {
		return event.OfManagers(message)
	}
	var entry logEntry
	if err := json.Unmarshal(message.Data, &entry); err != nil {
		return event.Scope{}, fmt.Errorf("the payload is not a log entry: %w", err)
	}
	path := instancePath.FindStringSubmatch(entry.ProtoPayload.ResourceName)
	if path == nil {
		return event.Scope{}, fmt.Errorf("the log entry names no VM: resourceName is %.200q", entry.ProtoPayload.ResourceName)
	}
	zone, hostname := path[1], path[2]
	group, ok := strings.CutSuffix(hostSuffix.ReplaceAllString(hostname, ""), "-"+zone)
	parts := groupPrefix.FindStringSubmatch(group)
	if !ok || parts == nil {
		return event.Scope{}, job.ErrNotOurs
	}
	return event.Scope{BaseName: parts[1], Zone: zone, Hint: true}, nil
}
