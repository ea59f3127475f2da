package archive

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"portal/internal/app/thai"
)

// maxName is how long a name may be: with its folder it fits what Windows
// unpacks anywhere.
const maxName = 100

// reserved are names that Windows takes for devices, whatever follows the dot.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// Clean makes one name of a file out of anything: no separators, nothing that a
// system reads otherwise or a person does not see, and its ending kept.
func Clean(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		case unicode.IsControl(r), thai.Hidden(r):
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	ending := path.Ext(name)
	if utf8.RuneCountInString(ending) > 10 {
		ending = ""
	}
	base := []rune(strings.Trim(strings.TrimSuffix(name, ending), " ."))
	if room := maxName - utf8.RuneCountInString(ending); len(base) > room {
		base = base[:room]
	}
	switch stem, _, _ := strings.Cut(strings.ToLower(string(base)), "."); {
	case len(base) == 0:
		base = []rune("file")
	case reserved[stem]:
		base = append([]rune("_"), base...)
	}
	return string(base) + ending
}

// Names gives each file a place of its own: two that differ only in how they
// are written are the same file to Windows and to a Mac.
type Names map[string]bool

// Place is where a file of a folder is packed.
func (n Names) Place(folder, name string) string {
	name = Clean(name)
	ending := path.Ext(name)
	stem := strings.TrimSuffix(name, ending)
	for no := 1; ; no++ {
		at := folder + "/" + name
		if key := strings.ToLower(at); !n[key] {
			n[key] = true
			return at
		}
		name = fmt.Sprintf("%s (%d)%s", stem, no+1, ending)
	}
}
