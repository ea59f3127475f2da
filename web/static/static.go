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
	"strconv"
	"strings"
)

//go:embed *.css *.js *.svg vendor/*.js vendor/*.woff2 vendor/*.txt vendor/manifest.json
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
	var sheets []string
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
			return nil
		}
		content, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		loaded[name], err = newFile(name, content)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	for _, name := range sheets {
		content, err := embedded.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("static: %v", err))
		}
		f, err := newFile(name, withURLs(name, squeezed(content), loaded))
		if err != nil {
			panic(fmt.Sprintf("static: %v", err))
		}
		loaded[name] = f
	}
	return loaded
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s*([{};,])\s*`)
)

// squeezed drops a stylesheet's comments and its layout: they are for whoever
// edits it and would be a twentieth of what a first page loads. It knows
// nothing of strings, so none in our sheets may hold a brace, comma or semicolon.
func squeezed(sheet []byte) []byte {
	sheet = cssComment.ReplaceAll(sheet, nil)
	sheet = cssSpace.ReplaceAll(sheet, []byte("$1"))
	return bytes.TrimSpace(bytes.ReplaceAll(sheet, []byte(";}"), []byte("}")))
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
