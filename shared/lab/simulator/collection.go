package simulator

import (
	"slices"
	"strings"
	"time"
)

// resource is what can stand in a list.
type resource interface {
	key() string
	createdAt() time.Time
	json() map[string]any
}

// collection holds resources by name and in the order of their names, which is
// the order of the API's lists. The order is made when it is asked for.
type collection[T resource] struct {
	byName map[string]T
	sorted []T // nil when out of date
}

func newCollection[T resource]() *collection[T] {
	return &collection[T]{byName: map[string]T{}}
}

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

// all is in the order of names; the caller must not change it.
func (c *collection[T]) all() []T {
	if c.sorted == nil {
		c.sorted = make([]T, 0, len(c.byName))
		for _, v := range c.byName {
			c.sorted = append(c.sorted, v)
		}
		slices.SortFunc(c.sorted, func(a, b T) int { return strings.Compare(a.key(), b.key()) })
	}
	return c.sorted
}
