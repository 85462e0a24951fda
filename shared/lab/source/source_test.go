package source

import "testing"

func TestReadBuild(t *testing.T) {
	build, err := ReadBuild("../../..")
	if err != nil || build.Runtime == "" || build.GoFlags == "" || build.LDFlags == "" {
		t.Errorf("built as %+v, %v", build, err)
	}
}
