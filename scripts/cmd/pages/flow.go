package main

import (
	"fmt"
	"strings"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

const (
	begin = "<!-- flow: begin, made by scripts/generate from functions/functions.yaml -->\n"
	end   = "<!-- flow: end -->\n"
)

// withFlow replaces the picture of the flow between its marks in README.md.
func withFlow(readme string) (string, error) {
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return "", err
	}
	before, rest, ok := strings.Cut(readme, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("it has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + draw(m) + end + after, nil
}

// draw draws an arrow from each publisher of a fact to each subscriber.
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
			if topic != name { // a sweep's messages to its own topic are not part of the flow
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
