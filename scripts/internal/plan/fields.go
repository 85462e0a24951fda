package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
)

// changedTemplate lists the changes between two templates; for metadata only the
// changed keys.
func changedTemplate(before, after *configpb.InstanceTemplate) []string {
	if before == nil || after == nil {
		return nil
	}
	before, after = proto.CloneOf(before), proto.CloneOf(after)
	var keys []string
	old, current := byKey(before.GetMetadata()), byKey(after.GetMetadata())
	all := maps.Clone(old)
	maps.Copy(all, current)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if old[key] != current[key] {
			keys = append(keys, key)
		}
	}
	before.Metadata, after.Metadata = nil, nil
	fields := changedFields(before, after)
	if len(keys) > 0 {
		fields = append(fields, "metadata "+strings.Join(keys, ", "))
	}
	return fields
}

func byKey(entries []string) map[string]string {
	values := map[string]string{}
	for _, entry := range entries {
		key, value, _ := strings.Cut(entry, ":")
		values[key] = value
	}
	return values
}

// changedFields lists the fields that differ between two messages of a type,
// with the values of scalar fields.
func changedFields(before, after proto.Message) []string {
	var changed []string
	a, b := before.ProtoReflect(), after.ProtoReflect()
	fields := a.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if a.Get(field).Equal(b.Get(field)) {
			continue
		}
		change := field.TextName()
		if !field.IsList() && field.Kind() != protoreflect.MessageKind {
			change = fmt.Sprintf("%s %s → %s", change, shown(a, field), shown(b, field))
		}
		changed = append(changed, change)
	}
	return changed
}

func shown(m protoreflect.Message, field protoreflect.FieldDescriptor) string {
	if !m.Has(field) && !field.HasDefault() {
		return "(none)"
	}
	return m.Get(field).String()
}
