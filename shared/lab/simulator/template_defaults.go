package simulator

import (
	"bytes"
	"crypto/md5" //nolint:gosec // fingerprints are as recorded; nothing is secured by them
	"encoding/base64"
	"encoding/json"
	"fmt"
)

func base64String(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// contentFingerprint returns the MD5 of the content, like the fingerprint of empty
// metadata in the recorded exchanges.
func contentFingerprint(items any) string {
	var raw []byte
	if items != nil {
		raw, _ = json.Marshal(items) // decoded from JSON
	}
	sum := md5.Sum(raw) //nolint:gosec // as above
	return base64String(sum[:])
}

// templateDefaults returns the properties of a template with the defaults of the
// service.
func templateDefaults(body map[string]any) map[string]any {
	p := copyJSON(body["properties"]).(map[string]any)
	for i, d := range objects(p["disks"]) {
		set(d, "kind", "compute#attachedDisk")
		set(d, "index", i)
		set(d, "mode", "READ_WRITE")
		set(d, "type", "PERSISTENT")
		name := fmt.Sprintf("persistent-disk-%d", i)
		if d["boot"] == true {
			name = "boot"
		}
		set(d, "deviceName", name)
	}
	for i, n := range objects(p["networkInterfaces"]) {
		set(n, "kind", "compute#networkInterface")
		set(n, "name", fmt.Sprintf("nic%d", i))
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
		set(scheduling, "preemptible", true)
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

func set(m map[string]any, field string, value any) {
	if _, ok := m[field]; !ok {
		m[field] = value
	}
}

// object returns the object in a field and adds an empty one where it is absent.
func object(m map[string]any, field string) map[string]any {
	o, ok := m[field].(map[string]any)
	if !ok {
		o = map[string]any{}
		m[field] = o
	}
	return o
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func copyJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return map[string]any{}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return map[string]any{}
	}
	return out
}
