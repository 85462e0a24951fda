package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Scope names what a message is about; an absent field means all. The zero
// Scope requests a sweep over everything.
type Scope struct {
	BaseName  string   `json:"baseName,omitempty"`
	Revision  string   `json:"revision,omitempty"`
	Zone      string   `json:"zone,omitempty"`
	Instances []string `json:"instances,omitempty"` // instance keys
	Reclaimed bool     `json:"reclaimed,omitempty"` // the Machine Provider reported that these were reclaimed
	// Hint means that the scope was guessed from a message that may be about
	// something else.
	Hint bool `json:"-"`
}

// MaxScopeBytes is the maximum size of a message's payload: a scope names at
// most the 1,000 instances of one group.
const MaxScopeBytes = 256 << 10

// Sweep reports whether the scope covers everything.
func (s Scope) Sweep() bool {
	return s.BaseName == "" && s.Revision == "" && s.Zone == "" && len(s.Instances) == 0
}

// Encode returns the scope as a message's payload.
func (s Scope) Encode() []byte {
	data, err := json.Marshal(s)
	if err != nil { // a struct of strings can always be written
		panic(err)
	}
	return data
}

// DecodeScope decodes a payload. An empty payload, {} and "" all request a
// sweep. It refuses unknown fields, and fields that together name nothing: a
// message about something particular never becomes a sweep over everything.
func DecodeScope(data []byte) (Scope, error) {
	data = bytes.TrimSpace(data)
	if len(data) > MaxScopeBytes {
		return Scope{}, fmt.Errorf("the payload has %d bytes; the limit is %d", len(data), MaxScopeBytes)
	}
	if len(data) == 0 || string(data) == `""` {
		return Scope{}, nil
	}
	if string(data) == "null" { // a decoder accepts null for any type
		return Scope{}, errors.New("the payload is not a scope: it is null")
	}
	var scope Scope
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&scope); err != nil {
		return Scope{}, fmt.Errorf("the payload is not a scope: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Scope{}, errors.New("the payload goes on after the scope")
	}
	if scope.Sweep() && len(bytes.Trim(data, "{} \t\r\n")) > 0 {
		return Scope{}, errors.New("the payload is not a scope: it names nothing")
	}
	return scope, nil
}

// OfManagers decodes the scope of a message to a job that may be limited to
// some managers, but not to single instances.
func OfManagers(message Message) (Scope, error) {
	scope, err := DecodeScope(message.Data)
	if len(scope.Instances) > 0 {
		return Scope{}, errors.New("the payload names instances, but this job is not about single ones")
	}
	return scope, err
}

// OfTemplates decodes the scope of a message to a job that processes whole
// templates.
func OfTemplates(message Message) (Scope, error) {
	scope, err := OfManagers(message)
	if !scope.Sweep() && scope.BaseName == "" {
		return Scope{}, errors.New("the payload names no template")
	}
	return scope, err
}

// OfEverything decodes the scope of a message to a job whose work cannot be
// limited.
func OfEverything(message Message) (Scope, error) {
	scope, err := DecodeScope(message.Data)
	if !scope.Sweep() {
		return Scope{}, errors.New("the payload names a scope, but the work of this job has no parts")
	}
	return scope, err
}
