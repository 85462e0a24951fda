package machineprovider

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLeaseRefusals(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1", "vm-2")
	now := w.clock.Now().Unix()
	w.lease(lessee, "used", `"dimensions":{"os_family":"LINUX"},"duration":60`)
	for _, test := range []struct{ name, rest, want string }{
		{"two lengths", `"duration":1,"indefinite":true`, "MUTUAL_EXCLUSION_ERROR"},
		{"two lengths", `"duration":1,"lease_expiration_ts":"9"`, "MUTUAL_EXCLUSION_ERROR"},
		{"two lengths", `"lease_expiration_ts":"9","indefinite":true`, "MUTUAL_EXCLUSION_ERROR"},
		{"zero", `"duration":0`, "NONPOSITIVE_DEADLINE"},
		{"negative", `"duration":"-5"`, "NONPOSITIVE_DEADLINE"},
		{"past", fmt.Sprintf(`"lease_expiration_ts":%d`, now-1), "LEASE_EXPIRATION_TS_ERROR"},
		{"now", fmt.Sprintf(`"lease_expiration_ts":"%d"`, now), "LEASE_EXPIRATION_TS_ERROR"},
		{"long ago", `"lease_expiration_ts":-9223372036854775808`, "LEASE_EXPIRATION_TS_ERROR"},
		{"no length", `"indefinite":false`, "LEASE_LENGTH_UNSPECIFIED"},
		{"over 21 days", fmt.Sprintf(`"duration":%d`, 21*24*3600+1), "LEASE_TOO_LONG"},
		{"huge", `"duration":9223372036854775807`, "LEASE_TOO_LONG"},
		{"over 21 days", fmt.Sprintf(`"lease_expiration_ts":%d`, now+21*24*3600+1), "LEASE_TOO_LONG"},
		{"huge", `"lease_expiration_ts":9223372036854775807`, "LEASE_TOO_LONG"},
		{"topic", `"duration":1,"pubsub_topic":"a"`, "INVALID_TOPIC"},
		{"topic", `"duration":1,"pubsub_topic":"googol"`, "INVALID_TOPIC"},
		{"project", `"duration":1,"pubsub_topic":"topic","pubsub_project":"a/b"`, "INVALID_PROJECT"},
		{"no topic", `"duration":1,"pubsub_project":"some-project"`, "UNSPECIFIED_TOPIC"},
	} {
		t.Run(test.name+" "+test.rest, func(t *testing.T) {
			before := len(w.documents())
			got := w.lease(lessee, "new", `"dimensions":{},`+test.rest)
			if got.Error != test.want || got.State != "" || got.ClientRequestID != "new" {
				t.Fatalf("%+v", got)
			}
			if len(w.documents()) != before {
				t.Fatal("it left something behind")
			}
		})
	}
	for _, other := range []string{
		`"dimensions":{"os_family":"WINDOWS"},"duration":60`, `"dimensions":{"os_family":"LINUX"},"duration":61`,
		`"dimensions":{"os_family":"LINUX"},"indefinite":true`, `"dimensions":{"os_family":"LINUX"},"duration":60,"pubsub_topic":"topic"`,
		`"dimensions":{"os_family":"LINUX"},"duration":60,"on_lease":{"swarming_server":"x"}`,
	} {
		if got := w.lease(lessee, "used", other); got.Error != "REQUEST_ID_REUSE" {
			t.Errorf("%s: %+v", other, got)
		}
	}
	if got := w.lease(lessee2, "used", ""); got.State != "FULFILLED" {
		t.Errorf("another client's id: %+v", got)
	}
	if got := w.lease(lessee, "longest", fmt.Sprintf(`"dimensions":{},"duration":%d`, 21*24*3600)); got.State != "PENDING" {
		t.Errorf("21 days: %+v", got)
	}
}

