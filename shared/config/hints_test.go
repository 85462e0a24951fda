package config

import "testing"

func TestNameHint(t *testing.T) {
	for name, want := range map[string]string{
		"Linux_Small": `; did you mean "linux-small"?`,
		"web server":  `; did you mean "web-server"?`,
		"-linux-":     `; did you mean "linux"?`,
		"1linux":      "",
		"":            "",
		"ok":          "",
	} {
		if got := nameHint(name, validName); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

func TestImageHint(t *testing.T) {
	for image, want := range map[string]string{
		"projects/debian-cloud/global/images/debian-12":                                                       `; did you mean image_project: "debian-cloud" and image_name: "debian-12"?`,
		"https://www.googleapis.com/compute/v1/projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts": `; did you mean image_project: "ubuntu-os-cloud" and image_name: "family/ubuntu-2404-lts"?`,
		"debian-cloud/debian-12": "",
	} {
		if got := imageHint(image); got != want {
			t.Errorf("%q: %q, not %q", image, got, want)
		}
	}
}
