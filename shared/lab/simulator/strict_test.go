package simulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/simulator/api"
)

const (
	projectURL = "https://h/compute/v1/projects/test-project"
	zoneURL    = projectURL + "/zones/us-central1-a"
)

// refused sends a request and expects an error with the status and with a
// message that contains the text.
func (w *world) refused(t *testing.T, verb, url, body string, status int, text string) {
	t.Helper()
	got, answer := w.send(t, verb, url, body)
	e, _ := answer["error"].(map[string]any)
	message, _ := e["message"].(string)
	if got != status || !strings.Contains(message, text) {
		t.Errorf("%s %s %s: got %d %q, want %d %q", verb, url, body, got, message, status, text)
	}
}

// done sends a change and waits until its operation has ended.
func (w *world) done(t *testing.T, verb, url, body string) map[string]any {
	t.Helper()
	status, op := w.send(t, verb, url, body)
	if status != 200 || op["kind"] != "compute#operation" {
		t.Fatalf("%s %s %s: %d %v", verb, url, body, status, op)
	}
	link := strings.Replace(op["selfLink"].(string), "www.googleapis.com", "h", 1)
	for range 100 {
		w.pass(5 * time.Second)
		if op = w.get(t, link); op["status"] == "DONE" {
			return op
		}
	}
	t.Fatalf("%s %s: operation %v", verb, url, op)
	return nil
}

func (w *world) get(t *testing.T, url string) map[string]any {
	t.Helper()
	status, got := w.send(t, "GET", url, "")
	if status != 200 {
		t.Fatalf("GET %s: %d %v", url, status, got)
	}
	return got
}

// templateBody returns the body of a template with a disk and a network, both
// with defaults, and with additional properties.
func templateBody(disk, network, more string) string {
	if disk == "" {
		disk = `{"boot": true, "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}`
	}
	if network == "" {
		network = `{"network": "global/networks/default"}`
	}
	return fmt.Sprintf(`{"name": "b", "properties": {"machineType": "n1-standard-1", "disks": [%s], "networkInterfaces": [%s]%s}}`, disk, network, more)
}

func TestTemplateRefusals(t *testing.T) {
	w := newWorld(t, slow())
	boot := func(params string) string { return `{"boot": true, "initializeParams": {` + params + `}}` }
	const image = `"sourceImage": "global/images/own"`
	for _, c := range []struct{ name, body, want string }{
		{"unknown field", templateBody("", "", `, "colour": "red"`), `Unknown name "colour" at 'properties': Cannot find field.`},
		{"wrong type", templateBody("", "", `, "canIpForward": "yes"`), `Invalid value at 'properties.canIpForward' (TYPE_BOOL)`},
		{"enumeration", templateBody("", "", `, "scheduling": {"onHostMaintenance": "MOVE"}`), `'resource.properties.scheduling.onHostMaintenance': 'MOVE'`},
		{"subnetwork as network", templateBody("", `{"network": "regions/us-central1/subnetworks/s"}`, ""),
			"Invalid value for field 'resource.properties.networkInterfaces[0].network': 'regions/us-central1/subnetworks/s'. Unexpected resource collection 'subnetworks'."},
		{"network as subnetwork", templateBody("", `{"subnetwork": "global/networks/n"}`, ""), "Unexpected resource collection 'networks'."},
		{"bare network", templateBody("", `{"network": "default"}`, ""), "'default'. The URL is malformed."},
		{"name of a network", templateBody("", `{"network": "global/networks/N"}`, ""), "The referenced network resource cannot be found."},
		{"region of a subnetwork", templateBody("", `{"subnetwork": "regions/us-central9/subnetworks/s"}`, ""),
			"The referenced subnetwork resource cannot be found."},
		{"no network", `{"name": "b", "properties": {"machineType": "n1-standard-1", "disks": [` + boot(image) + `]}}`,
			"At least one network interface is required."},
		{"machine type as URL", strings.Replace(templateBody("", "", ""), "n1-st", "zones/z/machineTypes/n1-st", 1), "must be a valid resource name"},
		{"disk type as URL", templateBody(boot(image+`, "diskType": "zones/us-central1-a/diskTypes/pd-ssd"`), "", ""), "must be a valid resource name (not an url)."},
		{"disk type", templateBody(boot(image+`, "diskType": "floppy"`), "", ""), "The referenced diskType resource cannot be found."},
		{"no source", templateBody(boot(`"diskSizeGb": 10`), "", ""), "Boot disk must have a source specified"},
		{"two sources", templateBody(boot(image+`, "sourceSnapshot": "global/snapshots/s"`), "", ""), "Only one of sourceImage and sourceSnapshot"},
		{"a disk and its parameters", templateBody(`{"boot": true, "source": "d", "initializeParams": {`+image+`}}`, "", ""), "Only one of source and initializeParams"},
		{"a public family as image", templateBody(boot(`"sourceImage": "projects/debian-cloud/global/images/debian-12"`), "", ""),
			"The referenced image resource cannot be found."},
		{"a public version as family", templateBody(boot(`"sourceImage": "projects/debian-cloud/global/images/family/debian-12-v20231010"`), "", ""),
			"The referenced image resource cannot be found."},
		{"image as snapshot", templateBody(boot(`"sourceSnapshot": "global/images/i"`), "", ""), "Unexpected resource collection 'images'."},
		{"bare image", templateBody(boot(`"sourceImage": "debian-12"`), "", ""), "The URL is malformed."},
		{"disk's labels", templateBody(boot(image+`, "labels": {"A": "b"}`), "", ""), "Label key 'A' violates format constraints."},
		{"labels", templateBody("", "", `, "labels": {"a": "head.default"}`),
			"Label value 'head.default' violates format constraints. The value can only contain lowercase letters"},
		{"too many labels", templateBody("", "", `, "labels": {`+manyLabels(65)+`}`), "At most 64 labels"},
		{"two accounts", templateBody("", "", `, "serviceAccounts": [{"email": "a@b"}, {"email": "c@d"}]`), "At most one service account"},
		{"tags", templateBody("", "", `, "tags": {"items": ["web", "Not-this"]}`), "'resource.properties.tags.items[1]': 'Not-this'"},
		{"metadata's key", templateBody("", "", `, "metadata": {"items": [{"key": "a b", "value": ""}]}`), "Must be a match of regex"},
		{"metadata's size", templateBody("", "", `, "metadata": {"items": [{"key": "a", "value": "`+strings.Repeat("x", 256<<10+1)+`"}]}`), "262144 bytes"},
		{"metadata twice", templateBody("", "", `, "metadata": {"items": [{"key": "a", "value": ""}, {"key": "a", "value": ""}]}`), "duplicate keys"},
		{"accelerator as URL", templateBody("", "", `, "guestAccelerators": [{"acceleratorType": "zones/z/acceleratorTypes/t", "acceleratorCount": 1}]`),
			"must be a valid resource name (not an url)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.refused(t, "POST", projectURL+"/global/instanceTemplates", c.body, 400, c.want)
		})
	}
	w.done(t, "POST", projectURL+"/global/instanceTemplates", templateBody("", `{"subnetwork": "regions/us-central1/subnetworks/s"}`,
		`, "labels": {`+manyLabels(64)+`}, "scheduling": {"nodeAffinities": [null]}`))
}

