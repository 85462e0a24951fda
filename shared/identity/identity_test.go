package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// believing accepts any token as an e-mail address.
func believing(_ context.Context, token string) (string, error) { return token, nil }

func TestAuthenticate(t *testing.T) {
	unsigned := "h.p." + removedSignature
	for _, c := range []struct {
		name                      string
		authorization, serverless []string
		want                      string
		err                       error
	}{
		{name: "a token", authorization: []string{"Bearer t"}, want: "t"},
		{name: "in small letters", authorization: []string{"bearer t"}, want: "t"},
		{name: "a token that Cloud Run has checked", authorization: []string{"Bearer " + unsigned}, want: unsigned},
		{name: "a token beside the one that Cloud Run has checked", authorization: []string{"Bearer t"}, serverless: []string{"Bearer x"}, want: "t"},

		{name: "nothing", err: ErrNoToken},
		{name: "an empty header", authorization: []string{""}, err: ErrNoToken},
		{name: "another scheme", authorization: []string{"Basic t"}, err: ErrNoToken},
		{name: "no token", authorization: []string{"Bearer "}, err: ErrNoToken},
		{name: "no scheme", authorization: []string{unsigned}, err: ErrNoToken},
		{name: "only the other header", serverless: []string{"Bearer " + unsigned}, err: ErrNoToken},

		{name: "an unsigned one beside the other header", authorization: []string{"Bearer " + unsigned}, serverless: []string{"Bearer x"}, err: ErrUnverified},
		{name: "an unsigned one beside another scheme", authorization: []string{"Bearer " + unsigned}, serverless: []string{"Basic x"}, err: ErrUnverified},
		{name: "an unsigned one beside an empty header", authorization: []string{"Bearer " + unsigned}, serverless: []string{""}, err: ErrUnverified},
		{name: "an unsigned one beside spaces", authorization: []string{"Bearer " + unsigned}, serverless: []string{"  "}, err: ErrUnverified},
		{name: "an unsigned one beside two", authorization: []string{"Bearer " + unsigned}, serverless: []string{"", "Bearer x"}, err: ErrUnverified},
		{name: "an unsigned one first", authorization: []string{"Bearer " + unsigned, "Bearer t"}, err: ErrUnverified},
		{name: "an unsigned one last", authorization: []string{"Bearer t", "Bearer " + unsigned}, err: ErrUnverified},
		{name: "an unsigned one after an empty one", authorization: []string{"", "Bearer " + unsigned}, err: ErrUnverified},
		{name: "two in one header", authorization: []string{"Bearer t, Bearer " + unsigned}, err: ErrUnverified},
		{name: "two signed ones", authorization: []string{"Bearer t", "Bearer t"}, err: ErrUnverified},
		{name: "a signed one beside an empty header", authorization: []string{"Bearer t"}, serverless: []string{""}, err: ErrUnverified},
		{name: "a signed one beside two", authorization: []string{"Bearer t"}, serverless: []string{"Bearer x", "Bearer x"}, err: ErrUnverified},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			for _, value := range c.authorization {
				r.Header.Add("Authorization", value)
			}
			for _, value := range c.serverless {
				r.Header.Add(serverlessHeader, value)
			}
			who, err := Authenticate(t.Context(), believing, r)
			if who != c.want || !errors.Is(err, c.err) || err != nil && !errors.Is(err, ErrUnverified) {
				t.Errorf("%q, %v", who, err)
			}
			if errors.Is(err, ErrNoToken) && !errors.Is(c.err, ErrNoToken) {
				t.Errorf("there are tokens, but: %v", err)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	verify, err := NewLocal(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		"dev:viewer@example.com": "viewer@example.com",
		"viewer@example.com":     "", "dev:": "", "dev:viewer": "", "dev:a b@example.com": "",
	} {
		if who, err := verify(t.Context(), token); who != want || (want == "") != errors.Is(err, ErrUnverified) {
			t.Errorf("%q is %q, %v", token, who, err)
		}
	}
	token, err := LocalToken("a@example.com")(t.Context(), "https://any")
	if who, unknown := verify(t.Context(), token); err != nil || unknown != nil || who != "a@example.com" {
		t.Errorf("its own token is %q, %v, %v", who, err, unknown)
	}
}

func TestLocalIdentitiesCannotBeDeployed(t *testing.T) {
	for _, set := range []string{"K_SERVICE", "K_REVISION", "FUNCTION_TARGET", "CLOUD_RUN_JOB"} {
		verify, err := NewLocal(func(name string) string {
			if name == set {
				return "x"
			}
			return ""
		})
		if !errors.Is(err, errDeployed) || verify != nil {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// stripped returns a token as Cloud Run passes it on.
func stripped(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + removedSignature
}

func TestTokensThatCloudRunChecked(t *testing.T) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	const good = `{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`
	gcloud := `{"aud":"` + gcloudClients[0] + `","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`
	for name, c := range map[string]struct {
		options      Options
		token, email string
	}{
		"checked":                  {Options{CloudRun: true}, stripped(good), "a@example.com"},
		"not behind Cloud Run":     {Options{}, stripped(good), ""},
		"signed":                   {Options{CloudRun: true}, "e30.e30.c2lnbmF0dXJl", ""},
		"for another":              {Options{CloudRun: true}, stripped(`{"aud":"https://else","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`), ""},
		"for nobody":               {Options{CloudRun: true, Audiences: []string{""}}, stripped(`{"iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com","email_verified":true}`), ""},
		"of another":               {Options{CloudRun: true}, stripped(`{"aud":"https://mp","iss":"https://evil","exp":1800000001,"email":"a@example.com","email_verified":true}`), ""},
		"expired":                  {Options{CloudRun: true}, stripped(`{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000000,"email":"a@example.com","email_verified":true}`), ""},
		"not verified":             {Options{CloudRun: true}, stripped(`{"aud":"https://mp","iss":"https://accounts.google.com","exp":1800000001,"email":"a@example.com"}`), ""},
		"not JSON":                 {Options{CloudRun: true}, stripped(`{`), ""},
		"null":                     {Options{CloudRun: true}, stripped(`null`), ""},
		"no claims":                {Options{CloudRun: true}, "x." + removedSignature, ""},
		"only the words":           {Options{CloudRun: true}, removedSignature, ""},
		"gcloud's, for people":     {Options{CloudRun: true, Gcloud: true}, stripped(gcloud), "a@example.com"},
		"gcloud's, for others":     {Options{CloudRun: true}, stripped(gcloud), ""},
		"gcloud's, no Cloud Run":   {Options{Gcloud: true}, stripped(gcloud), ""},
		"ours, and gcloud's taken": {Options{CloudRun: true, Gcloud: true}, stripped(good), "a@example.com"},
	} {
		if c.options.Audiences == nil {
			c.options.Audiences = []string{"https://mp"}
		}
		c.options.Now, c.options.HTTPClient = now, &http.Client{Transport: askedGoogle{http.StatusBadRequest, []byte(`{"error":"invalid_token"}`)}}
		verify, err := NewGoogle(t.Context(), c.options)
		if err != nil {
			t.Fatal(err)
		}
		who, err := verify(t.Context(), c.token)
		if who != c.email || (c.email == "") != errors.Is(err, ErrUnverified) {
			t.Errorf("%s: got %q, %v; want %q", name, who, err, c.email)
		}
	}
}