func TestLeaseLife(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	const rest = `"dimensions":{"os_family":"LINUX"},"duration":"90","pubsub_topic":"my-topic","pubsub_project":"my-project"`
	got := w.lease(lessee, "r", rest)
	ts := fmt.Sprint(w.clock.Now().Add(90 * time.Second).Unix())
	if got.State != "FULFILLED" || got.Hostname != "vm-1" || got.LeaseExpirationTS != ts || len(got.RequestHash) != 40 || got.ClientRequestID != "r" {
		t.Fatalf("%+v", got)
	}
	if again := w.lease(lessee, "r", rest); again != got {
		t.Fatalf("%+v", again)
	}
	messages := w.publisher.take()
	if len(messages) != 2 || messages[0].Topic.Name != "leases-changed" || messages[0].Topic.Project != "" || messages[0].Data != "LEASED" ||
		fmt.Sprint(messages[0].Message.Attributes) != "map[hostname:vm-1 instance:key-of-vm-1]" {
		t.Fatalf("%+v", messages)
	}
	if messages[1].Topic.Project != "my-project" || messages[1].Topic.Name != "my-topic" ||
		messages[1].Data != `{"request_hash":"`+got.RequestHash+`","client_request_id":"r","state":"FULFILLED","hostname":"vm-1","lease_expiration_ts":"`+ts+`"}` {
		t.Fatalf("%+v", messages[1])
	}
	w.clock.Advance(89 * time.Second)
	if swept := w.sweep(); swept.Ended != 0 || w.state("vm-1") != "LEASED" {
		t.Fatalf("%+v", swept)
	}
	w.clock.Advance(time.Second)
	if swept := w.sweep(); swept.Ended != 1 || w.state("vm-1") != "" {
		t.Fatalf("%+v", swept)
	}
	messages = w.publisher.take()
	if len(messages) != 2 || messages[0].Data != "RECLAIMED" || strings.Contains(messages[1].Data, "hostname") || !strings.Contains(messages[1].Data, ts) {
		t.Fatalf("%+v", messages)
	}
	if again := w.lease(lessee, "r", rest); again.State != "FULFILLED" || again.Hostname != "" || again.LeaseExpirationTS != ts {
		t.Fatalf("%+v", again)
	}
	if got := w.release(lessee, "r"); got != "ALREADY_RECLAIMED" {
		t.Fatal(got)
	}
	// Records do not pile up.
	w.clock.Advance(w.limits.Retention - time.Second)
	if swept := w.sweep(); swept.Forgotten != 0 || len(w.documents()) != 1 {
		t.Fatalf("%+v", swept)
	}
	w.clock.Advance(time.Second)
	if swept := w.sweep(); swept.Forgotten != 1 || len(w.documents()) != 0 {
		t.Fatalf("%+v", swept)
	}
	if got := w.release(lessee, "r"); got != "NOT_FOUND" {
		t.Fatal(got)
	}
	if len(w.publisher.take()) != 0 {
		t.Fatal("messages")
	}
}

func TestPolicies(t *testing.T) {
	for policy, want := range map[string]string{"DELETE": "", "MAKE_AVAILABLE": "AVAILABLE", "RECLAIM": "RECLAIMED"} {
		for _, how := range []string{"released", "expired"} {
			w := newWorld(t)
			w.add(policy, "vm-1")
			w.lease(lessee, "r", "")
			if how == "released" {
				w.release(lessee, "r")
			} else {
				w.clock.Advance(time.Minute)
				w.sweep()
			}
			if got := w.state("vm-1"); got != want {
				t.Errorf("%s, %s: %q", policy, how, got)
			}
			next := w.lease(lessee, "next", "")
			if (next.State == "FULFILLED") != (want == "AVAILABLE") {
				t.Errorf("%s, %s: then %+v", policy, how, next)
			}
			messages := w.publisher.take()
			if messages[1].Data != "RECLAIMED" {
				t.Errorf("%s, %s: %+v", policy, how, messages)
			}
		}
	}
}

