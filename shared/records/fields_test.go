package records

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Records of earlier versions must stay readable: the names of the fields do
// not change, no matter which struct holds them.
func TestNamesOfFields(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	resource := fleet.Resource{State: fleet.Drained, URL: "u", Deleting: true, Deletion: fleet.DeletionClaim{By: "x", At: at, Since: at}, DrainedAt: at}
	least := fleet.Resource{State: fleet.Active}
	for _, c := range []struct {
		name   string
		record any
		want   string
	}{
		{"a revision", fleet.Revision{Resource: resource, SnapshotURL: "s"}, "baseName deleting deletion drainedAt revision snapshotUrl spec state url"},
		{"a new revision", fleet.Revision{Resource: least}, "baseName revision spec state url"},
		{"a manager", fleet.Manager{Resource: resource, Trouble: fleet.Trouble{Code: "c"}}, "baseName claim deleting deletion drainedAt maximumSize minimumSize project revision size state trouble url zone"},
		{"a new manager", fleet.Manager{Resource: least}, "baseName claim maximumSize minimumSize project revision size state url zone"},
	} {
		fields, err := store.Encode(c.record)
		if got := strings.Join(slices.Sorted(maps.Keys(fields)), " "); err != nil || got != c.want {
			t.Errorf("%s has the fields\n%s, want\n%s; %v", c.name, got, c.want, err)
		}
	}
	var read fleet.Manager
	fields := store.Fields{"zone": "z", "state": "drained", "url": "u", "deleting": true, "drainedAt": at, "deletion": map[string]any{"by": "x", "at": at, "since": at}}
	if err := store.Decode(fields, &read); err != nil || read != (fleet.Manager{Zone: "z", Resource: resource}) {
		t.Errorf("read as %+v, %v", read, err)
	}
}
