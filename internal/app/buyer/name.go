package buyer

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What kind of business or person bears a name, in front of it and after it.
// The order matters: a longer word comes before one that it begins with. The
// database leaves out the same words where it orders and searches names.
var (
	kindBefore = regexp.MustCompile(`^\s*(the\s|บริษัท|บมจ\.?|บจก\.?|บจ\.|ห้างหุ้นส่วนจำกัด|ห้างหุ้นส่วนสามัญ|ห้างหุ้นส่วน|หจก\.?|หสน\.?|ร้าน|นางสาว|น\.ส\.|นาง|นาย|คุณ)`)
	kindWithin = regexp.MustCompile(`จำกัด|\(มหาชน\)|มหาชน|สำนักงานใหญ่|\b(public|company|co|limited|ltd|partnership|part|pcl|plc|inc|corporation|corp)\b`)
)

// core is a name without the words that say what kind of business or person
// bears it, without blanks and without punctuation, in small letters.
func core(name string) string {
	name = strings.TrimSpace(strings.ToLower(norm.NFC.String(name)))
	bare := kindWithin.ReplaceAllString(kindBefore.ReplaceAllString(name, ""), "")
	if s := lettersOf(bare); s != "" {
		return s
	}
	return lettersOf(name)
}

// lettersOf keeps letters with their marks, and digits.
func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '๐' && r <= '๙':
			return r - '๐' + '0'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return r
		}
		return -1
	}, s)
}

// SameName reports whether two names are one but for the words of their legal
// form, blanks and punctuation.
func SameName(a, b string) bool { return core(a) == core(b) }

// alike is how much of two names must be shared for them to look alike: of all
// groups of three letters in either, this part is in both.
const alike = 0.6

// fewLetters is how short a name is that anything looks like.
const fewLetters = 4

// LookAlike reports whether two names could be taken for each other: they are
// the same but for legal form, blanks, vowel signs and tone marks, or nearly.
func LookAlike(a, b string) bool {
	ra, rb := bare(a), bare(b)
	if len(ra) == 0 || len(rb) == 0 {
		return false
	}
	if string(ra) == string(rb) {
		return true
	}
	if min(len(ra), len(rb)) < fewLetters {
		return false
	}
	ta, tb := trigrams(ra), trigrams(rb)
	both := 0
	for g := range ta {
		if tb[g] {
			both++
		}
	}
	return float64(both) >= alike*float64(len(ta)+len(tb)-both)
}

// bare is the letters of a name's core: what is written above or below a Thai
// letter, and an accent, is what people mistype and overlook.
func bare(name string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, norm.NFD.String(core(name))))
}

// trigrams are all groups of three letters, with the beginning and the end
// standing for letters.
func trigrams(s []rune) map[[3]rune]bool {
	padded := append([]rune{' ', ' '}, s...)
	padded = append(padded, ' ')
	all := make(map[[3]rune]bool, len(padded))
	for i := 0; i+3 <= len(padded); i++ {
		all[[3]rune(padded[i:i+3])] = true
	}
	return all
}
