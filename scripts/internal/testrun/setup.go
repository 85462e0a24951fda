package testrun

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// source is an apt repository in which a vendor publishes its packages.
type source struct {
	name, key, address, suite string // an empty suite is the system's code name
}

var (
	google    = source{"google-cloud-sdk", "https://packages.cloud.google.com/apt/doc/apt-key.gpg", "https://packages.cloud.google.com/apt", "cloud-sdk"}
	hashicorp = source{"hashicorp", "https://apt.releases.hashicorp.com/gpg", "https://apt.releases.hashicorp.com", ""}
)

// commands returns the shell commands that add the source to apt's sources.
func (s source) commands(sudo string) []string {
	suite := s.suite
	if suite == "" {
		suite = `$(. /etc/os-release && echo "${UBUNTU_CODENAME:-$VERSION_CODENAME}")`
	}
	key := "/etc/apt/keyrings/" + s.name + ".asc" // apt recognizes an armored or a binary key by its content
	return []string{
		sudo + "mkdir -p /etc/apt/keyrings",
		fmt.Sprintf("curl -fsSL %s | %stee %s >/dev/null", s.key, sudo, key),
		fmt.Sprintf(`echo "deb [signed-by=%s] %s %s main" | %stee /etc/apt/sources.list.d/%s.list`, key, s.address, suite, sudo, s.name),
	}
}

// The systems for which there are commands.
const (
	debian = "debian"
	ubuntu = "ubuntu"
	mac    = "darwin"
)

// system returns the system of this machine; "" if there are no commands for
// it.
func system() string {
	if runtime.GOOS == mac {
		return mac
	}
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	for _, name := range []string{ubuntu, debian} { // Ubuntu first: its file names Debian too, in ID_LIKE
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if (key == "ID" || key == "ID_LIKE") && slices.Contains(strings.Fields(strings.Trim(value, `"`)), name) {
				return name
			}
		}
	}
	return ""
}

func (t tool) packages(system string) []string {
	if system == ubuntu && t.ubuntu != nil {
		return t.ubuntu
	}
	return t.debian
}

// howTo returns how to install the tool: on this system, or on every system if
// this one is not known.
func (t tool) howTo() []string {
	var lines []string
	for _, each := range []string{debian, ubuntu, mac} {
		if here := system(); here != "" && here != each {
			continue
		}
		command := t.mac
		if each != mac {
			command = "sudo apt-get install " + strings.Join(t.packages(each), " ")
			if t.source.name != "" {
				command += ", from the source " + t.source.address + ", which scripts/test --setup adds"
			}
		}
		lines = append(lines, fmt.Sprintf("%-8s %s", strings.NewReplacer(debian, "Debian", ubuntu, "Ubuntu", mac, "macOS").Replace(each), command))
	}
	return lines
}

// setupCommands returns the shell commands that install the tools.
func setupCommands(system string, root bool, lacking []tool) []string {
	if system == mac {
		var commands []string
		for _, t := range lacking {
			commands = append(commands, t.mac)
		}
		return commands
	}
	sudo := "sudo "
	if root {
		sudo = ""
	}
	install := sudo + "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
	update := sudo + "apt-get update"
	var own, makers []string
	var sources []source
	for _, t := range lacking {
		if t.source.name == "" {
			own = append(own, t.packages(system)...)
			continue
		}
		sources, makers = append(sources, t.source), append(makers, t.packages(system)...)
	}
	if len(sources) > 0 {
		own = append(own, "ca-certificates", "curl")
	}
	slices.Sort(own)
	commands := []string{update, install + strings.Join(slices.Compact(own), " ")}
	for _, s := range sources {
		commands = append(commands, s.commands(sudo)...)
	}
	if len(sources) > 0 {
		commands = append(commands, update, install+strings.Join(makers, " "))
	}
	return commands
}

// Setup installs the tools that are missing. It prints the commands and asks
// before it runs them, unless yes is true.
func Setup(ctx context.Context, in io.Reader, out io.Writer, yes bool) error {
	lacking := missing(ctx)
	if len(lacking) == 0 {
		_, _ = fmt.Fprintln(out, "Nothing is missing.")
		return nil
	}
	_, _ = fmt.Fprintln(out, "Missing on this machine:")
	for _, t := range lacking {
		_, _ = fmt.Fprintf(out, "  %s, for %s\n", t, t.checks)
	}
	here := system()
	if here == "" {
		return errors.New("this is neither Debian, nor Ubuntu, nor macOS: install the tools by hand")
	}
	script := strings.Join(setupCommands(here, os.Getuid() == 0, lacking), "\n")
	_, _ = fmt.Fprintf(out, "These commands install them:\n\n%s\n\n", script)
	if !yes {
		_, _ = fmt.Fprint(out, "Run them? [y/N] ")
		answer, _ := bufio.NewReader(in).ReadString('\n') // no answer means no
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			return errors.New("nothing was installed")
		}
	}
	c := exec.CommandContext(ctx, "bash", "-euxo", "pipefail", "-c", script) // it was printed above
	c.Stdin, c.Stdout, c.Stderr = in, out, out
	if err := c.Run(); err != nil {
		return fmt.Errorf("install what is missing: %w", err)
	}
	if lacking = missing(ctx); len(lacking) > 0 {
		return fmt.Errorf("%s is still missing", lacking[0])
	}
	return nil
}
