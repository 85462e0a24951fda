package machineprovider

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

func TestDevelopmentModeCannotBeDeployed(t *testing.T) {
	real := &Google{}
	environment := map[string]string{}
	getenv := func(name string) string { return environment[name] }
	for _, off := range []string{"", "0", "false"} {
		environment[DevelopmentVariable] = off
		for _, name := range deployedVariables {
			environment[name] = "x"
			if verify, err := NewDevelopment(getenv, real); err != nil || verify != Verifier(real) {
				t.Errorf("%q: %v %v", off, verify, err)
			}
			delete(environment, name)
		}
	}
	for _, on := range []string{"1", "true", "yes", "anything"} {
		environment[DevelopmentVariable] = on
		if verify, err := NewDevelopment(getenv, real); err != nil || verify == Verifier(real) {
			t.Errorf("%q, local: %v %v", on, verify, err)
		}
		for _, name := range []string{"K_SERVICE", "K_REVISION", "FUNCTION_TARGET", "CLOUD_RUN_JOB"} {
			environment[name] = "x"
			if verify, err := NewDevelopment(getenv, real); !errors.Is(err, ErrDeployed) || verify != nil {
				t.Errorf("%q with %s: %v %v", on, name, verify, err)
			}
			delete(environment, name)
		}
	}
}

// google stands in for Google's key and token services.
type google struct {
	key      *rsa.PrivateKey
	asked    int
	down     bool
	response map[string]string // tokeninfo by token
}

func newGoogle(t *testing.T) *google {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &google{key: key, response: map[string]string{}}
}

func (g *google) RoundTrip(r *http.Request) (*http.Response, error) {
	g.asked++
	recorder := httptest.NewRecorder()
	token := r.URL.Query().Get("access_token")
	switch {
	case g.down:
		recorder.WriteHeader(http.StatusInternalServerError)
	case r.URL.Path == "/oauth2/v3/certs":
		recorder.Header().Set("Cache-Control", "max-age=3600")
		_ = json.NewEncoder(recorder).Encode(map[string]any{"keys": []any{map[string]any{
			"kid": "k1", "kty": "RSA", "alg": "RS256", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(g.key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(g.key.E)).Bytes()),
		}}})
	case strings.HasSuffix(r.URL.Path, "/tokeninfo") && g.response[token] != "":
		recorder.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(recorder, g.response[token])
	default:
		recorder.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(recorder, `{"error":"invalid_token"}`)
	}
	return recorder.Result(), nil
}

