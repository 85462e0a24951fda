package environment

import (
	"context"
	"strings"
	"testing"
)

// Whatever a deployment sets, it is accepted as a whole or refused as a whole.
func FuzzRead(f *testing.F) {
	f.Add("1500", "true", "p")
	f.Add("-1", "yes", "")
	f.Add("9223372036854775808", "", " ")
	f.Fuzz(func(t *testing.T, requests, checked, project string) {
		if strings.ContainsRune(requests+checked+project, 0) { // no variable can hold a zero byte
			return
		}
		t.Setenv("COMPUTE_REQUESTS_PER_MINUTE", requests)
		t.Setenv("INVOKERS_CHECKED", checked)
		t.Setenv("PROJECT", project)
		read, err := Read(context.Background())
		if err != nil && read != (Environment{}) || err == nil && read.Project == "" {
			t.Errorf("%q, %q, %q: %+v, %v", requests, checked, project, read, err)
		}
	})
}
