package machineprovider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// removedSignature stands in an ID token in place of the signature that Cloud
// Run has checked, so that the function cannot use the token elsewhere.
const removedSignature = "SIGNATURE_REMOVED_BY_GOOGLE"

// serverlessHeader is what Cloud Run checks in place of Authorization where a
// caller sends both; then it leaves Authorization as it came.
const serverlessHeader = "X-Serverless-Authorization"

// CloudRun believes the ID tokens that Cloud Run itself has checked. It is for
// a service whose invokers are checked, and for nothing else: where everybody
// may call, anybody could write such a token.
type CloudRun struct {
	Audiences []string
	Now       func() time.Time
	Next      Verifier
}

// Verify tells whose token it is; one with its signature is for the next
// verifier.
func (c *CloudRun) Verify(ctx context.Context, token string) (string, error) {
	claims, checked := strings.CutSuffix(token, "."+removedSignature)
	if !checked {
		return c.Next.Verify(ctx, token)
	}
	_, payload, _ := strings.Cut(claims, ".")
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	var read struct {
		Audience string `json:"aud"`
		Issuer   string `json:"iss"`
		Expires  int64  `json:"exp"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	switch {
	case err != nil:
		return "", unverified("its claims cannot be read: %w", err)
	case read.Issuer != "https://accounts.google.com" && read.Issuer != "accounts.google.com":
		return "", unverified("the issuer %.80q is not Google", read.Issuer)
	case !slices.Contains(c.Audiences, read.Audience):
		return "", unverified("it is for %.200q", read.Audience)
	case !c.Now().Before(time.Unix(read.Expires, 0)):
		return "", unverified("it has expired")
	case read.Email == "" || !read.Verified:
		return "", unverified("it has no verified e-mail address")
	}
	return read.Email, nil
}
