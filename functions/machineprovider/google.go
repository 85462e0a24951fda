package machineprovider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/idtoken"
	"google.golang.org/api/oauth2/v2"
	"google.golang.org/api/option"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// verifyTimeout bounds one question to Google about a token.
const verifyTimeout = 10 * time.Second

// GoogleOptions say whose tokens are believed.
type GoogleOptions struct {
	// Audiences are what an ID token may be for: the URLs of this function.
	Audiences []string
	// Clients are the OAuth clients whose access tokens are believed for
	// people; those of service accounts need none. Without this, any
	// application that a lessee once signed in to could act as them here.
	Clients []string
	// HTTPClient asks Google; http.DefaultClient when nil.
	HTTPClient *http.Client
	// Endpoint replaces the address of the access token service, for tests.
	Endpoint string
	Now      func() time.Time
}

// Google verifies Google-signed ID tokens, and OAuth access tokens by asking
// Google about them.
type Google struct {
	options  GoogleOptions
	validate func(ctx context.Context, token, audience string) (*idtoken.Payload, error)
	tokens   *oauth2.Service
	known    verified
}

// NewGoogle makes a Google.
func NewGoogle(ctx context.Context, options GoogleOptions) (*Google, error) {
	if options.HTTPClient == nil {
		options.HTTPClient = http.DefaultClient
	}
	validator, err := idtoken.NewValidator(ctx, option.WithHTTPClient(options.HTTPClient))
	if err != nil {
		return nil, fmt.Errorf("make the validator of ID tokens: %w", err)
	}
	settings := []option.ClientOption{option.WithHTTPClient(options.HTTPClient)}
	if options.Endpoint != "" {
		settings = append(settings, option.WithEndpoint(options.Endpoint))
	}
	tokens, err := oauth2.NewService(ctx, settings...)
	if err != nil {
		return nil, fmt.Errorf("make the client for access tokens: %w", err)
	}
	return &Google{options: options, validate: validator.Validate, tokens: tokens, known: verified{now: options.Now}}, nil
}

// Verify tells whose token it is.
func (g *Google) Verify(ctx context.Context, token string) (string, error) {
	if email, ok := g.known.known(token); ok {
		return email, nil
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	ask := g.accessToken
	if strings.Count(token, ".") == 2 && strings.HasPrefix(token, "ey") { // a JSON Web Token
		ask = g.idToken
	}
	email, expires, err := ask(ctx, token)
	if err != nil {
		return "", err
	}
	g.known.remember(token, email, expires)
	return email, nil
}

// idToken verifies a Google-signed ID token. The audience is compared here,
// for there may be several.
func (g *Google) idToken(ctx context.Context, token string) (string, time.Time, error) {
	if err := checkHeader(token); err != nil {
		return "", time.Time{}, err
	}
	payload, err := g.validate(ctx, token, "")
	if err != nil {
		if transient(err) {
			return "", time.Time{}, failure.New(failure.Transient, "read Google's keys: %w", err)
		}
		return "", time.Time{}, unverified("%w", err)
	}
	email, _ := payload.Claims["email"].(string)
	verifiedEmail, _ := payload.Claims["email_verified"].(bool)
	switch {
	case payload.Issuer != "https://accounts.google.com" && payload.Issuer != "accounts.google.com":
		return "", time.Time{}, unverified("the issuer %.80q is not Google", payload.Issuer)
	case !slices.Contains(g.options.Audiences, payload.Audience):
		return "", time.Time{}, unverified("it is for %.200q", payload.Audience)
	case email == "" || !verifiedEmail:
		return "", time.Time{}, unverified("it has no verified e-mail address")
	}
	return email, time.Unix(payload.Expires, 0), nil
}

// checkHeader refuses what Google does not sign with. The library cuts the
// signature of the other kind that it knows without looking at its length.
func checkHeader(token string) error {
	encoded, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err == nil {
		err = json.Unmarshal(data, &header)
	}
	if err != nil || header.Algorithm != "RS256" {
		return unverified("it is not signed with RS256")
	}
	return nil
}

// accessToken asks Google about an OAuth access token.
func (g *Google) accessToken(ctx context.Context, token string) (string, time.Time, error) {
	info, err := g.tokens.Tokeninfo().AccessToken(token).Context(ctx).Do()
	var refused *googleapi.Error
	switch {
	case errors.As(err, &refused) && (refused.Code == http.StatusBadRequest || refused.Code == http.StatusUnauthorized):
		return "", time.Time{}, unverified("Google does not know it")
	case err != nil:
		return "", time.Time{}, failure.New(failure.Transient, "ask Google about an access token: %w", withoutToken(err, token))
	case info.Email == "" || !info.VerifiedEmail:
		return "", time.Time{}, unverified("it has no verified e-mail address; the scope userinfo.email is needed")
	case info.ExpiresIn <= 0:
		return "", time.Time{}, unverified("it has expired")
	case !strings.HasSuffix(info.Email, ".gserviceaccount.com") && !slices.Contains(g.options.Clients, info.IssuedTo):
		return "", time.Time{}, unverified("it was issued to the OAuth client %.100q", info.IssuedTo)
	}
	return info.Email, g.options.Now().Add(time.Duration(info.ExpiresIn) * time.Second), nil
}

// withoutToken keeps the token, which stands in the URL of the question, out
// of errors.
func withoutToken(err error, token string) error {
	return errors.New(strings.ReplaceAll(err.Error(), token, "TOKEN"))
}

// transient reports whether the validator failed, and not the token. Where
// Google's keys cannot be had, the library says so in words only.
func transient(err error) bool {
	return failure.Is(err, failure.Transient) || strings.Contains(err.Error(), "unable to retrieve cert")
}
