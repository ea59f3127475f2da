package story_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portal/internal/browsertest"
	"portal/web/text"
)

// The buyer, whom the program has not met before, and what is billed.
const (
	buyerName       = "บริษัท ลูกค้าใหม่ของเรื่องนี้ จำกัด"
	buyerTaxID      = "0105562000007"
	buyerAddress    = "77 ซอยเรื่องเล่า เขตทดสอบ กรุงเทพมหานคร 10900"
	wrongTaxID      = "0105562000008"
	merchantAccount = "9990000018" // of the demo
	settlementNote  = "โทรถามธนาคาร พบรายการแล้ว"
	cancelReason    = "ลูกค้าขอใบใหม่"
	total           = "1,325.00" // 2 × 500.00 and 7 % of it, and 10 × 25.50 without
)

// story is one telling of the whole story, by people who read one language.
type story struct {
	*program
	t            *testing.T
	name         string
	lang         text.Lang
	desk, mirror browsertest.Options
	people       map[string]*person // who is signed in
	pictures     int
	looks        map[string]int // by the kind of page
}

// bill is what the maker saw of a bill when it was submitted.
type bill struct {
	number, path, approval, fingerprint, sha256 string
}

func TestTheWholeStoryInThai(t *testing.T) {
	t.Parallel()
	tell(t, &story{name: "th", lang: text.TH,
		desk:   browsertest.Options{Lang: "th", Width: 1280},
		mirror: browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}})
}

func TestTheWholeStoryInEnglish(t *testing.T) {
	t.Parallel()
	s := &story{name: "en", lang: text.EN, desk: browsertest.Options{Lang: "en", Width: 1280, Dark: true}}
	if thorough {
		s.mirror = browsertest.Options{Lang: "en", Width: 360, Height: 740}
	}
	tell(t, s)
}

func TestTheWholeStoryWithoutScripts(t *testing.T) {
	t.Parallel()
	tell(t, &story{name: "noscript", lang: text.EN, desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, NoScript: true}})
}

// thorough looks at every page in every width, colour and language.
var thorough = os.Getenv("PORTAL_FAULTS") == "long"

func tell(t *testing.T, s *story) {
	s.t, s.program, s.people, s.looks = t, start(t), map[string]*person{}, map[string]int{}
	first := s.aBillIsMade("STORY-1")
	s.anotherPersonApproves(first)
	s.theBankHasIt(first)
	second := s.anotherBillIsSubmitted("STORY-2")
	s.theLineIsCut(second)
	s.twoPeopleSettle(second)
	s.itIsCancelled(second)
	s.theAuditorReads(second)
	s.theTrailHolds()
	s.tamperingIsFound()
}

func (s *story) scripted() bool { return !s.desk.NoScript }

// attribute reads the first match from the page that ok accepts.
func (s *story) attribute(p *person, pattern string, ok func(string) bool) string {
	s.t.Helper()
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(p.HTML(), -1) {
		if ok == nil || ok(m[1]) {
			return m[1]
		}
	}
	s.t.Fatalf("%s does not show %s", p.path(), pattern)
	return ""
}

// fault switches one on for the next requests, on the stand-in bank's own page.
func (s *story) fault(kind, operation, seconds string, times int) {
	s.t.Helper()
	bank := browsertest.Open(s.t).Page(s.t, browsertest.Options{NoScript: s.desk.NoScript})
	bank.Go(s.bank)
	bank.Select("#kind", kind)
	bank.Select("#operation", operation)
	bank.Fill("#times", strconv.Itoa(times))
	if seconds != "" {
		bank.Fill("#seconds", seconds)
	}
	bank.Submit("#kind")
	bank.WaitText(".active", kind)
}

// becomes waits for a bill's page to say where it stands; with scripts it has
// to do so by itself.
func (s *story) becomes(p *person, key string) {
	s.t.Helper()
	if s.scripted() {
		p.WaitText(".state-line", s.word(key))
	} else {
		p.reload(".state-line", s.word(key))
	}
}

// theBankHasIt reads the stand-in bank's own page.
func (s *story) theBankHasIt(b bill) string {
	s.t.Helper()
	bank := browsertest.Open(s.t).Page(s.t, browsertest.Options{NoScript: s.desk.NoScript})
	bank.Go(s.bank)
	bank.Axe()
	row := ""
	for _, r := range bank.Texts(`section[aria-labelledby="presentments"] tbody tr`) {
		if strings.Contains(r, b.number) {
			row = r
		}
	}
	reference := regexp.MustCompile(`PSM\d+`).FindString(row)
	if reference == "" || !strings.Contains(row, "1325.00") || !strings.Contains(row, buyerName) {
		s.t.Fatalf("the bank's page shows %q for %s", row, b.number)
	}
	if b.sha256 != "" && (!strings.Contains(row, "invoice.pdf") || !strings.Contains(row, b.sha256[:12])) {
		s.t.Errorf("the bank has not got the document: %q", row)
	}
	return reference
}
