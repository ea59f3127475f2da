//go:build !linux

package bench

import "syscall"

// diesWithUs keeps Ctrl-C from a child before we stop it.
func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
