package simulator_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// These tests send what Terraform's google provider sends, by its source
// (google/services/compute, November 2026), and read the fields that it compares
// with its configuration: a plan is empty where they are as it expects.

// want compares fields of an answer, given as JSON by path.
func want(t *testing.T, got map[string]any, fields map[string]string) {
	t.Helper()
	for path, text := range fields {
		var value any = got
		for _, field := range strings.Split(path, ".") {
			switch v := value.(type) {
			case map[string]any:
				value = v[field]
			case []any:
				var i int
				if _, err := fmt.Sscan(field, &i); err != nil || i >= len(v) {
					value = nil
					break
				}
				value = v[i]
			default:
				value = nil
			}
		}
		var expected any
		if err := json.Unmarshal([]byte(text), &expected); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(value, expected) {
			t.Errorf("%s: got %v, want %v", path, value, expected)
		}
	}
}

const apiURL = "https://www.googleapis.com/compute/v1/projects/test-project"

// applyTemplate creates an instance template as the provider does, and returns its
// numeric id.
func applyTemplate(t *testing.T, w *world, name string) string {
	t.Helper()
	// For image = "debian-cloud/debian-12" the provider asks for an image of that
	// name, then for a family.
	w.refused(t, "GET", "https://h/compute/v1/projects/debian-cloud/global/images/debian-12?alt=json&prettyPrint=false", "", 404, "not found")
	family := w.get(t, "https://h/compute/v1/projects/debian-cloud/global/images/family/debian-12?alt=json&prettyPrint=false")
	want(t, family, map[string]string{"family": `"debian-12"`})
	op := w.done(t, "POST", projectURL+"/global/instanceTemplates?alt=json&prettyPrint=false", `{"name": "`+name+`", "description": "", "properties": {
		"canIpForward": false, "machineType": "e2-medium", "labels": {"goog-terraform-provisioned": "true"},
		"disks": [{"autoDelete": true, "boot": true, "interface": "SCSI", "mode": "READ_WRITE", "type": "PERSISTENT", "diskSizeGb": "20",
			"initializeParams": {"diskSizeGb": "20", "diskType": "pd-standard", "sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}],
		"metadata": {"items": [{"key": "empty", "value": ""}]},
		"networkInterfaces": [{"network": "https://www.googleapis.com/compute/v1/projects/test-project/global/networks/default"}],
		"scheduling": {"automaticRestart": true, "nodeAffinities": [null], "preemptible": false},
		"tags": {}}}`)
	id, _ := op["targetId"].(string)
	// It reads the template by the id in self_link_unique.
	got := w.get(t, projectURL+"/global/instanceTemplates/"+id+"?alt=json&prettyPrint=false")
	want(t, got, map[string]string{
		"id": `"` + id + `"`, "name": `"` + name + `"`, "properties.machineType": `"e2-medium"`,
		"properties.disks.0.initializeParams.sourceImage": `"https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/family/debian-12"`,
		"properties.disks.0.interface":                    `"SCSI"`,
		"properties.disks.0.mode":                         `"READ_WRITE"`,
		"properties.disks.0.type":                         `"PERSISTENT"`,
		"properties.disks.0.initializeParams.diskSizeGb":  `"20"`,
		"properties.networkInterfaces.0.network":          `"` + apiURL + `/global/networks/default"`,
		"properties.scheduling.nodeAffinities":            `null`,
		"properties.scheduling.onHostMaintenance":         `"MIGRATE"`,
		"properties.metadata.items.0.value":               `""`,
		"properties.tags":                                 `null`,
		"properties.labels":                               `{"goog-terraform-provisioned": "true"}`,
	})
	return id
}

