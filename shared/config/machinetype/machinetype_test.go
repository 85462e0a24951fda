package machinetype

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name   string
		cpus   int
		memory float64
	}{
		{"f1-micro", 1, 0.6}, {"g1-small", 1, 1.7},
		{"e2-micro", 2, 1}, {"e2-small", 2, 2}, {"e2-medium", 2, 4},
		{"e2-standard-8", 8, 32}, {"e2-highcpu-32", 32, 32}, {"e2-highmem-16", 16, 128},
		{"n1-standard-1", 1, 3.75}, {"n1-standard-96", 96, 360}, {"n1-highcpu-16", 16, 14.4}, {"n1-highmem-2", 2, 13},
		{"n2-standard-8", 8, 32}, {"n2-highmem-128", 128, 864}, {"n2-highcpu-96", 96, 96},
		{"n2d-standard-224", 224, 896}, {"n2d-highmem-96", 96, 768},
		{"n4-standard-80", 80, 320}, {"n4-highcpu-2", 2, 4}, {"n4d-highmem-96", 96, 768}, {"n4a-standard-1", 1, 4},
		{"t2a-standard-48", 48, 192}, {"t2d-standard-60", 60, 240},
		{"c2-standard-30", 30, 120}, {"c2d-highcpu-112", 112, 224},
		{"c3-standard-22-lssd", 22, 88}, {"c3-highcpu-192-metal", 192, 512}, {"c3-highmem-176", 176, 1408},
		{"c3-standard-192-metal", 192, 768},
		{"c3d-highcpu-360", 360, 708}, {"c3d-standard-360-lssd", 360, 1440},
		{"c4-standard-2", 2, 7}, {"c4-standard-288-lssd-metal", 288, 1080}, {"c4-highmem-96", 96, 744},
		{"c4a-standard-72-lssd", 72, 288}, {"c4a-highmem-96-metal", 96, 768},
		{"c4d-standard-384", 384, 1488}, {"c4d-highmem-384-metal", 384, 3072}, {"c4d-highcpu-4", 4, 7},
		{"h3-standard-88", 88, 352}, {"h4d-highmem-192-lssd", 192, 1488}, {"h4d-standard-192", 192, 720},
		{"m1-megamem-96", 96, 1433.6}, {"m2-ultramem-416", 416, 11776}, {"m3-ultramem-32", 32, 976},
		{"m4-megamem-28", 28, 372}, {"m4-hypermem-64", 64, 992}, {"x4-480-8t-metal", 480, 8192},
		{"z3-highmem-14-standardlssd", 14, 112}, {"z3-highmem-192-highlssd-metal", 192, 1536}, {"z3-highmem-88", 88, 704},
		{"a2-highgpu-1g", 12, 85}, {"a2-megagpu-16g", 96, 1360}, {"a3-megagpu-8g", 208, 1872},
		{"a3-ultragpu-8g", 224, 2952}, {"a4-highgpu-8g", 224, 3968}, {"a4x-highgpu-4g", 140, 884},
		{"g2-standard-96", 96, 384}, {"g4-standard-6", 6, 22}, {"g4-standard-384", 384, 1440},

		{"custom-4-8192", 4, 8}, {"custom-1-1024", 1, 1}, {"n1-custom-6-20480", 6, 20},
		{"custom-2-15360-ext", 2, 15}, {"custom-1-7680-ext", 1, 7.5},
		{"n2-custom-8-16384", 8, 16}, {"n2-custom-36-73728", 36, 72}, {"n2-custom-2-65536-ext", 2, 64},
		{"n2d-custom-16-8192", 16, 8}, {"n2d-custom-4-102400-ext", 4, 100},
		{"n4-custom-6-12288", 6, 12}, {"n4a-custom-8-16384", 8, 16}, {"n4d-custom-96-196608", 96, 192},
		{"e2-custom-4-8192", 4, 8}, {"e2-custom-medium-4096", 2, 4}, {"e2-custom-micro-1280", 2, 1.25},
		{"g2-custom-4-20480", 4, 20}, {"n2-custom-2-1280", 2, 1.25},
	} {
		shape, err := Parse(test.name)
		if err != nil {
			t.Errorf("Parse(%q): %v", test.name, err)
			continue
		}
		if shape.CPUs != test.cpus || shape.MemoryGB != test.memory {
			t.Errorf("Parse(%q) = %d CPUs, %v GB; want %d and %v", test.name, shape.CPUs, shape.MemoryGB, test.cpus, test.memory)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, reason, suggestion string }{
		{"", "it is empty", ""},
		{"n2-standrd-8", "neither a predefined nor a custom", "n2-standard-8"},
		{"N2-STANDARD-8", "neither", "n2-standard-8"},
		{"n2-standard-6", "n2-standard has the sizes 2, 4, 8, 16", "n2-standard-4"},
		{"n2-standard-", "neither", "n2-standard-2"},
		{"c3-standard-9-lssd", "c3-standard has the sizes", "c3-standard-8-lssd"},
		{"quantum-9", "neither", ""},
		{"n2-standard-99999999999999999999", "n2-standard has the sizes", "n2-standard-2"},
		{"c2-custom-4-8192", "the series c2 has no custom types", ""},
		{"n2-custom-8", "written n2-custom-CPUS-MEMORY", ""},
		{"custom-4-8000", "multiple of 256 MB", ""},
		{"n2-custom-7-8192", "the CPUs of n2-custom are 2 to 32", ""},
		{"n2d-custom-12-8192", "2, 4, 8, 16, 32", ""},
		{"n2-custom-2-65536", "must be 1024 to 16384 MB, not 65536 MB", ""},
		{"custom-1-768", "must be 1024 to 6656 MB", ""},
		{"custom-2-655360-ext", "to 638976 MB", ""},
		{"e2-custom-4-8192-ext", "e2 has no extended memory", ""},
		{"e2-custom-medium-4096-ext", "e2 has no extended memory", ""},
		{"e2-custom-medium-2048", "must be 4096 to 8192 MB", ""},
		{"e2-custom-huge-2048", "the CPUs of e2-custom", ""},
		{"custom", "written", ""},
		{"custom-4--8192", "written", ""},
		{"n2-custom-4-99999999999999999999", "written", ""},
	} {
		shape, err := Parse(test.name)
		if err == nil || shape != (Shape{}) || !strings.Contains(err.Error(), test.reason) || suggestion(err) != test.suggestion {
			t.Errorf("Parse(%q) = %+v, %v; want %q, suggestion %q", test.name, shape, err, test.reason, test.suggestion)
		}
	}
}