func (g *google) sign(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestGoogleTokens(t *testing.T) {
	g := newGoogle(t)
	now := time.Now()
	make := func() *Google {
		verify, err := NewGoogle(context.Background(), GoogleOptions{
			Audiences: []string{"https://mp.example.com", "https://other.example.com"},
			Clients:   []string{"known-client"}, HTTPClient: &http.Client{Transport: g}, Now: func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		return verify
	}
	verify := make()
	header := map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	claims := func(change map[string]any) map[string]any {
		all := map[string]any{"iss": "https://accounts.google.com", "aud": "https://mp.example.com", "exp": now.Add(time.Hour).Unix(), "email": backend, "email_verified": true}
		for name, value := range change {
			all[name] = value
		}
		return all
	}
	good := g.sign(t, header, claims(nil))
	stranger := newGoogle(t)
	for _, test := range []struct {
		name, token, email string
	}{
		{"ID token", good, backend},
		{"other audience of ours", g.sign(t, header, claims(map[string]any{"aud": "https://other.example.com"})), backend},
		{"for another", g.sign(t, header, claims(map[string]any{"aud": "https://evil.example.com"})), ""},
		{"of another", g.sign(t, header, claims(map[string]any{"iss": "https://evil.example.com"})), ""},
		{"expired", g.sign(t, header, claims(map[string]any{"exp": now.Add(-time.Minute).Unix()})), ""},
		{"not verified", g.sign(t, header, claims(map[string]any{"email_verified": false})), ""},
		{"no e-mail", g.sign(t, header, claims(map[string]any{"email": ""})), ""},
		{"signed by another", stranger.sign(t, header, claims(nil)), ""},
		{"unknown key", g.sign(t, map[string]any{"alg": "RS256", "kid": "k2"}, claims(nil)), ""},
		{"no algorithm", strings.Join(append(strings.Split(g.sign(t, map[string]any{"alg": "none"}, claims(nil)), ".")[:2], ""), "."), ""},
		{"short signature", strings.Join(append(strings.Split(g.sign(t, map[string]any{"alg": "ES256", "kid": "k1"}, claims(nil)), ".")[:2], "AA"), "."), ""},
		{"garbage", "ey.ey.ey", ""},
		{"changed", strings.Replace(good, ".", ".ey", 1), ""},
		{"unknown access token", "ya29.nothing", ""},
		{"development identity", "dev:" + admin, ""},
	} {
		email, err := verify.Verify(context.Background(), test.token)
		if email != test.email || (err == nil) != (test.email != "") || err != nil && !errors.Is(err, ErrUnverified) {
			t.Errorf("%s: %q, %v", test.name, email, err)
		}
	}
	for _, test := range []struct{ name, info, email string }{
		{"service account", `{"email":"vm@p.iam.gserviceaccount.com","verified_email":true,"expires_in":100,"issued_to":"1"}`, "vm@p.iam.gserviceaccount.com"},
		{"person", `{"email":"a@example.com","verified_email":true,"expires_in":100,"issued_to":"known-client"}`, "a@example.com"},
		{"person by another application", `{"email":"a@example.com","verified_email":true,"expires_in":100,"issued_to":"other"}`, ""},
		{"not verified", `{"email":"vm@p.iam.gserviceaccount.com","expires_in":100}`, ""},
		{"no e-mail", `{"expires_in":100,"issued_to":"known-client"}`, ""},
		{"expired", `{"email":"vm@p.iam.gserviceaccount.com","verified_email":true,"expires_in":0}`, ""},
	} {
		token := "ya29." + strings.ReplaceAll(test.name, " ", "")
		g.response[token] = test.info
		if email, err := verify.Verify(context.Background(), token); email != test.email || (err == nil) != (test.email != "") || err != nil && !errors.Is(err, ErrUnverified) {
			t.Errorf("access token, %s: %q, %v", test.name, email, err)
		}
	}

	// What was verified is believed for a while, and not longer than it lives.
	before := g.asked
	for range 3 {
		if _, err := verify.Verify(context.Background(), "ya29.person"); err != nil {
			t.Fatal(err)
		}
	}
	if g.asked != before {
		t.Errorf("asked %d times", g.asked-before)
	}
	now = now.Add(101 * time.Second)
	g.response["ya29.person"] = ""
	if _, err := verify.Verify(context.Background(), "ya29.person"); !errors.Is(err, ErrUnverified) {
		t.Errorf("after its end: %v", err)
	}

	// Google not answering is not the caller's fault.
	verify = make()
	g.down = true
	for _, token := range []string{good, "ya29.secret-token"} {
		_, err := verify.Verify(context.Background(), token)
		if err == nil || errors.Is(err, ErrUnverified) || !failure.Is(err, failure.Transient) || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("Google is down: %v", err)
		}
	}
}

func TestServedWithGoogleTokensOnly(t *testing.T) {
	w := newWorld(t)
	verify, err := NewDevelopment(func(string) string { return "" }, &Google{known: verified{now: w.clock.Now}})
	if err != nil {
		t.Fatal(err)
	}
	a := w.handler.(*api)
	g, err := NewGoogle(context.Background(), GoogleOptions{HTTPClient: &http.Client{Transport: newGoogle(t)}, Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, isGoogle := verify.(*Google); !isGoogle {
		t.Fatalf("%T", verify)
	}
	a.verify = g
	w.expectError(admin, "catalog/v1/get", `{"hostname":"vm-1","backend":"GCE"}`, 401, "required", "not valid here")
}
