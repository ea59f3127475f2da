package devdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/debs"
)

var errNothing = errors.New("nothing here")

// bareMachine has no PostgreSQL anywhere and no way to fetch one.
func bareMachine(t *testing.T) sources {
	t.Helper()
	return sources{
		system: filepath.Join(t.TempDir(), "*", "bin"),
		path:   func(string) (string, error) { return "", errNothing },
		deb:    debs.Set{Package: "postgresql", Cache: filepath.Join(t.TempDir(), "missing")},
		npm: npmSource{
			cached: func() (string, bool, error) { return "", false, nil },
			unpack: func(context.Context) (string, error) { return "", errNothing },
		},
	}
}

// fakePostgres makes a folder that passes for a PostgreSQL of version.
func fakePostgres(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheNewestInstalledVersionIsTakenUnlessTheDataWantAnother(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for _, version := range []string{"9", "15", "17"} {
		fakePostgres(t, filepath.Join(base, version, "bin"), version+".1")
	}
	s := bareMachine(t)
	s.system = filepath.Join(base, "*", "bin")
	for want, data := range map[string]string{"17": "", "15": "15"} {
		bin, err := s.find(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		if bin.major != want {
			t.Errorf("data of version %q get PostgreSQL %s, want %s", data, bin.major, want)
		}
	}
}

func TestALinkOnPathLeadsToTheRealFolder(t *testing.T) {
	t.Parallel()
	dir := fakePostgres(t, filepath.Join(t.TempDir(), "real"), "16.2")
	link := filepath.Join(t.TempDir(), "postgres")
	if err := os.Symlink(filepath.Join(dir, "postgres"), link); err != nil {
		t.Fatal(err)
	}
	s := bareMachine(t)
	s.path = func(string) (string, error) { return link, nil }
	bin, err := s.find(t.Context(), "")
	if err != nil || bin.dir != dir {
		t.Errorf("found %+v, %v; want %s", bin, err, dir)
	}
}

func TestAWrapperScriptOnPathIsNoPostgres(t *testing.T) {
	t.Parallel()
	wrapper := filepath.Join(t.TempDir(), "postgres")
	if err := os.WriteFile(wrapper, []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 16.2'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := bareMachine(t)
	s.path = func(string) (string, error) { return wrapper, nil }
	if bin, err := s.find(t.Context(), ""); err == nil {
		t.Errorf("took %+v, which has no initdb", bin)
	}
}

func TestAWrongChoiceIsAnErrorAndNotAFallback(t *testing.T) {
	t.Parallel()
	s := bareMachine(t)
	s.chosen = t.TempDir()
	_, err := s.find(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "PORTAL_PG_BIN") {
		t.Errorf("error %v does not name PORTAL_PG_BIN", err)
	}
}

func TestATreeFetchedEarlierIsUsedBeforeFetchingAgain(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	fakePostgres(t, filepath.Join(tree, "bin"), "17.10")
	s := bareMachine(t)
	s.npm.cached = func() (string, bool, error) { return tree, true, nil }
	bin, err := s.find(t.Context(), "")
	if err != nil || bin.major != "17" {
		t.Errorf("found %+v, %v", bin, err)
	}
}

func TestWithoutAnyPostgresTheErrorNamesBothCures(t *testing.T) {
	t.Parallel()
	_, err := bareMachine(t).find(t.Context(), "")
	if err == nil {
		t.Fatal("found a PostgreSQL on a bare machine")
	}
	for _, cure := range []string{"DATABASE_URL", "apt-get install postgresql"} {
		if !strings.Contains(err.Error(), cure) {
			t.Errorf("the error does not name %q: %v", cure, err)
		}
	}
}
