package testrun

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// newer are constructs that bash 3.2, the version on macOS, lacks.
var newer = map[string]*regexp.Regexp{
	"mapfile and readarray (4.0)":         regexp.MustCompile(`(^|[;&|({]|\s)(mapfile|readarray)\s`),
	"globstar, autocd and the like (4.0)": regexp.MustCompile(`\bshopt\b.*\b(globstar|autocd|checkjobs|dirspell|lastpipe|globasciiranges|inherit_errexit|localvar_inherit|assoc_expand_once)\b`),
	"associative arrays (4.0)":            regexp.MustCompile(`\b(declare|local|typeset|readonly|export)\s+-[a-zA-Z]*A`),
	"global and case attributes (4.0)":    regexp.MustCompile(`\b(declare|local|typeset)\s+-[a-zA-Z]*[gluIn]`),
	"a change of case (4.0)":              regexp.MustCompile(`\$\{!?[A-Za-z_0-9@*]+(\[[^]]*\])?(\^\^?|,,?)`),
	"a transformation (4.4)":              regexp.MustCompile(`\$\{[A-Za-z_0-9@*]+(\[[^]]*\])?@[A-Za-z]\}`),
	"|& (4.0)":                            regexp.MustCompile(`\|&`),
	"&>> (4.0)":                           regexp.MustCompile(`&>>`),
	";& and ;;& (4.0)":                    regexp.MustCompile(`;&|;;&`),
	"coproc (4.0)":                        regexp.MustCompile(`(^|[;&|({]|\s)coproc\s`),
	"wait -n, -p and -f (4.3)":            regexp.MustCompile(`\bwait\s+-[nfp]`),
	"{variable}> (4.1)":                   regexp.MustCompile(`(^|\s)\{[A-Za-z_][A-Za-z_0-9]*\}[<>]`),
	"a negative length (4.2)":             regexp.MustCompile(`\$\{[A-Za-z_0-9@*]+(\[[^]]*\])?:[^}:?+=-][^}:]*:\s*-`),
	"a negative index (4.3)":              regexp.MustCompile(`\$\{#?[A-Za-z_][A-Za-z_0-9]*\[\s*-`),
	"-v and -R of test (4.2)":             regexp.MustCompile(`\[\[?\s+(!\s+)?-[vR]\s`),
	"printf of times (4.2)":               regexp.MustCompile(`printf\b.*%\(`),
	"printf into an element (4.1)":        regexp.MustCompile(`printf\s+-v\s+\S+\[`),
	"read -i, -N and a fraction (4.0)":    regexp.MustCompile(`\bread\b[^|;&]*\s-[a-zA-Z]*(i|N|t\s*[0-9]*\.)`),
	`\e and \u in strings (4.2)`:          regexp.MustCompile(`\$'[^']*\\[uU]`),
	"a range with a step or zeros (4.0)":  regexp.MustCompile(`\{[0-9a-zA-Z]+\.\.[0-9a-zA-Z]+\.\.|\{0[0-9]+\.\.`),
	"EPOCHSECONDS and its like (5.0)":     regexp.MustCompile(`\$\{?(EPOCHSECONDS|EPOCHREALTIME|BASHPID|SRANDOM|BASH_ARGV0)\b`),
	"command substitution in place (5.3)": regexp.MustCompile(`\$\{[ |]`),
}

// Every script runs with bash 3.2.
func TestScriptsRunWithBash32(t *testing.T) {
	const enough = 8
	found := 0
	for _, name := range scripts(t) {
		found++
		text, err := os.ReadFile(filepath.Join(repository(t), name))
		if err != nil {
			t.Fatal(err)
		}
		for line, construct := range constructs(string(text)) {
			t.Errorf("%s:%d: %s is newer than bash 3.2", name, line, construct)
		}
	}
	if found < enough {
		t.Errorf("only %d scripts were found", found)
	}
}

// constructs returns the newer constructs in a script, by line.
func constructs(script string) map[int]string {
	found := map[int]string{}
	for i, line := range strings.Split(script, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for name, pattern := range newer {
			if pattern.MatchString(line) {
				found[i+1] = name
			}
		}
	}
	return found
}

func TestFindsWhatIsNewerThanBash32(t *testing.T) {
	lines := []string{
		"mapfile -t a < <(ls)", "readarray a", "shopt -s nullglob globstar", "declare -A seen", "local -A seen", "declare -g x=1", "local -n ref=$1", "echo ${x,,}", "echo ${x^}",
		"echo ${a[0]^^}", "echo ${x@Q}", "echo ${a[@]@Q}", "make |& tee log", "make &>>log", "wait -n", "coproc cat", "exec {fd}>log", "echo ${x:0:-1}", "echo ${x: 1: -2}",
		"echo ${a[-1]}", "[[ -v x ]]", "if [ -v x ]; then", "printf '%(%F)T' -1", "printf -v a[1] x", "read -r -t 0.5 x", "read -N 3 x", `echo $'\u00e9'`, "for i in {1..9..2}", "{01..10}",
		"echo $EPOCHSECONDS", "echo ${BASHPID}", "a) x ;;&", "a) x ;&", "x=${ ls; }",
	}
	for _, line := range lines {
		if len(constructs(line)) == 0 {
			t.Errorf("not found in %s", line)
		}
	}
	for _, line := range []string{
		"echo ${x:-1}", "echo ${1-}", "echo ${x: -1}", "echo ${#a[@]}", "echo ${a[@]:1}", `echo "${!about}"`, "read -r x", "read -t 5 x", "wait $pid", "a | b & c", "a && b", "a ;;", "# mapfile is newer",
		"echo {1..9}", "${x//\\//_}", "${x%%/*}", "declare -a list", "local x=1 y", "${@:2}", "${x:=y}", "exec 3<>/dev/tcp/h/1", "2>&1", "[[ $a == b ]]", "[ -n \"$x\" ]",
		`echo "${x:+${x}-}"`, "${plan:?--plan needs a file}",
	} {
		if wrong := constructs(line); len(wrong) > 0 {
			t.Errorf("found %v in %s", wrong, line)
		}
	}
}

// With a bash 3.2 at BASH32=/path/to/bash, it must be able to parse every
// script.
func TestBash32ReadsTheScripts(t *testing.T) {
	bash := "/bin/bash"
	if named := os.Getenv("BASH32"); named != "" {
		bash = named
	}
	printed, err := exec.CommandContext(t.Context(), bash, "--version").Output()
	if err != nil || !bytes.Contains(printed, []byte("version 3.2")) {
		bash = "bash" // at least check the grammar of this version
	}
	for _, name := range scripts(t) {
		c := exec.CommandContext(t.Context(), bash, "-n", name)
		c.Dir = repository(t)
		if printed, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, printed)
		}
	}
}

// scripts lists the repository's files that bash runs.
func scripts(t *testing.T) []string {
	t.Helper()
	listed, err := output(context.WithoutCancel(t.Context()), repository(t), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	shebang := regexp.MustCompile(`^#!.*\bbash\b`)
	var found []string
	for _, name := range strings.Fields(listed) {
		file, err := os.Open(filepath.Join(repository(t), name))
		if err != nil {
			continue // removed in the working tree
		}
		first := make([]byte, 64)
		n, _ := file.Read(first)
		_ = file.Close()
		if shebang.Match(first[:n]) {
			found = append(found, name)
		}
	}
	return found
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
