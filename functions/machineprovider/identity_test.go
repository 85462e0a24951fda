package machineprovider

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestIdentity(t *testing.T) {
	verify, err := NewDevelopment(func(name string) string {
		if name == DevelopmentVariable {
			return "true"
		}
		return ""
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for authorization, want := range map[string]string{
		"Bearer dev:viewer@example.com": "viewer@example.com",
		"bearer dev:viewer@example.com": "viewer@example.com",
		"Bearer viewer@example.com":     "",
		"Basic dev:viewer@example.com":  "",
		"":                              "",
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.Header.Set("Authorization", authorization)
		email, err := Identity(verify)(request)
		if email != want || (want == "") != errors.Is(err, ErrUnverified) {
			t.Errorf("%q is %q, %v", authorization, email, err)
		}
	}
}
