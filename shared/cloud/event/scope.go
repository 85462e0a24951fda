package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Scope names what a message is about; an absent field means all. The zero Scope
// asks for a sweep over everything.
type Scope struct {
	BaseName  string   `json:"baseName,omitempty"`
	Revision  string   `json:"revision,omitempty"`
	Zone      string   `json:"zone,omitempty"`
	Instances []string `json:"instances,omitempty"` // instance keys
	Reclaimed bool     `json:"reclaimed,omitempty"` // the Machine Provider said that these were reclaimed
	// Hint says that the scope was guessed from a message that may be about
	// something else.
	Hint bool `json:"-"`
}

// MaxScopeBytes is the size that a message's payload may have: a scope names
// at most the 1,000 instances of one group.
const MaxScopeBytes = 256 << 10

// Sweep reports whether the scope asks for everything.
func (s Scope) Sweep() bool {
	return s.BaseName == "" && s.Revision == "" && s.Zone == "" && len(s.Instances) == 0
}

// Encode writes the scope as a message's payload.
func (s Scope) Encode() []byte {
	data, err := json.Marshal(s)
	if err != nil { // a struct of strings can always be written
		panic(err)
	}
	return data
}

// DecodeScope reads a payload. Nothing, {} and "" all ask for a sweep. It refuses
// unknown fields, and fields that together name nothing: a message that was meant
// for something never becomes a sweep of everything.
func DecodeScope(data []byte) (Scope, error) {
	data = bytes.TrimSpace(data)
	if len(data) > MaxScopeBytes {
		return Scope{}, fmt.Errorf("the payload has %d bytes; the limit is %d", len(data), MaxScopeBytes)
	}
	if len(data) == 0 || string(data) == `""` {
		return Scope{}, nil
	}
	if string(data) == "null" { // which a decoder takes for any type
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

// OfManagers reads the scope of a message to a job that can be about some
// managers, but not about single instances.
func OfManagers(message Message) (Scope, error) {
	scope, err := DecodeScope(message.Data)
	if len(scope.Instances) > 0 {
		return Scope{}, errors.New("the payload names instances, but this job is not about single ones")
	}
	return scope, err
}

// OfTemplates reads the scope of a message to a job that works on whole
// templates.
func OfTemplates(message Message) (Scope, error) {
	scope, err := OfManagers(message)
	if !scope.Sweep() && scope.BaseName == "" {
		return Scope{}, errors.New("the payload names no template")
	}
	return scope, err
}

// OfEverything reads the scope of a message to a job that does its work as a
// whole.
func OfEverything(message Message) (Scope, error) {
	scope, err := DecodeScope(message.Data)
	if !scope.Sweep() {
		return Scope{}, errors.New("the payload names a scope, but the work of this job has no parts")
	}
	return scope, err
}
