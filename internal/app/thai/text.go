package thai

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Reasons why a text is refused, besides HiddenCharacterError.
var (
	ErrTextEncoding = errors.New("text is not UTF-8")
	ErrTextTooLong  = errors.New("text is too long")
)

// A HiddenCharacterError refuses a character that cannot be seen, or that
// turns the direction of those around it: two names that look alike must be
// alike. Position counts characters from 1.
type HiddenCharacterError struct {
	Rune     rune
	Position int
}

func (e *HiddenCharacterError) Error() string {
	return fmt.Sprintf("hidden character %U at position %d", e.Rune, e.Position)
}

// CleanText brings one line of text into the one form we keep: NFC, sara am
// and sara ae as one letter each, single blanks inside and none around.
// It refuses hidden characters and more than limit characters. "" is fine
// here; whether a field may be empty is the form's business.
func CleanText(s string, limit int) (string, error) {
	// Normalising shortens a text at most threefold and collapsing blanks is
	// for small slips, so anything this long is not worth the work.
	if len(s) > 32*limit+1024 {
		return "", ErrTextTooLong
	}
	if err := hidden(s); err != nil {
		return "", err
	}
	s = strings.Join(strings.FieldsFunc(s, isBlank), " ")
	s = foldThai(norm.NFC.String(s))
	if utf8.RuneCountInString(s) > limit {
		return "", ErrTextTooLong
	}
	return s, nil
}

// hidden reports the first character of s that must not be in a name or a
// number, as a *HiddenCharacterError, or that s is not UTF-8.
func hidden(s string) error {
	if !utf8.ValidString(s) {
		return ErrTextEncoding
	}
	position := 0
	for _, r := range s {
		position++
		if Hidden(r) {
			return &HiddenCharacterError{Rune: r, Position: position}
		}
	}
	return nil
}

// Hidden reports whether r shows nothing by itself and is not an ordinary
// blank: controls, joiners and other zero-width characters, marks of writing
// direction, variation selectors, fillers, private and unassigned characters.
func Hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' && !isBlank(r) || r == 0x7F
	}
	switch r {
	case '\u034F', // combining grapheme joiner
		'\u17B4', '\u17B5', // Khmer vowels that are never shown
		'\u2800',           // the empty braille pattern
		'\uFFFC', '\uFFFD': // stand-ins for something lost
		return true
	}
	return !unicode.IsGraphic(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

const (
	nikhahit = 'ํ'
	saraAA   = 'า'
	saraAM   = 'ำ'
	saraE    = 'เ'
	saraAE   = 'แ'
)

// foldThai joins two pairs that look exactly like one letter and are typed
// for it: nikhahit and sara aa (a tone mark may stand between) for sara am,
// and two sara e for sara ae. NFC leaves both apart.
func foldThai(s string) string {
	if !strings.ContainsRune(s, nikhahit) && !strings.Contains(s, "เเ") {
		return s
	}
	in := []rune(s)
	out := make([]rune, 0, len(in))
	for i := 0; i < len(in); i++ {
		switch rest := in[i:]; {
		case len(rest) >= 2 && rest[0] == saraE && rest[1] == saraE:
			out = append(out, saraAE)
			i++
		case len(rest) >= 2 && rest[0] == nikhahit && rest[1] == saraAA:
			out = append(out, saraAM)
			i++
		case len(rest) >= 3 && rest[0] == nikhahit && isTone(rest[1]) && rest[2] == saraAA:
			out = append(out, rest[1], saraAM)
			i += 2
		case len(rest) >= 3 && isTone(rest[0]) && rest[1] == nikhahit && rest[2] == saraAA:
			out = append(out, rest[0], saraAM)
			i += 2
		default:
			out = append(out, rest[0])
		}
	}
	return norm.NFC.String(string(out)) // a tone mark may have met another mark
}

// isTone reports whether r is one of the four Thai tone marks.
func isTone(r rune) bool { return r >= '่' && r <= '๋' }
