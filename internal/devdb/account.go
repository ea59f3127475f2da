package devdb

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is the user a server runs as.
type account struct {
	uid, gid int
	name     string
	other    bool // not the user of this process, which is root then
}

// serverUser is the user of this process, unless that is root: PostgreSQL
// refuses root, so the server then runs as postgres or, where there is no such
// user, as nobody.
func serverUser() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid(), name: "this user"}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if uidErr == nil && gidErr == nil {
			return account{uid: uid, gid: gid, name: name, other: true}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and this system has neither a user postgres nor a user nobody: run as an ordinary user")
}

// mustReach says whether the server's user can pass through every folder on
// the way to path. Root's own home is the usual obstacle.
func (a account) mustReach(path string) error {
	if !a.other {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("look at %s: %w", dir, err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("the database server runs as %s and cannot enter %s: choose a folder outside it", a.name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
