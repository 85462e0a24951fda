package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/scripts/internal/buildpack"
)

// deployed describes the program built from the files that Terraform deploys.
type deployed struct {
	program       string
	files         int
	zip           int64
	binary, plain int64
	room          []string // what takes the most room in the binary
}

// build builds the files that are deployed, and no others, in a folder.
func build(ctx context.Context, root, work string) (deployed, error) {
	source, err := buildpack.Unpack(root, work)
	if err != nil {
		return deployed{}, err
	}
	if err := source.Detect(ctx); err != nil {
		return deployed{}, err
	}
	built := deployed{program: filepath.Join(work, "main"), files: source.Files, zip: source.Zip}
	plain, symbols := filepath.Join(work, "plain"), filepath.Join(work, "symbols")
	for _, b := range []struct{ goflags, ldflags, to string }{
		{source.Build.GoFlags, source.Build.LDFlags, built.program}, {source.Build.GoFlags, "", symbols}, {"", "", plain},
	} {
		if err := source.Compile(ctx, b.goflags, b.ldflags, b.to); err != nil {
			return built, err
		}
	}
	built.binary, built.plain = size(built.program), size(plain)
	built.room, err = room(ctx, source.Folder, symbols)
	return built, err
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// roomShown is how many modules the result names.
const roomShown = 10

// room adds up the sizes of a binary's symbols by module.
func room(ctx context.Context, source, binary string) ([]string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}", "all")
	list.Dir = source
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	modules := strings.Fields(string(output))
	// The longest path first: a module may lie within another one's path.
	slices.SortFunc(modules, func(a, b string) int { return len(b) - len(a) })
	symbols, err := exec.CommandContext(ctx, "go", "tool", "nm", "-size", binary).Output()
	if err != nil {
		return nil, fmt.Errorf("list the symbols of the binary: %w", err)
	}
	sizes := bySize(bytes.NewReader(symbols), modules)
	var parts []string
	for _, s := range sizes[:min(len(sizes), roomShown)] {
		parts = append(parts, fmt.Sprintf("%s %.1f MiB", s.name, mebibytes(s.bytes)))
	}
	return parts, nil
}

// reserved is zeroed memory that the binary's symbol table lists as data.
const reserved = "crypto/internal/fips140/drbg.memory"

type sized struct {
	name  string
	bytes int64
}

// bySize reads lines of address, size, type and name.
func bySize(symbols io.Reader, modules []string) []sized {
	sums := map[string]int64{}
	lines := bufio.NewScanner(symbols)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var address, kind, name string
		var bytes int64
		if n, _ := fmt.Sscan(lines.Text(), &address, &bytes, &kind, &name); n != 4 || kind == "U" || strings.EqualFold(kind, "b") || name == reserved {
			continue // outside, or zeros that take no room in the file
		}
		module := "the standard library, tables and others"
		for _, candidate := range modules {
			if strings.Contains(name, candidate) {
				module = candidate
				break
			}
		}
		sums[module] += bytes
	}
	var sizes []sized
	for name, bytes := range sums {
		sizes = append(sizes, sized{name, bytes})
	}
	slices.SortFunc(sizes, func(a, b sized) int { return int(b.bytes - a.bytes) })
	return sizes
}
