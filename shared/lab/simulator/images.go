package simulator

import (
	"strconv"
	"strings"
)

// Every image with a valid name exists. The newest image of the family F is
// F-v20231010, after the pattern of the public images.
const imageVersion = "v20231010"

var (
	images = kind[fixture]{collection: "images", name: "image", place: inGlobal,
		in: func(_ *Cloud, project, _ string) lister[fixture] { return imagesOf{project: project} }}
	imageFamilies = kind[fixture]{collection: "images/family", name: "image", place: inGlobal, service: "images", getMethod: "getFromFamily",
		in: func(_ *Cloud, project, _ string) lister[fixture] {
			return imagesOf{project: project, suffix: "-" + imageVersion}
		}}
)

// imagesOf finds the image whose name is the one asked for and the suffix.
type imagesOf struct{ project, suffix string }

func (imagesOf) all() []fixture { return nil }

func (i imagesOf) find(name string) (fixture, bool) {
	if !namePattern.MatchString(name) {
		return fixture{}, false
	}
	name += i.suffix
	family := name
	if at := strings.LastIndex(name, "-v"); at > 0 {
		if _, err := strconv.Atoi(name[at+2:]); err == nil {
			family = name[:at]
		}
	}
	return newFixture(i.project, "image", "global/images/"+name, map[string]any{"family": family,
		"status": "READY", "sourceType": "RAW", "diskSizeGb": "10", "archiveSizeBytes": "1073741824", "architecture": "X86_64"}), true
}
