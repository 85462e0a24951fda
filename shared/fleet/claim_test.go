package fleet

import (
	"testing"
	"time"
)

func TestDeletionClaim(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	m := Resource{State: Drained, URL: "url", DrainedAt: at(-1)}
	claimed, ok := m.ClaimDeletion("url", "a", at(0))
	if !ok || !claimed.Deleting {
		t.Fatal("a drained manager cannot be claimed")
	}
	if _, ok := claimed.ClaimDeletion("url", "b", at(1)); ok {
		t.Error("claimed while another run may still ask")
	}
	if _, ok := claimed.EndDeletion("b", true, false); ok {
		t.Error("ended by another run")
	}
	refused, _ := claimed.EndDeletion("a", false, false)
	if refused.Deleting || refused.URL == "" {
		t.Errorf("after a refusal: %+v", refused)
	}
	again, ok := claimed.ClaimDeletion("url", "b", at(4))
	if !ok {
		t.Fatal("a claim that ran out stands in the way")
	}
	if left, _ := again.EndDeletion("b", false, false); !left.Deleting || left.Deletion.held(at(4)) {
		t.Errorf("the deletion of before may still be under way: %+v", left)
	}
	late, _ := claimed.ClaimDeletion("url", "c", at(20))
	if left, _ := late.EndDeletion("c", false, false); !left.Deleting {
		t.Errorf("an operation may take for ever: %+v", left)
	}
	if gone, _ := again.EndDeletion("b", true, false); gone.URL != "" || gone.Deleting || gone.Deletion != (DeletionClaim{}) {
		t.Errorf("after the deletion: %+v", gone)
	}
	r, _ := Resource{State: Drained, URL: "url"}.ClaimDeletion("url", "a", at(0))
	r, _ = r.ClaimDeletion("url", "b", at(20))
	if left, _ := r.EndDeletion("b", false, true); left.Deleting {
		t.Errorf("a template that is in use is not being deleted: %+v", left)
	}
	for _, other := range []Resource{{State: Active, URL: "url"}, {State: Drained, URL: "another"}} {
		if _, ok := other.ClaimDeletion("url", "a", at(0)); ok {
			t.Errorf("claimed %+v", other)
		}
	}
}

// A resource that was drained a moment ago may be configured again a moment
// later.
func TestDrainedAMomentAgoIsNotDeletable(t *testing.T) {
	for since, want := range map[time.Duration]bool{
		0: false, revertTime - time.Second: false, revertTime: true, 25 * time.Hour: true,
		-time.Minute: false, // another clock is ahead
	} {
		m := Resource{State: Drained, URL: "url", DrainedAt: noon.Add(-since)}
		if m.Deletable(noon) != want {
			t.Errorf("drained for %s: deletable: %t", since, m.Deletable(noon))
		}
		if _, claimed := m.ClaimDeletion("url", "a", noon); claimed != want {
			t.Errorf("drained for %s: claimed: %t", since, claimed)
		}
	}
}

func TestAManagerForgetsItsGroup(t *testing.T) {
	m := Manager{Zone: "z", Resource: Resource{State: Drained, URL: "url", DrainedAt: noon}, Size: 3, Claim: ResizeClaim{Target: 3}}
	if got, want := m.WithoutGroup(), (Manager{Zone: "z", Resource: Resource{State: Drained, DrainedAt: noon}}); got != want {
		t.Errorf("%+v", got)
	}
}
