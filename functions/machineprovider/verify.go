package machineprovider

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Verifier tells whose token it is: an e-mail address. A token that proves
// nothing is ErrUnverified.
type Verifier interface {
	Verify(ctx context.Context, token string) (email string, err error)
}

// ErrUnverified says that a token proves no identity.
var ErrUnverified = errors.New("the token proves no identity")

func unverified(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnverified}, args...)...)
}

// developmentPrefix begins the tokens of the development mode.
const developmentPrefix = "dev:"

// Development is the development mode: "dev:EMAIL" is that identity. It is
// made by NewDevelopment only, which refuses to in a deployed function.
type Development struct{ next Verifier }

// DevelopmentVariable is the environment variable that switches the
// development mode on.
const DevelopmentVariable = "DEVELOPMENT_IDENTITIES"

// deployedVariables are set by Google's platforms: any of them is the sign
// that this is a deployed function. FUNCTION_TARGET is set by the buildpack.
var deployedVariables = []string{
	"K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION",
	"CLOUD_RUN_TIMEOUT_SECONDS", "FUNCTION_TARGET", "FUNCTION_NAME", "GAE_SERVICE", "GAE_ENV",
}

// ErrDeployed says that the development mode was asked for in a deployed
// function.
var ErrDeployed = errors.New(DevelopmentVariable + " is set in a deployed function; development identities are for local use only")

// NewDevelopment puts the development mode before a verifier, where the
// environment switches it on, and gives the verifier back as it is otherwise.
// In a deployed function it is an error to have it switched on.
func NewDevelopment(getenv func(string) string, next Verifier) (Verifier, error) {
	switch strings.ToLower(getenv(DevelopmentVariable)) {
	case "", "0", "f", "false":
		return next, nil
	}
	for _, name := range deployedVariables {
		if getenv(name) != "" {
			return nil, fmt.Errorf("%w (%s is set)", ErrDeployed, name)
		}
	}
	return &Development{next: next}, nil
}

// Verify believes dev:EMAIL; another token is for the next verifier.
func (d *Development) Verify(ctx context.Context, token string) (string, error) {
	email, ok := strings.CutPrefix(token, developmentPrefix)
	switch {
	case ok && strings.Contains(email, "@") && !strings.ContainsAny(email, " \t\r\n"):
		return email, nil
	case ok || d.next == nil:
		return "", unverified("%.80q is not dev:EMAIL", token)
	}
	return d.next.Verify(ctx, token)
}

const (
	// verifiedFor is how long a verified token is believed without asking
	// again, at most.
	verifiedFor = 5 * time.Minute
	// maxVerified bounds what is remembered.
	maxVerified = 10_000
)

// verified remembers tokens, by their hashes.
type verified struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[[sha256.Size]byte]identity
}

type identity struct {
	email string
	until time.Time
}

func (v *verified) known(token string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id, ok := v.by[sha256.Sum256([]byte(token))]
	return id.email, ok && v.now().Before(id.until)
}

func (v *verified) remember(token, email string, expires time.Time) {
	until := v.now().Add(verifiedFor)
	if expires.Before(until) {
		until = expires
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by == nil || len(v.by) >= maxVerified {
		v.by = map[[sha256.Size]byte]identity{}
	}
	v.by[sha256.Sum256([]byte(token))] = identity{email: email, until: until}
}
