package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var limits = []check{
	{"Limit/writes of a commit", func(f fixture) {
		writes := make([]store.Write, store.MaxWrites+1)
		for i := range writes {
			writes[i] = store.Create(vm(fmt.Sprintf("vm-%03d", i)), one)
		}
		err := f.refused(failure.Permanent, writes...)
		f.says(err, "501", "500")
		f.finds(store.Query{Collection: "instances"})
		f.commit(writes[:store.MaxWrites]...)
		if found := f.find(store.Query{Collection: "instances"}); len(found) != store.MaxWrites {
			f.Errorf("%d documents after a full commit", len(found))
		}
	}},
	{"Limit/one write of each document", func(f fixture) {
		f.says(f.refused(failure.Permanent, store.Put(vm("a"), one), store.Put(vm("a"), two)), "instances/a")
		if f.get(vm("a")).Exists() {
			f.Error("it was written")
		}
	}},
	{"Limit/size of a document", func(f fixture) {
		large := func(bytes int) store.Write {
			fields := store.Fields{"text": "", "more": strings.Repeat("x", 1000)}
			size, err := store.Size(vm("a"), fields)
			if err != nil {
				f.Fatal(err)
			}
			fields["text"] = strings.Repeat("x", bytes-size)
			return store.Put(vm("a"), fields)
		}
		err := f.refused(failure.Permanent, large(store.MaxDocumentBytes+1))
		f.says(err, "instances/a", strconv.Itoa(store.MaxDocumentBytes+1), strconv.Itoa(store.MaxDocumentBytes))
		if f.get(vm("a")).Exists() {
			f.Error("it was written")
		}
		f.commit(large(store.MaxDocumentBytes))
		if got := len(f.get(vm("a")).Fields["text"].(string)); got < store.MaxDocumentBytes-2000 {
			f.Errorf("only %d bytes came back", got)
		}
	}},
	{"Limit/size of a field", func(f fixture) {
		for _, value := range []any{strings.Repeat("x", store.MaxFieldBytes+1), make([]byte, store.MaxFieldBytes+1)} {
			err := f.refused(failure.Permanent, store.Put(vm("a"), store.Fields{"large": value}))
			f.says(err, "instances/a", "large", strconv.Itoa(store.MaxFieldBytes+1), strconv.Itoa(store.MaxFieldBytes))
		}
		f.commit(store.Put(vm("a"), store.Fields{"l": make([]byte, store.MaxFieldBytes)}))
	}},
	{"Limit/values that no field can have", func(f fixture) {
		deep := map[string]any{}
		for range 25 {
			deep = map[string]any{"in": deep}
		}
		for name, value := range map[string]any{
			"int": 1, "struct": struct{}{}, "bad text": "\xff", "array in array": []any{[]any{}}, "channel": make(chan int),
			"nested": map[string]any{"x": []any{int32(1)}}, "deep": deep, "strings": []string{"x"}, "year": time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			f.says(f.refused(failure.Permanent, store.Put(vm("a"), store.Fields{"f-" + name: value})), "f-"+name, "instances/a")
		}
		for _, name := range []string{"", "__x__", "\xff", strings.Repeat("x", 1501)} {
			_ = f.refused(failure.Permanent, store.Put(vm("a"), store.Fields{name: "x"}))
		}
	}},
	{"Limit/bad keys and conditions", func(f fixture) {
		for _, key := range []store.Key{"", "instances", "instances/..", "instances//x", "instances/a/b"} {
			_ = f.refused(failure.Permanent, store.Put(key, one))
		}
		_ = f.refused(failure.Permanent, store.Write{Key: vm("a"), Fields: one, Condition: store.Unchanged})
		_ = f.refused(failure.Permanent, store.Write{Key: vm("a"), Condition: store.Absent})
	}},
}

func (f fixture) says(err error, want ...string) {
	f.Helper()
	for _, part := range want {
		if err != nil && !strings.Contains(err.Error(), part) {
			f.Errorf("the error does not say %q: %v", part, err)
		}
	}
}
