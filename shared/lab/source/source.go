// Package source reads what is deployed: the files that Terraform zips, and how
// it tells the buildpack to build them.
package source

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Files lists the files that terraform/source.txt names, sorted, relative to the
// root of the repository.
func Files(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "terraform", "source.txt"))
	if err != nil {
		return nil, fmt.Errorf("read what Terraform zips: %w", err)
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

// pattern returns the regular expression of a glob, in which ** matches any
// number of folders.
func pattern(glob string) *regexp.Regexp {
	text := regexp.QuoteMeta(glob)
	text = strings.ReplaceAll(text, `\*\*/`, `(.*/)?`)
	text = strings.ReplaceAll(text, `\*\*`, `.*`)
	text = strings.ReplaceAll(text, `\*`, `[^/]*`)
	return regexp.MustCompile("^" + text + "$")
}

// Pack writes files into a zip and also, as if that were unpacked, into a
// folder.
func Pack(root, archive, folder string, names []string) error {
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

// Build holds the settings with which Terraform runs the buildpack.
type Build struct {
	Runtime          string // such as go126
	GoFlags, LDFlags string
}

// ReadBuild reads the settings with which Terraform runs the buildpack.
func ReadBuild(root string) (Build, error) {
	path := filepath.Join(root, "terraform", "modules", "function", "function.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		return Build{}, fmt.Errorf("read how it is built: %w", err)
	}
	setting := func(name string) string {
		found := regexp.MustCompile(`(?m)^\s*` + name + `\s*=\s*"(.*)"$`).FindSubmatch(text)
		if found == nil {
			return ""
		}
		return string(found[1])
	}
	return Build{Runtime: setting("runtime"), GoFlags: setting("GOFLAGS"), LDFlags: setting("GOOGLE_GOLDFLAGS")}, nil
}
