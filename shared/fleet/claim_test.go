package fleet

import (
	"testing"
	"time"
)

func TestDeletionClaim(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	m := Manager{State: Drained, URL: "url", Size: 3}
	claimed, ok := m.ClaimDeletion("url", "a", at(0))
	if !ok || !claimed.Deleting {
		t.Fatal("a drained manager cannot be claimed")
	}
	if _, ok := claimed.ClaimDeletion("url", "b", at(1)); ok {
		t.Error("claimed while another run may still ask")
	}
	if _, ok := claimed.EndDeletion("b", true); ok {
		t.Error("ended by another run")
	}
	refused, _ := claimed.EndDeletion("a", false)
	if refused.Deleting || refused.URL == "" {
		t.Errorf("after a refusal: %+v", refused)
	}
	again, ok := claimed.ClaimDeletion("url", "b", at(4))
	if !ok {
		t.Fatal("a claim that ran out stands in the way")
	}
	if left, _ := again.EndDeletion("b", false); !left.Deleting || left.Deletion.Held(at(4)) {
		t.Errorf("the deletion of before may still be under way: %+v", left)
	}
	late, _ := claimed.ClaimDeletion("url", "c", at(20))
	if left, _ := late.EndDeletion("c", false); !left.Deleting {
		t.Errorf("an operation may take for ever: %+v", left)
	}
	if gone, _ := again.EndDeletion("b", true); gone.URL != "" || gone.Deleting || gone.Size != 0 || gone.Deletion != (DeletionClaim{}) {
		t.Errorf("after the deletion: %+v", gone)
	}
	r, _ := Revision{State: Drained, URL: "url"}.ClaimDeletion("url", "a", at(0))
	r, _ = r.ClaimDeletion("url", "b", at(20))
	if left, _ := r.EndDeletion("b", false, true); left.Deleting {
		t.Errorf("a template that is in use is not being deleted: %+v", left)
	}
	for _, other := range []Manager{{State: Active, URL: "url"}, {State: Drained, URL: "another"}} {
		if _, ok := other.ClaimDeletion("url", "a", at(0)); ok {
			t.Errorf("claimed %+v", other)
		}
	}
}
