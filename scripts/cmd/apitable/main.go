// Command apitable writes the table of the API that the simulator serves, from
// the description of the Compute Engine API in the module google.golang.org/api:
//
//	apitable [-check] FOLDER
//
// It reads FOLDER/methods.txt and writes FOLDER/v1.txt. With -check it writes
// nothing, and fails if the table is not up to date.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gce-backend/gce-backend/scripts/internal/apitable"
)

const (
	module = "google.golang.org/api"
	file   = "compute/v1/compute-api.json"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail where the table is not up to date")
	flag.Parse()
	if err := run(*check, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "apitable:", err)
		os.Exit(1)
	}
}

func run(check bool, args []string) error {
	if len(args) != 1 {
		return errors.New("name the folder of methods.txt")
	}
	list, err := os.ReadFile(filepath.Join(args[0], "methods.txt"))
	if err != nil {
		return err
	}
	var methods []string
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			methods = append(methods, line)
		}
	}
	// The version in the root module counts, not the one in this module.
	command := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", module)
	command.Dir = args[0]
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("find the module %s: %w", module, err)
	}
	version, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	description, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	table, err := apitable.Table(description, fmt.Sprintf("%s of %s %s", file, module, version), methods)
	if err != nil {
		return err
	}
	path := filepath.Join(args[0], "v1.txt")
	if !check {
		return os.WriteFile(path, []byte(table), 0o644) //nolint:gosec // for everyone to read
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != table {
		return errors.Join(fmt.Errorf("%s is not up to date: run scripts/generate", path), err)
	}
	return nil
}
