// Package machinetype returns the CPUs and memory of Compute Engine's machine
// types by their names: predefined types from a table, custom types by rule.
package machinetype

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// Shape is the size of a machine type.
type Shape struct {
	// CPUs is the number of virtual CPUs that the guest sees, Compute Engine's
	// guestCpus: 2 for e2-micro, though it may use only a quarter of one over a
	// longer time.
	CPUs int
	// MemoryGB is the memory in GB of 1,024 MB.
	MemoryGB float64
}

// Parse returns the shape of a machine type by its name. The error describes
// why the name is not a machine type, and which one was perhaps meant.
func Parse(name string) (Shape, error) {
	if shape, ok := predefined().shapes[name]; ok {
		return shape, nil
	}
	custom, ok := splitCustom(name)
	if !ok {
		return Shape{}, fmt.Errorf("unknown machine type %q: %w", name, explain(name))
	}
	shape, err := custom.shape()
	if err != nil {
		return Shape{}, fmt.Errorf("unknown machine type %q: %w", name, err)
	}
	return shape, nil
}

// explain describes what is wrong with a name that is neither predefined nor
// custom: its size if its class exists, otherwise the whole name.
func explain(name string) error {
	if name == "" {
		return errors.New("it is empty")
	}
	table := predefined()
	if parts := strings.SplitN(name, "-", 3); len(parts) == 3 && parts[2] != "" {
		class := parts[0] + "-" + parts[1]
		if sizes := table.sizes[class]; len(sizes) > 0 && sizes[0] != "" { // e2-medium has none
			return fmt.Errorf("%s has the sizes %s; did you mean %q?", class, strings.Join(sizes, ", "), class+"-"+nearestSize(parts[2], sizes))
		}
	}
	return fmt.Errorf("it is neither a predefined nor a custom one%s", spelling.DidYouMean(name, table.names))
}

// nearestSize returns the size with the nearest number; among equally near
// ones, the one with the same suffix.
func nearestSize(wanted string, sizes []string) string {
	number, suffix := leadingNumber(wanted)
	gap := func(size string) int {
		other, own := leadingNumber(size)
		difference := 2 * max(number-other, other-number)
		if own != suffix {
			difference++
		}
		return difference
	}
	return slices.MinFunc(sizes, func(a, b string) int { return gap(a) - gap(b) })
}

// leadingNumber splits 8-lssd into 8 and -lssd.
func leadingNumber(size string) (int, string) {
	suffix := strings.TrimLeft(size, "0123456789")
	number, err := strconv.Atoi(size[:len(size)-len(suffix)])
	if err != nil { // no digits, or too many to be near anything
		return 0, suffix
	}
	return number, suffix
}

type catalog struct {
	shapes map[string]Shape
	sizes  map[string][]string // by class, in the table's order
	names  []string            // sorted
}

// predefined returns the table as maps, built once.
var predefined = sync.OnceValue(func() catalog {
	c := catalog{shapes: map[string]Shape{}, sizes: map[string][]string{}}
	for _, row := range classes {
		for entry := range strings.FieldsSeq(row.sizes) {
			size, shape := row.entry(entry)
			c.shapes[strings.TrimSuffix(row.name+"-"+size, "-")] = shape
			c.sizes[row.name] = append(c.sizes[row.name], size)
		}
	}
	c.names = slices.Sorted(maps.Keys(c.shapes))
	return c
})

// entry reads one size of a row; class describes the notation.
func (c class) entry(text string) (string, Shape) {
	size, memory, given := strings.Cut(text, "=")
	cpus, _ := leadingNumber(size)
	if before, after, ok := strings.Cut(memory, "/"); ok {
		cpus, _ = leadingNumber(before)
		memory = after
	}
	if !given {
		return size, Shape{CPUs: cpus, MemoryGB: c.perCPU * float64(cpus)}
	}
	gb, err := strconv.ParseFloat(memory, 64)
	if err != nil {
		panic(fmt.Sprintf("machine type table: %s %s: %v", c.name, text, err))
	}
	return size, Shape{CPUs: cpus, MemoryGB: gb}
}

// Names returns the names of all predefined machine types, in order.
func Names() []string { return slices.Clone(predefined().names) }
