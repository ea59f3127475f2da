package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/vector"
	"pgregory.net/rapid"
)

// hard are words in which marks meet each other, and letters that reach up or
// down into their place.
var hard = strings.Fields("ที่ น้ำ กำปั้น ปี่ ญู ฐุ เยิ้ม หนี้ เอี๊ยด ฏุ ฎู ป้า ฝึ่ง ฟ้า ตั๋ว ศิลป์ เกี๊ยว ทั้งสิ้น ปั๊ม ฝั่ง ฬู่ ปิ๋ว ชั้น คลื่น")

// ink paints one glyph of a word, at a tenth of its size.
func (s *setter) ink(t *testing.T, g glyph) []uint8 {
	t.Helper()
	outline, ok := s.font.GlyphData(g.id).(font.GlyphOutline)
	if !ok {
		t.Fatal("no outline")
	}
	const width, height = 400, 220
	r := vector.NewRasterizer(width, height)
	at := func(p opentype.SegmentPoint) (x, y float32) {
		return (float32(g.x)+p.X)/10 + 20, 150 - (float32(g.y)+p.Y)/10
	}
	for _, segment := range outline.Segments {
		x, y := at(segment.Args[0])
		switch segment.Op {
		case opentype.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(x, y)
		case opentype.SegmentOpLineTo:
			r.LineTo(x, y)
		case opentype.SegmentOpQuadTo:
			x2, y2 := at(segment.Args[1])
			r.QuadTo(x, y, x2, y2)
		default:
			t.Fatal("a curve that TrueType does not have")
		}
	}
	r.ClosePath()
	m := image.NewAlpha(image.Rect(0, 0, width, height))
	r.Draw(m, m.Bounds(), image.Opaque, image.Point{})
	return m.Pix
}

// joined is how many spots Sarabun itself paints twice where it lets ◌ั run into
// the tail of ป.
const joined = 70

// TestMarksNeverCollide holds the ink of every glyph against that of every
// other of its word: no two are painted on the same spot. Without the font's
// own rules a tone mark falls onto the vowel beneath it, and a vowel beneath
// into the foot of its letter.
func TestMarksNeverCollide(t *testing.T) {
	t.Parallel()
	d := New("")
	for weight, s := range d.setters {
		for _, word := range hard {
			if n := s.collisions(t, s.shape(word).glyphs); n > joined {
				t.Errorf("%s in weight %d: %d spots are painted twice", word, weight, n)
			}
		}
	}
	s := d.setters[Regular]
	flat := []glyph{}
	for n, r := range "ที่" {
		id, _ := s.font.NominalGlyph(r)
		flat = append(flat, glyph{id: id, x: min(n/3, 1) * 623})
	}
	if n := s.collisions(t, flat); n <= joined {
		t.Errorf("the test does not see what it is for, a tone mark on a vowel: %d", n)
	}
}

func (s *setter) collisions(t *testing.T, glyphs []glyph) (spots int) {
	t.Helper()
	var painted []uint8
	for _, g := range glyphs {
		ink := s.ink(t, g)
		if painted == nil {
			painted = make([]uint8, len(ink))
		}
		for n, alpha := range ink {
			if alpha > 160 && painted[n] > 160 {
				spots++
			}
			painted[n] = max(painted[n], alpha)
		}
	}
	return spots
}

var painting = regexp.MustCompile(`1 0 0 1 (\S+) (\S+) Tm <([0-9a-f]+)> Tj`)

