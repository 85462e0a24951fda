package framework

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

// Divert gives the process's standard output and error, onto which the
// framework prints beside the log, to sink, line by line, and returns the real
// ones. What a function's error says is left out: the job has logged it. It is
// called once, before anything else of the process runs.
func Divert(sink func(line string)) (stdout, stderr *os.File, err error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("divert the standard output: %w", err)
	}
	stdout, stderr = os.Stdout, os.Stderr
	os.Stdout, os.Stderr = writer, writer
	log.SetOutput(writer)
	go pass(reader, sink)
	return stdout, stderr, nil
}

func pass(from io.Reader, sink func(line string)) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		line = strings.TrimRight(line, "\n")
		if line != "" && !chatter(line) {
			sink(line)
		}
		if err != nil {
			return
		}
	}
}

// chatter reports whether a line says nothing new.
func chatter(line string) bool {
	return strings.HasPrefix(line, "Serving function: ") || strings.HasPrefix(line, "Function error: ")
}
