package identity

import (
	"context"
	"fmt"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials/idtoken"
)

// Tokens returns a source of ID tokens for the service account that the process
// runs as. It caches the token of each audience until the token expires.
func Tokens() func(ctx context.Context, audience string) (string, error) {
	var mu sync.Mutex
	known := map[string]*auth.Credentials{}
	source := func(audience string) (*auth.Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		if credentials := known[audience]; credentials != nil {
			return credentials, nil
		}
		credentials, err := idtoken.NewCredentials(&idtoken.Options{Audience: audience})
		if err == nil {
			known[audience] = credentials
		}
		return credentials, err
	}
	return func(ctx context.Context, audience string) (string, error) {
		credentials, err := source(audience)
		if err != nil {
			return "", fmt.Errorf("find credentials for ID tokens for %s: %w", audience, err)
		}
		token, err := credentials.Token(ctx)
		if err != nil {
			return "", fmt.Errorf("get an ID token for %s: %w", audience, err)
		}
		return token.Value, nil
	}
}