func TestTerraformTemplateAndGroup(t *testing.T) {
	w := newWorld(t, slow())
	first, second := applyTemplate(t, w, "template-1"), applyTemplate(t, w, "template-2")
	const group = zoneURL + "/instanceGroupManagers/group"
	w.done(t, "POST", zoneURL+"/instanceGroupManagers?alt=json&prettyPrint=false", `{"name": "group", "baseInstanceName": "vm", "description": "",
		"targetSize": 2, "listManagedInstancesResults": "PAGELESS", "namedPorts": [{"name": "http", "port": 80}],
		"autoHealingPolicies": [], "targetPools": [], "standbyPolicy": {}, "resourcePolicies": {"workloadPolicy": null},
		"statefulPolicy": {"preservedState": {}},
		"instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING", "forceUpdateOnRepair": ""},
		"updatePolicy": {"type": "OPPORTUNISTIC", "minimalAction": "REPLACE", "mostDisruptiveAllowedAction": null, "replacementMethod": "",
			"maxSurge": {"percent": 50, "fixed": null}, "maxUnavailable": {"fixed": 0, "percent": null}},
		"versions": [{"name": "v", "instanceTemplate": "projects/test-project/global/instanceTemplates/`+first+`", "targetSize": {}}]}`)
	w.settle()
	link := "https://compute.googleapis.com/compute/v1/projects/test-project/global/instanceTemplates/"
	stateless := map[string]string{
		"description": `""`, "targetSize": `2`, "namedPorts": `[{"name": "http", "port": 80}]`,
		"listManagedInstancesResults": `"PAGELESS"`, "zone": `"` + apiURL + `/zones/us-central1-a"`,
		"instanceGroup":    `"` + apiURL + `/zones/us-central1-a/instanceGroups/group"`,
		"versions":         `[{"name": "v", "instanceTemplate": "` + link + `template-1", "targetSize": {"calculated": 2}}]`,
		"instanceTemplate": `"` + link + `template-1"`,
		"updatePolicy": `{"type": "OPPORTUNISTIC", "minimalAction": "REPLACE", "replacementMethod": "SUBSTITUTE",
			"maxSurge": {"percent": 50, "calculated": 1}, "maxUnavailable": {"fixed": 0, "calculated": 0}}`,
		"instanceLifecyclePolicy": `{"defaultActionOnFailure": "DO_NOTHING", "forceUpdateOnRepair": "NO"}`,
		"resourcePolicies":        `null`, "statefulPolicy": `null`, "autoHealingPolicies": `null`, "targetPools": `null`, "standbyPolicy": `null`,
		"status.stateful.hasStatefulConfig": `false`, "status.isStable": `true`, "status.versionTarget.isReached": `true`,
	}
	got := w.get(t, group)
	want(t, got, stateless)

	// A change: another template and policy by patch, ports and size by their own
	// methods, labels of all VMs set and removed.
	patch := func(body string) {
		t.Helper()
		w.done(t, "PATCH", group+"?alt=json", strings.Replace(body, "{", fmt.Sprintf(`{"fingerprint": %q, `, w.get(t, group)["fingerprint"]), 1))
	}
	patch(`{"versions": [{"name": "v", "instanceTemplate": "projects/test-project/global/instanceTemplates/` + second + `", "targetSize": {}}],
		"updatePolicy": {"type": "OPPORTUNISTIC", "minimalAction": "REPLACE", "mostDisruptiveAllowedAction": null,
			"maxSurge": {"fixed": 3, "percent": null}, "maxUnavailable": {"fixed": 1, "percent": null}}}`)
	w.done(t, "POST", zoneURL+"/instanceGroups/group/setNamedPorts?alt=json", `{"namedPorts": [{"name": "http", "port": 8080}]}`)
	w.done(t, "POST", group+"/resize?alt=json&size=3", "")
	patch(`{"allInstancesConfig": {"properties": {"labels": {"a": "b"}, "metadata": null}}}`)
	w.settle()
	want(t, w.get(t, group), map[string]string{
		"namedPorts": `[{"name": "http", "port": 8080}]`, "targetSize": `3`, "allInstancesConfig": `{"properties": {"labels": {"a": "b"}}}`,
		"versions":                `[{"name": "v", "instanceTemplate": "` + link + `template-2", "targetSize": {"calculated": 3}}]`,
		"updatePolicy.maxSurge":   `{"fixed": 3, "calculated": 3}`,
		"status.isStable":         `true`,
		"instanceTemplate":        `"` + link + `template-2"`,
		"updatePolicy.type":       `"OPPORTUNISTIC"`,
		"status.stateful":         `{"hasStatefulConfig": false, "perInstanceConfigs": {"allEffective": true}}`,
		"instanceLifecyclePolicy": `{"defaultActionOnFailure": "DO_NOTHING", "forceUpdateOnRepair": "NO"}`,
	})
	want(t, w.get(t, zoneURL+"/instanceGroups/group"), map[string]string{"namedPorts": `[{"name": "http", "port": 8080}]`, "size": `3`})
	patch(`{"allInstancesConfig": null}`)
	want(t, w.get(t, group), map[string]string{"allInstancesConfig": `null`})
	patch(`{"statefulPolicy": {"preservedState": {"disks": {"data": {"autoDelete": "NEVER"}}}}}`)
	want(t, w.get(t, group), map[string]string{"status.stateful.hasStatefulConfig": `true`})
	patch(`{"statefulPolicy": {"preservedState": {"disks": {"data": null}}}}`)
	want(t, w.get(t, group), map[string]string{"status.stateful.hasStatefulConfig": `false`})

	// Destroy.
	w.refused(t, "DELETE", projectURL+"/global/instanceTemplates/template-2", "", 400, "already being used by")
	w.done(t, "DELETE", group+"?alt=json", "")
	for _, name := range []string{"template-1", "template-2"} {
		w.done(t, "DELETE", projectURL+"/global/instanceTemplates/"+name+"?alt=json", "")
	}
	w.refused(t, "GET", group, "", 404, "not found")
	w.refused(t, "GET", projectURL+"/global/instanceTemplates/"+first, "", 404, "not found")
}

