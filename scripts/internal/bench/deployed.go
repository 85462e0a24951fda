package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/source"
)

// deployed is what Terraform deploys, built.
type deployed struct {
	program       string
	files         int
	zip           int64
	binary, plain int64
	room          []string // what takes the most room in the binary
}

// program is what the Go buildpack makes of a package that registers its
// functions; scripts/buildcheck replays all of it.
const program = `package main

import (
	"log"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	_ "github.com/gce-backend/gce-backend"
)

func main() {
	if err := funcframework.StartHostPort("127.0.0.1", os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}
`

// build builds the files that are deployed, and no others, in a folder.
func build(ctx context.Context, root, work string) (deployed, error) {
	var built deployed
	names, err := source.Files(root)
	if err != nil {
		return built, err
	}
	folder := filepath.Join(work, "source")
	archive := filepath.Join(work, "source.zip")
	if err := source.Pack(root, archive, folder, names); err != nil {
		return built, fmt.Errorf("pack what is deployed: %w", err)
	}
	built.files, built.zip = len(names), size(archive)
	app := filepath.Join(folder, "functions.local", "app")
	if err := errors.Join(os.MkdirAll(app, 0o700), os.WriteFile(filepath.Join(app, "main.go"), []byte(program), 0o600)); err != nil {
		return built, err
	}
	built.program = filepath.Join(work, "main")
	goflags, ldflags, err := source.BuildFlags(root)
	if err != nil {
		return built, err
	}
	plain, symbols := filepath.Join(work, "plain"), filepath.Join(work, "symbols")
	for _, b := range []struct{ goflags, ldflags, to string }{
		{goflags, ldflags, built.program}, {goflags, "", symbols}, {"", "", plain},
	} {
		command := exec.CommandContext(ctx, "go", "build", "-ldflags="+b.ldflags, "-o", b.to, "./functions.local/app")
		command.Dir = folder
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+b.goflags)
		if output, err := command.CombinedOutput(); err != nil {
			return built, fmt.Errorf("build what is deployed: %w: %s", err, output)
		}
	}
	built.binary, built.plain = size(built.program), size(plain)
	built.room, err = room(ctx, folder, symbols)
	return built, err
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// roomShown is how many modules are named.
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
	names := exec.CommandContext(ctx, "go", "tool", "nm", "-size", binary)
	symbols, err := names.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := names.Start(); err != nil {
		return nil, err
	}
	sizes := bySize(symbols, modules)
	if err := names.Wait(); err != nil {
		return nil, fmt.Errorf("list the symbols of the binary: %w", err)
	}
	var parts []string
	for _, s := range sizes[:min(len(sizes), roomShown)] {
		parts = append(parts, fmt.Sprintf("%s %.1f MiB", s.name, mebibytes(s.bytes)))
	}
	return parts, nil
}

// reserved is memory that the binary's table of symbols does not tell from data.
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
