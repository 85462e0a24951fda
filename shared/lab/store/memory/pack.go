package memory

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// In the journal, strings, booleans, null and arrays are written as in JSON. A
// value whose type JSON cannot express is an object with one name: the type.
const (
	packedInt   = "i"
	packedFloat = "f"
	packedTime  = "t"
	packedBytes = "b"
	packedMap   = "m"
)

func pack(value any) any {
	switch v := value.(type) {
	case int64:
		return map[string]any{packedInt: strconv.FormatInt(v, 10)}
	case float64:
		return map[string]any{packedFloat: strconv.FormatFloat(v, 'g', -1, 64)}
	case time.Time:
		return map[string]any{packedTime: v.Format(time.RFC3339Nano)}
	case []byte:
		return map[string]any{packedBytes: base64.StdEncoding.EncodeToString(v)}
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = pack(item)
		}
		return items
	case map[string]any:
		return map[string]any{packedMap: packMap(v)}
	}
	return value
}

func packMap(entries map[string]any) map[string]any {
	packed := make(map[string]any, len(entries))
	for name, value := range entries {
		packed[name] = pack(value)
	}
	return packed
}

func unpack(value any) (any, error) {
	switch v := value.(type) {
	case nil, string, bool:
		return v, nil
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			var err error
			if items[i], err = unpack(item); err != nil {
				return nil, err
			}
		}
		return items, nil
	case map[string]any:
		for kind, content := range v {
			return unpackTyped(kind, content)
		}
	}
	return nil, fmt.Errorf("unknown value %v", value)
}

func unpackTyped(kind string, content any) (any, error) {
	if entries, ok := content.(map[string]any); ok && kind == packedMap {
		return unpackMap(entries)
	}
	text, ok := content.(string)
	if !ok {
		return nil, fmt.Errorf("unknown value %v of type %q", content, kind)
	}
	switch kind {
	case packedInt:
		return strconv.ParseInt(text, 10, 64)
	case packedFloat:
		return strconv.ParseFloat(text, 64)
	case packedTime:
		return time.Parse(time.RFC3339Nano, text)
	case packedBytes:
		return base64.StdEncoding.DecodeString(text)
	}
	return nil, fmt.Errorf("unknown type %q", kind)
}

func unpackMap(entries map[string]any) (map[string]any, error) {
	unpacked := make(map[string]any, len(entries))
	for name, value := range entries {
		var err error
		if unpacked[name], err = unpack(value); err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
	}
	return unpacked, nil
}
