package story_test

import (
	"strings"
	"testing"
	"time"

	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
	"portal/internal/browsertest"
	"portal/web/text"
)

// What the bank and the buyers do to the month.
const (
	monthRefused = 3
	buyerRemark  = "ราคาไม่ตรงกับใบสั่งซื้อ ขอให้แก้ก่อนวางบิลใหม่"
	bigTotal     = "1,284,000.00"
	bigSatang    = 1_284_000_00
)

// month is a month of bills on its way from a spreadsheet to the accountant.
type month struct {
	*story
	samplemonth.Month
	prefix   string // of the month's numbers
	patience time.Duration
	disputed []dispute
}

// dispute is a bill that its buyer disputed, and what takes its place.
type dispute struct {
	number, path       string
	newNumber, newPath string
}

func TestTheMonthStoryInThai(t *testing.T) {
	t.Parallel()
	bills := 45
	if thorough {
		bills = 1000
	}
	tellMonth(t, bills, &story{name: "month-th", lang: text.TH,
		desk:   browsertest.Options{Lang: "th", Width: 1280},
		mirror: browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}})
}

func TestTheMonthStoryInEnglishWithoutScripts(t *testing.T) {
	t.Parallel()
	tellMonth(t, 30, &story{name: "month-noscript", lang: text.EN,
		desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, NoScript: true}})
}

// tellMonth is the month of a finance department: a clerk brings its bills in
// from Excel and mends them, they are submitted and approved in batches, the
// bank refuses some, buyers dispute others, and the accountant gets the rest.
func tellMonth(t *testing.T, bills int, s *story) {
	t.Helper()
	s.t, s.program, s.people, s.looks = t, start(t), map[string]*person{}, map[string]int{}
	m := &month{story: s, Month: samplemonth.Make(bills, thai.Today(time.Now())), patience: time.Minute + time.Duration(bills)*time.Second}
	m.prefix, _, _ = strings.Cut(m.Rows[0][samplemonth.Number], "-")
	m.oneIsLarge()
	m.isImported()
	m.isSubmitted()
	m.isApproved()
	m.refusedOnesGoAgain()
	m.buyersDispute()
	m.disputedOnesAreReplaced()
	m.isExported()
	m.theTrailHolds()
}

// oneIsLarge makes the first bill one that a checker of level 2 must see.
func (m *month) oneIsLarge() {
	row := m.Rows[0]
	m.TotalSatang += bigSatang - satang(m.t, row[samplemonth.Total])
	row[samplemonth.Quantity], row[samplemonth.Price], row[samplemonth.Total] = "100", "12000.00", strings.ReplaceAll(bigTotal, ",", "")
}

// list is the list of the month's bills in a state, or in all.
func (m *month) list(state string) string {
	path := "/presentments?q=" + m.prefix + "-"
	if state != "" {
		path += "&state=" + state
	}
	return path
}

// comesTo opens a page until it is as it should be, as people do who wait.
func (m *month) comesTo(p *person, path, what string, done func() bool) {
	m.t.Helper()
	for give := time.Now().Add(m.patience); ; {
		p.open(path)
		if done() {
			return
		}
		if time.Now().After(give) {
			m.t.Fatalf("%s: %s does not come about:\n%s", path, what, p.Text("main"))
		}
	}
}

// empties waits until no bill of the month is in these states.
func (m *month) empties(p *person, states ...string) {
	m.t.Helper()
	for _, state := range states {
		m.comesTo(p, m.list(state), "nothing "+state, func() bool { return p.Exists(".empty") })
	}
}
