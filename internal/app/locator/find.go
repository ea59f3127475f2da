package locator

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"portal/internal/gazetteer"
)

// What Find cannot make a place of.
var (
	ErrNoSuchPlace = errors.New("no place of this name or postcode")
	ErrAbroad      = errors.New("not in Thailand")
)

// Found is a place that somebody may have meant.
type Found struct {
	Point    Point
	Place    gazetteer.Place // none where coordinates were typed
	Province gazetteer.Place // that the place lies in, if it is a district
}

// mostFound is how many places one is asked to choose from.
const mostFound = 12

var (
	postcodeForm = regexp.MustCompile(`^[1-9][0-9]{4}$`)
	coordinates  = regexp.MustCompile(`^(-?[0-9]{1,3}(?:\.[0-9]+)?)\s*°?\s*[Nn]?\s*[, ]\s*(-?[0-9]{1,3}(?:\.[0-9]+)?)\s*°?\s*[Ee]?$`)
)

// Find reads what somebody typed: coordinates (latitude first; the other way
// round is understood too, as no place in Thailand can be meant by both), a
// postcode, or the name of a province or district in Thai or English, with or
// without the word for it. The likeliest comes first. A name that fits one place
// exactly is that place.
func Find(typed string) ([]Found, error) {
	typed = strings.TrimSpace(arabic(typed))
	if m := coordinates.FindStringSubmatch(typed); m != nil {
		first, err1 := strconv.ParseFloat(m[1], 64)
		second, err2 := strconv.ParseFloat(m[2], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, ErrNoSuchPlace
		}
		for _, p := range []Point{{first, second}, {second, first}} {
			if p.InThailand() {
				return []Found{{Point: p}}, nil
			}
		}
		return nil, ErrAbroad
	}
	if postcodeForm.MatchString(typed) {
		return atPostcode(typed)
	}
	return named(typed)
}

// Near is the place that an address ends in: the district of its postcode that
// it names, or else the first one of the postcode.
func Near(address string) (Found, bool) {
	for _, word := range slices.Backward(strings.Fields(arabic(address))) {
		if !postcodeForm.MatchString(word) {
			continue
		}
		found, err := atPostcode(word)
		if err != nil {
			return Found{}, false
		}
		folded := fold(address)
		// A road may bear the name of another district; the district is named after it.
		last := func(f Found) int {
			return max(strings.LastIndex(folded, fold(f.Place.TH)), strings.LastIndex(folded, fold(f.Place.EN)))
		}
		slices.SortStableFunc(found, func(a, b Found) int { return cmp.Compare(last(b), last(a)) })
		return found[0], true
	}
	return Found{}, false
}

func atPostcode(code string) ([]Found, error) {
	var found []Found
	for _, p := range gazetteer.All() {
		if slices.Contains(p.Postcodes, code) {
			found = append(found, FoundAt(p))
		}
	}
	if len(found) == 0 {
		return nil, ErrNoSuchPlace
	}
	// Where it is the commonest one of the district first.
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Compare(slices.Index(a.Place.Postcodes, code), slices.Index(b.Place.Postcodes, code))
	})
	return found[:min(mostFound, len(found))], nil
}

// FoundAt is a place of the gazetteer, as Find returns it.
func FoundAt(p gazetteer.Place) Found {
	f := Found{Point: Point{p.Lat, p.Lon}, Place: p}
	if !p.IsProvince() {
		f.Province, _ = gazetteer.ByCode(p.Province())
	}
	return f
}

// What people call some provinces, and how others spell some districts; folded.
// Spellings that differ by spaces or by an h need no line.
var bynames = map[string]string{
	"กทม": "10", "bkk": "10", "krungtep": "10", "โคราช": "30", "korat": "30", "แปดริว": "24", "เมืองคอน": "80",
	"muanglopburi": "1601", "kemmarat": "3405", "kamkuankaeo": "3504", "ubonrat": "4008", "tawatcaburi": "4505", "kanlayaniwattana": "5025",
}

type indexed struct {
	found Found
	names []string // folded: alone, and with the province on either side
}

var index = sync.OnceValue(func() []indexed {
	var list []indexed
	for _, p := range gazetteer.All() {
		f := FoundAt(p)
		th, en := fold(p.TH), fold(p.EN)
		names := []string{th, en}
		if !p.IsProvince() {
			pth, pen := fold(f.Province.TH), fold(f.Province.EN)
			names = append(names, th+pth, pth+th, en+pen, pen+en)
		}
		list = append(list, indexed{f, names})
	}
	return list
})

func named(typed string) ([]Found, error) {
	wanted := fold(typed)
	if code, ok := bynames[wanted]; ok {
		p, _ := gazetteer.ByCode(code)
		return []Found{FoundAt(p)}, nil
	}
	if len([]rune(wanted)) < 2 {
		return nil, ErrNoSuchPlace
	}
	type fit struct {
		found Found
		rank  int
	}
	var fits []fit
	for _, i := range index() {
		rank := fitness(i.names, wanted)
		if rank >= 0 {
			fits = append(fits, fit{i.found, rank})
		}
	}
	if len(fits) == 0 {
		return nil, ErrNoSuchPlace
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(a.rank, b.rank) })
	if fits[0].rank == 0 && (len(fits) == 1 || fits[1].rank > 0 || fits[0].found.Place.IsProvince()) {
		return []Found{fits[0].found}, nil
	}
	var found []Found
	for _, f := range fits[:min(mostFound, len(fits))] {
		found = append(found, f.found)
	}
	return found, nil
}

// fitness ranks how well a name is meant: 0 exactly, 1 by its beginning, 2 by a
// part, -1 not at all.
func fitness(names []string, wanted string) int {
	rank := -1
	for _, name := range names {
		switch {
		case name == wanted:
			return 0
		case strings.HasPrefix(name, wanted):
			rank = 1
		case rank < 0 && strings.Contains(name, wanted):
			rank = 2
		}
	}
	return rank
}

var (
	wordsTH = regexp.MustCompile(`จังหวัด|อำเภอ|กิ่ง|เขต|(^|[\s,])(จ|อ|ข)\.`)
	wordsEN = regexp.MustCompile(`\b(province|district|amphoe|amphur|khet|changwat)\b`)
)

// fold leaves of a name what people agree on when they write it: no word for
// what it is, no spaces, marks or capitals, and of Latin letters none that
// transliterations differ by.
func fold(name string) string {
	name = wordsEN.ReplaceAllString(wordsTH.ReplaceAllString(strings.ToLower(name), " "), " ")
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == 'h' || r == '่' || r == '้': // Pathum Thani, Patum Tani; the tone marks that phones forget
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// arabic writes Thai digits as ASCII ones.
func arabic(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '๐' && r <= '๙' {
			return r - '๐' + '0'
		}
		return r
	}, s)
}