func manyLabels(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"k%d": ""`, i))
	}
	return strings.Join(all, ", ")
}

func TestOtherRefusals(t *testing.T) {
	w := pool(t, 1)
	w.done(t, "POST", zoneURL+"/disks", `{"name": "d", "type": "zones/us-central1-a/diskTypes/pd-ssd"}`)
	vm := zoneURL + "/instances/" + w.members("g")[0].GetName()
	group := func(more string) string {
		return `{"name": "h", "targetSize": 0, "instanceTemplate": "global/instanceTemplates/a"` + more + `}`
	}
	for _, c := range []struct {
		verb, url, body string
		status          int
		want            string
	}{
		// No route. Never 404, which means that a resource is gone.
		{"POST", zoneURL + "/instances", `{"name": "x"}`, 501, "POST /compute/v1/projects/test-project/zones/us-central1-a/instances is not supported by the simulator"},
		{"PUT", projectURL + "/global/instanceTemplates/a", ``, 501, "not supported by the simulator"},
		{"GET", projectURL + "/global/firewalls", ``, 501, "not supported by the simulator"},
		{"POST", zoneURL + "/instanceGroupManagers", group(`, "targetPools": ["regions/us-central1/targetPools/p"]`), 501, "not supported by the simulator"},
		{"POST", projectURL + "/global/images", `{"name": "i", "rawDisk": {"source": "https://storage.googleapis.com/b/o"}}`, 501, "not supported by the simulator"},

		{"POST", zoneURL + "/disks?force=true", `{"name": "e"}`, 400, `Unknown name "force": Cannot bind query parameter.`},
		{"POST", zoneURL + "/instanceGroupManagers", `{"name": "h"}`, 400, "Required field 'resource.targetSize' not specified"},
		{"POST", zoneURL + "/instanceGroupManagers", `{"name": "h", "targetSize": 0, "instanceTemplate": "a"}`, 400, "'a'. The URL is malformed."},
		{"POST", zoneURL + "/instanceGroupManagers", group(`, "autoHealingPolicies": [{"healthCheck": "global/healthChecks/none"}]`), 404, "global/healthChecks/none"},
		{"POST", zoneURL + "/instanceGroupManagers", group(`, "versions": [{"instanceTemplate": "global/networks/n"}]`), 400,
			"'resource.versions[0].instanceTemplate': 'global/networks/n'. Unexpected resource collection 'networks'."},
		{"POST", zoneURL + "/instanceGroupManagers", group(`, "versions": [{"name": "v"}]`), 400, "Required field 'resource.versions[0].instanceTemplate'"},
		{"POST", zoneURL + "/instanceGroupManagers", group(
			`, "versions": [{"instanceTemplate": "global/instanceTemplates/a"}, {"instanceTemplate": "global/instanceTemplates/a"}]`), 400, "Exactly one version must leave the targetSize field unset."},
		{"POST", zoneURL + "/instanceGroupManagers", group(
			`, "versions": [{"instanceTemplate": "global/instanceTemplates/a", "targetSize": {"fixed": 1}}]`), 400, "Exactly one version"},
		{"POST", zoneURL + "/instanceGroupManagers", group(`, "allInstancesConfig": {"properties": {"labels": {"A": ""}}}`), 400, "violates format constraints"},
		{"POST", projectURL + "/zones/us-east1-a/disks", `{"name": "e"}`, 400, "Invalid value for field 'zone': 'us-east1-a'. Unknown zone."},
		{"POST", zoneURL + "/disks", `{"name": "e", "type": "pd-ssd"}`, 400, "The URL is malformed."},
		{"POST", zoneURL + "/disks", `{"name": "e", "type": "zones/us-central1-a/diskTypes/floppy"}`, 400, "The referenced diskType resource cannot be found."},
		{"POST", zoneURL + "/disks", `{"name": "e", "type": "zones/us-central1-b/diskTypes/pd-ssd"}`, 400, "The referenced diskType resource cannot be found."},
		{"POST", zoneURL + "/disks", `{"name": "e", "sourceSnapshot": "global/snapshots/none"}`, 404, "projects/test-project/global/snapshots/none"},
		{"POST", zoneURL + "/disks", `{"name": "e", "sourceImage": "projects/debian-cloud/global/images/debian-12"}`, 400, "The referenced image resource"},
		{"POST", zoneURL + "/disks/d/resize", `{"sizeGb": 10}`, 400, "must be larger"},
		{"POST", zoneURL + "/disks/d/setLabels", `{"labels": {"a": "b"}, "labelFingerprint": "AAAA"}`, 412, "Labels fingerprint"},
		{"POST", projectURL + "/global/snapshots", `{"name": "s"}`, 400, "Required field 'resource.sourceDisk'"},
		{"POST", projectURL + "/global/snapshots", `{"name": "s", "sourceDisk": "zones/us-central1-a/disks/none"}`, 404, "disks/none"},
		{"POST", projectURL + "/global/images", `{"name": "i"}`, 400, "Exactly one of"},
		{"POST", projectURL + "/global/images", `{"name": "i", "sourceDisk": "zones/us-central1-a/disks/d", "sourceImage": "global/images/i"}`, 400, "Exactly one of"},
		{"DELETE", projectURL + "/global/images/none", ``, 404, "images/none"},
		{"GET", projectURL + "/global/images/none", ``, 404, "images/none"},
		{"GET", "https://h/compute/v1/projects/debian-cloud/global/images/debian-12", ``, 404, "images/debian-12"},
		{"POST", vm + "/setLabels", `{"labels": {}}`, 412, "Labels fingerprint"},
		{"POST", vm + "/setMetadata", `{"items": []}`, 412, "Supplied fingerprint"},
		{"POST", vm + "/setTags", `{"items": ["a"]}`, 412, "Supplied fingerprint"},
		{"POST", zoneURL + "/instanceGroups/g/setNamedPorts", `{"namedPorts": [], "fingerprint": "AAAA"}`, 412, "fingerprint"},
		{"POST", vm + "/attachDisk", `{"source": "d"}`, 400, "The URL is malformed."},
	} {
		w.refused(t, c.verb, c.url, c.body, c.status, c.want)
	}
}

// Each method of the table has a handler, and each handler a method.
func TestEachMethodIsServed(t *testing.T) {
	w := newWorld(t, simulator.Options{})
	names := api.Names()
	slices.Sort(names)
	for _, name := range names {
		m := api.Find(name)
		path := strings.NewReplacer("{project}", testProject, "{zone}", testZone, "{region}", "us-central1").Replace(m.Path)
		for _, version := range []string{"v1", "beta"} {
			status, answer := w.send(t, m.Verb, "https://h/compute/"+version+"/"+strings.NewReplacer("{", "", "}", "").Replace(path), "{}")
			if status == 501 {
				t.Errorf("%s: %v", name, answer)
			}
		}
		if w.cloud.Calls()[name] == 0 {
			t.Errorf("%s was not called by its path", name)
		}
	}
	if n := len(w.cloud.Calls()); n != len(names) {
		t.Errorf("%d methods of %d were called", n, len(names))
	}
}
