// Package static holds the portal's browser files: stylesheet, script, fonts,
// mark and the vendored htmx. Each is served under the hash of its content,
// so a browser may keep it for ever. It must never serve anything that is not
// embedded here, nor anything that depends on who asks.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.css *.js *.svg vendor/*.js vendor/*.css vendor/*.woff2 vendor/*.txt vendor/manifest.json
var embedded embed.FS

// Root is the path all files are served under.
const Root = "/static/"

var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// compressible leaves out woff2, which is compressed already.
var compressible = map[string]bool{".css": true, ".js": true, ".svg": true, ".txt": true}

type file struct {
	content   []byte
	gzipped   []byte // nil when it would not be smaller
	mime      string
	hash      string
	url       string
	integrity string
}

// joined are the files that browsers get as one. The first is the name they go
// by; the others are files apart for whoever edits them. What stands on every
// page, and on the lists that people begin with, is one stylesheet and one
// script; what stands on the page of one item is a second stylesheet. An area
// with rules of its own that few pages need keeps a sheet for those pages.
var joined = map[string][]string{
	"app.css":  {"app.css", "tools.css", "list.css", "home.css"},
	"item.css": {"item.css", "document.css", "replacement.css"},
	"app.js":   {"app.js", "keys.js"},
}

var all = mustLoad()

// Fonts are the font files, for another page of the program's own.
func Fonts() fs.FS {
	fonts, err := fs.Sub(embedded, "vendor")
	if err != nil {
		panic(err) // the name is a constant
	}
	return fonts
}

// URL returns the content-hashed path of a file ("app.css",
// "vendor/htmx.js"). It panics for a name that is not embedded: that is a
// mistake in the source, and the first page rendered shows it.
func URL(name string) string { return must(name).url }

// Integrity returns the file's subresource integrity value.
func Integrity(name string) string { return must(name).integrity }

// Content is a file as it is sent, for a page that draws from it. The bytes are
// not the caller's.
func Content(name string) []byte { return must(name).content }

// Handler serves GET /static/{hash}/{name}.
//
// A request with another release's hash gets the present file, uncached:
// while two releases serve side by side a page of the one may ask the other,
// and a page without its stylesheet is worse than one with a newer sheet.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Root), "/")
		f, ok := all[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.mime)
		h.Set("X-Content-Type-Options", "nosniff")
		if hash == f.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			h.Set("Cache-Control", "no-store")
		}
		body := f.content
		if f.gzipped != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = f.gzipped
			}
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodHead {
			return
		}
		// A client that hung up is the only way this fails.
		_, _ = w.Write(body)
	})
}

func must(name string) *file {
	f, ok := all[name]
	if !ok {
		panic("static: no file named " + name)
	}
	return f
}

// mustLoad reads the embedded files once. Stylesheets come last, because
// they name other files by URL and their own hash must cover those names.
func mustLoad() map[string]*file {
	loaded := make(map[string]*file)
	names, err := embeddedNames()
	if err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	parts := make(map[string]bool)
	for name, of := range joined {
		for _, part := range of {
			parts[part] = part != name
		}
	}
	for _, name := range names {
		if parts[name] {
			continue
		}
		content, err := read(name, loaded)
		if err != nil {
			panic(fmt.Sprintf("static: %v", err))
		}
		if loaded[name], err = newFile(name, content); err != nil {
			panic(fmt.Sprintf("static: %v", err))
		}
	}
	return loaded
}

// embeddedNames are the embedded files, stylesheets last.
func embeddedNames() (names []string, err error) {
	var sheets []string
	err = fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
		case path.Ext(name) == ".css":
			sheets = append(sheets, name)
		default:
			names = append(names, name)
		}
		return err
	})
	return append(names, sheets...), err
}

// read returns a file as it is sent: with what is joined to it, and without
// what is there for its editor alone. What others made is sent untouched.
func read(name string, loaded map[string]*file) ([]byte, error) {
	parts := joined[name]
	if parts == nil {
		parts = []string{name}
	}
	var whole []byte
	for _, part := range parts {
		content, err := embedded.ReadFile(part)
		if err != nil {
			return nil, err
		}
		switch ext := path.Ext(part); {
		case ext == ".css" && !strings.HasPrefix(part, "vendor/"):
			content = withURLs(part, squeezed(content), loaded)
		case ext == ".js" && !strings.HasPrefix(part, "vendor/"):
			content = scriptWithoutComments(content)
			if len(parts) > 1 { // a block keeps its names from those of the others
				content = slices.Concat([]byte("{"), content, []byte("}\n"))
			}
		}
		whole = append(whole, content...)
	}
	return whole, nil
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s*([{};,])\s*|(:)\s+`)
	jsMargin   = regexp.MustCompile(`(?m)^[\t ]*(//.*)?\n?`)
)

// squeezed drops a stylesheet's comments and its layout: they are for whoever
// edits it and would be a twentieth of what a first page loads. It knows
// nothing of strings, so none in our sheets may hold a brace, comma, semicolon
// or colon with a space after it.
func squeezed(sheet []byte) []byte {
	sheet = cssComment.ReplaceAll(sheet, nil)
	sheet = cssSpace.ReplaceAll(sheet, []byte("$1$2"))
	return bytes.TrimSpace(bytes.ReplaceAll(sheet, []byte(";}"), []byte("}")))
}

// scriptWithoutComments drops the lines of a script that are comments, and the
// margin of all others. It knows nothing of template literals, so none in our
// scripts may go over several lines.
func scriptWithoutComments(script []byte) []byte {
	return bytes.TrimSpace(jsMargin.ReplaceAll(script, nil))
}

var reference = regexp.MustCompile(`url\("([^"]+)"\)`)

func withURLs(sheet string, content []byte, loaded map[string]*file) []byte {
	return reference.ReplaceAllFunc(content, func(match []byte) []byte {
		name := string(reference.FindSubmatch(match)[1])
		f, ok := loaded[name]
		if !ok {
			panic(fmt.Sprintf("static: %s names %s, which is not embedded", sheet, name))
		}
		return []byte(`url("` + f.url + `")`)
	})
}

func newFile(name string, content []byte) (*file, error) {
	ext := path.Ext(name)
	mime, ok := types[ext]
	if !ok {
		return nil, fmt.Errorf("%s: no media type for %q", name, ext)
	}
	short := sha256.Sum256(content)
	long := sha512.Sum384(content)
	f := &file{
		content:   content,
		mime:      mime,
		hash:      hex.EncodeToString(short[:8]),
		integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}
	f.url = Root + f.hash + "/" + name
	if !compressible[ext] {
		return f, nil
	}
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if buf.Len() < len(content) {
		f.gzipped = buf.Bytes()
	}
	return f, nil
}
