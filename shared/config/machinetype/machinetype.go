// Package machinetype knows the CPUs and memory of Compute Engine's machine
// types by their names: predefined ones from a table, custom ones by rule.
package machinetype

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// Shape is what a machine of a type has.
type Shape struct {
	// CPUs is the number of virtual CPUs that the guest sees, Compute Engine's
	// guestCpus: 2 for e2-micro, which may use a quarter of one at length.
	CPUs int
	// MemoryGB is the memory in GB of 1,024 MB.
	MemoryGB float64
	// Series is the machine series, such as n2, or n1 for custom-4-8192.
	Series string
	// Custom tells a custom type from a predefined one.
	Custom bool
}

// Error says why a name is not a machine type.
type Error struct {
	Name       string
	Reason     string
	Suggestion string // a machine type that was perhaps meant, or ""
}

func (e *Error) Error() string {
	message := fmt.Sprintf("unknown machine type %q: %s", e.Name, e.Reason)
	if e.Suggestion != "" {
		message += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	return message
}

// Parse finds the shape of a machine type by its name. An error is an *Error.
func Parse(name string) (Shape, error) {
	if shape, ok := predefined().shapes[name]; ok {
		return shape, nil
	}
	custom, ok := splitCustom(name)
	if !ok {
		return Shape{}, unknown(name)
	}
	shape, err := custom.shape()
	if err != nil {
		return Shape{}, err
	}
	return shape, nil
}

// unknown explains a name that is neither predefined nor custom: by the sizes
// of its class where that exists, else by the nearest name.
func unknown(name string) *Error {
	err := &Error{Name: name, Reason: "it is neither a predefined nor a custom one"}
	if name == "" {
		err.Reason = "it is empty"
		return err
	}
	table := predefined()
	err.Suggestion = spelling.Nearest(name, table.names)
	class, size := splitSize(name)
	if sizes := table.sizes[class]; len(sizes) > 0 && sizes[0] != "" && size != "" { // e2-medium has none
		err.Reason = fmt.Sprintf("%s has the sizes %s", class, strings.Join(sizes, ", "))
		err.Suggestion = class + "-" + nearestSize(size, sizes)
	}
	return err
}

// nearestSize is the size whose number is nearest, with the same suffix where
// there is one.
func nearestSize(size string, sizes []string) string {
	wanted, suffix := leadingNumber(size)
	return slices.MinFunc(sizes, func(a, b string) int { return gap(a, wanted, suffix) - gap(b, wanted, suffix) })
}

func gap(size string, wanted int, suffix string) int {
	number, own := leadingNumber(size)
	difference := 2 * max(number-wanted, wanted-number)
	if own != suffix {
		difference++
	}
	return difference
}

func leadingNumber(size string) (int, string) {
	digits := strings.TrimLeft(size, "0123456789")
	number, err := strconv.Atoi(size[:len(size)-len(digits)])
	if err != nil { // no digits, or too many to be near anything
		return 0, digits
	}
	return number, digits
}

// splitSize cuts n2-standard-8-lssd into n2-standard and 8-lssd.
func splitSize(name string) (class, size string) {
	parts := strings.SplitN(name, "-", 3)
	if len(parts) < 3 {
		return name, ""
	}
	return parts[0] + "-" + parts[1], parts[2]
}

type catalog struct {
	shapes map[string]Shape
	sizes  map[string][]string // by class, in the table's order
	names  []string            // sorted
}

// predefined is the table made into a map, once.
var predefined = sync.OnceValue(func() catalog {
	c := catalog{shapes: map[string]Shape{}, sizes: map[string][]string{}}
	for _, row := range classes {
		for entry := range strings.FieldsSeq(row.sizes) {
			size, shape := row.entry(entry)
			name := strings.TrimSuffix(row.name+"-"+size, "-")
			c.shapes[name] = shape
			c.sizes[row.name] = append(c.sizes[row.name], size)
		}
	}
	c.names = slices.Sorted(maps.Keys(c.shapes))
	return c
})

// entry reads one size of a row; see classes for how it is written.
func (c class) entry(text string) (string, Shape) {
	size, given, _ := strings.Cut(text, "=")
	shape := Shape{Series: series(c.name)}
	shape.CPUs, _ = leadingNumber(size)
	if cpus, memory, ok := strings.Cut(given, "/"); ok {
		shape.CPUs, _ = leadingNumber(cpus)
		given = memory
	}
	shape.MemoryGB = c.perCPU * float64(shape.CPUs)
	if given != "" {
		memory, err := strconv.ParseFloat(given, 64)
		if err != nil {
			panic(fmt.Sprintf("machine type table: %s %s: %v", c.name, text, err))
		}
		shape.MemoryGB = memory
	}
	return strings.TrimPrefix(size, "."), shape
}

func series(class string) string {
	name, _, _ := strings.Cut(class, "-")
	return name
}

// Names returns the names of all predefined machine types, in order.
func Names() []string { return slices.Clone(predefined().names) }
