package api_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/api"
)

func TestCheckBody(t *testing.T) {
	for _, c := range []struct{ name, method, body, want string }{
		{"empty", "instanceGroupManagers.patch", ``, `{}`},
		{"integers", "disks.insert", `{"name": "d", "sizeGb": 10, "provisionedIops": "20"}`, `{"name":"d","provisionedIops":"20","sizeGb":"10"}`},
		{"32 bits", "instanceGroupManagers.insert", `{"name": "g", "targetSize": "2"}`, `{"name":"g","targetSize":2}`},
		{"null in a list", "instanceTemplates.insert",
			`{"name": "t", "properties": {"machineType": "m", "scheduling": {"nodeAffinities": [null]}}}`,
			`{"name":"t","properties":{"machineType":"m","scheduling":{"nodeAffinities":[]}}}`},
		{"null fields stay", "instanceGroupManagers.patch", `{"allInstancesConfig": null, "updatePolicy": {"maxSurge": {"percent": null}}}`,
			`{"allInstancesConfig":null,"updatePolicy":{"maxSurge":{"percent":null}}}`},
		{"an empty enumeration", "instanceGroupManagers.patch", `{"updatePolicy": {"type": ""}}`, `{"updatePolicy":{"type":""}}`},
		{"output only", "disks.insert", `{"name": "d", "users": ["x"], "zone": "z", "status": "READY"}`, `{"name":"d"}`},
		{"named ports of a new group", "instanceGroupManagers.insert", `{"name": "g", "targetSize": 0, "namedPorts": [{"port": 80}]}`,
			`{"name":"g","namedPorts":[{"port":80}],"targetSize":0}`},
		{"named ports of a group", "instanceGroupManagers.patch", `{"namedPorts": [{"port": 80}]}`, `{}`},
		{"a map", "disks.setLabels", `{"labels": {"a": "b"}}`, `{"labels":{"a":"b"}}`},
		{"no body", "instanceGroupManagers.resize", `{"size": 2}`, `{}`},
	} {
		got, err := api.Find(c.method).CheckBody([]byte(c.body), false)
		raw, _ := json.Marshal(got)
		if err != nil || string(raw) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, raw, err, c.want)
		}
	}
}

func TestCheckBodyRefuses(t *testing.T) {
	for _, c := range []struct{ method, body, reason, message string }{
		{"disks.insert", `{`, "parseError", "Invalid JSON payload received. The request's body is no JSON object."},
		{"disks.insert", `null`, "parseError", "Invalid JSON payload received. The request's body is no JSON object."},
		{"disks.insert", `[]`, "parseError", "Invalid JSON payload received. The request's body is no JSON object."},
		{"disks.insert", `{} {}`, "parseError", "Invalid JSON payload received. Expected end of string."},
		{"disks.insert", `{"nam": "d"}`, "badRequest", `Invalid JSON payload received. Unknown name "nam": Cannot find field.`},
		{"instanceTemplates.insert", `{"name": "t", "properties": {"disks": [{"boot": true}, {"bot": 1}]}}`, "badRequest",
			`Invalid JSON payload received. Unknown name "bot" at 'properties.disks[1]': Cannot find field.`},
		{"disks.insert", `{"name": 7}`, "badRequest", `Invalid value at 'name' (TYPE_STRING), 7`},
		{"disks.insert", `{"name": "d", "sizeGb": 1.5}`, "badRequest", `Invalid value at 'sizeGb' (TYPE_INT64), 1.5`},
		{"disks.insert", `{"name": "d", "sizeGb": "many"}`, "badRequest", `Invalid value at 'sizeGb' (TYPE_INT64), "many"`},
		{"disks.insert", `{"name": "d", "sizeGb": true}`, "badRequest", `Invalid value at 'sizeGb' (TYPE_INT64), true`},
		{"disks.insert", `{"name": "d", "labels": ["a"]}`, "badRequest", `Invalid value at 'labels' (map), ["a"]`},
		{"disks.insert", `{"name": "d", "labels": {"a": 1}}`, "badRequest", `Invalid value at 'labels[a]' (TYPE_STRING), 1`},
		{"disks.insert", `{"name": "d", "guestOsFeatures": {}}`, "badRequest",
			`Invalid JSON payload received. Unknown name "guestOsFeatures": Proto field is not repeating, cannot start list.`},
		{"disks.insert", `{"name": "d", "guestOsFeatures": ["x"]}`, "badRequest", `Invalid value at 'guestOsFeatures[0]' (GuestOsFeature), "x"`},
		{"instanceTemplates.insert", `{"name": "t", "properties": {"canIpForward": "yes"}}`, "badRequest",
			`Invalid value at 'properties.canIpForward' (TYPE_BOOL), "yes"`},
		{"instanceGroupManagers.insert", `{"name": "g", "targetSize": 3000000000}`, "badRequest", `Invalid value at 'targetSize' (TYPE_INT32), 3000000000`},
		{"instanceGroupManagers.patch", `{"updatePolicy": {"type": "NEVER"}}`, "invalid",
			`Invalid value for field 'resource.updatePolicy.type': 'NEVER'. Must be one of [OPPORTUNISTIC, PROACTIVE].`},
		{"disks.insert", `{}`, "required", "Required field 'resource.name' not specified"},
		{"disks.insert", `{"name": ""}`, "required", "Required field 'resource.name' not specified"},
		{"disks.insert", `{"name": null}`, "required", "Required field 'resource.name' not specified"},
		{"instanceGroupManagers.insert", `{"name": "g"}`, "required", "Required field 'resource.targetSize' not specified"},
		{"instanceTemplates.insert", `{"name": "t", "properties": {}}`, "required", "Required field 'resource.properties.machineType' not specified"},
	} {
		_, err := api.Find(c.method).CheckBody([]byte(c.body), false)
		var refusal *api.Error
		if !errors.As(err, &refusal) || refusal.Reason != c.reason || refusal.Message != c.message {
			t.Errorf("%s %s: got %v, want %s", c.method, c.body, err, c.message)
		}
	}
}

func TestBetaFields(t *testing.T) {
	got, err := api.Find("disks.insert").CheckBody([]byte(`{"name": "d", "soon": {"x": 1}}`), true)
	if raw, _ := json.Marshal(got); err != nil || string(raw) != `{"name":"d"}` {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestCheckQuery(t *testing.T) {
	m := api.Find("disks.insert")
	if err := m.CheckQuery(url.Values{"requestId": {"x"}, "alt": {"json"}, "$alt": {"json;enum-encoding=int"}}); err != nil {
		t.Error(err)
	}
	if err := m.CheckQuery(url.Values{"force": {"true"}}); err == nil {
		t.Error("an unknown parameter was accepted")
	}
}

func FuzzCheckBody(f *testing.F) {
	f.Add("instanceTemplates.insert", []byte(`{"name":"t","properties":{"disks":[{"boot":true},null]}}`))
	f.Add("disks.setLabels", []byte(`{"labels":{"a":null}}`))
	f.Fuzz(func(t *testing.T, method string, body []byte) {
		if m := api.Find(method); m != nil {
			got, err := m.CheckBody(body, false)
			if err != nil {
				return
			}
			canonical, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.CheckBody(canonical, false); err != nil {
				t.Errorf("%s is canonical for %s, but refused: %v", canonical, body, err)
			}
		}
	})
}
