package machineprovider

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

type refuseAll struct{}

func (refuseAll) Verify(context.Context, string) (string, error) {
	return "", unverified("nobody known")
}

func stripped(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + removedSignature
}

func TestTokensThatCloudRunChecked(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	verify := &CloudRun{Audiences: []string{"https://mp"}, Now: func() time.Time { return now }, Next: refuseAll{}}
	const good = `{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`
	for name, c := range map[string]struct{ token, email string }{
		"checked":        {stripped(good), "a@example.com"},
		"signed":         {"e30.e30.c2lnbmF0dXJl", ""},
		"for another":    {stripped(`{"aud":"https://else","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`), ""},
		"of another":     {stripped(`{"aud":"https://mp","iss":"https://evil","exp":1800000001,"email":"a@example.com","email_verified":true}`), ""},
		"expired":        {stripped(`{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000000,"email":"a@example.com","email_verified":true}`), ""},
		"not verified":   {stripped(`{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com"}`), ""},
		"not JSON":       {stripped(`{`), ""},
		"no claims":      {"x." + removedSignature, ""},
		"only the words": {removedSignature, ""},
	} {
		email, err := verify.Verify(t.Context(), c.token)
		if email != c.email || (c.email == "") != errors.Is(err, ErrUnverified) {
			t.Errorf("%s: got %q, %v; want %q", name, email, err, c.email)
		}
	}
}

// Where X-Serverless-Authorization is what Cloud Run checks, Authorization may
// hold anything.
func TestStrippedTokenBesideTheOtherHeader(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", nil)
	request.Header.Set("Authorization", "Bearer "+stripped(`{}`))
	if _, err := bearer(request); err != nil {
		t.Fatal(err)
	}
	request.Header.Set(serverlessHeader, "Bearer x")
	if _, err := bearer(request); err == nil {
		t.Error("a token without signature was taken beside " + serverlessHeader)
	}
}
