//go:build unix && !linux

package devdb

import "syscall"

// childAttributes keep Ctrl-C from reaching the server before our own
// shutdown. Only Linux can end it when we are killed; elsewhere the next start
// finds and ends it.
func childAttributes(user account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if user.other {
		attr.Credential = &syscall.Credential{Uid: uint32(user.uid), Gid: uint32(user.gid)}
	}
	return attr
}

func roomyMemory(string) bool { return false }
