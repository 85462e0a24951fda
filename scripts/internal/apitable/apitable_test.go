package apitable_test

import (
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/scripts/internal/apitable"
)

const description = `{"revision": "20260102",
	"resources": {"disks": {"methods": {
		"insert": {"httpMethod": "POST", "path": "zones/{zone}/disks", "request": {"$ref": "Disk"},
			"parameters": {"zone": {"location": "path"}, "requestId": {"location": "query"}}},
		"resize": {"httpMethod": "POST", "path": "x", "request": {"$ref": "Unserved"}}}}},
	"schemas": {
		"Disk": {"properties": {
			"name": {"type": "string", "annotations": {"required": ["compute.disks.insert", "compute.disks.other"]}},
			"sizeGb": {"type": "string", "format": "int64"},
			"users": {"type": "array", "items": {"type": "string"}, "description": "[Output Only] Links."},
			"mode": {"type": "string", "enum": ["RO", "RW"]},
			"features": {"type": "array", "items": {"$ref": "Feature"}},
			"labels": {"type": "object", "additionalProperties": {"type": "string"}},
			"items": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}}}},
		"Feature": {"properties": {"on": {"type": "boolean"}, "parent": {"$ref": "Feature"}}},
		"Unserved": {"properties": {}}}}`

const table = `# Compute Engine API v1, revision 20260102, from the test.
# Written by scripts/generate from methods.txt; do not edit.
method disks.insert POST zones/{zone}/disks body=Disk requestId
schema Disk
 features list:Feature
 items list:Disk.items
 labels map:string
 mode enum RO RW
 name string !disks.insert
 sizeGb int64
 users list:string -
schema Disk.items
 key string
schema Feature
 on boolean
 parent Feature
`

func TestTable(t *testing.T) {
	got, err := apitable.Table([]byte(description), "the test", []string{"disks.insert"})
	if err != nil || got != table {
		t.Errorf("got %s\n%v", got, err)
	}
	_, err = apitable.Table([]byte(description), "the test", []string{"disks.insert", "disks.shrink"})
	if err == nil || !strings.Contains(err.Error(), "disks.shrink") {
		t.Errorf("a method that the API does not have: %v", err)
	}
}
