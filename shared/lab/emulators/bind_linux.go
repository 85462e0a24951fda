package emulators

import (
	"os/exec"
	"syscall"
)

// bindToParent makes the kernel kill the child when this process dies, even by
// SIGKILL, and shields it from a terminal's Ctrl-C: this process stops it.
func bindToParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
