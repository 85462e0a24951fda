package store_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

type state string

type embedded struct {
	Inherited string `firestore:"inherited,omitempty"`
}

type named struct {
	Deep int `firestore:"deep"`
}

type sample struct {
	embedded
	Public   embeddedPublic
	State    state            `firestore:"state"`
	Count    int              `firestore:"count"`
	Small    uint8            `firestore:"small,omitempty"`
	Share    float32          `firestore:"share"`
	At       time.Time        `firestore:"at"`
	Later    time.Time        `firestore:"later,omitempty"`
	Raw      []byte           `firestore:"raw"`
	States   []state          `firestore:"states"`
	ByState  map[state]named  `firestore:"byState"`
	Pointer  *named           `firestore:"pointer"`
	Pointers []*named         `firestore:"pointers,omitempty"`
	Number   *int             `firestore:"number,omitempty"`
	Any      any              `firestore:"any,omitempty"`
	Struct   named            `firestore:"struct,omitempty"`
	Skipped  string           `firestore:"-"`
	Lists    map[string][]int `firestore:"lists,omitempty"`
	private  string
}

type embeddedPublic struct{ Untagged bool }

// Flat is exported, so that its fields are promoted.
type Flat struct {
	X string `firestore:"x"`
}

func TestEncode(t *testing.T) {
	here := time.Date(2024, 1, 2, 3, 4, 5, 6789, time.FixedZone("here", -3600))
	got, err := store.Encode(&sample{
		State: "found", Count: -1, Share: 0.5, At: here, Raw: []byte{1}, States: []state{"a"}, ByState: map[state]named{"b": {2}},
		Skipped: "x", private: "y", Number: new(int),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Fields{
		"Public": map[string]any{"Untagged": false}, "state": "found", "count": int64(-1), "share": 0.5,
		"at": time.Date(2024, 1, 2, 4, 4, 5, 6000, time.UTC), "raw": []byte{1}, "states": []any{"a"},
		"byState": map[string]any{"b": map[string]any{"deep": int64(2)}}, "pointer": nil, "number": int64(0),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("encoded %#v\nwant    %#v", got, want)
	}
}

func TestEncodeFlattensEmbeddedStructs(t *testing.T) {
	type nested struct {
		Flat
		Own string `firestore:"own"`
	}
	type tagged struct {
		Flat `firestore:"flat"`
	}
	for _, c := range []struct {
		value any
		want  store.Fields
	}{
		{nested{Flat{"a"}, "b"}, store.Fields{"x": "a", "own": "b"}},
		{tagged{Flat{"a"}}, store.Fields{"flat": map[string]any{"x": "a"}}},
	} {
		got, err := store.Encode(c.value)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("encoded %#v (%v), want %#v", got, err, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for want, value := range map[string]any{
		"only a struct":       map[string]any{},
		"encode <nil>":        nil,
		"encode *store_test":  (*sample)(nil),
		"encode time.Time":    time.Now(),
		`field "Bad"`:         struct{ Bad chan int }{},
		`field "In.Deep[1]"`:  struct{ In struct{ Deep []any } }{struct{ Deep []any }{[]any{1, complex(1, 1)}}},
		"keys must be string": struct{ M map[int]string }{map[int]string{1: "x"}},
		"does not fit":        struct{ U uint64 }{math.MaxUint64},
	} {
		if _, err := store.Encode(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("encode %T: error %v, want one with %q", value, err, want)
		}
	}
}

func TestDecodeComesBack(t *testing.T) {
	one := 1
	want := sample{
		embedded: embedded{"x"}, Public: embeddedPublic{true}, State: "found", Count: math.MaxInt64, Small: 255, Share: 0.5, At: time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC),
		Raw: []byte{}, States: []state{}, ByState: map[state]named{"b": {2}}, Pointer: &named{3}, Pointers: []*named{nil, {4}}, Number: &one,
		Any: map[string]any{"x": []any{int64(1)}}, Struct: named{5}, Lists: map[string][]int{"l": {1, 2}, "nil": nil},
	}
	fields, err := store.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	fields["unknown"] = "ignored"
	got := sample{Later: time.Now(), Skipped: ""} // fields that the document does not have become zero
	if err := store.Decode(fields, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v (%v)\nwant    %+v", got, err, want)
	}
	fields["raw"] = []byte{9}
	got.Any.(map[string]any)["x"].([]any)[0] = "changed"
	if fields["any"].(map[string]any)["x"].([]any)[0] != int64(1) {
		t.Error("what was decoded shares memory with the document")
	}
}

func TestDecodeIsStrict(t *testing.T) {
	for _, c := range []struct {
		fields store.Fields
		want   string
	}{
		{store.Fields{"state": int64(1)}, `field "state": holds a int64, not a store_test.state`},
		{store.Fields{"state": nil}, `field "state": holds null`},
		{store.Fields{"count": "1"}, `field "count"`},
		{store.Fields{"count": 1.5}, `field "count"`},
		{store.Fields{"small": int64(256)}, `field "small": 256 does not fit into uint8`},
		{store.Fields{"small": int64(-1)}, `field "small"`},
		{store.Fields{"share": "x"}, `field "share"`},
		{store.Fields{"share": 1e300}, `field "share"`},
		{store.Fields{"share": int64(1<<53 + 1)}, `field "share"`},
		{store.Fields{"at": "2024-01-01"}, `field "at"`},
		{store.Fields{"at": nil}, `field "at"`},
		{store.Fields{"raw": "text"}, `field "raw"`},
		{store.Fields{"raw": []any{int64(1)}}, `field "raw"`},
		{store.Fields{"states": []any{"a", int64(1)}}, `field "states[1]"`},
		{store.Fields{"states": "a"}, `field "states"`},
		{store.Fields{"byState": map[string]any{"b": map[string]any{"deep": "x"}}}, `field "byState.b.deep"`},
		{store.Fields{"byState": []any{}}, `field "byState"`},
		{store.Fields{"pointer": "x"}, `field "pointer"`},
		{store.Fields{"struct": []any{}}, `field "struct"`},
		{store.Fields{"count": "1", "state": true}, `field "count"`},
		{store.Fields{"count": "1", "state": true}, `field "state"`},
		{store.Fields{"count": struct{}{}}, `field "count"`},
	} {
		var into sample
		if err := store.Decode(c.fields, &into); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("decode %v: error %v, want one with %q", c.fields, err, c.want)
		}
	}
	for _, into := range []any{nil, sample{}, (*sample)(nil), new(int)} {
		if err := store.Decode(store.Fields{}, into); err == nil {
			t.Errorf("decode into %T: no error", into)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("state", "found", int64(1), 0.5, []byte{1}, true, byte(0))
	f.Add("lists", "x", int64(math.MinInt64), math.Inf(1), []byte(nil), false, byte(3))
	f.Fuzz(func(t *testing.T, name, text string, number int64, share float64, raw []byte, flag bool, shape byte) {
		leaves := []any{text, number, share, raw, flag, nil, time.UnixMicro(number).UTC()}
		leaf := leaves[int(shape)%len(leaves)]
		for depth := shape % 4; depth > 0; depth-- {
			if depth%2 == 0 {
				leaf = []any{leaf, text}
			} else {
				leaf = map[string]any{name: leaf, "deep": number}
			}
		}
		var into sample
		if err := store.Decode(store.Fields{name: leaf}, &into); err != nil {
			return
		}
		encoded, err := store.Encode(into)
		if err != nil {
			return // Any may hold a value that fits into no document
		}
		var again sample
		if err := store.Decode(encoded, &again); err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
	})
}
