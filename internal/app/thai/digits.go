package thai

import (
	"strings"
	"unicode"
)

// asciiDigits turns Thai digits into ASCII ones and leaves all else alone.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '๐' && r <= '๙' {
			return r - '๐' + '0'
		}
		return r
	}, s)
}

// isBlank reports whether r only separates: the blanks of all keyboards, and
// the tabs and line ends that come along when a spreadsheet cell is pasted.
func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r)
}

func isDash(r rune) bool {
	return r == '-' || r >= '\u2010' && r <= '\u2015' || r == '\u2212'
}

// BareDigits turns Thai digits into ASCII ones, drops blanks and dashes, and
// reports whether only digits remain.
func BareDigits(s string) (string, bool) {
	var b strings.Builder
	for _, r := range asciiDigits(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case isBlank(r), isDash(r):
		default:
			return "", false
		}
	}
	return b.String(), true
}
