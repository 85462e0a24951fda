package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// localPrefix is the prefix of the tokens that a local suite accepts.
const localPrefix = "dev:"

// deployedVariables are set by Google's platforms (FUNCTION_TARGET by the
// buildpack): if one of them is set, this is a deployed function.
var deployedVariables = []string{
	"K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION",
	"CLOUD_RUN_TIMEOUT_SECONDS", "FUNCTION_TARGET", "FUNCTION_NAME", "GAE_SERVICE", "GAE_ENV",
}

var errDeployed = errors.New("development identities are for local use only, and this is a deployed function")

// NewLocal returns the Verifier of a local suite: the token "dev:EMAIL" belongs to
// EMAIL. It returns an error in the environment of a deployed function.
func NewLocal(getenv func(string) string) (Verifier, error) {
	for _, name := range deployedVariables {
		if getenv(name) != "" {
			return nil, fmt.Errorf("%w (%s is set)", errDeployed, name)
		}
	}
	return func(_ context.Context, token string) (string, error) {
		email, ok := strings.CutPrefix(token, localPrefix)
		if !ok || !strings.Contains(email, "@") || strings.ContainsAny(email, " \t\r\n") {
			return "", unverified("%.80q is not dev:EMAIL", token)
		}
		return email, nil
	}, nil
}

// LocalToken returns a source of the token that a local suite accepts.
func LocalToken(email string) func(ctx context.Context, audience string) (string, error) {
	return func(context.Context, string) (string, error) { return localPrefix + email, nil }
}
