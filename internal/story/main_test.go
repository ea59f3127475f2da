package story_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"portal/internal/browsertest"
)

func TestMain(m *testing.M) {
	code := browsertest.Main(m)
	if built.dir != "" {
		if err := os.RemoveAll(built.dir); err != nil {
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var built struct {
	sync.Mutex
	dir string
}

// binary builds the program, once for all tests.
func binary(t *testing.T) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.dir != "" {
		return filepath.Join(built.dir, "portal")
	}
	dir, err := os.MkdirTemp("", "portal-story-")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "portal")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "portal/cmd/portal").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	built.dir = dir
	return path
}
