package spelling

import "testing"

func TestNearest(t *testing.T) {
	disks := []string{"pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced", "hyperdisk-extreme"}
	for _, test := range []struct {
		word    string
		choices []string
		want    string
	}{
		{"pd-sdd", disks, "pd-ssd"},
		{"PD-SSD", disks, "pd-ssd"},
		{"pd_ssd", disks, "pd-ssd"},
		{"pd-stanadrd", disks, "pd-standard"},
		{"ssd", disks, "pd-ssd"},
		{"extreme", disks, "hyperdisk-extreme"},
		{"balanced", disks, ""}, // two contain it
		{"floppy", disks, ""},
		{"", disks, ""},
		{"linux", []string{"LINUX", "OSX"}, "LINUX"},
		{"UBUTNU", []string{"UBUNTU", "DEBIAN"}, "UBUNTU"},
		{"machine_typ", []string{"machine_type", "disk_type"}, "machine_type"},
		{"max_size", []string{"minimum_size", "maximum_size", "zone"}, "maximum_size"},
		{"m_size", []string{"minimum_size", "maximum_size", "zone"}, ""},
		{"y", []string{"x"}, ""},
	} {
		if got := Nearest(test.word, test.choices); got != test.want {
			t.Errorf("Nearest(%q) = %q, want %q", test.word, got, test.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("HHD", []string{"HDD", "SSD"}), `; did you mean "HDD"?`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := DidYouMean("tape", []string{"HDD", "SSD"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
