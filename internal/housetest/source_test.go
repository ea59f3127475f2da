package housetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// source is one parsed Go file of the module.
type source struct {
	name    string // "internal/store/store.go"
	pkg     string // "internal/store"
	test    bool
	syntax  *ast.File
	fset    *token.FileSet
	imports map[string]string // local name to path
}

// finding is one breach of a rule, at a place an editor understands.
type finding struct {
	at   string
	what string
}

func parse(name, text string) (source, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s := source{
		name:    name,
		pkg:     path.Dir(name),
		test:    strings.HasSuffix(name, "_test.go"),
		syntax:  syntax,
		fset:    fset,
		imports: map[string]string{},
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		local := path.Base(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		s.imports[local] = imported
	}
	return s, nil
}

// module parses every Go file of the module that people write.
func module(t *testing.T) []source {
	t.Helper()
	const root = "../.."
	var all []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if file != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_templ.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(name), string(text))
		if err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// under tells whether the package is dir or lies in it.
func (s source) under(dir string) bool {
	return s.pkg == dir || strings.HasPrefix(s.pkg, dir+"/")
}

func (s source) at(p token.Pos) string {
	position := s.fset.Position(p)
	return s.name + ":" + strconv.Itoa(position.Line)
}

// uses finds the mentions of names of a package, such as "net/http" and
// "Error"; a name that ends in * stands for all that begin so.
func (s source) uses(imported string, names ...string) []finding {
	var found []finding
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); !ok || s.imports[x.Name] != imported {
			return true
		}
		for _, name := range names {
			prefix, open := strings.CutSuffix(name, "*")
			if selector.Sel.Name == name || open && strings.HasPrefix(selector.Sel.Name, prefix) {
				found = append(found, finding{s.at(n.Pos()), path.Base(imported) + "." + selector.Sel.Name})
				break
			}
		}
		return true
	})
	return found
}
