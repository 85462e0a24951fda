package fetchinstances

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

func activity(data string) event.Message {
	return event.Message{ID: "1", Topic: "vm-activity", Data: []byte(data)}
}

func entry(resource string) string {
	return fmt.Sprintf(`{"insertId":"x","logName":"projects/p/logs/cloudaudit.googleapis.com%%2Factivity","operation":{"last":true},`+
		`"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"v1.compute.instances.insert","resourceName":%q},"severity":"NOTICE"}`, resource)
}

func TestVMActivityNamesItsGroup(t *testing.T) {
	const revision = "0123456789ab"
	for _, c := range []struct{ base, zone string }{
		{"linux", "us-east1-b"}, {"l", "europe-west10-a"}, {"linux-small", "us-central1-a"}, {"a-1-b", "northamerica-northeast1-c"},
		{"deadbeef", "us-east1-b"}, {"linux-deadbeef", "us-east1-b"}, {"x-us-east1-b", "us-east1-b"},
	} {
		for _, project := range []string{"my-project", "123456789012", "example.com:my-project"} {
			hostname := fleet.BaseInstanceName(c.base, revision, c.zone) + "-x1y2"
			scope, err := decode(activity(entry("projects/" + project + "/zones/" + c.zone + "/instances/" + hostname)))
			if err != nil || scope.BaseName != c.base || scope.Zone != c.zone || scope.Revision != "" || scope.Instances != nil {
				t.Errorf("%s: %+v, %v", hostname, scope, err)
			}
		}
	}
}

// Many VMs of one group make one scope, so that their messages share a run.
func TestVMsOfAGroupShareAScope(t *testing.T) {
	var first event.Scope
	for n := range 20 {
		scope, err := decode(activity(entry(fmt.Sprintf("projects/p/zones/us-east1-b/instances/linux-01234567-us-east1-b-%04x", n*977))))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = scope
		}
		if !reflect.DeepEqual(scope, first) {
			t.Errorf("%+v, and %+v", scope, first)
		}
	}
}

// VMs that are not ours are ignored, which is not an error.
func TestVMsOfOthers(t *testing.T) {
	for _, hostname := range []string{
		"web-1", "x", "linux-us-east1-b-x1y2", "linux-01234567-us-west1-b-x1y2", "linux-0123456g-us-east1-b-x1y2",
		"01234567-us-east1-b-x1y2", "gke-cluster-pool-01234567-x1y2",
	} {
		if scope, err := decode(activity(entry("projects/p/zones/us-east1-b/instances/" + hostname))); !errors.Is(err, job.ErrNotOurs) {
			t.Errorf("%s: %+v, %v", hostname, scope, err)
		}
	}
}

func TestVMActivityThatCannotBeRead(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":            "",
		"no JSON":            "{",
		"a scope":            `{"baseName":"linux"}`,
		"no resource":        `{"protoPayload":{}}`,
		"a wrong type":       `{"protoPayload":{"resourceName":7}}`,
		"another resource":   entry("projects/p/zones/us-east1-b/instanceGroupManagers/linux-0123456789ab"),
		"a regional one":     entry("projects/p/regions/us-east1/instances/x"),
		"a line break in it": entry("projects/p/zones/us-east1-b/instances/x\nprojects"),
		"a very long one":    entry(strings.Repeat("x", 1<<20)),
	} {
		_, err := decode(activity(data))
		if err == nil || errors.Is(err, job.ErrNotOurs) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(err.Error()) > 500 {
			t.Errorf("%s: the error has %d characters", name, len(err.Error()))
		}
	}
}

// Messages of every other topic carry a scope.
func TestOtherTopicsCarryScopes(t *testing.T) {
	for _, topic := range []string{"fetch-instances", "groups-resized", ""} {
		scope, err := decode(event.Message{Topic: topic, Data: []byte(`{"baseName":"linux","zone":"z"}`)})
		if want := (event.Scope{BaseName: "linux", Zone: "z"}); err != nil || !reflect.DeepEqual(scope, want) {
			t.Errorf("%s: %+v, %v", topic, scope, err)
		}
		if _, err := decode(event.Message{Topic: topic, Data: []byte(entry("projects/p/zones/z/instances/x"))}); err == nil {
			t.Errorf("%s: a log entry was taken for a scope", topic)
		}
	}
}
