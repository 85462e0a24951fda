// Command diagram writes the picture of the flow in README.md, from
// functions.yaml. With -check it changes nothing and fails where the picture
// is not up to date.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

const (
	begin = "<!-- flow: begin, made by scripts/generate from functions/functions.yaml -->\n"
	end   = "<!-- flow: end -->\n"
)

func main() {
	check := flag.Bool("check", false, "change nothing; fail where the picture is not up to date")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: diagram [-check] README.md")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
}

func run(file string, check bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return err
	}
	fresh, err := replace(string(text), draw(m))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case fresh == string(text):
		return nil
	case check:
		return fmt.Errorf("the picture in %s is not up to date: run scripts/generate and commit what it writes", file)
	}
	return os.WriteFile(file, []byte(fresh), 0o644) //nolint:gosec // a document that everybody may read
}

// replace puts the picture between the marks.
func replace(text, picture string) (string, error) {
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("it has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + picture + end + after, nil
}

// draw draws an arrow from whoever announces a fact to whoever listens to it.
func draw(m manifest.Manifest) string {
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart TD\n")
	listeners := map[string][]string{}
	for _, name := range m.Names() {
		for _, topic := range m.Functions[name].Listens {
			listeners[topic] = append(listeners[topic], name)
		}
	}
	for _, topic := range m.Topics() {
		if _, outside := m.Sources[topic]; outside {
			fmt.Fprintf(&b, "    %s([%s])\n", topic, topic)
			arrows(&b, topic, "", listeners[topic])
		}
	}
	for _, name := range m.Names() {
		for _, topic := range m.Functions[name].Announces {
			if topic != name { // a sweep that spreads over its own topic says nothing about the flow
				arrows(&b, name, topic, listeners[topic])
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

func arrows(b *strings.Builder, from, label string, to []string) {
	for _, name := range to {
		if label == "" {
			fmt.Fprintf(b, "    %s --> %s\n", from, name)
			continue
		}
		fmt.Fprintf(b, "    %s -- %s --> %s\n", from, label, name)
	}
}
