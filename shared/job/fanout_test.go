package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// published is a publisher that keeps its messages.
type published struct {
	mu       sync.Mutex
	messages map[string][]event.Message
	err      error
}

func (p *published) Publish(_ context.Context, topic event.Topic, messages ...event.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if p.messages == nil {
		p.messages = map[string][]event.Message{}
	}
	p.messages[topic.Name] = append(p.messages[topic.Name], messages...)
	return nil
}

func managers(n int) []fleet.ManagerKey {
	keys := make([]fleet.ManagerKey, n)
	for i := range keys {
		keys[i] = fleet.ManagerKey{BaseName: fmt.Sprintf("b%d", i/3), Revision: "r", Zone: fmt.Sprintf("z%d", i)}
	}
	return keys
}

// spread runs Spread at a minute and returns who did which group.
func spread(t *testing.T, keys []fleet.ManagerKey, minute int64) (mine, announced []fleet.ManagerKey) {
	t.Helper()
	var out published
	d := Dependencies{Now: func() time.Time { return time.Unix(minute*60+17, 0) }, Publisher: &out}
	var mu sync.Mutex
	err := d.Run("test-job", event.Scope{}, nil).Spread(t.Context(), keys, func(_ context.Context, key fleet.ManagerKey) error {
		mu.Lock()
		defer mu.Unlock()
		mine = append(mine, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for topic, messages := range out.messages {
		if topic != "test-job" {
			t.Errorf("published to %s", topic)
		}
		for _, message := range messages {
			scope, err := event.DecodeScope(message.Data)
			if err != nil {
				t.Fatal(err)
			}
			announced = append(announced, fleet.ManagerKey{BaseName: scope.BaseName, Revision: scope.Revision, Zone: scope.Zone})
		}
	}
	return mine, announced
}

func TestSpread(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 33, 64, 100, 1000} {
		keys := managers(n)
		original := slices.Clone(keys)
		seen := map[fleet.ManagerKey]bool{}
		for minute := range int64((n + 31) / 32) {
			mine, announced := spread(t, keys, minute)
			if len(mine) != min(n, 32) || len(announced) != max(n-32, 0) {
				t.Fatalf("%d groups: %d done, %d announced", n, len(mine), len(announced))
			}
			once := map[fleet.ManagerKey]int{}
			for _, key := range append(slices.Clone(mine), announced...) {
				once[key]++
			}
			if len(once) != n {
				t.Fatalf("%d groups: %d are done or announced", n, len(once))
			}
			for _, key := range mine {
				seen[key] = true
			}
		}
		if len(seen) != n {
			t.Errorf("%d groups: with all messages lost, %d get their turn", n, len(seen))
		}
		if !slices.Equal(keys, original) {
			t.Error("the list was changed")
		}
	}
}

// The groups of a run are done even if the messages about the others cannot be
// published, and all errors are returned.
func TestSpreadWithErrors(t *testing.T) {
	down := failure.New(failure.Transient, "no publishing")
	broken := failure.New(failure.Permanent, "a broken group")
	d := Dependencies{Now: func() time.Time { return time.Unix(0, 0) }, Publisher: &published{err: down}}
	var done atomic.Int32
	err := d.Run("test-job", event.Scope{}, nil).Spread(t.Context(), managers(40), func(_ context.Context, key fleet.ManagerKey) error {
		if done.Add(1); key.Zone == "z5" {
			return broken
		}
		return nil
	})
	if done.Load() != 32 || !errors.Is(err, down) || !errors.Is(err, broken) || failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%d done, %v", done.Load(), err)
	}
}

func TestEachDoesSomeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var active atomic.Int32
		proceed := make(chan struct{})
		items := []int{}
		for i := range 20 {
			items = append(items, i)
		}
		result := make(chan error, 1)
		go func() {
			result <- Each(t.Context(), Run{}, items, func(_ context.Context, i int) error {
				active.Add(1)
				<-proceed
				active.Add(-1)
				if i == 7 {
					return errors.New("seven")
				}
				return nil
			})
		}()
		synctest.Wait()
		if active.Load() != groupsAtATime {
			t.Errorf("%d at a time", active.Load())
		}
		close(proceed)
		if err := <-result; err == nil || err.Error() != "seven" {
			t.Error(err)
		}
	})
}

// A panic in one item's work becomes that item's error, with its stack.
func TestEachSurvivesAPanic(t *testing.T) {
	var l lines
	err := Each(t.Context(), Run{}, []int{1, 0, 3}, func(_ context.Context, n int) error {
		if 6/n == 0 {
			return errors.New("never")
		}
		return nil
	})
	if !failure.Is(err, failure.Permanent) || !strings.HasPrefix(err.Error(), "panic: ") || !strings.Contains(err.Error(), "divide by zero") {
		t.Fatalf("%v", err)
	}
	logFailures(slog.New(slog.NewJSONHandler(&l, nil)), err, true)
	if all := l.all(t); len(all) != 1 || !strings.Contains(fmt.Sprint(all[0]["stack"]), "fanout_test.go") {
		t.Errorf("it is not logged where it was: %v", all)
	}
}

func TestEachInSeries(t *testing.T) {
	var order []int
	err := Each(t.Context(), Run{Dependencies: Dependencies{Serial: true}}, []int{3, 1, 2}, func(_ context.Context, i int) error {
		order = append(order, i)
		return nil
	})
	if !slices.Equal(order, []int{3, 1, 2}) || err != nil {
		t.Errorf("%v, %v", order, err)
	}
}