// TestMarksStandWhereTheShaperSays reads the places out of the document again,
// as a viewer does: a glyph stands where the pen is set, or where the width of
// the one before has moved it.
func TestMarksStandWhereTheShaperSays(t *testing.T) {
	t.Parallel()
	for _, word := range append(hard, "เลขที่ INV-1 ปี่") {
		d := New("")
		d.AddPage().Text(100, 100, word, Regular, 10, Left)
		s := d.setters[Regular]
		var got []string
		for _, p := range painting.FindAllStringSubmatch(d.pages[0].content.String(), -1) {
			x, err := strconv.ParseFloat(p[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			for n := 0; n < len(p[3]); n += 4 {
				id, err := strconv.ParseUint(p[3][n:n+4], 16, 16)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%d at %.2f %s", id, x, p[2]))
				x += float64(s.used[font.GID(id)].advance) / 100
			}
		}
		var want []string
		for _, g := range s.shape(word).glyphs {
			want = append(want, fmt.Sprintf("%d at %.2f %s", g.id, 100+float64(g.x)/100, number(Height-100+float64(g.y)/100)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: painted %q, shaped %q", word, got, want)
		}
	}
}

// inflated are the streams of a document that are text.
func inflated(t *testing.T, doc []byte) (all []string) {
	t.Helper()
	for _, part := range bytes.Split(doc, []byte("stream\n"))[1:] {
		z, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(content))
	}
	return all
}

// copied is what a viewer copies out of a document.
func copied(t *testing.T, doc []byte) []string {
	t.Helper()
	var texts []string
	for _, content := range inflated(t, doc) {
		for _, m := range regexp.MustCompile(`ActualText <FEFF([0-9A-F]+)>`).FindAllStringSubmatch(content, -1) {
			raw, err := hex.DecodeString(m[1])
			if err != nil {
				t.Fatal(err)
			}
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			texts = append(texts, string(utf16.Decode(units)))
		}
	}
	return texts
}

func TestTextIsCopiedOutLetterForLetter(t *testing.T) {
	t.Parallel()
	d := New("หนี้")
	p := d.AddPage()
	for n, word := range hard {
		p.Text(50, 50+20*float64(n), word+" No. 1", Weight(n%2), 12, Align(n%3))
	}
	got := copied(t, d.Bytes())
	if len(got) != len(hard) {
		t.Fatalf("%d texts, want %d", len(got), len(hard))
	}
	for n, word := range hard {
		if got[n] != word+" No. 1" {
			t.Errorf("%q came back as %q", word, got[n])
		}
	}
}

func TestFiguresAreAllOfOneWidth(t *testing.T) {
	t.Parallel()
	d := New("")
	for weight := range weights {
		for _, figure := range "0123456789" {
			if got, want := d.Measure(string(figure), weight, 10), d.Measure("0", weight, 10); got != want {
				t.Errorf("%c is %v wide, 0 is %v", figure, got, want)
			}
		}
	}
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	t.Parallel()
	d := New("")
	letters := rapid.SampledFrom([]rune("กขคงจฉชญฐดตถทนบปผพฟมยรลวสหอ่้๊๋ิีึืุูั็์ะาำเแโใไๆฯ aZ9 .,()-/"))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(letters, 0, 120).Draw(t, "text"))
		width := rapid.Float64Range(40, 300).Draw(t, "width")
		lines := d.Wrap(text, Regular, 10, width)
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Fatalf("%q lost something: %q", want, got)
		}
		for n, line := range lines {
			if n > 0 && line != "" && unicode.Is(unicode.M, []rune(line)[0]) && !startsWithMark(text, lines, n) {
				t.Fatalf("line %d of %q begins with a mark", n, lines)
			}
			if d.Measure(line, Regular, 10) > width && len([]rune(line)) > 1 && canBreakInside(line) {
				t.Fatalf("%q is wider than %v", line, width)
			}
		}
	})
}

// startsWithMark reports whether the text has a mark behind a blank there,
// where there is no letter for it to stay with.
func startsWithMark(text string, lines []string, n int) bool {
	return strings.Contains(text, " "+lines[n][:len(string([]rune(lines[n])[0]))])
}

// canBreakInside reports whether some place in the line is one to break at
// that is not at its end.
func canBreakInside(line string) bool {
	runes := []rune(line)
	for n := 1; n < len(runes); n++ {
		if canBreak(runes, n) {
			return true
		}
	}
	return false
}

func TestBreaksComeBeforeASyllable(t *testing.T) {
	t.Parallel()
	d := New("")
	lines := d.Wrap("ค่าบริการดูแลระบบน้ำและเครื่องปรับอากาศ", Regular, 10, 110)
	if len(lines) < 2 || !strings.HasPrefix(lines[1], "เค") && !strings.HasPrefix(lines[1], "แล") {
		t.Errorf("got %q", lines)
	}
	if got := d.Wrap("กกกกกก/่ก", Regular, 10, 40); strings.HasPrefix(got[len(got)-1], "่") {
		t.Errorf("a mark is parted from what it stands on: %q", got)
	}
	if got := d.Wrap("accounting@example.co.th ชำระ", Regular, 10, 60); got[0] == "" {
		t.Errorf("got %q", got)
	}
}

func TestUnknownLettersAreNamed(t *testing.T) {
	t.Parallel()
	if err := New("").Check("ราคา ฿100 – “ดี” €5"); err != nil {
		t.Error(err)
	}
	err := New("").Check("a漢b")
	if e, ok := errors.AsType[*NoGlyphError](err); !ok || e.Letter != '漢' {
		t.Error(err)
	}
}
