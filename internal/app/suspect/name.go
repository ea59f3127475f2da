package suspect

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words that companies have in their names and nobody tells them apart by.
var (
	thaiForms = strings.NewReplacer(
		"ห้างหุ้นส่วนจำกัด", "", "ห้างหุ้นส่วนสามัญ", "", "ห้างหุ้นส่วน", "", "บริษัท", "", "จำกัด", "", "มหาชน", "",
		"บมจ", "", "บจก", "", "หจก", "", "หสม", "", "ร้าน", "")
	latinForms = map[string]bool{
		"company": true, "co": true, "ltd": true, "limited": true, "public": true, "plc": true, "pcl": true, "pte": true, "inc": true, "corp": true,
		"corporation": true, "llc": true, "lp": true, "partnership": true, "part": true, "the": true,
	}
)

// fold brings a name into the form in which two spellings of it are one: without
// blanks, signs and the words of companies.
func fold(name string) string {
	// Thai marks that compatibility forms take apart are put together again.
	name = strings.ReplaceAll(norm.NFKC.String(strings.ToLower(name)), "ํา", "ำ")
	name = strings.ReplaceAll(name, "เเ", "แ")
	var b strings.Builder
	for _, word := range strings.FieldsFunc(visible(name), func(r rune) bool { return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number) }) {
		if !latinForms[word] {
			b.WriteString(word)
		}
	}
	return thaiForms.Replace(b.String())
}

// visible takes out what has no width, so that it parts no word.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

// alike reports whether two folded names, which are not the same, are easily
// taken for each other: they look the same, differ in a letter, or one has the
// whole of the other in it.
func alike(a, b string) bool {
	x, y := []rune(skeleton(a)), []rune(skeleton(b))
	short, long := min(len(x), len(y)), max(len(x), len(y))
	switch {
	case short == 0:
		return false
	case string(x) == string(y):
		return true
	case short >= 6 && (strings.Contains(string(x), string(y)) || strings.Contains(string(y), string(x))):
		return true
	case short >= 12:
		return long-short <= 2 && distance(x, y) <= 2
	}
	return short >= 5 && long-short <= 1 && distance(x, y) <= 1
}

// shapes are letters that look like others, each written as that other.
var shapes = func() map[rune]rune {
	m := map[rune]rune{}
	for _, group := range []string{
		// Latin, with digits, Greek and Cyrillic letters of the same shape.
		"aаα", "bвЬь", "cсϲ", "eеєε", "hнһ", "il1|!íìїіιӏ", "jј", "kкκ", "mм", "nпη", "o0оοσ๐", "pрρ", "s5ѕ", "tтτ", "uυ", "vν", "wѡω", "xхχ", "yуγ", "z2",
		// Thai letters that differ in a loop or a stroke.
		"กภถ", "ขฃชซ", "คฅดตศ", "งว", "จฉ", "ญณ", "ฎฏ", "ฐธร", "ฑทห", "นม", "บปษ", "ผฝพฟ", "ลส", "อฮ", "ใไโ", "ะา", "ิีึื", "ุู",
	} {
		letters := []rune(group)
		for _, r := range letters[1:] {
			m[r] = letters[0]
		}
	}
	return m
}()

// skeleton is what of a folded name catches the eye.
func skeleton(folded string) string {
	folded = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d").Replace(folded)
	return strings.Map(func(r rune) rune {
		// Tone marks and the like are small, and left out.
		if r == 'ฺ' || r >= '็' && r <= '๎' {
			return -1
		}
		if r >= '๑' && r <= '๙' {
			r = '1' + (r - '๑')
		}
		if s, ok := shapes[r]; ok {
			return s
		}
		return r
	}, folded)
}

// distance is how many letters must be put in, taken out, changed, or change
// places with their neighbour to make one of the other.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// places are what leads a reader away: an address of the web, or a name in a chat.
var places = regexp.MustCompile(`(?i)(?:https?://|www\.)\S+|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|net|org|info|biz|io|co|me|ly|ee|th|xyz|top|site|online|shop|store|app|link|live|cc|gg|vip|club|icu|click)\b(?:/\S*)?|(?:\bline|ไลน์)(?:\s*(?:id|ไอดี))?\s*[:@]\s*@?[a-z0-9._-]+`)

// longestPlace is how much of it is told.
const longestPlace = 60

// linkIn is where a message wants its reader to go, or nothing.
func linkIn(message string) string {
	found := []rune(places.FindString(visible(norm.NFKC.String(message))))
	return string(found[:min(len(found), longestPlace)])
}
