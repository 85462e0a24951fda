package job

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/records"
)

// found fills a store with managers that have the given numbers of found
// instances.
func found(t *testing.T, sizes ...int) *metered.Store {
	t.Helper()
	documents := memory.New(time.Now)
	put := func(key store.Key, err error, value any) {
		if err != nil {
			t.Fatal(err)
		}
		fields, err := store.Encode(value)
		if err == nil {
			_, err = documents.Commit(t.Context(), store.Put(key, fields))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, size := range sizes {
		m := fleet.Manager{BaseName: "b", Revision: "r", Zone: fmt.Sprintf("z%d", i), Resource: fleet.Resource{State: fleet.Active}}
		key, err := records.ManagerKey(m.Key())
		put(key, err, m)
		for n := range size {
			instance := fleet.NewInstance(m, fmt.Sprintf("%d-%04d", i, n), "1", "", time.Unix(0, 0))
			key, err := records.InstanceKey(instance.Key())
			put(key, err, instance)
		}
	}
	return metered.New(documents)
}

// readWaiting returns how many instances a run reads, and for which zones it
// publishes messages.
func readWaiting(t *testing.T, documents store.Store, scope event.Scope) (read int, sent []string) {
	t.Helper()
	var out published
	run := Dependencies{Store: documents, Publisher: &out}.Run("test-job", scope, slog.New(slog.DiscardHandler))
	items, err := run.waiting(t.Context(), fleet.Found)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range out.messages["test-job"] {
		scope, err := event.DecodeScope(message.Data)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, scope.Zone)
	}
	slices.Sort(sent)
	return len(items), sent
}

func TestASweepReadsAllOfASmallFleet(t *testing.T) {
	documents := found(t, 3, 0, 2)
	if read, sent := readWaiting(t, documents, event.Scope{}); read != 5 || sent != nil {
		t.Errorf("read %d, sent %v", read, sent)
	}
	if read, sent := readWaiting(t, documents, event.Scope{BaseName: "b", Zone: "z2"}); read != 2 || sent != nil {
		t.Errorf("read %d of one zone, sent %v", read, sent)
	}
}

// The memory of a run does not grow with the fleet: it publishes a message for
// each group whose instances it does not read.
func TestASweepOfALargeFleetSendsGroupsOn(t *testing.T) {
	documents := found(t, 900, 0, 900, 900, 5)
	read, sent := readWaiting(t, documents, event.Scope{})
	if read != records.MostAtOnce || !slices.Equal(sent, []string{"z3", "z4"}) {
		t.Errorf("read %d, sent %v", read, sent)
	}
	if reads := documents.Counts().Total().Reads; reads != records.MostAtOnce+5+5 {
		t.Errorf("%d documents were read: the instances, five managers and five counts are enough", reads)
	}
	one := event.Scope{BaseName: "b", Revision: "r", Zone: "z3"}
	if read, sent := readWaiting(t, documents, one); read != 900 || sent != nil {
		t.Errorf("read %d of one group, sent %v", read, sent)
	}
}
