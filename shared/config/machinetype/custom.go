package machinetype

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// custom is the name of a custom machine type in its parts: n2-custom-8-16384
// or n2-custom-8-131072-ext, where the memory is in MB; custom-4-8192, which
// is of n1; and e2-custom-medium-4096, whose CPUs are shared.
type custom struct {
	name     string
	series   string
	size     string // the CPUs, or micro, small, medium
	memory   string // MB
	extended bool
}

// customRule says which custom types a series has, after
// https://cloud.google.com/compute/docs/general-purpose-machines and
// https://cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type
type customRule struct {
	cpus           func(int) bool
	allowed        string  // what cpus allows, in words
	minimum        float64 // GB per CPU
	maximum        float64 // GB per CPU, but for extended memory
	total          float64 // GB, for extended memory too; 0: no extended memory
	sharedMemoryGB map[string][2]float64
}

var customRules = map[string]customRule{
	"e2": {evenTo(32), "2 to 32, even", 0.5, 8, 0, map[string][2]float64{
		"micro": {1, 2}, "small": {2, 4}, "medium": {4, 8},
	}},
	"n1":  {oneOr(evenTo(96)), "1, or 2 to 96, even", 0.9, 6.5, 624, nil},
	"n2":  {wideEvenTo(128), "2 to 32, even, or 36 to 128 in steps of 4", 0.5, 8, 864, nil},
	"n2d": {oneOf(2, 4, 8, 16, 32, 48, 64, 80, 96), "2, 4, 8, 16, 32, 48, 64, 80 or 96", 0.5, 8, 768, nil},
	"n4":  {evenTo(80), "2 to 80, even", 2, 8, 640, nil},
	"n4a": {oneOr(evenTo(64)), "1, or 2 to 64, even", 2, 8, 512, nil},
	"n4d": {evenTo(96), "2 to 96, even", 2, 8, 768, nil},
	"g2":  {oneOf(4, 8, 12, 16, 24, 32, 48, 96), "4, 8, 12, 16, 24, 32, 48 or 96", 4, 8, 0, nil},
}

func evenTo(limit int) func(int) bool {
	return func(n int) bool { return n >= 2 && n <= limit && n%2 == 0 }
}

// wideEvenTo is evenTo with steps of 4 above 32.
func wideEvenTo(limit int) func(int) bool {
	return func(n int) bool { return evenTo(limit)(n) && (n <= 32 || n%4 == 0) }
}

func oneOr(rule func(int) bool) func(int) bool {
	return func(n int) bool { return n == 1 || rule(n) }
}

func oneOf(counts ...int) func(int) bool {
	return func(n int) bool { return slices.Contains(counts, n) }
}

// splitCustom reports whether a name means to be a custom type.
func splitCustom(name string) (custom, bool) {
	rest, extended := strings.CutSuffix(name, "-ext")
	parts := strings.Split(rest, "-")
	if parts[0] == "custom" {
		parts = append([]string{"n1"}, parts...)
	}
	if len(parts) < 2 || parts[1] != "custom" {
		return custom{}, false
	}
	result := custom{name: name, series: parts[0], extended: extended}
	if len(parts) == 4 {
		result.size, result.memory = parts[2], parts[3]
	}
	return result, true
}

func (c custom) shape() (Shape, error) {
	rule, ok := customRules[c.series]
	if !ok {
		return Shape{}, c.refuse("the series %s has no custom types; those that have are e2, g2, n1, n2, n2d, n4, n4a and n4d", c.series)
	}
	memory, err := strconv.Atoi(c.memory)
	if err != nil || memory <= 0 || memory > 1<<30 {
		return Shape{}, c.refuse("a custom type is written %s-custom-CPUS-MEMORY, with the memory in MB", c.series)
	}
	if memory%256 != 0 {
		return Shape{}, c.refuse("the memory must be a multiple of 256 MB, not %d MB", memory)
	}
	shape := Shape{MemoryGB: float64(memory) / 1024, Series: c.series, Custom: true}
	if limits, ok := rule.sharedMemoryGB[c.size]; ok {
		shape.CPUs = 2
		return shape, c.within(shape.MemoryGB, limits[0], limits[1])
	}
	shape.CPUs, err = strconv.Atoi(c.size)
	if err != nil || !rule.cpus(shape.CPUs) {
		return Shape{}, c.refuse("the CPUs of %s-custom are %s, not %s", c.series, rule.allowed, c.size)
	}
	least, most := rule.minimum*float64(shape.CPUs), rule.maximum*float64(shape.CPUs)
	if c.extended {
		if rule.total == 0 {
			return Shape{}, c.refuse("%s has no extended memory", c.series)
		}
		most = rule.total
	}
	return shape, c.within(shape.MemoryGB, least, most)
}

// within checks the memory against limits in GB, which count as whole steps
// of 256 MB.
func (c custom) within(memory, least, most float64) error {
	least = math.Ceil(least*4) / 4
	if memory >= least && memory <= most {
		return nil
	}
	return c.refuse("the memory must be %.0f to %.0f MB, not %.0f MB", least*1024, math.Floor(most*4)*256, memory*1024)
}

func (c custom) refuse(format string, args ...any) *Error {
	return &Error{Name: c.name, Reason: fmt.Sprintf(format, args...)}
}
