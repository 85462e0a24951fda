package simulator

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/api"
)

// maxBody limits a request's body.
const maxBody = 16 << 20

// Request is one call.
type Request struct {
	Method  string // as in the discovery document, without "compute."
	Project string
	Zone    string // empty for global calls
	Name    string // the resource in the path; the VM's name if a group creates or deletes it by itself
	Group   string // the group, if it creates or deletes a VM by itself; else empty
	Query   url.Values
	Body    []byte

	region string
	api    *api.Method
	http   *http.Request
	fault  *Fault
}

// scope returns the zone or region of the path, if any.
func (r *Request) scope() string {
	return cmp.Or(r.Zone, r.region)
}

// resourcePath returns the path without the API's version.
func (r *Request) resourcePath() string {
	_, path, _ := strings.Cut(r.http.URL.Path, "projects/")
	return "projects/" + path
}

func newRequest(m *api.Method, r *http.Request) (*Request, error) {
	req := &Request{
		Method:  m.Name,
		Project: r.PathValue("project"),
		Zone:    r.PathValue("zone"),
		Name:    r.PathValue("name"),
		Query:   r.URL.Query(),
		region:  r.PathValue("region"),
		api:     m,
		http:    r,
	}
	if r.Body == nil {
		return req, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, invalid("read the request's body: %v", err)
	}
	if len(body) > maxBody {
		return nil, &apiError{Status: http.StatusRequestEntityTooLarge, Reason: "uploadTooLarge",
			Message: "The request's body is too large"}
	}
	req.Body = body
	return req, nil
}

// decode checks the body and reads it into m. It returns the body in canonical
// form, in which a patch sets the fields that it clears to null.
func (r *Request) decode(m proto.Message) (map[string]any, error) {
	body, err := r.api.CheckBody(r.Body, strings.HasPrefix(r.http.URL.Path, "/compute/beta/"))
	if err != nil {
		return nil, err
	}
	if r.api.Verb != http.MethodPatch {
		dropNulls(body)
	}
	if err := toMessage(merged(nil, body), m); err != nil { // a message has no null
		return nil, &apiError{Status: http.StatusBadRequest, Reason: "badRequest",
			Message: "Invalid JSON payload received. " + err.Error()}
	}
	return body, nil
}

// toMessage reads a body in canonical form into a message of the API's client.
func toMessage(body map[string]any, m proto.Message) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	// The client and the description may differ in their newest fields.
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, m)
}