func TestMatching(t *testing.T) {
	w := newWorld(t)
	w.expect(backend, "catalog/v1/add_machine", `{`+dims+`,`+pols+`}`, 200, `{"machine_addition_request":{`+dims+`,`+pols+`}}`)
	for i, test := range []struct {
		wanted string
		match  bool
	}{
		{`"num_cpus":4`, false},
		{`"num_cpus":8,"os_family":"WINDOWS"`, false},
		{`"snapshot_labels":["a:b","x:y"]`, false},
		{`"os_version":"22.04"`, false},
		{`"memory_gb":7`, false},
		{`"backend":"VSPHERE"`, false},
		{`"hostname":"vm-2"`, false},
		{`"disk_gb":0`, false},
		{``, true},
		{`"num_cpus":"8","memory_gb":7.50,"os_family":"LINUX"`, true},
		{`"snapshot_labels":["c:d"]`, true},
		{`"snapshot_labels":[]`, true},
		{`"hostname":"vm-1","backend":"GCE"`, true},
	} {
		id := fmt.Sprint("r", i)
		got := w.lease(lessee, id, `"dimensions":{`+test.wanted+`},"duration":60`)
		if (got.State == "FULFILLED") != test.match {
			t.Errorf("%s: %+v", test.wanted, got)
		}
		if got := w.release(lessee, id); got != "" {
			t.Errorf("%s: %s", test.wanted, got)
		}
		if test.match {
			w.call(backend, "catalog/v1/add_machine", `{`+dims+`,`+pols+`}`)
		}
	}
}

func TestWaitingInOrder(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.clock.Advance(time.Second)
		if got := w.lease(lessee, fmt.Sprint("r", i), ""); got.State != "PENDING" || got.Hostname != "" {
			t.Fatalf("%+v", got)
		}
	}
	w.lease(lessee2, "windows", `"dimensions":{"os_family":"WINDOWS"},"duration":60`)
	served := func() string {
		var all []string
		for i := range 5 {
			if got := w.lease(lessee, fmt.Sprint("r", i), ""); got.State == "FULFILLED" {
				all = append(all, fmt.Sprint(i, "=", got.Hostname))
			}
		}
		return strings.Join(all, " ")
	}
	w.add("MAKE_AVAILABLE", "vm-a")
	if got := served(); got != "0=vm-a" {
		t.Fatal(got)
	}
	w.release(lessee, "r0")
	if got := served(); got != "0= 1=vm-a" {
		t.Fatal(got)
	}
	w.release(lessee, "r2") // cancelled: the next one is r3
	if got := w.lease(lessee, "r2", ""); got.State != "DENIED" {
		t.Fatalf("%+v", got)
	}
	if got := w.release(lessee, "r2"); got != "NOT_FULFILLED" {
		t.Fatal(got)
	}
	w.clock.Advance(time.Minute)
	w.sweep()
	if got := served(); got != "0= 1= 3=vm-a" {
		t.Fatal(got)
	}
	if got := w.lease(lessee2, "windows", `"dimensions":{"os_family":"WINDOWS"},"duration":60`); got.State != "PENDING" {
		t.Fatalf("%+v", got)
	}
	w.call(backend, "catalog/v1/add_machines", `{"requests":[{"dimensions":{"hostname":"w-1","os_family":"WINDOWS"},"policies":{}},{"dimensions":{"hostname":"l-2","os_family":"LINUX"},"policies":{}}]}`)
	if got := w.lease(lessee2, "windows", `"dimensions":{"os_family":"WINDOWS"},"duration":60`); got.Hostname != "w-1" {
		t.Fatalf("%+v", got)
	}
	if got := served(); got != "0= 1= 3=vm-a 4=l-2" {
		t.Fatal(got)
	}
}

func TestDenial(t *testing.T) {
	w := newWorld(t)
	w.lease(lessee, "r", `"dimensions":{},"duration":60,"pubsub_topic":"my-topic"`)
	w.lease(lessee, "until", fmt.Sprintf(`"dimensions":{},"lease_expiration_ts":%d`, w.clock.Now().Add(time.Hour).Unix()))
	w.clock.Advance(time.Hour)
	if swept := w.sweep(); swept.Denied != 1 || swept.Waiting != 1 || swept.OldestWait != time.Hour {
		t.Fatalf("%+v", swept)
	}
	w.clock.Advance(3*time.Hour - time.Second)
	if swept := w.sweep(); swept.Denied != 0 {
		t.Fatalf("%+v", swept)
	}
	w.clock.Advance(time.Second)
	if swept := w.sweep(); swept.Denied != 1 || swept.Waiting != 0 {
		t.Fatalf("%+v", swept)
	}
	if got := w.lease(lessee, "r", `"dimensions":{},"duration":60,"pubsub_topic":"my-topic"`); got.State != "DENIED" {
		t.Fatalf("%+v", got)
	}
	messages := w.publisher.take()
	if len(messages) != 1 || !strings.Contains(messages[0].Data, `"DENIED"`) {
		t.Fatalf("%+v", messages)
	}
	if got := w.release(lessee, "r"); got != "NOT_FULFILLED" {
		t.Fatal(got)
	}
	w.add("DELETE", "vm-1")
	if w.state("vm-1") != "AVAILABLE" {
		t.Fatal("a denied request got a machine")
	}
}

