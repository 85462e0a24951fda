// Package identity finds out who calls a function, by the token of the request,
// and gets the tokens that the process sends to other services.
package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Verifier returns the e-mail address of the person or service account that a
// token belongs to. It returns ErrUnverified for an invalid token; any other
// error means that the token could not be verified at the moment.
type Verifier func(ctx context.Context, token string) (email string, err error)

// ErrUnverified means that a request proves no identity.
var ErrUnverified = errors.New("the token proves no identity")

// ErrNoToken is the ErrUnverified of a request without a bearer token.
var ErrNoToken = fmt.Errorf("%w: there is no bearer token", ErrUnverified)

func unverified(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnverified}, args...)...)
}

const (
	// removedSignature replaces the signature of an ID token that Cloud Run has
	// checked, so that the function cannot use the token elsewhere.
	removedSignature = "SIGNATURE_REMOVED_BY_GOOGLE"
	// serverlessHeader is the header that Cloud Run checks in place of
	// Authorization if a caller sends both; then it leaves Authorization as it is.
	serverlessHeader = "X-Serverless-Authorization"
)

// Authenticate returns the e-mail address of the caller who makes a request.
func Authenticate(ctx context.Context, verify Verifier, r *http.Request) (email string, err error) {
	token, err := bearer(r.Header)
	if err != nil {
		return "", err
	}
	return verify(ctx, token)
}

// bearer returns the token of a request. It accepts a token without a signature
// only if Cloud Run has checked this very header, which is certain if no other
// header has a token.
func bearer(header http.Header) (string, error) {
	authorization, serverless := header.Values("Authorization"), header.Values(serverlessHeader)
	if len(authorization) > 1 || len(serverless) > 1 {
		return "", unverified("there are several headers with a token")
	}
	if len(serverless) == 1 && strings.TrimSpace(serverless[0]) == "" {
		return "", unverified("%s is empty", serverlessHeader)
	}
	scheme, token, _ := strings.Cut(strings.Join(authorization, ""), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", ErrNoToken
	}
	if strings.ContainsAny(token, " \t,") { // a proxy has joined several headers
		return "", unverified("there are several tokens in one header")
	}
	if strings.HasSuffix(token, removedSignature) && len(serverless) > 0 {
		return "", unverified("Cloud Run has checked %s, and not this token", serverlessHeader)
	}
	return token, nil
}
