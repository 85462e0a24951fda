package simulator

import (
	"encoding/json"
	"fmt"
	"sync"
)

// activity is an event of an instance for the audit log.
type activity struct {
	method string
	system bool // done by Compute Engine itself, and logged in system_event
	agent  bool // done by the group, through the Google APIs service agent
}

// logActivity queues the LogEntry that a Cloud Logging sink would export: the
// last entry of the operation, written after it took effect.
func (c *Cloud) logActivity(v *vm, a activity) {
	if c.opts.OnActivity == nil || v.id == 0 {
		return
	}
	project := v.zone.project.id
	log, principal, severity := "activity", c.opts.User, "NOTICE"
	if a.agent {
		principal = fmt.Sprintf("%d@cloudservices.gserviceaccount.com", projectNumber(project))
	}
	if a.system {
		log, principal, severity = "system_event", "system@google.com", "INFO"
	}
	entry := map[string]any{
		"logName":  "projects/" + project + "/logs/cloudaudit.googleapis.com%2F" + log,
		"insertId": fmt.Sprintf("%x", c.opts.Rand.Uint64()),
		"severity": severity, "timestamp": timestamp(c.clock), "receiveTimestamp": timestamp(c.clock),
		"resource": map[string]any{"type": "gce_instance", "labels": map[string]any{
			"instance_id": idString(v.id), "project_id": project, "zone": v.zone.name}},
		"operation": map[string]any{"id": operationName(c), "producer": "compute.googleapis.com",
			"first": a.system, "last": true},
		"protoPayload": map[string]any{
			"@type":              "type.googleapis.com/google.cloud.audit.AuditLog",
			"serviceName":        "compute.googleapis.com",
			"methodName":         a.method,
			"resourceName":       v.path(),
			"authenticationInfo": map[string]any{"principalEmail": principal},
			"requestMetadata":    map[string]any{},
			"status":             map[string]any{},
		},
	}
	raw, err := json.Marshal(entry)
	if err != nil {
		return // strings, booleans and maps only: cannot fail
	}
	c.outbox.put(raw)
}

// outbox delivers messages in order and without the Cloud's lock, so that the
// receiver may call the Cloud.
type outbox struct {
	deliver func([]byte)

	mu         sync.Mutex
	queue      [][]byte
	delivering bool
}

func (o *outbox) put(message []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, message)
}

// flush delivers until the queue is empty. It returns at once if another call is
// already delivering.
func (o *outbox) flush() {
	o.mu.Lock()
	if o.delivering {
		o.mu.Unlock()
		return
	}
	o.delivering = true
	for len(o.queue) > 0 {
		message := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		o.deliver(message)
		o.mu.Lock()
	}
	o.delivering = false
	o.mu.Unlock()
}
