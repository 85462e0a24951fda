package memory

import (
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// scan is a range of an index that contains every result of a query.
type scan struct {
	over     *sorted
	from, to position
	// by are the fields by which the range is ordered. If by is the key alone,
	// all entries of the range have the same value.
	by   []string
	only any
}

func (s scan) size() int { return s.over.distance(s.from, s.to) }

// find returns the documents that a query finds, in order.
func (c *collection) find(query store.Query) []*document {
	orders := query.Orders()
	best := c.choose(query, orders)
	descending, inOrder := follows(best.by, orders)
	if inOrder {
		best = best.startAfter(query.After, descending)
	}
	var found []*document
	for doc := range best.over.between(best.from, best.to, descending) {
		if !matches(doc, query, orders) {
			continue
		}
		found = append(found, doc)
		if inOrder && len(found) == query.Limit {
			return found
		}
	}
	if !inOrder {
		slices.SortFunc(found, func(a, b *document) int { return compare(a.key, a.fields, b.key, b.fields, orders) })
		if query.Limit > 0 && len(found) > query.Limit {
			found = found[:query.Limit]
		}
	}
	return found
}

// choose returns the shortest range, or, for a query with a limit, one in the
// query's order if stopping early there is likely to be quicker.
func (c *collection) choose(query store.Query, orders []store.Order) scan {
	best := scan{over: &c.byKey, to: c.byKey.end(), by: []string{store.KeyField}}
	for _, filter := range query.Where {
		index := c.indexes[indexName{filter.Field, filter.Op == store.Contains}]
		if index == nil || filter.Op == store.In {
			continue
		}
		s := stretch(index, filter)
		_, ordered := follows(s.by, orders)
		if size := s.size(); size < best.size() || size == best.size() && ordered {
			best = s
		}
	}
	if _, ordered := follows(best.by, orders); ordered || query.Limit == 0 || len(orders) > 2 {
		return best
	}
	index := c.indexes[indexName{field: orders[0].Field}]
	if size := best.size(); index == nil || query.Limit*c.size >= size*size {
		return best
	}
	return scan{over: index, to: index.end(), by: []string{orders[0].Field, store.KeyField}}
}

// stretch returns the range of an index that matches a filter.
func stretch(index *sorted, filter store.Filter) scan {
	value := filter.Value
	least := index.search(func(e entry) bool { return store.Compare(e.value, value) >= 0 })
	beyond := index.search(func(e entry) bool { return store.Compare(e.value, value) > 0 })
	sameKindFrom := func() position {
		return index.search(func(e entry) bool { return store.Comparable(e.value, value) || store.Compare(e.value, value) > 0 })
	}
	sameKindTo := func() position {
		return index.search(func(e entry) bool { return !store.Comparable(e.value, value) && store.Compare(e.value, value) > 0 })
	}
	s := scan{over: index, from: least, to: beyond, by: []string{filter.Field, store.KeyField}}
	switch filter.Op {
	case store.Less:
		s.from, s.to = sameKindFrom(), least
	case store.LessOrEqual:
		s.from = sameKindFrom()
	case store.Greater:
		s.from, s.to = beyond, sameKindTo()
	case store.GreaterOrEqual:
		s.to = sameKindTo()
	default: // a single value, so the entries are ordered by key
		s.by, s.only = []string{store.KeyField}, value
	}
	return s
}

// follows reports whether a range ordered by some fields is also in the wanted
// order, and whether that means going through it backwards.
func follows(by []string, orders []store.Order) (descending, ok bool) {
	if len(by) != len(orders) {
		return false, false
	}
	for i, order := range orders {
		if order.Field != by[i] || order.Descending != orders[0].Descending {
			return false, false
		}
	}
	return orders[0].Descending, true
}

// startAfter shortens a range to the part after the previous page.
func (s scan) startAfter(last *store.Document, descending bool) scan {
	if last == nil {
		return s
	}
	value := s.only
	if s.by[0] != store.KeyField {
		value, _ = last.Fields.At(s.by[0])
	}
	target := entry{value, &document{key: last.Key}}
	if descending {
		if end := s.over.seek(target); end.before(s.to) {
			s.to = end
		}
	} else if begin := s.over.search(func(e entry) bool { return e.compare(target) > 0 }); s.from.before(begin) {
		s.from = begin
	}
	if s.to.before(s.from) {
		s.from = s.to
	}
	return s
}

func matches(doc *document, query store.Query, orders []store.Order) bool {
	for _, filter := range query.Where {
		if !filter.Matches(doc.fields) {
			return false
		}
	}
	for _, order := range orders {
		if order.Field == store.KeyField {
			continue
		}
		if _, ok := doc.fields.At(order.Field); !ok {
			return false
		}
	}
	return query.After == nil || compare(doc.key, doc.fields, query.After.Key, query.After.Fields, orders) > 0
}

func compare(key store.Key, fields store.Fields, otherKey store.Key, other store.Fields, orders []store.Order) int {
	for _, order := range orders {
		result := 0
		if order.Field == store.KeyField {
			result = store.CompareKeys(key, otherKey)
		} else {
			value, _ := fields.At(order.Field)
			otherValue, _ := other.At(order.Field)
			result = store.Compare(value, otherValue)
		}
		if order.Descending {
			result = -result
		}
		if result != 0 {
			return result
		}
	}
	return 0
}
