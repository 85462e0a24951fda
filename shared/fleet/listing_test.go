package fleet

import (
	"maps"
	"reflect"
	"testing"
)

func up(name string) Sight      { return Sight{Hostname: name, Running: true} }
func booting(name string) Sight { return Sight{Hostname: name} }
func stopped(name string) Sight { return Sight{Hostname: name, Lost: true} }

func TestCompareAndKeep(t *testing.T) {
	type sights = map[string]Sight
	for _, c := range []struct {
		name        string
		before, now sights
		partial     bool
		want        Difference
		unfinished  []string
		kept        sights
	}{
		{name: "nothing", want: Difference{}, kept: sights{}},
		{name: "the same", before: sights{"1": up("a")}, now: sights{"1": up("a")}, kept: sights{"1": up("a")}},
		{name: "new ones, in order", now: sights{"2": up("b"), "1": booting("a")},
			want: Difference{New: []string{"1", "2"}}, kept: sights{"2": up("b"), "1": booting("a")}},
		{name: "new and stopped already", now: sights{"1": stopped("a")},
			want: Difference{New: []string{"1"}, Lost: []string{"1"}}, kept: sights{"1": stopped("a")}},
		{name: "started", before: sights{"1": booting("a")}, now: sights{"1": up("a")},
			want: Difference{Started: []string{"1"}}, kept: sights{"1": up("a")}},
		{name: "running no more, without being stopped", before: sights{"1": up("a")}, now: sights{"1": booting("a")}, kept: sights{"1": booting("a")}},
		{name: "stopped", before: sights{"1": up("a")}, now: sights{"1": stopped("a")},
			want: Difference{Lost: []string{"1"}}, kept: sights{"1": stopped("a")}},
		{name: "gone", before: sights{"1": up("a"), "2": up("b")}, now: sights{"2": up("b")},
			want: Difference{Lost: []string{"1"}}, kept: sights{"2": up("b")}},
		{name: "gone and not finished with", before: sights{"1": up("a")}, now: sights{}, unfinished: []string{"1"},
			want: Difference{Lost: []string{"1"}}, kept: sights{"1": {Hostname: "a", Running: true, Lost: true}}},
		{name: "all gone", before: sights{"1": up("a")}, now: nil, want: Difference{Lost: []string{"1"}}, kept: sights{}},
		{name: "a failed page says nothing of what it did not show", partial: true, before: sights{"1": up("a"), "2": booting("b")}, now: sights{"2": up("b"), "3": up("c")},
			want: Difference{New: []string{"3"}, Started: []string{"2"}}, kept: sights{"1": up("a"), "2": up("b"), "3": up("c")}},
		{name: "a failed first page", partial: true, before: sights{"1": up("a")}, now: sights{}, kept: sights{"1": up("a")}},
		{name: "another id under a known name is a new machine", before: sights{"1": up("a")}, now: sights{"9": up("a")},
			want: Difference{New: []string{"9"}, Lost: []string{"1"}}, kept: sights{"9": up("a")}},
		{name: "unfinished with what is there and stopped", before: sights{"1": stopped("a")}, now: sights{"1": stopped("a")}, unfinished: []string{"1"},
			want: Difference{Lost: []string{"1"}}, kept: sights{"1": stopped("a")}},
		{name: "stopped and started again", before: sights{"1": stopped("a")}, now: sights{"1": up("a")},
			want: Difference{Started: []string{"1"}}, kept: sights{"1": up("a")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, now := maps.Clone(c.before), maps.Clone(c.now)
			got := Compare(c.before, c.now, !c.partial)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.Any() != (len(c.want.New)+len(c.want.Lost)+len(c.want.Started) > 0) {
				t.Errorf("Any: %v", got.Any())
			}
			if kept := Keep(c.before, c.now, c.unfinished, !c.partial); !reflect.DeepEqual(kept, c.kept) {
				t.Errorf("kept %+v, want %+v", kept, c.kept)
			}
			if !maps.Equal(before, c.before) || !maps.Equal(now, c.now) {
				t.Error("the listings themselves were changed")
			}
		})
	}
}

// A loss that is not dealt with is found by every later look.
func TestUnfinishedComesBack(t *testing.T) {
	listing := map[string]Sight{"1": up("a")}
	for look := range 3 {
		if d := Compare(listing, nil, true); !reflect.DeepEqual(d.Lost, []string{"1"}) {
			t.Fatalf("look %d: %+v", look, d)
		}
		listing = Keep(listing, nil, []string{"1"}, true)
	}
	listing = Keep(listing, nil, nil, true)
	if d := Compare(listing, nil, true); d.Any() {
		t.Errorf("finished with, and still %+v", d)
	}
}
