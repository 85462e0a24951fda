package identity

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

const backend = "backend@example.com"

// services stands in for Google's key and token services.
type services struct {
	key      *rsa.PrivateKey
	asked    int
	down     bool
	response map[string]string // tokeninfo by token
}

func newServices(t *testing.T) *services {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &services{key: key, response: map[string]string{}}
}

func (g *services) RoundTrip(r *http.Request) (*http.Response, error) {
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

func (g *services) sign(t *testing.T, header, claims map[string]any) string {
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
	g := newServices(t)
	now := time.Now()
	make := func() Verifier {
		verify, err := NewGoogle(context.Background(), Options{
			Audiences:  []string{"https://mp.example.com", "https://other.example.com"},
			HTTPClient: &http.Client{Transport: g}, Now: func() time.Time { return now },
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
	stranger := newServices(t)
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
		{"claims that are null", strings.Replace(good, strings.Split(good, ".")[1], "bnVsbA", 1), ""},
		{"changed", strings.Replace(good, ".", ".ey", 1), ""},
		{"unknown access token", "ya29.nothing", ""},
		{"development identity", "dev:admin@example.com", ""},
	} {
		who, err := verify(context.Background(), test.token)
		if who != test.email || (err == nil) != (test.email != "") || err != nil && !errors.Is(err, ErrUnverified) {
			t.Errorf("%s: %q, %v", test.name, who, err)
		}
	}
	for _, test := range []struct{ name, info, email string }{
		{"service account", `{"email":"vm@p.iam.gserviceaccount.com","verified_email":true,"expires_in":100,"issued_to":"1"}`, "vm@p.iam.gserviceaccount.com"},
		{"person", `{"email":"a@example.com","verified_email":true,"expires_in":100,"issued_to":"1"}`, ""},
		{"not verified", `{"email":"vm@p.iam.gserviceaccount.com","expires_in":100}`, ""},
		{"no e-mail", `{"expires_in":100,"issued_to":"1"}`, ""},
		{"expired", `{"email":"vm@p.iam.gserviceaccount.com","verified_email":true,"expires_in":0}`, ""},
	} {
		token := "ya29." + strings.ReplaceAll(test.name, " ", "")
		g.response[token] = test.info
		if who, err := verify(context.Background(), token); who != test.email || (err == nil) != (test.email != "") || err != nil && !errors.Is(err, ErrUnverified) {
			t.Errorf("access token, %s: %q, %v", test.name, who, err)
		}
	}

	// A verified token is cached for a while, and not longer than it is valid.
	before := g.asked
	for range 3 {
		if _, err := verify(context.Background(), "ya29.serviceaccount"); err != nil {
			t.Fatal(err)
		}
	}
	if g.asked != before {
		t.Errorf("asked %d times", g.asked-before)
	}
	now = now.Add(101 * time.Second)
	g.response["ya29.serviceaccount"] = ""
	if _, err := verify(context.Background(), "ya29.serviceaccount"); !errors.Is(err, ErrUnverified) {
		t.Errorf("after its end: %v", err)
	}

	// If Google does not respond, the caller's token is not to blame.
	verify = make()
	g.down = true
	for _, token := range []string{good, "ya29.secret-token"} {
		_, err := verify(context.Background(), token)
		if err == nil || errors.Is(err, ErrUnverified) || !failure.Is(err, failure.Transient) || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("Google is down: %v", err)
		}
	}
}
