package client

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/oauth2"
	"google.golang.org/api/idtoken"
)

// IDTokens gives the ID tokens of the service account that the process runs
// as, each for one Machine Provider and kept until it runs out.
func IDTokens() func(ctx context.Context, audience string) (string, error) {
	var mu sync.Mutex
	sources := map[string]oauth2.TokenSource{}
	source := func(ctx context.Context, audience string) (oauth2.TokenSource, error) {
		mu.Lock()
		defer mu.Unlock()
		if known := sources[audience]; known != nil {
			return known, nil
		}
		// The source outlives the call that needed it first.
		fresh, err := idtoken.NewTokenSource(context.WithoutCancel(ctx), audience)
		if err == nil {
			sources[audience] = fresh
		}
		return fresh, err
	}
	return func(ctx context.Context, audience string) (string, error) {
		tokens, err := source(ctx, audience)
		if err != nil {
			return "", fmt.Errorf("ID tokens for %s: %w", audience, err)
		}
		token, err := tokens.Token()
		if err != nil {
			return "", fmt.Errorf("an ID token for %s: %w", audience, err)
		}
		return token.AccessToken, nil
	}
}

// Development gives the token that a local Machine Provider believes.
func Development(email string) func(ctx context.Context, audience string) (string, error) {
	return func(context.Context, string) (string, error) { return "dev:" + email, nil }
}
