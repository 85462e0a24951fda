package simulator

import (
	"slices"
	"strings"
)

// realZones are Compute Engine's zones: each region with its letters.
var realZones = zonesOf(`
africa-south1 abc
asia-east1 abc
asia-east2 abc
asia-northeast1 abc
asia-northeast2 abc
asia-northeast3 abc
asia-south1 abc
asia-south2 abc
asia-southeast1 abc
asia-southeast2 abc
australia-southeast1 abc
australia-southeast2 abc
europe-central2 abc
europe-north1 abc
europe-north2 abc
europe-southwest1 abc
europe-west1 bcd
europe-west10 abc
europe-west12 abc
europe-west2 abc
europe-west3 abc
europe-west4 abc
europe-west6 abc
europe-west8 abc
europe-west9 abc
me-central1 abc
me-central2 abc
me-west1 abc
northamerica-northeast1 abc
northamerica-northeast2 abc
northamerica-south1 abc
southamerica-east1 abc
southamerica-west1 abc
us-central1 abcf
us-east1 bcd
us-east4 abc
us-east5 abc
us-south1 abc
us-west1 abc
us-west2 abc
us-west3 abc
us-west4 abc
`)

func zonesOf(table string) []string {
	var zones []string
	for line := range strings.Lines(table) {
		region, letters, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, letter := range letters {
			zones = append(zones, region+"-"+string(letter))
		}
	}
	slices.Sort(zones)
	return zones
}
