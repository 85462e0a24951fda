// Package environment reads the environment variables of a deployed function.
// Terraform sets exactly these variables, which a test checks.
package environment

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
)

// Environment holds the settings that a function gets from its environment.
type Environment struct {
	// Project is the project of the topics and the database.
	Project string `env:"PROJECT, required"`
	// Database is the Firestore database's name; empty means the default of
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
	// settings.cfg takes precedence.
	MachineProvider string `env:"MACHINE_PROVIDER_URL"`
	// URL is the function's own URL, which is the audience of ID tokens for it;
	// only functions that serve HTTP have it.
	URL string `env:"FUNCTION_URL"`
	// InvokersChecked means that Cloud Run lets only the function's invokers
	// call it, so that the identity that Cloud Run passes on can be trusted.
	InvokersChecked bool `env:"INVOKERS_CHECKED"`
	// ComputeEndpoint replaces Compute Engine's address; for local use.
	ComputeEndpoint string `env:"COMPUTE_ENDPOINT"`
	// DevelopmentIdentities makes functions that serve HTTP accept tokens
	// "dev:EMAIL"; for local use, refused in a deployed function.
	DevelopmentIdentities bool `env:"DEVELOPMENT_IDENTITIES"`
	// Service is set by Cloud Run, and shows that this is a deployed function.
	Service string `env:"K_SERVICE"`
}

// undeployed are the variables that the code reads but Terraform never sets:
// those for local use, including the emulators' two, which Google's libraries
// read, and those that Cloud Run itself sets.
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
