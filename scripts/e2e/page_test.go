package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is a page of the documentation.
type page struct {
	name   string // relative to the checkout
	lines  []string
	blocks []*block // the fenced ones
}

// block is a fenced block of a page.
type block struct {
	language   string
	begin, end int    // the lines of its text: [begin, end)
	text       string // without its indentation
	notRun     string // why it is not run, as the comment before it says
	output     *block // what the page shows it to print; nil where it shows nothing
}

var (
	fence  = regexp.MustCompile("^( *)```([a-z]*) *$")
	notRun = regexp.MustCompile(`^ *<!-- not run: (.+) -->$`)
	noneOf = regexp.MustCompile(`^<!-- none run: (.+) -->$`)
)

// readPages reads README.md and what is in docs.
func readPages(t *testing.T) []*page {
	t.Helper()
	root := os.Getenv("GCE_BACKEND_ROOT")
	names := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	pages := make([]*page, len(names))
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		pages[i] = readPage(name, string(text))
	}
	return pages
}

// readPage finds the fenced blocks of a page. A comment `not run` is about the
// block that follows it, a comment `none run` about the whole page.
func readPage(name, text string) *page {
	p := &page{name: name, lines: strings.Split(text, "\n")}
	var why, whyNone string
	var open, command *block
	var indentation string
	for n, line := range p.lines {
		switch match := fence.FindStringSubmatch(line); {
		case match != nil && open == nil:
			open, indentation = &block{language: match[2], begin: n + 1, notRun: why}, match[1]
			why = ""
		case match != nil:
			open.end = n
			open.text = unindent(p.lines[open.begin:open.end], indentation)
			p.blocks = append(p.blocks, open)
			switch {
			case open.language == "sh":
				command = open
			case command != nil && slices.Contains([]string{"json", "text"}, open.language):
				command.output, command = open, nil
			default:
				command = nil
			}
			open = nil
		case open != nil:
		case strings.HasPrefix(line, "#"):
			command = nil
		case notRun.MatchString(line):
			why = notRun.FindStringSubmatch(line)[1]
		case noneOf.MatchString(line):
			whyNone = noneOf.FindStringSubmatch(line)[1]
		}
	}
	for _, b := range p.blocks {
		if b.notRun == "" {
			b.notRun = whyNone
		}
	}
	return p
}

func unindent(lines []string, indentation string) string {
	var text []string
	for _, line := range lines {
		text = append(text, strings.TrimPrefix(line, indentation))
	}
	return strings.Join(text, "\n")
}

// commands are the blocks for a shell.
func (p *page) commands() []*block {
	var commands []*block
	for _, b := range p.blocks {
		if b.language == "sh" {
			commands = append(commands, b)
		}
	}
	return commands
}

// replaced is the page with other texts in some blocks.
func (p *page) replaced(texts map[*block]string) string {
	var lines []string
	at := 0
	for _, b := range p.blocks {
		text, changed := texts[b]
		if !changed {
			continue
		}
		lines = append(lines, p.lines[at:b.begin]...)
		lines = append(lines, strings.Split(text, "\n")...)
		at = b.end
	}
	return strings.Join(append(lines, p.lines[at:]...), "\n")
}

func TestReadPage(t *testing.T) {
	p := readPage("x.md", strings.ReplaceAll(`# Title
'''sh
curl a
'''
Prose.
'''json
{"a": 1}
'''
<!-- not run: it needs a project -->
   '''sh
   gcloud b
     --c
   '''
## Another
'''text
not its output
'''
'''sh
./scripts/c
'''
'''
a query
'''
'''json
{}
'''`, "'''", "```"))
	commands := p.commands()
	if len(commands) != 3 {
		t.Fatalf("%d commands", len(commands))
	}
	first, second, third := commands[0], commands[1], commands[2]
	if first.text != "curl a" || first.output == nil || first.output.text != `{"a": 1}` || first.notRun != "" {
		t.Errorf("%+v", first)
	}
	if second.text != "gcloud b\n  --c" || second.output != nil || second.notRun != "it needs a project" {
		t.Errorf("%+v", second)
	}
	if third.output != nil || third.notRun != "" {
		t.Errorf("%+v", third)
	}
	if got := p.replaced(map[*block]string{first.output: "x\ny"}); !strings.Contains(got, "Prose.\n```json\nx\ny\n```\n<!--") {
		t.Error(got)
	}
}
