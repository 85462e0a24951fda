package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// maxResponseBytes is the maximum size of a response. The state of 250 machines
// is a tenth of it.
const maxResponseBytes = 8 << 20

// maxQuotedBytes bounds how much of a response that is not JSON an error
// quotes.
const maxQuotedBytes = 200

// refusal is a response with a status other than 200.
type refusal struct {
	status  int
	message string
	// said reports whether the response is an error in the API's form, so that
	// it comes from a Machine Provider and not from another server at the URL.
	said bool
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the Machine Provider answered %d: %s", r.status, r.message)
}

// methodUnknown reports whether the server has no such method at all.
func methodUnknown(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok &&
		(r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed || r.status == http.StatusNotImplemented)
}

// send calls a method of the catalog API and returns the JSON of the response.
func (c *Client) send(ctx context.Context, server, method string, request proto.Message) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	answer, err := c.post(ctx, server, method, request)
	if err != nil {
		return nil, fmt.Errorf("catalog.%s at %s: %w", method, server, err)
	}
	return answer, nil
}

func (c *Client) post(ctx context.Context, server, method string, request proto.Message) ([]byte, error) {
	body, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(request)
	if err != nil {
		return nil, err
	}
	url := server + "/_ah/api/catalog/v1/" + method
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	token, err := c.options.Token(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("get a token: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	response, err := c.http.Do(r)
	if err != nil {
		return nil, &failure.Error{Class: failure.Transient, Err: err}
	}
	defer func() { _ = response.Body.Close() }() // the needed part was read
	return read(response)
}

func read(response *http.Response) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes+1))
	switch {
	case err != nil:
		return nil, &failure.Error{Class: failure.Transient, Err: fmt.Errorf("read the answer: %w", err)}
	case len(answer) > maxResponseBytes:
		return nil, failure.New(failure.Permanent, "the answer has more than %d bytes", maxResponseBytes)
	case response.StatusCode != http.StatusOK:
		return nil, refused(response.StatusCode, answer)
	}
	return answer, nil
}

// refused makes the error for a response with a status other than 200. It never
// has the class NotFound, because only the response about a machine can say
// that the machine is missing.
func refused(status int, answer []byte) error {
	var body struct {
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	r := &refusal{status: status}
	if json.Unmarshal(answer, &body) == nil && body.Error != nil {
		r.said, r.message = true, body.Error.Message
	} else {
		r.message = fmt.Sprintf("%.*q", maxQuotedBytes, answer)
	}
	class := failure.OfHTTP(status, "")
	if class != failure.Transient && class != failure.Quota && class != failure.Conflict {
		class = failure.Permanent
	}
	return &failure.Error{Class: class, Err: r}
}

// foreign makes the error for a response with status 200 that does not conform
// to the API.
func foreign(method string, err error) error {
	return failure.New(failure.Permanent, "the answer to catalog.%s is not a Machine Provider's: %w", method, err)
}

// call calls a method and decodes the response.
func call[A any](ctx context.Context, c *Client, server, method string, request proto.Message) (A, error) {
	var answer *A
	data, err := c.send(ctx, server, method, request)
	if err != nil {
		return *new(A), err
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return *new(A), foreign(method, err)
	}
	if answer == nil {
		return *new(A), foreign(method, errors.New("it is null"))
	}
	return *answer, nil
}

// unknownFor is how long the client remembers that a Machine Provider lacks a
// method; then it tries again, because the server may have been updated.
const unknownFor = 10 * time.Minute

// ours calls a method that LUCI's Machine Provider does not have. It returns
// catalog.ErrUnsupported if the server lacks it.
func ours[A any](ctx context.Context, c *Client, server, method string, request proto.Message) (A, error) {
	at := methodAt{server, method}
	if until, unknown := c.unknown.Load(at); unknown && c.options.Now().Before(until.(time.Time)) {
		return *new(A), catalog.ErrUnsupported
	}
	answer, err := call[A](ctx, c, server, method, request)
	if methodUnknown(err) {
		c.unknown.Store(at, c.options.Now().Add(unknownFor))
		return *new(A), catalog.ErrUnsupported
	}
	return answer, err
}

// responses is the response to a batch.
type responses[R any] struct {
	Responses []R `json:"responses"`
}
