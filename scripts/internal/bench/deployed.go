package bench

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	names, err := sources(root)
	if err != nil {
		return built, err
	}
	source := filepath.Join(work, "source")
	archive := filepath.Join(work, "source.zip")
	if err := pack(root, archive, source, names); err != nil {
		return built, fmt.Errorf("pack what is deployed: %w", err)
	}
	built.files, built.zip = len(names), size(archive)
	app := filepath.Join(source, "functions.local", "app")
	if err := errors.Join(os.MkdirAll(app, 0o700), os.WriteFile(filepath.Join(app, "main.go"), []byte(program), 0o600)); err != nil {
		return built, err
	}
	built.program = filepath.Join(work, "main")
	goflags, ldflags, err := buildFlags(root)
	if err != nil {
		return built, err
	}
	plain, symbols := filepath.Join(work, "plain"), filepath.Join(work, "symbols")
	for _, b := range []struct{ goflags, ldflags, to string }{
		{goflags, ldflags, built.program}, {goflags, "", symbols}, {"", "", plain},
	} {
		command := exec.CommandContext(ctx, "go", "build", "-ldflags="+b.ldflags, "-o", b.to, "./functions.local/app")
		command.Dir = source
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+b.goflags)
		if output, err := command.CombinedOutput(); err != nil {
			return built, fmt.Errorf("build what is deployed: %w: %s", err, output)
		}
	}
	built.binary, built.plain = size(built.program), size(plain)
	built.room, err = room(ctx, source, symbols)
	return built, err
}

// buildFlags are the flags that Terraform has the buildpack build with.
func buildFlags(root string) (goflags, ldflags string, err error) {
	path := filepath.Join(root, "terraform", "modules", "function", "function.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("read how it is built: %w", err)
	}
	setting := func(name string) string {
		found := regexp.MustCompile(`(?m)^\s*` + name + `\s*=\s*"(.*)"$`).FindSubmatch(text)
		if found == nil {
			return ""
		}
		return string(found[1])
	}
	return setting("GOFLAGS"), setting("GOOGLE_GOLDFLAGS"), nil
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// sources lists the files that terraform/source.txt names.
func sources(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "terraform", "source.txt"))
	if err != nil {
		return nil, fmt.Errorf("read what is deployed: %w", err)
	}
	var take, leave []*regexp.Regexp
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		glob, negative := strings.CutPrefix(line, "!")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case negative:
			leave = append(leave, pattern(glob))
		default:
			take = append(take, pattern(glob))
		}
	}
	var names []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() && (name == ".git" || name == ".build") {
			return fs.SkipDir
		}
		if matches := func(p *regexp.Regexp) bool { return p.MatchString(name) }; entry.Type().IsRegular() &&
			slices.ContainsFunc(take, matches) && !slices.ContainsFunc(leave, matches) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// pattern makes a regular expression of a glob, in which ** is any number of
// folders.
func pattern(glob string) *regexp.Regexp {
	text := regexp.QuoteMeta(glob)
	text = strings.ReplaceAll(text, `\*\*/`, `(.*/)?`)
	text = strings.ReplaceAll(text, `\*\*`, `.*`)
	text = strings.ReplaceAll(text, `\*`, `[^/]*`)
	return regexp.MustCompile("^" + text + "$")
}

// pack puts files into a zip and, as if that were unpacked, into a folder.
func pack(root, archive, folder string, names []string) error {
	file, err := os.Create(archive)
	if err != nil {
		return err
	}
	to := zip.NewWriter(file)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		entry, err := to.Create(name)
		if err != nil {
			return err
		}
		if _, err := entry.Write(content); err != nil {
			return err
		}
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			return err
		}
	}
	return errors.Join(to.Close(), file.Close())
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
