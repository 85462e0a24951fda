// Command reference writes docs/configuration.md from the comments of the
// configuration's protocol buffers:
//
//	reference [-check] PROTO PAGE
//
// With -check it writes nothing, and fails where the page is not up to date.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/gce-backend/gce-backend/scripts/internal/reference"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail where the page is not up to date")
	flag.Parse()
	if err := run(*check, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(check bool, args []string) error {
	if len(args) != 2 {
		return errors.New("name the .proto file and the page")
	}
	proto, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	page, err := reference.Page(string(proto))
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if !check {
		return os.WriteFile(args[1], []byte(page), 0o644) //nolint:gosec // for everyone to read
	}
	if have, err := os.ReadFile(args[1]); err != nil || string(have) != page {
		return errors.Join(fmt.Errorf("%s is not up to date: run scripts/generate", args[1]), err)
	}
	return nil
}
