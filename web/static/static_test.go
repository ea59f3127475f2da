package static

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestVendoredFilesAreTheOnesInTheManifest(t *testing.T) {
	t.Parallel()
	b, err := embedded.ReadFile("vendor/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest []struct{ Name, Integrity string }
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	listed := []string{"vendor/manifest.json"}
	for _, m := range manifest {
		name := "vendor/" + m.Name
		listed = append(listed, name)
		if got := Integrity(name); got != m.Integrity {
			t.Errorf("%s: integrity %s, the manifest says %s", name, got, m.Integrity)
		}
	}
	present, err := fs.Glob(embedded, "vendor/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range present {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is embedded, but not in the manifest: add it to assets/vendor.mjs", name)
		}
	}
}

func TestEveryFileIsServedImmutableUnderItsHash(t *testing.T) {
	t.Parallel()
	for name, f := range all {
		w := get(t, URL(name), "")
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), f.content) {
			t.Errorf("%s: status %d, %d bytes", name, w.Code, w.Body.Len())
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

func TestAnotherReleasesHashIsServedButNotKept(t *testing.T) {
	t.Parallel()
	w := get(t, "/static/0000000000000000/app.css", "")
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
}

func TestUnknownNamesAreNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/", "/static/x", "/static/x/../static.go", "/static/x/static.go", "/static/x/vendor/"} {
		if w := get(t, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestCompressedBodyIsTheSameFile(t *testing.T) {
	t.Parallel()
	w := get(t, URL("vendor/htmx.js"), "br, gzip")
	if got := w.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain, all["vendor/htmx.js"].content) {
		t.Error("the compressed body differs from the file")
	}
}

func TestStylesheetNamesHashedFiles(t *testing.T) {
	t.Parallel()
	css := string(all["app.css"].content)
	for _, match := range reference.FindAllStringSubmatch(css, -1) {
		if w := get(t, match[1], ""); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %q", match[1], w.Code, w.Header().Get("Cache-Control"))
		}
	}
}

// sources are the files of one kind as they were written.
func sources(t *testing.T, pattern string) map[string]string {
	t.Helper()
	names, err := fs.Glob(embedded, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	read := make(map[string]string)
	for _, name := range names {
		content, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		read[name] = string(content)
	}
	return read
}

func TestSqueezingAStylesheetTouchesNoString(t *testing.T) {
	t.Parallel()
	for name, sheet := range sources(t, "*.css") {
		for _, s := range regexp.MustCompile(`"[^"\n]*"`).FindAllString(sheet, -1) {
			if strings.ContainsAny(s, "{};,") || strings.Contains(s, "/*") || strings.Contains(s, ": ") {
				t.Errorf("%s: the string %s would not survive", name, s)
			}
		}
	}
	got := string(squeezed([]byte("/* why */\n@media (a: b) {\n  .b > .c:not(.d), e :hover { color: red;\n    margin: 0 1px; }\n}\n")))
	if want := "@media (a:b){.b > .c:not(.d),e :hover{color:red;margin:0 1px}}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDroppingAScriptsCommentsTouchesNoLiteral(t *testing.T) {
	t.Parallel()
	for name, script := range sources(t, "*.js") {
		for n, line := range strings.Split(script, "\n") {
			if strings.Count(line, "`")%2 != 0 || strings.Contains(line, "/*") {
				t.Errorf("%s:%d would not survive: %s", name, n+1, line)
			}
		}
	}
	got := string(scriptWithoutComments([]byte("// why\nconst a = \"//b\"; // c\n\n  // d\n\tif (a)\n    b();\n")))
	if want := "const a = \"//b\"; // c\nif (a)\nb();"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestJoinedFilesHoldAllTheirPartsAndNoneIsServedApart(t *testing.T) {
	t.Parallel()
	for name, parts := range joined {
		whole := string(all[name].content)
		for _, part := range parts {
			source, err := embedded.ReadFile(part)
			if err != nil {
				t.Fatal(err)
			}
			rest := string(squeezed(source))
			if strings.HasSuffix(part, ".js") {
				rest = string(scriptWithoutComments(source))
			}
			if end := rest[len(rest)-60:]; !strings.Contains(whole, end) {
				t.Errorf("%s lacks the end of %s: %s", name, part, end)
			}
			if part != name && all[part] != nil {
				t.Errorf("%s is served apart too", part)
			}
		}
	}
}

// The budgets are goal 15's share: a first page must paint over a slow line.
// What only a few pages need gets a sheet or a script of its own.
func TestFilesStayWithinTheirBudget(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"app.css": 8700, "item.css": 2300, "app.js": 2300, "vendor/htmx.js": 13_500} {
		if got := len(all[name].gzipped); got > limit {
			t.Errorf("%s: %d bytes compressed, the budget is %d", name, got, limit)
		}
	}
}

func TestOwnScriptNeedsNoEval(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`\beval\(|new Function|innerHTML|\.style\b`)
	for name, script := range sources(t, "*.js") {
		if found := forbidden.FindString(script); found != "" {
			t.Errorf("%s uses %q, which the content security policy is there to forbid", name, found)
		}
	}
}

func get(t *testing.T, path, acceptEncoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", acceptEncoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}
