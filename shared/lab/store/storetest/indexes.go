package storetest

import "github.com/gce-backend/gce-backend/terraform"

// Indexes returns the indexes that the suite's own queries need in Firestore and
// in stores that are as strict.
func Indexes() *terraform.Indexes {
	const up, down = "ASCENDING", "DESCENDING"
	index := func(fields ...map[string]string) terraform.Composite {
		return terraform.Composite{Collection: "instances", Scope: "COLLECTION", Fields: fields}
	}
	return &terraform.Indexes{
		Composite: []terraform.Composite{
			index(map[string]string{"state": up}, map[string]string{"t": up}),
			index(map[string]string{"x": up}, map[string]string{"y": up}),
			index(map[string]string{"x": down}, map[string]string{"y": up}),
			index(map[string]string{"y": up}, map[string]string{"x": up}),
			index(map[string]string{"half": up}, map[string]string{"tie": up}),
			index(map[string]string{"tie": up}, map[string]string{"t": up}),
			index(map[string]string{"tie": up}, map[string]string{"t": down}),
		},
		CollectionGroupFields: []terraform.Field{{Collection: "revisions", Field: "state"}},
	}
}
