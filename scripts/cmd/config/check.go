package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/upload"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
)

// readLimit bounds reading a configuration.
const readLimit = time.Minute

type checkCommand struct {
	Source string `arg:"" help:"Folder, or gs://BUCKET/PREFIX."`
	Strict bool   `help:"Take warnings for errors."`
	JSON   bool   `name:"json" help:"Print the problems as JSON."`
}

// Run checks the configuration.
func (c checkCommand) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { os.Exit(2) })() // interrupted: there is nothing to clean up
	_, _, problems, err := load(ctx, c.Source)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(os.Stdout, struct {
			Problems config.Problems `json:"problems"`
		}{append(config.Problems{}, problems...)})
	} else {
		report(os.Stdout, c.Source, problems)
	}
	if err == nil && (len(problems.Errors()) > 0 || c.Strict && len(problems) > 0) {
		err = &commandline.Exit{Code: 1}
	}
	return err
}

// load reads and parses a configuration. The reasons for which it could not be
// stored are among the problems.
func load(ctx context.Context, from string) (files config.Files, parsed config.Config, problems config.Problems, err error) {
	if files, err = readFiles(ctx, from); err != nil {
		return files, parsed, nil, err
	}
	parsed, problems = config.Parse(files)
	if len(problems.Errors()) == 0 {
		if _, err := config.Encode(parsed, time.Now()); err != nil {
			problems = append(problems, config.Problem{Severity: config.Error, Message: err.Error()})
		}
	}
	return files, parsed, problems, nil
}

func readFiles(ctx context.Context, from string) (config.Files, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	address, err := upload.Address(from)
	if err != nil {
		return config.Files{}, err
	}
	if folder, err := url.Parse(address); err == nil && address != from {
		if about, err := os.Stat(filepath.FromSlash(folder.Path)); err != nil {
			return config.Files{}, fmt.Errorf("find the configuration: %w", err)
		} else if !about.IsDir() {
			return config.Files{}, fmt.Errorf("%s is a file; name the folder that it is in", from)
		}
	}
	source, err := configsource.Open(ctx, address, configsource.Options{})
	if err != nil {
		return config.Files{}, err
	}
	defer func() { _ = source.Close() }() // only read
	return source.Read(ctx)
}

// report prints one line per problem, in the form that editors can jump to, and
// then the verdict.
func report(to io.Writer, from string, problems config.Problems) {
	for _, problem := range problems {
		parts := []string{place(from, problem), string(problem.Severity)}
		for _, part := range []string{problem.Where, problem.Field, problem.Message} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		_, _ = fmt.Fprintln(to, strings.Join(parts, ": "))
	}
	wrong := len(problems.Errors())
	verdict := "valid"
	if wrong > 0 {
		verdict = "not valid"
	}
	_, _ = fmt.Fprintf(to, "%s is %s: %s, %s\n", from, verdict, plural(wrong, "error"), plural(len(problems)-wrong, "warning"))
}

// place returns FILE:LINE:COLUMN. FILE can be opened from the current folder.
func place(from string, problem config.Problem) string {
	at := from
	if problem.File != "" {
		at = strings.TrimSuffix(from, "/") + "/" + problem.File
	}
	if problem.Line == 0 {
		return at
	}
	return fmt.Sprintf("%s:%d:%d", at, problem.Line, problem.Column)
}

func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func printJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
