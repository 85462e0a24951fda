package event

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeScope(t *testing.T) {
	pool := Scope{BaseName: "linux", Revision: "0123456789ab", Zone: "us-east1-b"}
	for _, c := range []struct {
		name, data string
		want       Scope
		wrong      string // a part of the error
	}{
		{name: "nothing"},
		{name: "spaces", data: " \n\t "},
		{name: "an empty object", data: "{}"},
		{name: "an empty object with spaces", data: " { } \n"},
		{name: "an empty string", data: `""`},
		{name: "a pool", data: `{"baseName":"linux","revision":"0123456789ab","zone":"us-east1-b"}`, want: pool},
		{name: "in another order, with spaces", data: "\n{\"zone\":\"us-east1-b\",\n \"baseName\":\"linux\", \"revision\":\"0123456789ab\"}\n", want: pool},
		{name: "instances", data: `{"instances":["a:1","b:2"],"reclaimed":true}`, want: Scope{Instances: []string{"a:1", "b:2"}, Reclaimed: true}},

		{name: "an unknown field", data: `{"basename_":"linux"}`, wrong: "basename_"},
		{name: "a misspelt field beside a known one", data: `{"baseName":"linux","zones":["a"]}`, wrong: "zones"},
		{name: "a number for a string", data: `{"baseName":7}`, wrong: "number"},
		{name: "nothing but a word about instances", data: `{"reclaimed":true}`, wrong: "names nothing"},
		{name: "an empty list", data: `{"instances":[]}`, wrong: "names nothing"},
		{name: "an empty name", data: `{"baseName":""}`, wrong: "names nothing"},
		{name: "empty values", data: `{"baseName":"","revision":"","zone":null,"instances":null,"reclaimed":false}`, wrong: "names nothing"},
		{name: "a field that was there once", data: `{"hostnames":["no-such-vm"]}`, wrong: "hostnames"},
		{name: "a string for a list", data: `{"instances":"a"}`, wrong: "string"},
		{name: "a list of numbers", data: `{"instances":[1]}`, wrong: "number"},
		{name: "a string for a bool", data: `{"reclaimed":"yes"}`, wrong: "string"},
		{name: "a string", data: `"linux"`, wrong: "string"},
		{name: "a number", data: `7`, wrong: "number"},
		{name: "a list", data: `[]`, wrong: "array"},
		{name: "null", data: `null`, wrong: "null"},
		{name: "true", data: `true`, wrong: "bool"},
		{name: "no JSON", data: `baseName=linux`, wrong: "invalid"},
		{name: "broken off", data: `{"baseName":"li`, wrong: "EOF"},
		{name: "two objects", data: `{} {}`, wrong: "goes on"},
		{name: "an object and rubbish", data: `{"baseName":"linux"}x`, wrong: "goes on"},
		{name: "two empty strings", data: `"" ""`, wrong: "string"},
		{name: "bytes", data: "\xff\xfe\x00", wrong: "invalid"},
		{name: "deep", data: strings.Repeat("[", 20_000), wrong: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeScope([]byte(c.data))
			if fails := c.wrong != "" || c.name == "deep"; fails != (err != nil) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("the error does not say %q: %v", c.wrong, err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestDecodeScopeLimit(t *testing.T) {
	payload := func(size int) []byte {
		const frame = `{"zone":""}`
		return []byte(`{"zone":"` + strings.Repeat("z", size-len(frame)) + `"}`)
	}
	if _, err := DecodeScope(payload(MaxScopeBytes)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	for _, size := range []int{MaxScopeBytes + 1, 10 << 20} {
		_, err := DecodeScope(payload(size))
		if err == nil || !strings.Contains(err.Error(), "262144") {
			t.Errorf("%d bytes: %v; the error must name the limit", size, err)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("the error has %d characters", len(err.Error()))
		}
	}
}

// A scope may name all instances of the largest group.
func TestScopeOfAWholeGroupFits(t *testing.T) {
	scope := Scope{BaseName: strings.Repeat("b", 40), Revision: "0123456789ab", Zone: "northamerica-northeast1-a"}
	for range 1000 {
		scope.Instances = append(scope.Instances, strings.Repeat("h", 63)+":"+strings.Repeat("1", 20))
	}
	got, err := DecodeScope(scope.Encode())
	if err != nil || !reflect.DeepEqual(got, scope) {
		t.Errorf("%v", err)
	}
}

func TestSweep(t *testing.T) {
	if !(Scope{}).Sweep() {
		t.Error("the zero scope is no sweep")
	}
	for _, scope := range []Scope{{BaseName: "b"}, {Revision: "r"}, {Zone: "z"}, {Instances: []string{"i"}}} {
		if scope.Sweep() {
			t.Errorf("%+v is a sweep", scope)
		}
	}
}

func TestEncodeOfASweepIsEmpty(t *testing.T) {
	if got := (Scope{}).Encode(); string(got) != "{}" {
		t.Errorf("%s", got)
	}
}

// Any payload: no panic; an accepted scope can be encoded and decoded again
// without a change; and only an empty payload, {} and "" request a sweep over
// everything.
func FuzzDecodeScope(f *testing.F) {
	for _, seed := range []string{"", "{}", `""`, "null", "[]", `{"baseName":"linux"}`, `{"instances":["a:1"],"reclaimed":true}`,
		`{"BASENAME":"x"}`, `{"baseName":"a","baseName":"b"}`, `{"zone":"\u0000"}`, "{}{}", `{"instances":[]}`, `{"reclaimed":true}`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		scope, err := DecodeScope(data)
		if err != nil {
			if !reflect.DeepEqual(scope, Scope{}) {
				t.Fatalf("an error, and %+v", scope)
			}
			return
		}
		again, err := DecodeScope(scope.Encode())
		if err != nil || !bytes.Equal(again.Encode(), scope.Encode()) {
			t.Fatalf("%+v is read again as %+v, %v", scope, again, err)
		}
		if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && string(trimmed) != `""` && trimmed[0] != '{' {
			t.Fatalf("%q was taken for a scope", data)
		}
		if scope.Sweep() && bytes.ContainsAny(data, ":") {
			t.Fatalf("%q became a sweep", data)
		}
	})
}
