package simulator

import (
	"crypto/md5" //nolint:gosec // fingerprints are as recorded; nothing is secured by them
	"encoding/base64"
	"encoding/json"
	"fmt"
)

func base64String(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// contentFingerprint returns the MD5 of the content, like the fingerprints of
// empty metadata in the recorded exchanges.
func contentFingerprint(items any) string {
	var raw []byte
	if items != nil {
		raw, _ = json.Marshal(items) // decoded from JSON
	}
	sum := md5.Sum(raw) //nolint:gosec // as above
	return base64String(sum[:])
}

// templateDefaults returns the properties of a template with the defaults of the
// service and with full links.
func templateDefaults(project *project, body map[string]any) map[string]any {
	p, _ := body["properties"].(map[string]any)
	p = pruned(p)
	for i, d := range objects(p["disks"]) {
		set(d, "kind", "compute#attachedDisk")
		set(d, "index", i)
		set(d, "mode", "READ_WRITE")
		set(d, "type", "PERSISTENT")
		set(d, "interface", "SCSI")
		name := fmt.Sprintf("persistent-disk-%d", i)
		if d["boot"] == true {
			name = "boot"
		}
		set(d, "deviceName", name)
		if init, ok := d["initializeParams"].(map[string]any); ok {
			completeLinks(project, init, "sourceImage", "sourceSnapshot")
		}
	}
	for i, n := range objects(p["networkInterfaces"]) {
		set(n, "kind", "compute#networkInterface")
		set(n, "name", fmt.Sprintf("nic%d", i))
		completeLinks(project, n, "network", "subnetwork")
		for _, a := range objects(n["accessConfigs"]) {
			set(a, "kind", "compute#accessConfig")
			set(a, "type", "ONE_TO_ONE_NAT")
			set(a, "name", "external-nat")
		}
	}
	metadata := object(p, "metadata")
	set(metadata, "kind", "compute#metadata")
	metadata["fingerprint"] = contentFingerprint(metadata["items"])
	if _, ok := p["tags"]; ok {
		tags := object(p, "tags")
		tags["fingerprint"] = contentFingerprint(tags["items"])
	}
	scheduling := object(p, "scheduling")
	if scheduling["provisioningModel"] == "SPOT" {
		scheduling["preemptible"] = true
	}
	if scheduling["preemptible"] == true {
		set(scheduling, "automaticRestart", false)
		set(scheduling, "onHostMaintenance", "TERMINATE")
	}
	set(scheduling, "automaticRestart", true)
	set(scheduling, "onHostMaintenance", "MIGRATE")
	set(scheduling, "preemptible", false)
	return p
}

func completeLinks(p *project, m map[string]any, fields ...string) {
	for _, field := range fields {
		if url, ok := m[field].(string); ok && url != "" {
			m[field] = p.fullLink(url)
		}
	}
}