// suggestion returns the machine type that an error suggests, "" for none.
func suggestion(err error) string {
	_, rest, _ := strings.Cut(err.Error(), "; did you mean \"")
	return strings.TrimSuffix(rest, "\"?")
}

// Every row of the table must describe a plausible machine: this finds typing
// errors in the table.
func TestTableIsPlausible(t *testing.T) {
	seen := map[string]int{}
	for class, sizes := range predefined().sizes {
		for _, size := range sizes {
			seen[class+"-"+size]++
		}
	}
	for name, count := range seen {
		if count > 1 {
			t.Errorf("%s stands in the table %d times", name, count)
		}
	}
	for name, shape := range predefined().shapes {
		perCPU := shape.MemoryGB / float64(shape.CPUs)
		if shape.CPUs < 1 || perCPU < 0.5 || perCPU > 32 {
			t.Errorf("%s: %+v, %.2f GB per CPU", name, shape, perCPU)
		}
	}
	if count := len(predefined().names); count < 450 {
		t.Errorf("the table has %d types only", count)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"n2-standard-8", "custom-4-8192", "n2-custom-2-65536-ext", "e2-custom-medium-4096", "x-", "-", "n2-standard--"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		shape, err := Parse(name)
		if err == nil && (shape.CPUs < 1 || shape.MemoryGB <= 0) {
			t.Errorf("Parse(%q) = %+v", name, shape)
		}
		if err == nil || strings.Contains(name, "did you mean") {
			return
		}
		if meant := suggestion(err); meant != "" {
			if _, err := Parse(meant); err != nil {
				t.Errorf("Parse(%q) suggests %q: %v", name, meant, err)
			}
		}
	})
}
