package upload

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"portal/internal/app/thai"
)

// maxNameBytes leaves room for a number in front when files are packed
// together; file systems stop at 255 bytes, and a Thai letter takes three.
const maxNameBytes = 180

// CleanFileName makes the name a browser sent safe to show, to store and to
// offer for download, and keeps as much of it as it can: Thai, blanks and
// brackets stay. Path parts go, forbidden characters become "_", and the name
// ends in the extension of what the content is. It never returns "".
//
// The result is data, not a place: where a document is stored is never
// derived from its name.
func CleanFileName(name string, kind Kind) string {
	name = strings.ToValidUTF8(name, "_")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = norm.NFC.String(strings.Map(nameRune, name))
	name = strings.Join(strings.Fields(name), " ")
	extension := kind.Extension()
	for _, ending := range kind.extensions() {
		if n := len(name) - len(ending); n >= 0 && strings.EqualFold(name[n:], ending) {
			name = name[:n]
			break
		}
	}
	name = strings.Trim(name, ". ")
	name = strings.TrimRight(cutName(name, maxNameBytes-len(extension)-1), ". ")
	switch {
	case name == "":
		name = "document"
	case isDevice(name):
		name = "_" + name
	}
	return name + extension
}

// nameRune drops what cannot be seen and replaces what file systems and shells
// give a meaning to.
func nameRune(r rune) rune {
	switch {
	case strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	case unicode.IsSpace(r):
		return ' '
	case thai.Hidden(r):
		return -1
	}
	return r
}

// cutName shortens name to at most limit bytes without parting a letter from
// the vowels and tone marks written on it.
func cutName(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	cut := limit
	for cut > 0 {
		r, _ := utf8.DecodeRuneInString(name[cut:])
		if utf8.RuneStart(name[cut]) && !unicode.Is(unicode.M, r) {
			break
		}
		cut--
	}
	return name[:cut]
}

// isDevice reports whether Windows would open a device instead of a file of
// this name, whatever its extension.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimSpace(base))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	prefix := strings.TrimRight(base, "0123456789¹²³")
	return len(prefix) < len(base) && (prefix == "COM" || prefix == "LPT")
}
