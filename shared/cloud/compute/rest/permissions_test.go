package rest_test

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

func TestEveryMethodHasItsPermissions(t *testing.T) {
	methods := reflect.TypeFor[compute.Engine]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; len(rest.Permissions[name]) == 0 {
			t.Errorf("Permissions says nothing of %s", name)
		}
	}
	if len(rest.Permissions) != methods.NumMethod() {
		t.Errorf("Permissions has %d methods, the engine %d", len(rest.Permissions), methods.NumMethod())
	}
}

// The permissions of a function are those that the engine's methods need: no
// others, and spelt correctly.
func TestTheManifestGrantsKnownPermissions(t *testing.T) {
	var known []string
	for _, permissions := range rest.Permissions {
		known = append(known, permissions...)
	}
	const file = "../../../../functions/functions.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := manifest.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, function := range parsed.Functions {
		for _, permission := range function.Compute {
			if !slices.Contains(known, permission) {
				t.Errorf("%s: %s has %s, which no method of the engine needs", file, name, permission)
			}
		}
	}
}
