package filter_test

import (
	"encoding/json"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/filter"
)

func vm(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	err := json.Unmarshal([]byte(`{
		"name": "pool-a-x1y2", "status": "RUNNING", "creationTimestamp": "2026-01-02T03:04:05.000000Z",
		"labels": {"owner": "gce-backend", "empty": ""}, "targetLink": "https://h/compute/v1/projects/p/zones/z/instanceGroupManagers/g",
		"operationType": "insert", "progress": 40, "canIpForward": false,
		"disks": [{"boot": true, "source": "d1"}, {"boot": false, "source": "d2"}]}`), &m)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMatch(t *testing.T) {
	for expression, want := range map[string]bool{
		"":                                    true,
		"name = pool-a-x1y2":                  true,
		`name="pool-a-x1y2"`:                  true,
		"name=other":                          false,
		"name != other":                       true,
		"name != pool-a-x1y2":                 false,
		"name:pool*":                          true,
		"name:b*":                             false,
		"name = pool-*":                       true,
		"name:a-x1":                           true,
		"name eq pool-.*":                     true,
		"name eq 'pool-(a|b)-.*'":             true,
		"name eq pool-(a|b)-.*":               true,
		"name eq pool":                        false,
		"name ne pool":                        true,
		"name ne pool-.*":                     false,
		`(name eq "pool.*") (status ne DONE)`: true,
		"labels.owner=gce-backend":            true,
		"labels.owner:*":                      true,
		"labels.empty:*":                      true,
		"labels.absent:*":                     false,
		"NOT labels.absent:*":                 true,
		"-labels.owner:*":                     false,
		"(status = RUNNING) AND (labels.owner = gce-backend)":  true,
		"(status = RUNNING) AND (labels.owner = nobody)":       false,
		"status = STAGING OR status = RUNNING":                 true,
		"(status = STAGING) OR (status = STOPPING)":            false,
		"status = RUNNING operationType = insert":              true,
		"(status=RUNNING AND (name:x OR name:q)) progress<=40": true,
		"progress > 9":                                    true,
		"progress > 40":                                   false,
		"canIpForward = false":                            true,
		"disks.source = d2":                               true,
		"disks.source = d3":                               false,
		"creationTimestamp > 2026-01-02T00:00:00Z":        true,
		`creationTimestamp < "2026-01-01T23:00:00-04:00"`: false,
		`creationTimestamp >= "2026-01-02T03:04:05Z"`:     true,
		"targetLink = https://h/compute/v1/projects/p/zones/z/instanceGroupManagers/g":    true,
		"targetLink = https://h/compute/v1/projects/p/zones/z/instanceGroupManagers/g2":   false,
		`(targetLink eq ".*/instanceGroupManagers/g") AND (operationType = insert)`:       true,
		`targetLink eq "https://h/compute/v1/projects/p/zones/z/instanceGroupManagers/g"`: true,
		`(operationType = insert) AND (status != DONE) AND (targetLink : "*/zones/z/*")`:  true,
	} {
		f, err := filter.Parse(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := f == nil || f.Match(vm(t)); got != want {
			t.Errorf("%s: got %v, want %v", expression, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, expression := range []string{
		"name", "name =", "= x", "(name = x", "name = x)", "name ~ x", "name = 'x", "AND", "name = x AND",
		"name eq '('", "'name' = x", "name = x OR", "()", "name is x",
	} {
		if f, err := filter.Parse(expression); err == nil {
			t.Errorf("%s: parsed as %v", expression, f)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"name = x", "(a eq 'b.*') (c ne d)", "NOT a:* OR -(b=c)", "a.b>=2026-01-02T03:04:05Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := filter.Parse(text); err == nil && e != nil {
			e.Match(vm(t))
		}
	})
}
