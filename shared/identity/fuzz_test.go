package identity

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// askedGoogle responds to every request about a token with the same content.
type askedGoogle struct {
	status int
	body   []byte
}

func (g askedGoogle) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: g.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(g.body))}, nil
}

// Whatever the headers contain, the result is an identity for which Cloud Run
// or Google vouches, or an error without the token.
func FuzzIdentity(f *testing.F) {
	const good = `{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`
	for _, token := range []string{
		stripped(good), stripped(`{}`), stripped(`{"email":7}`), "a.b." + removedSignature, removedSignature, "ya29.token", "dev:a@example.com",
		"eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl", "eyJhbGciOiJFUzI1NiJ9.e30.", "eyJhbGciOiJSUzI1NiJ9.bnVsbA.AA", "ey..", "..", "",
	} {
		f.Add("Bearer "+token, "", 200, []byte(`{"email":"a@x.gserviceaccount.com","verified_email":true,"expires_in":60}`))
	}
	f.Add("Bearer "+stripped(good), "Bearer x", 400, []byte(`{"error":"invalid_token"}`))
	f.Add("Basic x", "", 500, []byte(`<html>`))
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	f.Fuzz(func(t *testing.T, authorization, serverless string, status int, answer []byte) {
		if status < 200 || status > 999 {
			return
		}
		verify, err := NewGoogle(t.Context(), Options{Audiences: []string{"https://mp"}, CloudRun: true, Now: now, HTTPClient: &http.Client{Transport: askedGoogle{status, answer}}})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("Authorization", authorization)
		if serverless != "" {
			r.Header.Set(serverlessHeader, serverless)
		}
		who, err := Authenticate(t.Context(), verify, r)
		switch {
		case err == nil && (who == "" || strings.Contains(authorization, removedSignature) && serverless != ""):
			t.Errorf("%q beside %q is %q", authorization, serverless, who)
		case err != nil && who != "":
			t.Errorf("%q is %q beside %v", authorization, who, err)
		case err != nil && !errors.Is(err, ErrUnverified) && !failure.Is(err, failure.Transient):
			t.Errorf("%q: %v is neither unverified nor transient", authorization, err)
		}
	})
}
