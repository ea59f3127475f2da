package housetest

import (
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWhatIsTestedWithoutTheRaceDetectorStartsNoGoroutine reads the list in the
// Makefile. A package that begins to work side by side has to leave that list.
func TestWhatIsTestedWithoutTheRaceDetectorStartsNoGoroutine(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^PURE := (.+)$`).FindSubmatch(text)
	if list == nil {
		t.Fatal("the Makefile has no such list")
	}
	pure := strings.Fields(string(list[1]))
	seen := map[string]bool{}
	for _, s := range module(t) {
		name, ok := strings.CutPrefix(s.pkg, "internal/app/")
		if !ok || !slices.Contains(pure, name) {
			continue
		}
		seen[name] = true
		if s.test {
			continue
		}
		for _, f := range sideBySide(s) {
			t.Errorf("%s: %s: take %s off the list PURE in the Makefile", f.at, f.what, name)
		}
	}
	if len(seen) != len(pure) {
		t.Errorf("the Makefile lists %q, and only %v are there", pure, seen)
	}
}

func TestWorkSideBySideIsFound(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"go f()", "var wg sync.WaitGroup; wg.Go(f)", "var g errgroup.Group; g.Go(f)"} {
		s, err := parse("internal/app/x/x.go", "package x\nimport \"sync\"\nfunc f() { "+body+" }\n")
		if err != nil {
			t.Fatal(err)
		}
		if len(sideBySide(s)) == 0 {
			t.Errorf("%q is not found", body)
		}
	}
}

// sideBySide finds where a file starts goroutines.
func sideBySide(s source) (found []finding) {
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, finding{s.at(n.Pos()), "go"})
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" {
				found = append(found, finding{s.at(n.Pos()), "Go"})
			}
		}
		return true
	})
	return found
}
