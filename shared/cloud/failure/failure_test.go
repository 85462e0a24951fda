package failure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// rest returns an error in the form of Google's REST clients.
func rest(code int, reason string) error {
	err := &googleapi.Error{Code: code, Message: "m"}
	if reason != "" {
		err.Errors = []googleapi.ErrorItem{{Reason: reason, Message: "m"}}
	}
	return err
}

// api wraps an error as the generated clients do.
func api(t *testing.T, err error) error {
	t.Helper()
	wrapped, ok := apierror.FromError(err)
	if !ok {
		t.Fatalf("no API error: %v", err)
	}
	return wrapped
}

func TestClassOf(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want Class
	}{
		{"nil", nil, None},
		{"anything else", errors.New("x"), Permanent},

		{"its own", New(Quota, "x"), Quota},
		{"its own, wrapped", fmt.Errorf("a: %w", fmt.Errorf("b: %w", New(NotFound, "x"))), NotFound},
		{"its own stands before its cause's", New(Permanent, "x: %w", rest(503, "")), Permanent},
		{"its own, joined", errors.Join(nil, New(Conflict, "x")), Conflict},

		{"REST 400", rest(400, "badRequest"), Permanent},
		{"REST 400 in use", rest(400, "resourceInUseByAnotherResource"), Conflict},
		{"REST 400 not ready", rest(400, "resourceNotReady"), Transient},
		{"REST 401", rest(401, ""), Permanent},
		{"REST 403", rest(403, "forbidden"), Permanent},
		{"REST 403 without reason", rest(403, ""), Permanent},
		{"REST 403 rate limit", rest(403, "rateLimitExceeded"), Quota},
		{"REST 403 user's rate limit", rest(403, "userRateLimitExceeded"), Quota},
		{"REST 403 quota", rest(403, "quotaExceeded"), Quota},
		{"REST 404", rest(404, "notFound"), NotFound},
		{"REST 404 with a rate limit's reason", rest(404, "rateLimitExceeded"), NotFound},
		{"REST 408", rest(408, ""), Transient},
		{"REST 409", rest(409, "alreadyExists"), Conflict},
		{"REST 410", rest(410, ""), NotFound},
		{"REST 412", rest(412, ""), Conflict},
		{"REST 429", rest(429, ""), Quota},
		{"REST 500", rest(500, ""), Transient},
		{"REST 502", rest(502, ""), Transient},
		{"REST 503", rest(503, "backendError"), Transient},
		{"REST 304 is an error all the same", rest(304, ""), Permanent},
		{"REST without code", rest(0, ""), Permanent},
		{"REST, wrapped", fmt.Errorf("resize group g: %w", rest(403, "rateLimitExceeded")), Quota},

		{"API over REST 404", api(t, rest(404, "notFound")), NotFound},
		{"API over REST 403 rate limit", api(t, rest(403, "rateLimitExceeded")), Quota},
		{"API over REST 403", api(t, rest(403, "forbidden")), Permanent},
		{"API over REST 400 in use, wrapped", fmt.Errorf("x: %w", api(t, rest(400, "resourceInUseByAnotherResource"))), Conflict},
		{"API over gRPC", api(t, status.Error(codes.NotFound, "m")), NotFound},
		{"API over gRPC, wrapped", fmt.Errorf("x: %w", api(t, status.Error(codes.Unavailable, "m"))), Transient},

		{"gRPC not found", status.Error(codes.NotFound, "m"), NotFound},
		{"gRPC already exists", status.Error(codes.AlreadyExists, "m"), Conflict},
		{"gRPC failed precondition", status.Error(codes.FailedPrecondition, "m"), Conflict},
		{"gRPC missing index", status.Error(codes.FailedPrecondition, "The query requires an index. You can create it here: https://console.firebase.google.com/x"), Transient},
		{"gRPC index that is being built", fmt.Errorf("find x: %w", api(t, status.Error(codes.FailedPrecondition, "The query requires an index. That index is currently building and cannot be used yet. See its status here: https://x"))), Transient},
		{"gRPC index of another kind of error", status.Error(codes.InvalidArgument, "The query requires an index."), Permanent},
		{"gRPC aborted", status.Error(codes.Aborted, "m"), Conflict},
		{"gRPC exhausted", status.Error(codes.ResourceExhausted, "m"), Quota},
		{"gRPC unavailable", status.Error(codes.Unavailable, "m"), Transient},
		{"gRPC deadline", status.Error(codes.DeadlineExceeded, "m"), Transient},
		{"gRPC internal", status.Error(codes.Internal, "m"), Transient},
		{"gRPC cancelled", status.Error(codes.Canceled, "m"), Transient},
		{"gRPC unknown", status.Error(codes.Unknown, "m"), Transient},
		{"gRPC denied", status.Error(codes.PermissionDenied, "m"), Permanent},
		{"gRPC unauthenticated", status.Error(codes.Unauthenticated, "m"), Permanent},
		{"gRPC invalid", status.Error(codes.InvalidArgument, "m"), Permanent},
		{"gRPC wrapped", fmt.Errorf("x: %w", status.Error(codes.NotFound, "m")), NotFound},

		{"deadline", context.DeadlineExceeded, Transient},
		{"cancelled", fmt.Errorf("x: %w", context.Canceled), Transient},
		{"refused", &url.Error{Op: "Get", URL: "u", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, Transient},
		{"reset, wrapped", fmt.Errorf("x: %w", &net.OpError{Op: "read", Err: syscall.ECONNRESET}), Transient},
		{"no such folder", fmt.Errorf("x: %w", &fs.PathError{Op: "stat", Path: "p", Err: syscall.ENOENT}), Permanent},
		{"no such host", &net.DNSError{Err: "no such host", Name: "h"}, Transient},
		{"the connection ended", &url.Error{Op: "Post", URL: "u", Err: io.EOF}, Transient},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ClassOf(c.err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.err != nil && !Is(c.err, c.want) {
				t.Error("Is says otherwise")
			}
		})
	}
}

func TestOfHTTP(t *testing.T) {
	for code := 100; code < 400; code++ {
		if got := OfHTTP(code, ""); got != None {
			t.Errorf("%d: %q", code, got)
		}
	}
	for code := 400; code < 600; code++ {
		if OfHTTP(code, "") == None {
			t.Errorf("%d is no failure", code)
		}
		if worth := OfHTTP(code, "") == Transient; worth != (code >= 500 || code == http.StatusRequestTimeout) {
			t.Errorf("%d: transient %v", code, worth)
		}
	}
}

func TestTemporary(t *testing.T) {
	for class, want := range map[Class]bool{Transient: true, Quota: true, Conflict: true, NotFound: false, Permanent: false} {
		if got := Temporary(New(class, "x")); got != want {
			t.Errorf("%s: %v", class, got)
		}
	}
	if Temporary(nil) {
		t.Error("no error is temporary")
	}
}

func TestNewWraps(t *testing.T) {
	cause := errors.New("cause")
	err := New(NotFound, "look at %s: %w", "x", cause)
	if err.Error() != "look at x: cause" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}
