package story_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portal/internal/browsertest"
)

// bankRows are the bills on the stand-in bank's page.
const bankRows = `section[aria-labelledby="presentments"] tbody tr`

var (
	monthNumber = regexp.MustCompile(`IV\d{4}-\d{5}`)
	digits      = regexp.MustCompile(`[0-9,]+`)
)

// isApproved has a checker of the wrong step try first, and then two checkers
// approve all that is theirs.
func (m *month) isApproved() {
	m.t.Helper()
	big := m.Rows[0][0]
	second := m.signedIn("checker2")
	second.open("/presentments?state=submitted&q=" + big)
	m.chooses(second, "approve")
	second.look("batch-wrong-step")
	second.sees("#batch tbody", big, m.word("approval.not.needed_later"))
	if second.Exists(".confirm") {
		m.t.Error("whoever is needed later can approve now")
	}

	first := m.signedIn("checker1")
	first.open("/")
	first.sees("#work", m.word("home.work.for_me"))
	first.look("home-of-checker")
	first.open("/approvals")
	first.look("inbox")
	m.fault("refused", "presentment.create", "", monthRefused)
	first.open(m.list("submitted"))
	m.chooses(first, "approve")
	first.look("batch-approve")
	first.sees(".ask", bigTotal[:1])
	m.runs(first, "approve", m.Bills)
	first.look("batch-approved")

	m.theOthersAreApproved()
	maker := m.signedIn("maker")
	m.empties(maker, "submitted", "approved", "sending")
}

// theOthersAreApproved has the second checker approve what needs two.
func (m *month) theOthersAreApproved() {
	m.t.Helper()
	second := m.signedIn("checker2")
	second.open(m.list("submitted"))
	second.look("waits-for-second")
	m.chooses(second, "approve")
	second.look("batch-of-second")
	n, err := strconv.Atoi(strings.ReplaceAll(digits.FindString(second.Text(".confirm .primary")), ",", ""))
	if err != nil {
		m.t.Fatal(err)
	}
	m.runs(second, "approve", n)
}

// refusedOnesGoAgain finds what the bank refused, and sends it once more.
func (m *month) refusedOnesGoAgain() {
	m.t.Helper()
	maker := m.signedIn("maker")
	maker.open("/")
	maker.look("home-after-refusals")
	maker.sees("#work", m.word("home.work.refused"))
	maker.open(m.list("refused"))
	maker.look("refused")
	if n := maker.Count("tbody tr"); n != monthRefused {
		m.t.Fatalf("the bank refused %d bills, want %d", n, monthRefused)
	}
	m.isToldOfRefusals(maker)
	maker.look("notices")
	maker.open(m.list("refused"))
	m.chooses(maker, "submit")
	maker.look("batch-again")
	m.runs(maker, "submit", monthRefused)
	first := m.signedIn("checker1")
	first.open(m.list("submitted"))
	m.chooses(first, "approve")
	m.runs(first, "approve", monthRefused)
	first.open(m.list("submitted"))
	if !first.Exists(".empty") {
		m.theOthersAreApproved()
	}
	m.empties(maker, "submitted", "approved", "sending", "refused")
}

// isToldOfRefusals reads the notices, page by page, for one of each refusal.
func (m *month) isToldOfRefusals(maker *person) {
	m.t.Helper()
	m.comesTo(maker, "/notices", "a notice of each refusal", func() bool {
		told := 0
		for {
			for _, row := range maker.Texts("#notices tbody td.lead") {
				if strings.Contains(row, m.prefix) && strings.Contains(row, m.refusal()) {
					told++
				}
			}
			if told >= monthRefused || !maker.Exists(`#notices a[rel="next"]`) {
				return told == monthRefused
			}
			at := maker.path()
			maker.Click(`#notices a[rel="next"]`)
			maker.await(func() bool { return maker.path() != at }, "%s has no next page, with %d", "another page")
		}
	})
}

// refusal is what stands around the title in the notice of a refusal.
func (m *month) refusal() string {
	before, after, _ := strings.Cut(m.word("notice.kind.refused", "title", "\x00"), "\x00")
	if len(before) > len(after) {
		return strings.TrimSpace(before)
	}
	return strings.TrimSpace(after)
}

// buyersDispute has two buyers say no on the bank's page, and the portal hear
// of it.
func (m *month) buyersDispute() {
	m.t.Helper()
	bank := browsertest.Open(m.t).Page(m.t, browsertest.Options{NoScript: m.desk.NoScript})
	for range 2 {
		bank.Go(m.bank)
		rows := bank.Texts(bankRows)
		n := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, m.prefix) && strings.Contains(row, "PRSD") })
		if n < 0 {
			m.t.Fatalf("the bank has no bill of the month that its buyer could decide on: %q", rows)
		}
		d := dispute{number: monthNumber.FindString(rows[n])}
		row := bankRows + ":nth-child(" + strconv.Itoa(n+1) + ") "
		bank.Fill(row+"[name=remark]", buyerRemark)
		bank.Click(row + "[value=RFSD]")
		bank.WaitText(row, buyerRemark)
		m.disputed = append(m.disputed, d)
	}
	bank.Axe()
	maker := m.signedIn("maker")
	m.comesTo(maker, "/presentments/disputes", "two disputes", func() bool { return strings.Count(maker.Text("#disputes"), m.prefix) == 2 })
	maker.look("disputes")
	maker.sees("#disputes", buyerRemark, m.disputed[0].number, m.disputed[1].number)
	maker.open("/callbacks")
	maker.look("callbacks")
	maker.sees("main tbody", m.word("callback.says.RFSD"))
	maker.Click("main tbody td.lead a")
	maker.look("callback")
	for n := range m.disputed {
		maker.open("/presentments/disputes")
		m.disputed[n].path = m.attribute(maker, `href="(/presentments/[0-9a-f-]{36})"[^<]*>[^<]*</a>\s*<br>\s*<span class="help">`+m.disputed[n].number, nil)
	}
}
