package pdf

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"fmt"
	"sync"

	"github.com/go-text/typesetting/font"
)

// Sarabun, under the licence in Sarabun-LICENSE.txt.
var (
	//go:embed Sarabun-Regular.ttf
	regularTTF []byte
	//go:embed Sarabun-Bold.ttf
	boldTTF []byte
)

// Weight chooses the font.
type Weight int

// The weights there are.
const (
	Regular Weight = iota
	Bold
	weights
)

// A typeface is one embedded font, read once.
type typeface struct {
	name   string
	font   *font.Font
	packed []byte // the whole file, as it stands in every document
	length int
	box    [4]int
	ascent int
	descnt int
}

var typefaces = sync.OnceValue(func() [weights]*typeface {
	return [weights]*typeface{
		Regular: newTypeface("Sarabun-Regular", regularTTF),
		Bold:    newTypeface("Sarabun-Bold", boldTTF),
	}
})

// newTypeface panics for a font that cannot be read: it is part of the program.
func newTypeface(name string, ttf []byte) *typeface {
	face, err := font.ParseTTF(bytes.NewReader(ttf))
	if err != nil || face.Upem() != unitsPerEm {
		panic(fmt.Sprintf("pdf: font %s: %v", name, err))
	}
	extents, _ := face.FontHExtents()
	t := &typeface{name: name, font: face.Font, length: len(ttf), ascent: int(extents.Ascender), descnt: int(extents.Descender)}
	t.box = [4]int{-600, t.descnt, 1400, t.ascent}
	t.packed = packed(ttf)
	return t
}

// unitsPerEm is both what the font counts in and what PDF does.
const unitsPerEm = 1000

// packed is data behind the Flate filter. Writing to memory does not fail.
func packed(data []byte) []byte {
	var b bytes.Buffer
	w, _ := zlib.NewWriterLevel(&b, zlib.BestCompression)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}
