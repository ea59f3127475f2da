package devdb

import "syscall"

// childAttributes keep Ctrl-C from reaching the server before our own
// shutdown, and end it when we are killed.
func childAttributes(user account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if user.other {
		attr.Credential = &syscall.Credential{Uid: uint32(user.uid), Gid: uint32(user.gid)}
	}
	return attr
}

// roomyMemory tells whether dir is a file system in memory with space for
// several test clusters.
func roomyMemory(dir string) bool {
	const tmpfs, enough = 0x01021994, 1 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false
	}
	return fs.Type == tmpfs && fs.Bavail*uint64(fs.Bsize) > enough
}
