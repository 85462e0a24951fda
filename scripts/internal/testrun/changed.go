package testrun

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// changes are the changes of the working tree since a revision. nil stands for a
// run of everything.
type changes struct {
	base     string
	files    map[string]bool
	touched  map[string]bool // packages in which a file changed, by their folders
	affected map[string]bool // these packages and those whose tests link them, by import path
	left     []string        // affected packages that are left to the whole run
}

// everywhere lists packages whose tests read the whole tree.
var everywhere = []string{"shared/lab/architecture", "scripts/internal/testrun"}

// readChanges determines what changed.
func readChanges(ctx context.Context, root, base string, packages []goPackage) (*changes, error) {
	tracked, err := output(ctx, root, "git", "diff", "--name-only", base, "--")
	if err != nil {
		return nil, err
	}
	added, err := output(ctx, root, "git", "ls-files", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	return newChanges(base, append(strings.Fields(tracked), strings.Fields(added)...), packages), nil
}

func newChanges(base string, files []string, packages []goPackage) *changes {
	c := &changes{base: base, files: map[string]bool{}, touched: map[string]bool{}, affected: map[string]bool{}}
	byFolder := map[string]goPackage{}
	for _, g := range packages {
		byFolder[g.folder] = g
	}
	for _, file := range files {
		c.files[file] = true
		switch folder, name := nearest(byFolder, path.Dir(file)), path.Base(file); {
		case name == "go.mod" || name == "go.sum":
			for _, g := range packages {
				c.touched[g.folder] = c.touched[g.folder] || g.module == path.Dir(file) || path.Dir(file) == "."
			}
		case folder != ".", strings.HasSuffix(file, ".go"): // the root's package has only Go files
			c.touched[folder] = true
		}
	}
	for _, g := range packages {
		affected := len(files) > 0 && slices.Contains(everywhere, g.folder)
		for _, other := range packages {
			affected = affected || c.touched[other.folder] && g.links[other.path]
		}
		if affected {
			c.affected[g.path] = true
		}
		if affected && !c.runs(g) && g.tests {
			c.left = append(c.left, g.folder)
		}
	}
	return c
}

// nearest returns the folder of the package that a folder, such as testdata,
// belongs to.
func nearest(packages map[string]goPackage, folder string) string {
	for folder != "." {
		if _, ok := packages[folder]; ok {
			break
		}
		folder = path.Dir(folder)
	}
	return folder
}

func (c *changes) touches(g goPackage) bool { return c == nil || c.touched[g.folder] }

// affects reports whether the changes can break the package or its tests.
func (c *changes) affects(g goPackage) bool { return c == nil || c.affected[g.path] }

// runs reports whether to run the package's tests. Tests that run other programs
// take minutes: unless the package itself changed, they are left to the whole
// run.
func (c *changes) runs(g goPackage) bool {
	return c.affects(g) && (!g.programs || c.touches(g) || slices.Contains(everywhere, g.folder))
}

func (c *changes) print(w io.Writer) {
	if len(c.files) == 0 {
		_, _ = fmt.Fprintf(w, "Nothing changed since %s.\n", c.base)
		return
	}
	_, _ = fmt.Fprintf(w, "Since %s, %d files changed; they affect %d packages.\n", c.base, len(c.files), len(c.affected))
	left := slices.Sorted(slices.Values(c.left))
	_, _ = fmt.Fprintf(w, "Left to scripts/test as a whole: the steps killed, simulation, fuzz, local and emulators; the tests of %s.\n", strings.Join(append(left, "long proofs"), ", "))
}

// any reports whether one of the names matches a changed file. A name that ends
// in a slash matches the files in that folder, a name that begins with a dot
// matches the files with that ending, and * matches every file.
func (c *changes) any(names ...string) bool {
	for file := range c.files {
		for _, name := range names {
			if name == "*" || file == name || strings.HasSuffix(name, "/") && strings.HasPrefix(file, name) || strings.HasPrefix(name, ".") && strings.HasSuffix(file, name) {
				return true
			}
		}
	}
	return false
}

func (c *changes) documentation() bool { return c != nil && c.any("docs/", ".md") }

// output returns what a program prints.
func output(ctx context.Context, folder string, arguments ...string) (string, error) {
	c := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	c.Dir = folder
	printed, err := c.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // it is not wrapped
			return "", fmt.Errorf("%s: %w: %s", strings.Join(arguments, " "), err, exit.Stderr)
		}
		return "", fmt.Errorf("%s: %w", strings.Join(arguments, " "), err)
	}
	return string(printed), nil
}
