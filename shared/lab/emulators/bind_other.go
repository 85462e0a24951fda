//go:build !linux

package emulators

import "os/exec"

func bindToParent(*exec.Cmd) {}
