package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/auth/credentials/idtoken"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/oauth2/v2"
	"google.golang.org/api/option"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

const (
	// verifyTimeout bounds one request to Google about a token.
	verifyTimeout = 10 * time.Second
	// verifiedFor is the longest time for which a verified token is accepted
	// without verifying it again.
	verifiedFor = 5 * time.Minute
	// maxVerified bounds the number of remembered tokens.
	maxVerified = 10_000
)

// gcloudClients are the OAuth clients for which gcloud auth
// print-identity-token and gcloud run services proxy get tokens. Cloud Run lets
// these tokens through, though their audience is the client and not the
// service.
var gcloudClients = []string{
	"32555940559.apps.googleusercontent.com",
	"764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
}

// Options determine which tokens are accepted.
type Options struct {
	// Audiences are the accepted audiences of an ID token: the URLs of the
	// function.
	Audiences []string
	// CloudRun makes the Verifier accept ID tokens whose signatures Cloud Run
	// has checked and removed. It is only for a function that Cloud Run
	// protects by its list of invokers: elsewhere anybody could forge such a
	// token.
	CloudRun bool
	// Gcloud makes the Verifier also accept gcloud's own tokens, if Cloud Run
	// has checked them. They are valid for every service, so each service that
	// gets one can pass it on.
	Gcloud bool
	// HTTPClient sends the requests to Google; nil means http.DefaultClient.
	HTTPClient *http.Client
	Now        func() time.Time
}

// google verifies Google-signed ID tokens itself, and OAuth access tokens by
// asking Google about them.
type google struct {
	options   Options
	validator *idtoken.Validator
	tokens    *oauth2.Service

	mu    sync.Mutex
	known map[[sha256.Size]byte]verified // by the tokens' hashes
}

// verified is the owner of a token, and when the token expires.
type verified struct {
	email string
	until time.Time
}

// NewGoogle makes a Verifier for Google's tokens.
func NewGoogle(ctx context.Context, options Options) (Verifier, error) {
	if options.HTTPClient == nil {
		options.HTTPClient = http.DefaultClient
	}
	validator, err := idtoken.NewValidator(&idtoken.ValidatorOptions{Client: options.HTTPClient})
	if err != nil {
		return nil, fmt.Errorf("make the validator of ID tokens: %w", err)
	}
	tokens, err := oauth2.NewService(ctx, option.WithHTTPClient(options.HTTPClient))
	if err != nil {
		return nil, fmt.Errorf("make the client for access tokens: %w", err)
	}
	return (&google{options: options, validator: validator, tokens: tokens}).verify, nil
}

func (g *google) verify(ctx context.Context, token string) (string, error) {
	if unsigned, ok := strings.CutSuffix(token, removedSignature); ok {
		return g.checked(unsigned)
	}
	if email, ok := g.remembered(token); ok {
		return email, nil
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	ask := g.accessToken
	if strings.Count(token, ".") == 2 && strings.HasPrefix(token, "ey") { // a JSON Web Token
		ask = g.signed
	}
	found, err := ask(ctx, token)
	if err == nil {
		g.remember(token, found)
	}
	return found.email, err
}

func (g *google) remembered(token string) (email string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.known[sha256.Sum256([]byte(token))]
	return known.email, g.options.Now().Before(known.until)
}

func (g *google) remember(token string, found verified) {
	if latest := g.options.Now().Add(verifiedFor); found.until.After(latest) {
		found.until = latest
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known == nil || len(g.known) >= maxVerified {
		g.known = map[[sha256.Size]byte]verified{}
	}
	g.known[sha256.Sum256([]byte(token))] = found
}

// checked returns the owner of a token whose signature Cloud Run has checked.
func (g *google) checked(unsigned string) (string, error) {
	if !g.options.CloudRun {
		return "", unverified("it has no signature")
	}
	audiences := g.options.Audiences
	if g.options.Gcloud {
		audiences = slices.Concat(audiences, gcloudClients)
	}
	found, err := g.claims(unsigned, audiences)
	return found.email, err
}

// signed verifies a Google-signed ID token. It checks the claims first, because
// the library panics on some claims that are not objects.
func (g *google) signed(ctx context.Context, token string) (verified, error) {
	found, err := g.claims(token, g.options.Audiences)
	if err != nil {
		return verified{}, err
	}
	if _, err := g.validator.Validate(ctx, token, ""); transient(err) {
		return verified{}, failure.New(failure.Transient, "read Google's keys: %w", err)
	} else if err != nil {
		return verified{}, unverified("%w", err)
	}
	return found, nil
}

// claims reads the claims of an ID token, and checks everything but its
// signature. It accepts only RS256: for ES256 the library slices the signature
// without checking its length.
func (g *google) claims(token string, audiences []string) (verified, error) {
	header, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	var head struct {
		Algorithm string `json:"alg"`
	}
	var claimed struct {
		Audience string `json:"aud"`
		Issuer   string `json:"iss"`
		Expires  int64  `json:"exp"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	err := errors.Join(readSegment(header, &head), readSegment(payload, &claimed))
	expires := time.Unix(claimed.Expires, 0)
	switch {
	case err != nil:
		err = unverified("its claims cannot be read: %w", err)
	case head.Algorithm != "RS256":
		err = unverified("it is not signed with RS256")
	case claimed.Issuer != "https://accounts.google.com" && claimed.Issuer != "accounts.google.com":
		err = unverified("the issuer %.80q is not Google", claimed.Issuer)
	case claimed.Audience == "" || !slices.Contains(audiences, claimed.Audience):
		err = unverified("it is for %.200q", claimed.Audience)
	case !g.options.Now().Before(expires):
		err = unverified("it has expired")
	case claimed.Email == "" || !claimed.Verified:
		err = unverified("it has no verified e-mail address")
	default:
		return verified{claimed.Email, expires}, nil
	}
	return verified{}, err
}

// readSegment decodes one of the JSON objects of a token.
func readSegment(encoded string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// accessToken asks Google about an OAuth access token. It accepts only tokens
// of service accounts: with the token of a person, any application that the
// person once signed in to could act as that person here.
func (g *google) accessToken(ctx context.Context, token string) (verified, error) {
	info, err := g.tokens.Tokeninfo().AccessToken(token).Context(ctx).Do()
	var refused *googleapi.Error
	switch {
	case errors.As(err, &refused) && (refused.Code == http.StatusBadRequest || refused.Code == http.StatusUnauthorized):
		err = unverified("Google does not know it")
	case err != nil:
		// The URL of the request contains the token.
		err = failure.New(failure.Transient, "ask Google about an access token: %s", strings.ReplaceAll(err.Error(), token, "TOKEN"))
	case info.Email == "" || !info.VerifiedEmail:
		err = unverified("it has no verified e-mail address; the scope userinfo.email is needed")
	case info.ExpiresIn <= 0:
		err = unverified("it has expired")
	case !strings.HasSuffix(info.Email, ".gserviceaccount.com"):
		err = unverified("it was issued to the OAuth client %.100q", info.IssuedTo)
	default:
		return verified{info.Email, g.options.Now().Add(time.Duration(info.ExpiresIn) * time.Second)}, nil
	}
	return verified{}, err
}

// transient reports whether the validator failed, and not the token. If the
// validator cannot get Google's keys, only the text of its error shows that.
func transient(err error) bool {
	return failure.Is(err, failure.Transient) || err != nil && strings.Contains(err.Error(), "unable to retrieve cert")
}
