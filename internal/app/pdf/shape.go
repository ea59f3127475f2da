package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// NoGlyphError names a letter that the font has no picture of.
type NoGlyphError struct{ Letter rune }

func (e *NoGlyphError) Error() string { return fmt.Sprintf("the font does not have %q", e.Letter) }

// A glyph is a picture and its place, in thousandths of the type size from the
// beginning of its text.
type glyph struct {
	id   font.GID
	x, y int
	rune rune // that it stands for alone, or 0
}

// A setting is a text as it will be painted.
type setting struct {
	glyphs []glyph
	width  int
}

// A setter shapes text in one weight and remembers what it has shaped.
type setter struct {
	face   *typeface
	font   *font.Face
	shaper shaping.HarfbuzzShaper
	set    map[string]*setting
	used   map[font.GID]glyphUse
}

// glyphUse is what the document must know of a glyph that occurs in it.
type glyphUse struct {
	advance int
	rune    rune
}

func newSetter(face *typeface) *setter {
	return &setter{face: face, font: font.NewFace(face.font), set: make(map[string]*setting), used: make(map[font.GID]glyphUse)}
}

// shape sets a text of one line.
func (s *setter) shape(text string) *setting {
	if done, ok := s.set[text]; ok {
		return done
	}
	st := s.fresh([]rune(text))
	s.set[text] = st
	return st
}

// fresh shapes without remembering.
func (s *setter) fresh(runes []rune) *setting {
	st := &setting{}
	for from := 0; from < len(runes); {
		thai, to := unicode.Is(unicode.Thai, runes[from]), from+1
		for to < len(runes) && sameScript(thai, runes[to]) {
			to++
		}
		s.run(st, runes, from, to, thai)
		from = to
	}
	return st
}

// sameScript reports whether r can be set in a run of that script. Blanks go
// with the Latin ones, since Thai is written without.
func sameScript(thai bool, r rune) bool { return thai == unicode.Is(unicode.Thai, r) }

func (s *setter) run(st *setting, runes []rune, from, to int, thai bool) {
	in := shaping.Input{
		Text: runes, RunStart: from, RunEnd: to, Direction: di.DirectionLTR, Face: s.font, Size: fixed.I(unitsPerEm),
		Script: language.Latin, Language: language.NewLanguage("en"),
	}
	if thai {
		in.Script, in.Language = language.Thai, language.NewLanguage("th")
	}
	for _, g := range s.shaper.ShapeNoExtents(in).Glyphs {
		alone := rune(0)
		if g.RunesCount() == 1 && g.GlyphsCount() == 1 {
			alone = runes[g.TextIndex()]
		}
		st.glyphs = append(st.glyphs, glyph{id: g.GlyphID, x: st.width + g.XOffset.Round(), y: g.YOffset.Round(), rune: alone})
		st.width += g.Advance.Round()
	}
}

// check reports the first letter that the font does not have.
func (s *setter) check(text string) error {
	for _, r := range text {
		if _, found := s.font.NominalGlyph(r); !found && r != '\n' {
			return &NoGlyphError{r}
		}
	}
	return nil
}

// fits reports whether text is no wider than width thousandths.
func (s *setter) fits(text []rune, width float64) bool { return float64(s.fresh(text).width) <= width }

// maxLine is more letters than any line holds.
const maxLine = 250

// wrap breaks a paragraph into lines no wider than width thousandths of the
// type size. Nothing is lost but the blanks at a break.
func (s *setter) wrap(text string, width float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		rest := []rune(strings.TrimSpace(paragraph))
		for len(rest) > 0 {
			n := s.fitting(rest, width)
			lines = append(lines, strings.TrimRightFunc(string(rest[:n]), unicode.IsSpace))
			rest = []rune(strings.TrimLeftFunc(string(rest[n:]), unicode.IsSpace))
		}
		if strings.TrimSpace(paragraph) == "" && len(lines) > 0 {
			lines = append(lines, "")
		}
	}
	return lines
}

// fitting is how many runes go on the next line: as many as fit, back to the
// best place to break. A single cluster wider than the line stands alone.
func (s *setter) fitting(rest []rune, width float64) int {
	if len(rest) <= maxLine && s.fits(rest, width) {
		return len(rest)
	}
	low, high := 0, min(len(rest), maxLine) // low fits, high does not
	for high-low > 1 {
		if mid := (low + high) / 2; s.fits(rest[:mid], width) {
			low = mid
		} else {
			high = mid
		}
	}
	most := max(low, 1)
	for most < len(rest) && !canBreak(rest, most) {
		if most--; most == 0 { // the first cluster does not fit
			for most = 1; most < len(rest) && !canBreak(rest, most); most++ {
			}
			return most
		}
	}
	return better(rest, most)
}

// better is the place before most at which readers expect a break: a blank in
// the last two fifths of the line, or else in front of a vowel that begins a
// Thai syllable. Thai has no blanks between words, and without a dictionary
// this is as near to one as it gets.
func better(rest []rune, most int) int {
	if unicode.IsSpace(rest[most]) {
		return most
	}
	for n := most; n > most*3/5; n-- {
		if unicode.IsSpace(rest[n-1]) || (rest[n-1] == '-' || rest[n-1] == '/') && canBreak(rest, n) {
			return n
		}
	}
	for n := most; n > most*4/5; n-- {
		if leads(rest[n]) && canBreak(rest, n) {
			return n
		}
	}
	for n := most; n > 0; n-- { // never within a Latin word that has a beginning on this line
		if !latin(rest[n-1]) || !latin(rest[n]) {
			if canBreak(rest, n) {
				return n
			}
		}
	}
	return most
}

func latin(r rune) bool { return r < 0x0e00 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// leads reports whether r is a vowel written before its consonant.
func leads(r rune) bool { return r >= 'เ' && r <= 'ไ' }

// canBreak reports whether a line may end before rest[n]: not between a letter
// and its marks, not behind a leading vowel, not before what closes.
func canBreak(rest []rune, n int) bool {
	if n >= len(rest) {
		return true
	}
	r := rest[n]
	if unicode.Is(unicode.M, r) || strings.ContainsRune("ะาำๅๆฯ).,:;!?%”’", r) {
		return false
	}
	// The second consonant of a syllable with a vowel in front, as in เพื่อน,
	// stays with it by not breaking right behind the first.
	return !leads(rest[n-1]) && !strings.ContainsRune("(“‘", rest[n-1])
}
