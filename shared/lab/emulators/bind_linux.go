package emulators

import (
	"os/exec"
	"syscall"
)

// bindToParent lets the kernel end the child when this process dies, even by
// SIGKILL, and keeps a terminal's Ctrl-C from it: this process stops it.
func bindToParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