func TestCovers(t *testing.T) {
	key := fleet.ManagerKey{BaseName: "b", Revision: "r", Zone: "z"}
	for _, c := range []struct {
		scope event.Scope
		want  bool
	}{
		{event.Scope{}, true}, {ManagerScope(key), true},
		{event.Scope{BaseName: "b"}, true}, {event.Scope{BaseName: "b", Zone: "z"}, true}, {event.Scope{Zone: "z"}, true},
		{event.Scope{BaseName: "x"}, false}, {event.Scope{BaseName: "b", Revision: "x"}, false}, {event.Scope{BaseName: "b", Zone: "x"}, false},
	} {
		if got := (Run{Scope: c.scope}).Covers(key); got != c.want {
			t.Errorf("%+v: %v", c.scope, got)
		}
	}
}

func TestAnnounce(t *testing.T) {
	var out published
	d := Dependencies{Publisher: &out}
	if err := d.Announce(t.Context(), "groups-resized"); err != nil || out.messages != nil {
		t.Errorf("nothing to announce: %v, %v", err, out.messages)
	}
	if err := d.Announce(t.Context(), "groups-resized", event.Scope{}, event.Scope{Zone: "z"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, message := range out.messages["groups-resized"] {
		got = append(got, string(message.Data))
	}
	if !slices.Equal(got, []string{"{}", `{"zone":"z"}`}) {
		t.Errorf("%q", got)
	}
}

func TestWithoutFrozen(t *testing.T) {
	items := []string{"a1", "b1", "a2", "c1", "b2"}
	baseName := func(item string) string { return item[:1] }
	for _, c := range []struct {
		freeze fleet.Freeze
		want   []string
		said   string
	}{
		{nil, items, ""},
		{fleet.Freeze{}, items, ""},
		{fleet.Freeze{"x"}, items, ""},
		{fleet.Freeze{"b", "a"}, []string{"c1"}, "left alone, because settings.cfg freezes it: a, b"},
		{fleet.Freeze{"*"}, nil, "left alone, because settings.cfg freezes it: a, b, c"},
	} {
		var l lines
		got := WithoutFrozen(Run{Log: l.logger()}, c.freeze, items, baseName)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.freeze, got)
		}
		all := l.all(t)
		if c.said == "" && len(all) != 0 || c.said != "" && (len(all) != 1 || all[0]["message"] != c.said || all[0]["event"] != "FROZEN") {
			t.Errorf("%v: %v", c.freeze, all)
		}
	}
}

func TestSettings(t *testing.T) {
	number := func(n int32) *int32 { return &n }
	for _, c := range []struct {
		name string
		cfg  *configpb.SettingsCfg
		want Settings
	}{
		{"nothing imported", nil, Settings{Brake: fleet.Brake{Percent: 20, Minimum: 5}}},
		{"nothing said", &configpb.SettingsCfg{}, Settings{Imported: true, Brake: fleet.Brake{Percent: 20, Minimum: 5}}},
		{"all said", &configpb.SettingsCfg{Freeze: []string{"linux"}, ReclaimBrakePercent: number(10), ReclaimBrakeMinimum: number(3)},
			Settings{Imported: true, Freeze: fleet.Freeze{"linux"}, Brake: fleet.Brake{Percent: 10, Minimum: 3}}},
		{"zero is not nothing", &configpb.SettingsCfg{ReclaimBrakePercent: number(0), ReclaimBrakeMinimum: number(0)}, Settings{Imported: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Dependencies{Store: memory.New(time.Now)}
			if c.cfg != nil {
				current := config.Empty()
				current.Revision, current.Settings = "1", c.cfg
				fields, err := config.Encode(current, time.Unix(0, 0))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := d.Store.Commit(t.Context(), store.Put(config.Key, fields)); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := d.Settings(t.Context()); err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Machine life events are log lines of one fixed form.
func TestLife(t *testing.T) {
	var l lines
	run := Run{Log: l.logger()}
	i := fleet.Instance{Hostname: "h", ID: "42", BaseName: "b", Revision: "r", Zone: "z", Project: "p"}
	for _, name := range []string{Created, CatalogedEvent, DeletionProposed, DeletionScheduled, DeletionSucceeded, DeletedEvent} {
		run.Life(name, i)
	}
	i.Reason = "why"
	run.Life(DeletionProposed, i, i)
	run.Life(Created)
	all := l.all(t)
	if len(all) != 8 {
		t.Fatalf("%d lines", len(all))
	}
	want := []string{"CREATED", "CATALOGED", "DELETION_PROPOSED", "DELETION_SCHEDULED", "DELETION_SUCCEEDED", "DELETED"}
	fields := []string{"base_name", "event", "hostname", "instance_id", "message", "project", "revision", "severity", "time", "zone"}
	for n, name := range want {
		line := all[n]
		if line["event"] != name || line["message"] != name+" h" || line["hostname"] != "h" || line["instance_id"] != "42" || line["severity"] != "INFO" {
			t.Errorf("%v", line)
		}
		if got := slices.Sorted(maps.Keys(line)); !slices.Equal(got, fields) {
			t.Errorf("fields %v", got)
		}
	}
	if all[7]["reason"] != "why" {
		t.Errorf("%v", all[7])
	}
}
