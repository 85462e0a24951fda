// Package manifest reads functions.yaml, the one index of the suite's
// functions and of the topics between them.
package manifest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Manifest is the content of functions.yaml.
type Manifest struct {
	Functions map[string]Function `yaml:"functions"`
	// Sources are the facts that something outside the functions publishes,
	// each with a sentence about its publisher.
	Sources map[string]string `yaml:"sources"`
}

// Function is one function's entry in the manifest. functions.yaml explains the
// fields.
type Function struct {
	Summary         string   `yaml:"summary"`
	Trigger         string   `yaml:"trigger"`
	Schedule        string   `yaml:"schedule"`
	Listens         []string `yaml:"listens"`
	Announces       []string `yaml:"announces"`
	Firestore       string   `yaml:"firestore"`
	Compute         []string `yaml:"compute"`
	ComputeShare    int      `yaml:"computeShare"`
	ActAs           bool     `yaml:"actAs"`
	ConfigBucket    bool     `yaml:"configBucket"`
	MachineProvider bool     `yaml:"machineProvider"`
	Environment     []string `yaml:"environment"`
	TimeoutSeconds  int      `yaml:"timeout"`
	Memory          string   `yaml:"memory"`
	Concurrency     int      `yaml:"concurrency"`
	MaxInstances    int      `yaml:"maxInstances"`
}

// HTTP reports whether the function serves HTTP and takes no messages.
func (f Function) HTTP() bool { return f.Trigger == "http" }

// Timeout is the time that one run may take.
func (f Function) Timeout() time.Duration { return time.Duration(f.TimeoutSeconds) * time.Second }

// Parse reads a manifest and refuses a field that it does not know.
func Parse(data []byte) (Manifest, error) {
	var m Manifest
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("read the manifest: %w", err)
	}
	return m, nil
}

// Names lists the functions in order.
func (m Manifest) Names() []string {
	return slices.Sorted(maps.Keys(m.Functions))
}

// Subscription delivers the messages of a topic to a function.
type Subscription struct{ Topic, Function string }

// Name is the subscription's name, unique in the deployment.
func (s Subscription) Name() string { return s.Function + "." + s.Topic }

// Subscriptions lists every (topic, function), in order. A function that
// takes messages always listens to the topic of its own name.
func (m Manifest) Subscriptions() []Subscription {
	var all []Subscription
	for _, name := range m.Names() {
		if m.Functions[name].HTTP() {
			continue
		}
		all = append(all, Subscription{Topic: name, Function: name})
		for _, topic := range m.Functions[name].Listens {
			all = append(all, Subscription{Topic: topic, Function: name})
		}
	}
	return all
}

// Topics lists every topic of the deployment, in order.
func (m Manifest) Topics() []string {
	topics := slices.Collect(maps.Keys(m.Sources))
	for _, subscription := range m.Subscriptions() {
		topics = append(topics, subscription.Topic)
	}
	for _, function := range m.Functions {
		topics = append(topics, function.Announces...)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}
