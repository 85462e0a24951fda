package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A configuration is checked, planned, pushed into the folder that the suite
// reads, and followed until it is rolled out.
func TestConfig(t *testing.T) {
	t.Parallel()
	folder, edited := filepath.Join(t.TempDir(), "served"), filepath.Join(t.TempDir(), "edited")
	for _, name := range []string{folder, edited} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	configure(t, folder, zone{"linux-small", "us-central1-a", 3})
	l := start(t, "--tick", "200ms", "--config", folder)
	l.converged()
	file := l.file

	configure(t, edited, zone{"linux-small", "us-central1-a", 5}, zone{"linux-large", "us-central1-b", 2})
	if code, printed := run(t, "config", "check", edited); code != 0 || !strings.Contains(printed, "is valid") {
		t.Errorf("check: exit %d: %s", code, printed)
	}
	before := l.pools()
	code, printed := run(t, "config", "plan", edited, "--endpoints", file)
	if code != 0 || !strings.Contains(printed, "In all: create 1 instance template, 1 group and 4 VMs; delete 0 instance templates, 0 groups and 0 VMs.") {
		t.Errorf("plan: exit %d: %s", code, printed)
	}
	if after := l.pools(); after.Imported != before.Imported || len(after.Pools) != len(before.Pools) {
		t.Errorf("the plan changed something: %+v", after)
	}
	code, printed = run(t, "config", "push", edited, folder, "--endpoints", file, "--timeout", "60s")
	if code != 0 || !strings.Contains(printed, "is in force and rolled out") {
		t.Errorf("push: exit %d: %s", code, printed)
	}
	if after := l.pools(); len(after.Pools) != 2 || after.Pools[1].Cataloged != 5 {
		t.Errorf("after the push: %+v", after.Pools)
	}

	if err := os.WriteFile(filepath.Join(edited, "managers.cfg"), []byte("managers { zone: \"us-central1\" }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"check", edited}, {"plan", edited, "--endpoints", file}, {"push", edited, folder, "--endpoints", file}} {
		code, printed := run(t, "config", command...)
		if code != 1 || !strings.Contains(printed, "managers.cfg:1:12: error: manager #1: zone:") {
			t.Errorf("%s of what is not valid: exit %d: %s", command[0], code, printed)
		}
	}
	if code, _ := run(t, "config", "check", filepath.Join(edited, "nowhere")); code != 2 {
		t.Errorf("check of nothing: exit %d", code)
	}
}

// A check that is interrupted ends, also while it reads a file that does not.
func TestConfigCheckEnds(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "templates.cfg")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	c, printed := command("config", "check", folder)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(file, os.O_WRONLY, 0) // waits until the command reads
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close() }()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _ = c.Wait(); c.ProcessState.ExitCode() != 2 {
		t.Errorf("it ends with %v: %s", c.ProcessState, printed)
	}
}
