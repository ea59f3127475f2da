//go:build faults

package teller

import (
	"os"
	"syscall"
)

// point kills the program, as a power cut would, at the place that
// PORTAL_CRASH_AT names.
func point(name string) {
	if os.Getenv("PORTAL_CRASH_AT") == name {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}
