package story_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"portal/internal/browsertest"
)

// TestMain leaves the stories out with -short: they take ten minutes, and most
// of what they tell is tested page by page in internal/app.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(0)
	}
	code := browsertest.Main(m)
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// folder is where the program was built; empty before that.
var folder string

// build builds the program, once for all tests.
var build = sync.OnceValues(func() (path string, err error) {
	if folder, err = os.MkdirTemp("", "portal-story-"); err != nil {
		return "", err
	}
	path = filepath.Join(folder, "portal")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, "portal/cmd/portal").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
