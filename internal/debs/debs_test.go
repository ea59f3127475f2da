package debs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// aptPlan is what apt-get --simulate prints, shortened.
const aptPlan = `Reading package lists...
Inst libllvm14 (1:14.0.6-12 Debian:12.11/stable [amd64])
Inst libpq5 [15.12-0+deb12u2] (15.18-0+deb12u1 Debian-Security:12/stable-security [amd64])
Inst libjson-perl (4.10000-1 Debian:12.11/stable [all])
Inst perl (5.36.0-7+deb12u2 Debian:12.11/stable [amd64])
Inst libc6 (2.36-9+deb12u10 Debian:12.11/stable [amd64])
Inst postgresql-15 (15.18-0+deb12u1 Debian-Security:12/stable-security [amd64])
Conf postgresql-15 (15.18-0+deb12u1 Debian-Security:12/stable-security [amd64])
`

// fakeApt puts an apt-get and a dpkg-deb on PATH that print plan, write down
// what they are asked for, and unpack a file named after the package.
func fakeApt(t *testing.T, plan string) (calls func() string) {
	t.Helper()
	bin, journal := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	scripts := map[string]string{
		"apt-get": `#!/bin/sh
shift 3
echo "apt-get $*" >> ` + journal + `
case "$1" in
--simulate) cat <<'PLAN'
` + plan + `PLAN
;;
download) shift; for name; do echo "$name" > "$name.deb"; done ;;
esac
`,
		"dpkg-deb": `#!/bin/sh
echo "dpkg-deb $1 $(basename "$2")" >> ` + journal + `
mkdir -p "$3/usr/bin" && cp "$2" "$3/usr/bin/$(basename "$2" .deb)"
`,
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	return func() string {
		text, err := os.ReadFile(journal)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

func postgres(t *testing.T) Set {
	t.Helper()
	return Set{
		Package: "postgresql",
		Skip:    []string{"libllvm", "perl", "-perl"},
		Cache:   t.TempDir(),
		Check: func(_ context.Context, root string) error {
			_, err := os.Stat(filepath.Join(root, "usr/bin/postgresql-15"))
			return err
		},
	}
}

func TestOnlyTheNeededPackagesAreFetchedAndOnlyOnce(t *testing.T) {
	calls := fakeApt(t, aptPlan)
	set := postgres(t)
	if _, ok := set.Cached(t.Context()); ok {
		t.Error("an empty cache has a tree")
	}
	first, err := set.Unpack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := set.Unpack(t.Context())
	if err != nil || again != first {
		t.Errorf("second call: %s, %v; want %s", again, err, first)
	}
	want := `apt-get update
apt-get --simulate --no-install-recommends install postgresql
apt-get download libpq5 postgresql-15
dpkg-deb -x libpq5.deb
dpkg-deb -x postgresql-15.deb
`
	if diff := cmp.Diff(want, calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	left, err := filepath.Glob(filepath.Join(set.Cache, "*.part"))
	if err != nil || len(left) > 0 {
		t.Errorf("working folders are left behind: %q, %v", left, err)
	}
}

func TestManyCallersFetchOnce(t *testing.T) {
	calls := fakeApt(t, aptPlan)
	set := postgres(t)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if _, err := set.Unpack(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n := strings.Count(calls(), "apt-get download"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

func TestATreeThatWasNeverFinishedDoesNotCount(t *testing.T) {
	calls := fakeApt(t, aptPlan)
	set := postgres(t)
	root, err := set.root()
	if err != nil {
		t.Fatal(err)
	}
	// What a fetch leaves that was killed while unpacking.
	half := filepath.Join(root+".part", "tree", "usr", "bin")
	if err := os.MkdirAll(half, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "postgresql-15"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := set.Cached(t.Context()); ok {
		t.Error("an unfinished tree counts as done")
	}
	if _, err := set.Unpack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(calls(), "download") {
		t.Error("nothing was fetched")
	}
}

func TestATreeThatNoLongerRunsIsFetchedAgain(t *testing.T) {
	fakeApt(t, aptPlan)
	set := postgres(t)
	root, err := set.Unpack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(root, "usr/bin/postgresql-15")
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Unpack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Error(err)
	}
}

func TestAFetchedTreeThatDoesNotRunIsNotKept(t *testing.T) {
	fakeApt(t, "Inst postgresql-99 (99 Debian [amd64])\n")
	set := postgres(t)
	if root, err := set.Unpack(t.Context()); err == nil {
		t.Errorf("kept %s, which does not pass its check", root)
	}
	root, err := set.root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); err == nil {
		t.Error("the tree is in the cache")
	}
}

func TestAnInstalledPackageIsNotFetched(t *testing.T) {
	fakeApt(t, "postgresql is already the newest version.\n")
	if _, err := postgres(t).Unpack(t.Context()); !errors.Is(err, ErrInstalled) {
		t.Errorf("error is %v, want ErrInstalled", err)
	}
}

func TestWithoutAptTheErrorSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := postgres(t).Unpack(t.Context()); err == nil || !strings.Contains(err.Error(), "apt-get") {
		t.Errorf("error is %v", err)
	}
}

func TestAFolderThatOthersCanWriteToIsRefused(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, link} {
		if _, err := ownedDir(dir); err == nil {
			t.Errorf("%s is taken for a private folder", dir)
		}
	}
}

func TestALockHasOneHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second TryLock: %v, want ErrLocked", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock while held: %v, want the deadline", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatalf("Lock after release: %v", err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheLibraryPathNamesBothFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/postgresql"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := fmt.Sprintf("%s/usr/lib/x86_64-linux-gnu:%s/lib/x86_64-linux-gnu", root, root)
	if got := LibraryPath(root); got != want {
		t.Errorf("LibraryPath is %s, want %s", got, want)
	}
}
