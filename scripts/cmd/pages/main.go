// Command pages writes the documentation that follows from the code: the picture
// of the flow in README.md, from functions.yaml, and docs/configuration.md, from
// the comments of the configuration's protocol buffers. It runs in scripts. With
// -check it changes nothing, and fails if one of them is not up to date.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/gce-backend/gce-backend/scripts/internal/reference"
)

func main() {
	check := flag.Bool("check", false, "change nothing; fail where a page is not up to date")
	flag.Parse()
	for _, page := range []struct {
		from, to string
		write    func(source string) (string, error)
	}{
		{"../README.md", "../README.md", withFlow}, {"../proto/config/config.proto", "../docs/configuration.md", reference.Page},
	} {
		if err := update(page.from, page.to, page.write, *check); err != nil {
			fmt.Fprintln(os.Stderr, "pages:", err)
			os.Exit(1)
		}
	}
}

func update(from, to string, write func(string) (string, error), check bool) error {
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	page, err := write(string(source))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	have, err := os.ReadFile(to)
	switch {
	case err == nil && string(have) == page:
		return nil
	case check:
		return errors.Join(fmt.Errorf("%s is not up to date: run scripts/generate and commit what it writes", to), err)
	}
	return os.WriteFile(to, []byte(page), 0o644) //nolint:gosec // for everyone to read
}
