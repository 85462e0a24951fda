package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// maxBody limits a request's body.
const maxBody = 16 << 20

// Request is one call.
type Request struct {
	Method  string // as in the discovery document, without "compute."
	Project string
	Zone    string // empty for global calls
	Name    string // the resource in the path; a VM's name for a group's own VM attempts
	Group   string // the group that creates or deletes a VM by itself; else empty
	Query   url.Values
	Body    []byte

	region string
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

func (c *Cloud) newRequest(method string, r *http.Request) (*Request, error) {
	req := &Request{
		Method:  method,
		Project: r.PathValue("project"),
		Zone:    r.PathValue("zone"),
		Name:    r.PathValue("name"),
		Query:   r.URL.Query(),
		region:  r.PathValue("region"),
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

// decode reads the body into m and returns its canonical JSON form, in which 64-bit
// numbers are strings. It drops unknown fields.
func (r *Request) decode(m proto.Message) (map[string]any, error) {
	body := r.Body
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, m); err != nil {
		return nil, &apiError{Status: http.StatusBadRequest, Reason: "badRequest",
			Message: "Invalid JSON payload received. " + err.Error()}
	}
	return jsonMap(m), nil
}

func jsonMap(m proto.Message) map[string]any {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return map[string]any{} // only invalid UTF-8 gets here, which Unmarshal has refused
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return map[string]any{}
	}
	return out
}
