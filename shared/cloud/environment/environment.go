// Package environment reads what a deployed function is told by its
// environment. Terraform sets exactly these variables; a test compares them.
package environment

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
)

// Environment is what every function is told.
type Environment struct {
	// Project holds the topics and the database.
	Project string `env:"PROJECT, required"`
	// Database is the Firestore database's name; empty: the default of
	// shared/cloud/store/firestore.
	Database string `env:"FIRESTORE_DATABASE"`
	// Deployment is the deployment's name: with the project before it, the value
	// of the ownership label on what the suite creates in Compute Engine. Two
	// deployments in one project need two names.
	Deployment string `env:"DEPLOYMENT, default=gce-backend"`
	// ComputeRequests is the number of requests a minute that one process may
	// send to Compute Engine, per group of methods.
	ComputeRequests int `env:"COMPUTE_REQUESTS_PER_MINUTE, default=1500"`
	// ConfigSource is the URL of the configuration; only import-config has it.
	ConfigSource string `env:"CONFIG_SOURCE"`
	// MachineProvider is the base URL of the Machine Provider; mp_server in
	// settings.cfg goes before it.
	MachineProvider string `env:"MACHINE_PROVIDER_URL"`
	// URL is the function's own, which ID tokens for it name as their audience;
	// only the functions that serve HTTP have it.
	URL string `env:"FUNCTION_URL"`
	// InvokersChecked says that Cloud Run lets nobody call this function but its
	// invokers, so that the identity that it passes on can be believed.
	InvokersChecked bool `env:"INVOKERS_CHECKED"`
	// ComputeEndpoint replaces Compute Engine's address; for local use.
	ComputeEndpoint string `env:"COMPUTE_ENDPOINT"`
	// DevelopmentIdentities lets the functions that serve HTTP believe "dev:EMAIL";
	// for local use, refused in a deployed function.
	DevelopmentIdentities bool `env:"DEVELOPMENT_IDENTITIES"`
	// Service is set by Cloud Run: the sign that this is a deployed function.
	Service string `env:"K_SERVICE"`
}

// undeployed are read by the code but never set by Terraform: what is for local
// use, the emulators' two by Google's libraries, and what Cloud Run itself sets.
var undeployed = []string{"COMPUTE_ENDPOINT", "DEVELOPMENT_IDENTITIES", "FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "K_SERVICE"}

// Read reads the process's environment.
func Read(ctx context.Context) (Environment, error) {
	var read Environment
	if err := envconfig.Process(ctx, &read); err != nil {
		return Environment{}, fmt.Errorf("read the environment: %w", err)
	}
	return read, nil
}

// Names lists the variables that a deployment sets.
func Names() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Environment]()) {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		if !slices.Contains(undeployed, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
