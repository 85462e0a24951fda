package source

import "testing"

func TestTheFlagsOfTheBuildAreFound(t *testing.T) {
	goflags, ldflags, err := BuildFlags("../../..")
	if err != nil || goflags == "" || ldflags == "" {
		t.Errorf("built with %q and %q, %v", goflags, ldflags, err)
	}
}