// A Spot VM is preemptible, whatever else the request says.
func TestSpotDefaults(t *testing.T) {
	w := newWorld(t, slow())
	w.done(t, "POST", projectURL+"/global/instanceTemplates", templateBody("", "", `, "scheduling": {"provisioningModel": "SPOT"}`))
	want(t, w.get(t, projectURL+"/global/instanceTemplates/b"), map[string]string{"properties.scheduling": `{"provisioningModel": "SPOT",
		"preemptible": true, "automaticRestart": false, "onHostMaintenance": "TERMINATE"}`})
}

// Of two versions, each shows its own number of VMs.
func TestVersionSizes(t *testing.T) {
	w := newWorld(t, slow())
	w.insertTemplate("a")
	w.insertTemplate("b")
	w.done(t, "POST", zoneURL+"/instanceGroupManagers", `{"name": "g", "targetSize": 10, "versions": [
		{"instanceTemplate": "global/instanceTemplates/a"},
		{"instanceTemplate": "global/instanceTemplates/b", "targetSize": {"percent": 25}}]}`)
	want(t, w.get(t, zoneURL+"/instanceGroupManagers/g"), map[string]string{
		"versions.0.targetSize": `{"calculated": 7}`, "versions.1.targetSize": `{"percent": 25, "calculated": 3}`})
}

