package simulator

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// resource is anything that a list can hold.
type resource interface {
	key() string // the name, which orders the lists
	createdAt() time.Time
	json() map[string]any
	listed() bool // false while it is not visible yet, or no longer
	number() uint64
}

// meta holds the fields of every resource, and implements resource except for
// json.
type meta struct {
	name    string
	id      uint64
	created time.Time
}

func (m *meta) key() string          { return m.name }
func (m *meta) createdAt() time.Time { return m.created }
func (m *meta) listed() bool         { return true }
func (m *meta) number() uint64       { return m.id }

// newMeta returns the meta of a resource that is being created.
func (c *Cloud) newMeta(name string) meta {
	return meta{name: name, id: c.newID(), created: c.clock}
}

// fixture is a resource that has always existed and never changes.
type fixture struct {
	name string
	body map[string]any
}

func (f fixture) key() string          { return f.name }
func (f fixture) createdAt() time.Time { return epoch }
func (f fixture) json() map[string]any { return f.body }
func (f fixture) listed() bool         { return true }
func (f fixture) number() uint64       { return 0 }

// epoch is when the fixtures were created.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// lister finds the resources of one kind in one scope.
type lister[T resource] interface {
	// all returns the listed resources in the order of their names. The caller
	// must not change the slice.
	all() []T
	// find returns a listed resource by its name or its id.
	find(name string) (T, bool)
}

// fixtures is a lister of resources that have always existed.
type fixtures []fixture

func (f fixtures) all() []fixture { return f }

func (f fixtures) find(name string) (fixture, bool) {
	for _, one := range f {
		if one.name == name {
			return one, true
		}
	}
	return fixture{}, false
}

// collection holds resources by name, and sorts them when a list is requested.
type collection[T resource] struct {
	byName map[string]T
	sorted []T // nil when out of date
}

func newCollection[T resource]() *collection[T] {
	return &collection[T]{byName: map[string]T{}}
}

// get returns a resource, whether listed or not.
func (c *collection[T]) get(name string) (T, bool) {
	v, ok := c.byName[name]
	return v, ok
}

func (c *collection[T]) add(v T) {
	c.byName[v.key()] = v
	c.sorted = nil
}

func (c *collection[T]) remove(name string) {
	if _, ok := c.byName[name]; !ok {
		return
	}
	delete(c.byName, name)
	c.sorted = nil
}

func (c *collection[T]) len() int { return len(c.byName) }

// every returns all resources, listed or not, in the order of their names.
func (c *collection[T]) every() []T {
	if c.sorted == nil {
		c.sorted = make([]T, 0, len(c.byName))
		for _, v := range c.byName {
			c.sorted = append(c.sorted, v)
		}
		slices.SortFunc(c.sorted, func(a, b T) int { return strings.Compare(a.key(), b.key()) })
	}
	return c.sorted
}

func (c *collection[T]) all() []T {
	every := c.every()
	hidden := slices.IndexFunc(every, func(v T) bool { return !v.listed() })
	if hidden < 0 {
		return every
	}
	listed := slices.Clone(every[:hidden])
	for _, v := range every[hidden:] {
		if v.listed() {
			listed = append(listed, v)
		}
	}
	return listed
}

func (c *collection[T]) find(name string) (T, bool) {
	if v, ok := c.byName[name]; ok {
		return v, v.listed()
	}
	if id, err := strconv.ParseUint(name, 10, 64); err == nil && id != 0 {
		for _, v := range c.byName {
			if v.number() == id {
				return v, v.listed()
			}
		}
	}
	var none T
	return none, false
}
