package machinetype

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// custom holds the parts of a custom machine type's name: n2-custom-8-16384 or
// n2-custom-8-131072-ext, with the memory in MB; custom-4-8192, which belongs
// to n1; and e2-custom-medium-4096, whose CPUs are shared.
type custom struct {
	series   string
	size     string // the CPUs, or micro, small, medium
	memory   string // MB
	extended bool
}

// customRule describes which custom types a series has, according to
// https://cloud.google.com/compute/docs/general-purpose-machines and
// https://cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type
type customRule struct {
	cpus    []int
	allowed string  // the CPUs in words
	minimum float64 // GB per CPU
	maximum float64 // GB per CPU, but for extended memory
	total   float64 // GB, for extended memory too; 0: no extended memory
}

var customRules = map[string]customRule{
	"e2":  {every(2, 32, 2), "2 to 32, even", 0.5, 8, 0},
	"n1":  {oneOr(every(2, 96, 2)), "1, or 2 to 96, even", 0.9, 6.5, 624},
	"n2":  {append(every(2, 32, 2), every(36, 128, 4)...), "2 to 32, even, or 36 to 128 in steps of 4", 0.5, 8, 864},
	"n2d": {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96}, "2, 4, 8, 16, 32, 48, 64, 80 or 96", 0.5, 8, 768},
	"n4":  {every(2, 80, 2), "2 to 80, even", 2, 8, 640},
	"n4a": {oneOr(every(2, 64, 2)), "1, or 2 to 64, even", 2, 8, 512},
	"n4d": {every(2, 96, 2), "2 to 96, even", 2, 8, 768},
	"g2":  {[]int{4, 8, 12, 16, 24, 32, 48, 96}, "4, 8, 12, 16, 24, 32, 48 or 96", 4, 8, 0},
}

// sharedCores are the sizes that replace a number of CPUs; each stands for 2
// CPUs.
var sharedCores = map[string]customRule{
	"e2-micro":  {minimum: 0.5, maximum: 1},
	"e2-small":  {minimum: 1, maximum: 2},
	"e2-medium": {minimum: 2, maximum: 4},
}

func every(first, last, step int) []int {
	var counts []int
	for n := first; n <= last; n += step {
		counts = append(counts, n)
	}
	return counts
}

func oneOr(counts []int) []int { return append(counts, 1) }

// splitCustom splits the name of a custom type, and reports whether the name is
// meant to be one.
func splitCustom(name string) (custom, bool) {
	rest, extended := strings.CutSuffix(name, "-ext")
	parts := strings.Split(rest, "-")
	if parts[0] == "custom" {
		parts = slices.Insert(parts, 0, "n1")
	}
	if len(parts) < 2 || parts[1] != "custom" {
		return custom{}, false
	}
	result := custom{series: parts[0], extended: extended}
	if len(parts) == 4 {
		result.size, result.memory = parts[2], parts[3]
	}
	return result, true
}

// shape returns the shape according to the series' rule. The error describes
// what the rule refuses.
func (c custom) shape() (Shape, error) {
	rule, ok := customRules[c.series]
	if !ok {
		return Shape{}, fmt.Errorf("the series %s has no custom types; those that have are e2, g2, n1, n2, n2d, n4, n4a and n4d", c.series)
	}
	memory, err := strconv.Atoi(c.memory)
	if err != nil || memory <= 0 || memory > 1<<30 {
		return Shape{}, fmt.Errorf("a custom type is written %s-custom-CPUS-MEMORY, with the memory in MB", c.series)
	}
	if memory%256 != 0 {
		return Shape{}, fmt.Errorf("the memory must be a multiple of 256 MB, not %d MB", memory)
	}
	cpus, err := strconv.Atoi(c.size)
	if shared, ok := sharedCores[c.series+"-"+c.size]; ok {
		rule, cpus = shared, 2
	} else if err != nil || !slices.Contains(rule.cpus, cpus) {
		return Shape{}, fmt.Errorf("the CPUs of %s-custom are %s, not %s", c.series, rule.allowed, c.size)
	}
	// The limits are rounded to steps of 256 MB.
	least, most := int(math.Ceil(rule.minimum*float64(cpus)*4))*256, int(rule.maximum*float64(cpus)*4)*256
	if c.extended {
		if rule.total == 0 {
			return Shape{}, fmt.Errorf("%s has no extended memory", c.series)
		}
		most = int(rule.total * 1024)
	}
	if memory < least || memory > most {
		return Shape{}, fmt.Errorf("the memory must be %d to %d MB, not %d MB", least, most, memory)
	}
	return Shape{CPUs: cpus, MemoryGB: float64(memory) / 1024}, nil
}
