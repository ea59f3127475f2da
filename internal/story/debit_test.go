package story_test

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/thai"
	"portal/internal/browsertest"
	"portal/web/text"
)

// What is taken from whom.
const (
	rent         = "1,500.00" // by the schedules
	largeDebit   = "60,000.00"
	largeSatang  = 60_000_00
	doubtful     = "2,468.00" // of which the bank's answer is lost
	doubtfulRef  = "DOUBT1"
	holidayName  = "วันหยุดพิเศษตามมติคณะรัฐมนตรี"
	holidayWhere = "ประกาศ ธปท. ฉบับพิเศษ"
)

// dues is what a merchant takes by direct debit, from its payers to the end of
// the month. It has a month's ways with files, lists and batches.
type dues struct {
	*month
	payers    int // whom the file has
	schedules []string
	run       string // its page
	taken     string // the page of one debit that was taken
	doubt     string // the page of the one in doubt
}

func TestTheStoryOfDirectDebitInThai(t *testing.T) {
	t.Parallel()
	payers := 30
	if thorough {
		payers = 500
	}
	tellDues(t, payers, "T", &story{name: "debit-th", lang: text.TH,
		desk:   browsertest.Options{Lang: "th", Width: 1280},
		mirror: browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}})
}

func TestTheStoryOfDirectDebitInEnglishWithoutScripts(t *testing.T) {
	t.Parallel()
	tellDues(t, 20, "E", &story{name: "debit-noscript", lang: text.EN,
		desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, NoScript: true}})
}

// tellDues is direct debit as a merchant begins with it: its payers come from a
// file and agree at the bank, or do not; some pay on the last day of every
// month, around a holiday that is declared late; a run of many is approved and
// watched, and what fails of it is tried again; what nobody knows is asked for;
// and the month adds up.
func tellDues(t *testing.T, payers int, prefix string, s *story) {
	t.Helper()
	s.t, s.program, s.people, s.looks = t, start(t), map[string]*person{}, map[string]int{}
	d := &dues{month: &month{story: s, prefix: prefix, patience: time.Minute + time.Duration(payers)*time.Second}, payers: payers}
	d.payersAreImported()
	d.oneConsentsHere()
	d.oneRefuses()
	d.theOthersConsent()
	d.whatTheBankEndedIsFound()
	d.rentIsScheduled()
	d.aHolidayIsDeclaredLate()
	d.theRunIsImported()
	d.theRunIsApproved()
	d.theRunIsWatched()
	d.failuresAreRetried()
	d.oneIsInDoubt()
	d.theMonthAddsUp()
	d.auditorReadsOfDebits()
	d.theTrailHolds()
}

// code is the n-th payer's, from 1.
func (d *dues) code(n int) string { return fmt.Sprintf("%s%04d", d.prefix, n) }

// sheet writes rows as a file that a spreadsheet would save.
func (d *dues) sheet(name string, rows [][]string) (path string) {
	d.t.Helper()
	var b strings.Builder
	b.WriteString("\ufeff")
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		d.t.Fatal(err)
	}
	return d.file(name, []byte(b.String()))
}

// isBroughtIn uploads a file of a kind and makes what it says.
func (d *dues) isBroughtIn(kind, path string, n int) {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/imports/new?kind=" + kind)
	maker.look("import-new-" + kind)
	maker.Upload("[name=file]", path)
	maker.Submit("[name=file]")
	d.goesOn(maker, "#make-drafts")
	maker.look("import-" + kind)
	maker.sees(".import-summary .good dd", text.Int(int64(n)))
	maker.Click("#make-drafts")
	d.goesOn(maker, "td.lead a")
	maker.look("import-made-" + kind)
}

// bankPage is a page of the stand-in bank.
func (d *dues) bankPage(path string) *browsertest.Page {
	d.t.Helper()
	bank := browsertest.Open(d.t).Page(d.t, browsertest.Options{NoScript: d.desk.NoScript})
	bank.Go(strings.TrimSuffix(d.bank, "/") + path)
	return bank
}

// rowOf is the place of the first row of a table that says something.
func (d *dues) rowOf(page *browsertest.Page, rows, says string) string {
	d.t.Helper()
	for n, row := range page.Texts(rows) {
		if strings.Contains(row, says) {
			return rows + ":nth-child(" + strconv.Itoa(n+1) + ") "
		}
	}
	d.t.Fatalf("no row of %s says %q: %q", rows, says, page.Texts(rows))
	return ""
}

// approves has a checker approve what waits under these titles, in one batch.
func (d *dues) approves(p *person, titled string, n int) {
	d.t.Helper()
	p.open("/approvals")
	p.look("inbox")
	chosen := 0
	for row, says := range p.Texts("tbody tr") {
		if strings.Contains(says, titled) {
			p.Click("tbody tr:nth-child(" + strconv.Itoa(row+1) + ") .pick")
			chosen++
		}
	}
	if chosen != n {
		d.t.Fatalf("%d of the inbox say %s, want %d: %q", chosen, titled, n, p.Texts("tbody tr"))
	}
	p.Click(`.selection [value="approve"]`)
	p.WaitFor("#batch")
	p.look("batch-approve-" + titled)
	d.runs(p, "approve", n)
}

// numberIn is the first whole number that something says.
func (d *dues) numberIn(says string) int {
	d.t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(digits.FindString(says), ",", ""))
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// today is the day in Bangkok as people type it.
func today() string {
	day := thai.Today(time.Now())
	return fmt.Sprintf("%02d/%02d/%d", day.Day, day.Month, day.BuddhistYear())
}
