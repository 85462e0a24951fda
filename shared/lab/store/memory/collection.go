package memory

import (
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// indexedFrom is the size from which a collection gets indexes.
const indexedFrom = 64

// document is one version of a document; it never changes.
type document struct {
	key     store.Key
	fields  store.Fields
	version store.Version
}

// indexName names the index of a field, or of the elements of an array.
type indexName struct {
	field    string
	elements bool
}

// collection holds the documents of a collection or of a collection group, by
// key and in the indexes that queries have needed so far.
type collection struct {
	byKey   sorted
	size    int
	indexes map[indexName]*sorted
}

func (c *collection) replace(old, next *document) {
	if old != nil {
		c.size--
	}
	if next != nil {
		c.size++
		c.byKey.add(entry{doc: next})
	} else if old != nil {
		c.byKey.remove(entry{doc: old})
	}
	for name, index := range c.indexes {
		for _, value := range name.values(old) {
			index.remove(entry{value, old})
		}
		for _, value := range name.values(next) {
			index.add(entry{value, next})
		}
	}
}

// values returns the values under which an index holds the document.
func (n indexName) values(doc *document) []any {
	if doc == nil {
		return nil
	}
	value, ok := doc.fields.At(n.field)
	if !ok {
		return nil
	}
	if n.elements {
		items, _ := value.([]any)
		return items
	}
	return []any{value}
}

func (c *collection) build(name indexName) {
	index := &sorted{}
	for doc := range c.byKey.between(position{}, c.byKey.end(), false) {
		for _, value := range name.values(doc) {
			index.add(entry{value, doc})
		}
	}
	c.indexes[name] = index
}

// missing returns the indexes that a query needs and that do not exist yet.
func (c *collection) missing(query store.Query) []indexName {
	if c.size < indexedFrom {
		return nil
	}
	var names []indexName
	for _, filter := range query.Where {
		names = append(names, indexName{filter.Field, filter.Op == store.Contains})
	}
	if len(query.OrderBy) > 0 && query.Limit > 0 {
		names = append(names, indexName{query.OrderBy[0].Field, false})
	}
	return slices.DeleteFunc(names, func(name indexName) bool { return c.indexes[name] != nil })
}