func TestRenewal(t *testing.T) {
	w := newWorld(t)
	renew := func(id, length, want string) {
		t.Helper()
		_, got := w.call(lessee, "machine_provider/v1/renew", fmt.Sprintf(`{"request_id":%q%s}`, id, length))
		if want == "" && strings.Contains(got, "error") || !strings.Contains(got, want) {
			t.Fatalf("renew %s%s: %s, not %s", id, length, got, want)
		}
	}
	renew("r", `,"duration":60`, "NOT_FOUND")
	w.lease(lessee, "r", "")
	renew("r", `,"duration":60`, "NOT_FULFILLED")
	w.add("MAKE_AVAILABLE", "vm-1")
	begin := w.clock.Now()
	w.clock.Advance(59 * time.Second)
	for _, test := range []struct{ length, want string }{
		{``, "LEASE_LENGTH_UNSPECIFIED"},
		{`,"duration":0`, "NONPOSITIVE_DEADLINE"},
		{`,"duration":1,"lease_expiration_ts":1`, "MUTUAL_EXCLUSION_ERROR"},
		{`,"lease_expiration_ts":1`, "LEASE_EXPIRATION_TS_ERROR"},
		{fmt.Sprintf(`,"duration":%d`, 21*24*3600+1), "LEASE_TOO_LONG"},
		{fmt.Sprintf(`,"duration":%d`, 21*24*3600-58), "LEASE_TOO_LONG"}, // from the lease's beginning
		{fmt.Sprintf(`,"lease_expiration_ts":%d`, begin.Unix()+21*24*3600+1), "LEASE_TOO_LONG"},
		{`,"duration":60`, fmt.Sprintf(`"lease_expiration_ts":"%d"`, begin.Add(119*time.Second).Unix())},
	} {
		renew("r", test.length, test.want)
	}
	w.clock.Advance(59 * time.Second)
	w.sweep()
	if w.state("vm-1") != "LEASED" {
		t.Fatal("ended before its new end")
	}
	if _, got := w.call(backend, "catalog/v1/get", `{"hostname":"vm-1"}`); !strings.Contains(got, fmt.Sprintf(`"lease_expiration_ts":"%d"`, begin.Add(119*time.Second).Unix())) {
		t.Fatal(got)
	}
	w.clock.Advance(time.Second)
	renew("r", `,"duration":60`, "ALREADY_RECLAIMED")
	w.sweep()
	if w.state("vm-1") != "AVAILABLE" {
		t.Fatal("not ended")
	}
	renew("r", `,"duration":60`, "ALREADY_RECLAIMED")
	w.lease(lessee, "indefinite", `"dimensions":{},"indefinite":true`)
	renew("indefinite", `,"duration":60`, "")
	w.clock.Advance(time.Minute)
	if swept := w.sweep(); swept.Ended != 1 {
		t.Fatalf("%+v", swept)
	}
}

func TestIndefiniteLease(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	if got := w.lease(lessee, "r", `"dimensions":{},"indefinite":true`); !got.LeasedIndefinitely || got.LeaseExpirationTS != "" {
		t.Fatalf("%+v", got)
	}
	w.clock.Advance(10 * 365 * 24 * time.Hour)
	if swept := w.sweep(); swept.Ended != 0 || w.state("vm-1") != "LEASED" {
		t.Fatalf("%+v", swept)
	}
	if got := w.release(lessee, "r"); got != "" || w.state("vm-1") != "" {
		t.Fatal(got)
	}
}
