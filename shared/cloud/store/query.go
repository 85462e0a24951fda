package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// KeyField represents the key in the complete ordering of a query.
const KeyField = "__name__"

// MaxIn is the maximum number of values of an In filter, Firestore's limit.
const MaxIn = 30

// IsRange reports whether the operator compares by order.
func (o Op) IsRange() bool {
	return o == Less || o == LessOrEqual || o == Greater || o == GreaterOrEqual
}

// Normalize checks a query and returns it with its values in the form that
// fields have (a named string type as a string, any slice as []any). Every
// implementation calls it first.
func (q Query) Normalize() (Query, error) {
	segments := strings.Split(q.Collection, "/")
	if q.Group && len(segments) != 1 || !q.Group && len(segments)%2 != 1 || slices.Contains(segments, "") {
		return q, q.invalid("%q is not a collection", q.Collection)
	}
	if q.Limit < 0 {
		return q, q.invalid("the limit is %d", q.Limit)
	}
	where := make([]Filter, len(q.Where))
	contains := 0
	for i, filter := range q.Where {
		normal, err := filter.normalize()
		if err != nil {
			return q, q.invalid("filter on %q: %w", filter.Field, err)
		}
		if filter.Op == Contains {
			contains++
		}
		where[i] = normal
	}
	if contains > 1 {
		return q, q.invalid("at most one %s filter is possible", Contains)
	}
	q.Where = where
	return q, q.checkOrder()
}

func (q Query) checkOrder() error {
	seen := map[string]bool{}
	for _, order := range q.OrderBy {
		if order.Field == "" || seen[order.Field] {
			return q.invalid("order by %q: empty or twice", order.Field)
		}
		seen[order.Field] = true
	}
	if q.After == nil {
		return nil
	}
	for _, order := range q.Orders() {
		if order.Field == KeyField {
			continue
		}
		value, ok := q.After.Fields.At(order.Field)
		if !ok {
			return q.invalid("cannot continue after %s: it was read without the field %q", q.After.Key, order.Field)
		}
		if _, err := sizeOf(value, 1); err != nil {
			return q.invalid("cannot continue after %s: field %q: %w", q.After.Key, order.Field, err)
		}
	}
	return nil
}

func (q Query) invalid(format string, args ...any) error {
	name := cmp.Or(q.Name, "on "+q.Collection)
	return failure.New(failure.Permanent, "query "+strings.ReplaceAll(name, "%", "%%")+": "+format, args...)
}

func (f Filter) normalize() (Filter, error) {
	if f.Field == "" {
		return f, errors.New("it has no field")
	}
	value, err := Value(f.Value)
	if err != nil {
		return f, err
	}
	f.Value = value
	switch {
	case f.Op == In:
		values, ok := value.([]any)
		if !ok || len(values) == 0 || len(values) > MaxIn {
			return f, fmt.Errorf("%q needs a list of 1 to %d values", In, MaxIn)
		}
	case f.Op.IsRange() && value == nil:
		return f, errors.New("null has no order")
	case f.Op != Equal && f.Op != Contains && !f.Op.IsRange():
		return f, fmt.Errorf("there is no operator %q", f.Op)
	}
	return f, nil
}

// Orders returns the complete ordering of the results, as Firestore defines it:
// the query's own orders, then the fields of range filters, then the key. The
// added orders have the direction of the query's last one.
func (q Query) Orders() []Order {
	orders := slices.Clone(q.OrderBy)
	descending := false
	if len(orders) > 0 {
		descending = orders[len(orders)-1].Descending
	}
	var ranges []string
	for _, filter := range q.Where {
		if filter.Op.IsRange() {
			ranges = append(ranges, filter.Field)
		}
	}
	slices.Sort(ranges)
	for _, name := range ranges {
		if !slices.ContainsFunc(orders, func(o Order) bool { return o.Field == name }) {
			orders = append(orders, Order{Field: name, Descending: descending})
		}
	}
	return append(orders, Order{Field: KeyField, Descending: descending})
}

// At returns the value at a path, whose names are separated by dots.
func (f Fields) At(path string) (any, bool) {
	var here any = map[string]any(f)
	for name := range strings.SplitSeq(path, ".") {
		entries, ok := here.(map[string]any)
		if !ok {
			return nil, false
		}
		if here, ok = entries[name]; !ok {
			return nil, false
		}
	}
	return here, true
}

// Project returns only the values at the paths, as Query.Select asks for.
func (f Fields) Project(paths []string) Fields {
	kept := Fields{}
	for _, path := range paths {
		value, ok := f.At(path)
		if !ok {
			continue
		}
		names := strings.Split(path, ".")
		entries := map[string]any(kept)
		for _, name := range names[:len(names)-1] {
			next, ok := entries[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				entries[name] = next
			}
			entries = next
		}
		entries[names[len(names)-1]] = Clone(value)
	}
	return kept
}