func TestTerraformDiskAndSnapshot(t *testing.T) {
	w := newWorld(t, slow())
	const disk = zoneURL + "/disks/disk"
	w.done(t, "POST", zoneURL+"/disks?alt=json", `{"name": "disk", "description": "data", "labels": {"a": "b"}, "sizeGb": 40,
		"physicalBlockSizeBytes": 4096, "provisionedIops": 3000, "type": "projects/test-project/zones/us-central1-a/diskTypes/hyperdisk-balanced",
		"sourceImage": "projects/debian-cloud/global/images/family/debian-12", "zone": "`+apiURL+`/zones/us-central1-a"}`)
	want(t, w.get(t, disk), map[string]string{
		"description": `"data"`, "labels": `{"a": "b"}`, "sizeGb": `"40"`, "provisionedIops": `"3000"`,
		"type":        `"` + apiURL + `/zones/us-central1-a/diskTypes/hyperdisk-balanced"`,
		"sourceImage": `"https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-v20231010"`,
		"zone":        `"` + apiURL + `/zones/us-central1-a"`, "selfLink": `"` + apiURL + `/zones/us-central1-a/disks/disk"`,
	})
	labels := func(url, text string) {
		t.Helper()
		w.done(t, "POST", url+"/setLabels?alt=json", fmt.Sprintf(`{"labelFingerprint": %q, "labels": %s}`, w.get(t, url)["labelFingerprint"], text))
	}
	labels(disk, `{"a": "c"}`)
	w.done(t, "POST", disk+"/resize?alt=json", `{"sizeGb": 50}`)
	w.done(t, "PATCH", disk+"?alt=json&paths=provisionedIops", `{"name": "disk", "provisionedIops": 4000}`)
	want(t, w.get(t, disk), map[string]string{"description": `"data"`, "labels": `{"a": "c"}`, "sizeGb": `"50"`, "provisionedIops": `"4000"`})
	want(t, w.get(t, zoneURL+"/diskTypes/hyperdisk-balanced"), map[string]string{"name": `"hyperdisk-balanced"`})

	// An import of a snapshot finds it already there.
	if err := w.cloud.CreateSnapshot(simulator.Snapshot{Project: testProject, Name: "taken", Labels: map[string]string{"pool": "a"},
		SourceDisk: apiURL + "/zones/us-central1-a/disks/disk", DiskSizeGb: 50}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"taken", "inserted", "created"} {
		url := projectURL + "/global/snapshots/" + name
		switch i {
		case 1:
			w.done(t, "POST", projectURL+"/global/snapshots?alt=json", `{"name": "inserted", "labels": {"pool": "a"}, "sourceDisk": "projects/test-project/zones/us-central1-a/disks/disk"}`)
		case 2:
			w.done(t, "POST", disk+"/createSnapshot?alt=json", `{"name": "created", "labels": {"pool": "a"}}`)
		}
		want(t, w.get(t, url), map[string]string{"name": `"` + name + `"`, "status": `"READY"`, "diskSizeGb": `"50"`, "labels": `{"pool": "a"}`,
			"sourceDisk": `"` + apiURL + `/zones/us-central1-a/disks/disk"`, "snapshotType": `"STANDARD"`})
		labels(url, `{}`)
		want(t, w.get(t, url), map[string]string{"labels": `null`})
		w.done(t, "DELETE", url+"?alt=json", "")
		w.refused(t, "GET", url, "", 404, "not found")
	}
	w.done(t, "DELETE", disk+"?alt=json", "")
	w.refused(t, "GET", disk, "", 404, "not found")
}

func TestInstanceChanges(t *testing.T) {
	w := pool(t, 1)
	name := w.members("g")[0].GetName()
	url := zoneURL + "/instances/" + name
	vm := w.get(t, url)
	w.done(t, "POST", url+"/setLabels", fmt.Sprintf(`{"labelFingerprint": %q, "labels": {"a": "b"}}`, vm["labelFingerprint"]))
	w.done(t, "POST", url+"/setMetadata", fmt.Sprintf(`{"fingerprint": %q, "items": [{"key": "k", "value": "v"}]}`, vm["metadata"].(map[string]any)["fingerprint"]))
	w.done(t, "POST", url+"/setTags", fmt.Sprintf(`{"fingerprint": %q, "items": ["web"]}`, vm["tags"].(map[string]any)["fingerprint"]))
	changed := w.get(t, url)
	want(t, changed, map[string]string{"labels": `{"a": "b"}`, "metadata.items": `[{"key": "k", "value": "v"}]`, "tags.items": `["web"]`})
	for _, method := range []string{"setLabels", "setMetadata", "setTags"} {
		w.refused(t, "POST", url+"/"+method, `{}`, 412, "")
	}
	if err := w.cloud.RepairVM(testProject, testZone, name); err != nil {
		t.Fatal(err)
	}
	w.settle()
	want(t, w.get(t, url), map[string]string{"labels": `{"owner": "test"}`, "tags.items": `null`})
}
