package framework

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

// Divert passes each line of the process's standard output and error to sink,
// because the framework prints there in addition to the log. It returns the real
// standard output and error. It drops the lines about a function's error, which
// the job has logged. It must be called once, before anything else in the
// process runs.
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

// chatter reports whether a line contains nothing new.
func chatter(line string) bool {
	return strings.HasPrefix(line, "Serving function: ") || strings.HasPrefix(line, "Function error: ")
}
