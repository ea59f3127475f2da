package pdf

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
)

// A4, in points.
const (
	Width  = 595.28
	Height = 841.89
)

// Document collects pages. It must not be shared between goroutines.
type Document struct {
	title    string
	pages    []*Page
	setters  [weights]*setter
	pictures []Picture
}

// New begins a document. The title is what a viewer shows for its name.
func New(title string) *Document {
	d := &Document{title: title}
	for w, face := range typefaces() {
		d.setters[w] = newSetter(face)
	}
	return d
}

// Check reports the first letter of text that cannot be drawn, as a NoGlyphError.
func (d *Document) Check(text string) error { return d.setters[Regular].check(text) }

// Measure is how wide text is at a size.
func (d *Document) Measure(text string, weight Weight, size float64) float64 {
	return float64(d.setters[weight].shape(text).width) * size / unitsPerEm
}

// Wrap breaks text into lines of at most that width.
func (d *Document) Wrap(text string, weight Weight, size, width float64) []string {
	return d.setters[weight].wrap(text, width*unitsPerEm/size)
}

// AddPage adds an empty page and returns it.
func (d *Document) AddPage() *Page {
	p := &Page{doc: d}
	d.pages = append(d.pages, p)
	return p
}

// Pages are all pages so far.
func (d *Document) Pages() []*Page { return d.pages }

// Page takes drawings. Places are in points from its upper left corner.
type Page struct {
	doc     *Document
	content bytes.Buffer
}

// Align says which end of a text its place is.
type Align int

// The ways to align.
const (
	Left Align = iota
	Right
	Center
)

// Text draws one line whose baseline is at y.
func (p *Page) Text(x, y float64, text string, weight Weight, size float64, align Align) {
	if text == "" {
		return
	}
	s := p.doc.setters[weight]
	st := s.shape(text)
	switch width := float64(st.width) * size / unitsPerEm; align {
	case Right:
		x -= width
	case Center:
		x -= width / 2
	}
	c := &p.content
	// What is copied out is this text, whatever the pictures are.
	fmt.Fprintf(c, "/Span <</ActualText %s>> BDC\nBT /F%d %s Tf\n", hexText(text), weight, number(size))
	pen, open := math.MinInt, false // where the next glyph falls by itself
	for _, g := range st.glyphs {
		if g.x != pen || g.y != 0 || !open {
			if open {
				c.WriteString("> Tj\n")
			}
			fmt.Fprintf(c, "1 0 0 1 %s %s Tm <", number(x+float64(g.x)*size/unitsPerEm), number(Height-y+float64(g.y)*size/unitsPerEm))
			open = true
		}
		fmt.Fprintf(c, "%04x", g.id)
		advance := s.use(g)
		if pen = g.x + advance; g.y != 0 {
			pen = math.MinInt
		}
	}
	c.WriteString("> Tj\nET EMC\n")
}

// use notes that a glyph occurs, and returns how far it moves the pen.
func (s *setter) use(g glyph) int {
	u, known := s.used[g.id]
	if !known {
		u.advance = int(math.Round(float64(s.font.HorizontalAdvance(g.id))))
	}
	if u.rune == 0 {
		u.rune = g.rune
	}
	s.used[g.id] = u
	return u.advance
}

// Rule draws a line of that thickness.
func (p *Page) Rule(x1, y1, x2, y2, thick float64) {
	fmt.Fprintf(&p.content, "%s w %s %s m %s %s l S\n", number(thick), number(x1), number(Height-y1), number(x2), number(Height-y2))
}

// Box fills a rectangle with grey: 0 is black, 1 is white.
func (p *Page) Box(x, y, width, height, grey float64) {
	fmt.Fprintf(&p.content, "%s g %s %s %s %s re f 0 g\n", number(grey), number(x), number(Height-y-height), number(width), number(height))
}

// Squares paints those of n × n squares that are black, within side points. One
// path, so that no hairlines show between them.
func (p *Page) Squares(x, y, side float64, n int, black func(column, row int) bool) {
	one := side / float64(n)
	for row := range n {
		for column := 0; column < n; column++ {
			from := column
			for column < n && black(column, row) {
				column++
			}
			if column > from {
				fmt.Fprintf(&p.content, "%s %s %s %s re\n", number(x+float64(from)*one), number(Height-y-float64(row+1)*one), number(float64(column-from)*one), number(one))
			}
		}
	}
	p.content.WriteString("f\n")
}

// number writes a measure to a thousandth of a point.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*1000)/1000, 'f', -1, 64)
}

// hexText is a text string of PDF: UTF-16 with its mark, in hexadecimal.
func hexText(s string) string {
	var b bytes.Buffer
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return b.String()
}
