// Command buildcheck builds the deployed source as Google's Go buildpack does.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/buildpack"
	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// startTimeout is how long a function may take to listen.
const startTimeout = 20 * time.Second

const description = `Zips what Terraform deploys, unpacks it, and does with it what the Go buildpack does: finds the package at the root, writes a main for it, tidies the module (which must change nothing) and builds. Then starts each function of functions.yaml from the binary once, on 127.0.0.1 and without credentials.`

// environment is the environment that Terraform sets for the functions.
var environment = []string{
	"PROJECT=fleet-test", "FIRESTORE_DATABASE=gce-backend", "DEPLOYMENT=gce-backend", "COMPUTE_REQUESTS_PER_MINUTE=60",
	"MACHINE_PROVIDER_URL=https://machine-provider.example.com", "CONFIG_SOURCE=gs://fleet-test/config",
}

type arguments struct {
	Keep bool `help:"Keep the folder it was built in."`
}

func main() { commandline.Main("buildcheck", description, run) }

func run(ctx context.Context, args arguments) error {
	work, err := os.MkdirTemp("", "buildcheck-")
	if err != nil {
		return err
	}
	defer func() {
		if args.Keep {
			fmt.Println("kept  ", work)
			return
		}
		_ = os.RemoveAll(work)
	}()
	program, err := build(ctx, commandline.Root(), work)
	if err != nil {
		return err
	}
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return err
	}
	if len(m.Functions) == 0 {
		return errors.New("functions.yaml names no function")
	}
	for _, name := range m.Names() {
		if err := start(ctx, program, name); err != nil {
			return err
		}
		fmt.Println("start ", name)
	}
	fmt.Printf("ok     %d functions build and start\n", len(m.Functions))
	return nil
}

func build(ctx context.Context, root, work string) (program string, err error) {
	source, err := buildpack.Unpack(root, work)
	if err != nil {
		return "", err
	}
	fmt.Printf("zip    %d files, %d bytes\n", source.Files, source.Zip)
	if err := source.Detect(ctx); err != nil {
		return "", err
	}
	fmt.Printf("found  package %s of %s, framework %s, %s\n", source.Package, source.Module, source.Framework, source.Build.Runtime)
	diff, err := source.Tidy(ctx)
	if err != nil {
		return "", err
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if strings.Contains(diff, "diff current/"+file+" ") {
			fmt.Print(diff)
			return "", fmt.Errorf("go mod tidy changes %s, which the buildpack would do as well: commit what it makes of it", file)
		}
	}
	program = filepath.Join(work, "main")
	if err := source.Compile(ctx, source.Build.GoFlags, source.Build.LDFlags, program); err != nil {
		return "", err
	}
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	fmt.Printf("built  %d bytes\n", info.Size())
	return program, nil
}

// start runs the program as the platform would for a function, until it answers:
// a job refuses a request that is not a delivery, and the two HTTP functions
// answer 404 to an unknown path.
func start(ctx context.Context, program, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	function, err := buildpack.Start(ctx, program, name, append(slices.Clone(environment), "FUNCTION_URL=https://"+name+".example.com")...)
	if err != nil {
		return err
	}
	status, _, err := function.Ask(ctx, http.MethodGet, "/buildcheck", "")
	log := function.Stop()
	if err == nil && status/100 == 4 {
		return nil
	}
	lines := strings.SplitAfter(log, "\n")
	fmt.Fprint(os.Stderr, strings.Join(lines[max(0, len(lines)-21):], ""))
	return fmt.Errorf("%s does not start", name)
}
