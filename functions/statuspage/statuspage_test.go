package statuspage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// overview reads the overview as a script does.
func (f *fixture) overview(target string) Overview {
	f.t.Helper()
	answer := f.get(f.handler(nil), target, "Accept", "application/json")
	var o Overview
	if answer.Code != http.StatusOK {
		f.t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	f.must(json.Unmarshal(answer.Body.Bytes(), &o))
	return o
}

func TestWaits(t *testing.T) {
	o := trouble(t).overview("/")
	got := map[string]string{}
	for _, pool := range o.Pools {
		got[pool.BaseName+" "+pool.Zone+" "+pool.State] = strings.Join(pool.Waits, "; ")
	}
	for pool, want := range map[string]string{
		"linux-large us-central1-a active":     `its instance template, which needs a snapshot named checkout, with label contents:checkout; since 13:40: create instance template linux-large-9d8e7f6a5b4c in project example-builders: no READY snapshot in project example-builders has name "checkout" and labels map[contents:checkout]; the template waits for one`,
		"linux-large us-central1-b configured": "the configuration to be processed",
		"linux-small us-central1-a active":     "",
		"linux-small us-central1-a draining":   "the lease of linux-small-00aa11bb-us-central1-a-le02 until 14:42, and 2 others that end before; 2 VMs to be deleted; linux-small-00aa11bb-us-central1-a-pe01, which Compute Engine was asked to delete at 13:11",
		"linux-small us-central1-b active":     "4 VMs to be created; us-central1-b out of n2-standard-8 since 13:40; 1 VM to boot and be cataloged",
		"windows europe-west1-b active":        "frozen by settings.cfg: left as it is; 6 VMs to be created",
	} {
		if got[pool] != want {
			t.Errorf("%s waits for\n%s\nnot\n%s", pool, got[pool], want)
		}
	}
	failing := slices.DeleteFunc(slices.Clone(o.Jobs), func(j Job) bool { return !j.Failing })
	if o.WaitingLeases != 7 || o.Fleet.Leased != 3 || o.Fleet.Cataloged != 13 || o.Fleet.Pending != 2 || len(o.Troubled()) != 3 || len(failing) != 2 {
		t.Errorf("%+v", o)
	}
}

func TestQuietWaitsForNothing(t *testing.T) {
	o := quiet(t).overview("/?format=json")
	for _, pool := range o.Pools {
		if len(pool.Waits) > 0 || pool.Running != 8 || pool.Wanted != 8 || pool.Leased != 2 || pool.Cataloged != 8 {
			t.Errorf("%+v", pool)
		}
	}
	if len(o.Pools) != 2 || o.RunningLeases != 4 || len(o.Jobs) != 0 || len(o.LastDay) == 0 {
		t.Errorf("%+v", o)
	}
}

func TestRoomAndQuotaAndEndlessLeases(t *testing.T) {
	f := newFixture(t)
	f.configure("", "")
	m := f.manager("b", "1111111111aa", "us-central1-a", fleet.Active, func(m *fleet.Manager, _ *fleet.Revision) {
		m.Trouble = fleet.Trouble{Code: "QUOTA_EXCEEDED", Since: f.now.Add(-30 * time.Hour)}
	})
	old := f.manager("b", "2222222222aa", "us-central1-a", fleet.Drained, nil)
	f.instances(old, 14, fleet.Leased, func(i int, instance *fleet.Instance) {
		if i == 3 {
			instance.LeasedIndefinitely, instance.LeaseExpiration = true, time.Time{}
		}
	})
	gone := f.manager("c", "3333333333aa", "us-central1-a", fleet.Drained, nil)
	f.instances(gone, 2, fleet.Deleted, nil)
	just := f.manager("d", "4444444444aa", "us-central1-a", fleet.Drained, func(m *fleet.Manager, _ *fleet.Revision) { m.DrainedAt = f.now })
	for _, pool := range f.overview("/").Pools {
		want := map[string]string{
			just.Key().String(): "its instance group to be deleted after 13:43, unless the configuration is taken back",
			m.Key().String():    "6 VMs to be created; the project's quota is used up since 1 Mar 07:42 (QUOTA_EXCEEDED); room: other revisions have 14 VMs in this zone, and maximum_size is 20",
			old.Key().String():  "the lease of b-22222222-us-central1-a-le03 which has no end, and 13 others that end before",
			gone.Key().String(): "its instance group to be deleted",
		}[pool.Key]
		if got := strings.Join(pool.Waits, "; "); got != want {
			t.Errorf("%s waits for\n%s\nnot\n%s", pool.Key, got, want)
		}
	}
}

func TestPoolAndInstance(t *testing.T) {
	f := large(t, 40*120)
	handler := f.handler(nil)
	seen := map[string]bool{}
	target := "/?pool=pool-07/3f2c77ab0011/us-central1-d&format=json"
	for pages := 1; ; pages++ {
		var v GroupView
		f.must(json.Unmarshal(f.get(handler, target).Body.Bytes(), &v))
		for _, instance := range v.Instances {
			seen[instance.Key] = true
		}
		if v.Next == "" {
			if pages != 3 || len(seen) != 120 || v.Pool.Running != 120 {
				t.Errorf("%d instances on %d pages, %+v", len(seen), pages, v.Pool)
			}
			break
		}
		target = "/?format=json&pool=pool-07/3f2c77ab0011/us-central1-d&after=" + url.QueryEscape(v.Next)
	}
	var leased GroupView
	f.must(json.Unmarshal(f.get(handler, "/?pool=pool-07/3f2c77ab0011/us-central1-d&state=leased&format=json").Body.Bytes(), &leased))
	if len(leased.Instances) != rowsPerPage || leased.Instances[0].State != "leased" || leased.Instances[0].Until.IsZero() {
		t.Errorf("%+v", leased.Instances)
	}

	f = quiet(t)
	key := "linux-small-3f2c77ab-us-central1-a-le01:4711001"
	var v InstanceView
	f.must(json.Unmarshal(f.get(f.handler(nil), "/?format=json&instance="+key).Body.Bytes(), &v))
	var what []string
	for _, event := range v.History {
		what = append(what, event.At.Format("15:04 ")+event.What)
	}
	want := []string{"10:42 found: its VM was seen for the first time", "10:43 offered to the catalog",
		"12:42 leased to scheduler@example-ci.iam.gserviceaccount.com until 14:22"}
	if !slices.Equal(what, want) {
		t.Errorf("the history is %q", what)
	}
}

func TestLeases(t *testing.T) {
	f := trouble(t)
	var v LeasesView
	f.must(json.Unmarshal(f.get(f.handler(nil), "/?leases=waiting&format=json").Body.Bytes(), &v))
	if len(v.Leases) != 7 || v.Leases[0].RequestID != "nightly-6" || !slices.Contains(v.Leases[0].Dimensions, "os_family=LINUX") {
		t.Errorf("%+v", v)
	}
	f = quiet(t)
	f.must(json.Unmarshal(f.get(f.handler(nil), "/?leases=running&format=json").Body.Bytes(), &v))
	if len(v.Leases) != 4 || v.Leases[0].Instance == "" || v.Leases[0].Expires.IsZero() {
		t.Errorf("%+v", v)
	}
}

// whoever verifies a token by taking it for the e-mail address.
func whoever(_ context.Context, token string) (string, error) {
	if token == "broken" {
		return "", failure.New(failure.Transient, "Google does not answer")
	}
	return token, nil
}

func TestAccess(t *testing.T) {
	f := quiet(t)
	handler := f.handler(func(d *Dependencies) { d.Anyone, d.Verify = false, whoever })
	for who, want := range map[string]int{
		"": 401, "broken": 503, "nobody@example.com": 403, "viewer@example.com": 200, "Admin@example.com": 200,
	} {
		for _, target := range []string{"/", "/?pool=a/b/c", "/?leases=waiting", "/?instance=x:1", "/?format=json"} {
			answer := f.get(handler, target, "Authorization", "Bearer "+who)
			if answer.Code != want && (want != 200 || answer.Code != 404) {
				t.Errorf("%q gets %d of %s, not %d", who, answer.Code, target, want)
			}
			if want != 200 && strings.Contains(answer.Body.String(), "linux-small") {
				t.Errorf("%q sees %s", who, answer.Body)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	f := quiet(t)
	handler := f.handler(nil)
	for _, target := range []string{"/x", "/?pool=", "/?pool=a/b/c", "/?pool=../..//", "/?instance=", "/?instance=a/b", "/?leases=other",
		"/?pool=linux-small/3f2c77ab0011/us-central1-a&state=odd"} {
		if answer := f.get(handler, target); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, answer.Code)
		}
	}
	for _, target := range []string{"/?after=zzz", "/?pool=linux-small/3f2c77ab0011/us-central1-a&after=../x", "/?leases=waiting&after=x/y", "/?leases=running&after=x/y"} {
		if answer := f.get(handler, target); answer.Code >= 500 {
			t.Errorf("%s: %d", target, answer.Code)
		}
	}
}

// Names from outside never become part of the page's markup.
func TestEscaping(t *testing.T) {
	f := quiet(t)
	const evil = `<script>alert(1)</script>"'>`
	f.request(evil, f.now.Add(-time.Hour), nil)
	f.fail("import-config", f.now.Add(-time.Minute), errors.New(evil))
	for _, target := range []string{"/", "/?leases=waiting", "/?instance=" + url.QueryEscape(evil), "/?pool=" + url.QueryEscape(evil)} {
		answer := f.get(f.handler(nil), target)
		if strings.Contains(answer.Body.String(), "<script") {
			t.Errorf("%s: %s", target, answer.Body)
		}
		if policy := answer.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
			t.Errorf("%s: the policy is %q", target, policy)
		}
	}
}

func TestSecretsStayInside(t *testing.T) {
	f := quiet(t)
	for _, target := range []string{"/", "/?format=json", "/?pool=linux-small/3f2c77ab0011/us-central1-a", "/?pool=linux-small/3f2c77ab0011/us-central1-a&format=json"} {
		if answer := f.get(f.handler(nil), target); answer.Code != 200 || strings.Contains(answer.Body.String(), "hunter2") {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
		}
	}
}

func TestTenThousandVMs(t *testing.T) {
	f := large(t, 10_000)
	for _, target := range []string{"/", "/?format=json", "/?pool=pool-07/3f2c77ab0011/us-central1-d", "/?instance=pool-07-3f2c77ab-us-central1-d-le01:4711001", "/?leases=running"} {
		f.get(f.handler(nil), target) // once before, because the store in memory makes its indexes then
		start := time.Now()
		answer := f.get(f.handler(nil), target)
		if took := time.Since(start); answer.Code != 200 || took > time.Second {
			t.Errorf("%s: %d after %v", target, answer.Code, took)
		}
	}
}

func TestPagesOfPools(t *testing.T) {
	f := newFixture(t)
	f.configure("", "")
	for i := range 250 {
		f.manager("pool-"+string(rune('a'+i%25)), "3f2c77ab0011", "z"+string(rune('a'+i/25)), fleet.Active, nil)
	}
	seen, after := map[string]bool{}, ""
	for range 3 {
		o := f.overview("/?after=" + url.QueryEscape(after))
		for _, pool := range o.Pools {
			seen[pool.Key] = true
		}
		after = o.Next
	}
	if len(seen) != 250 || after != "" {
		t.Errorf("%d pools on three pages, then %q", len(seen), after)
	}
}
