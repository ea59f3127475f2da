package story_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/thai"
)

// pastTax is what a document of the past month adds to its report, worked out
// by hand.
type pastTax struct {
	number                      string
	standard, zero, exempt, vat int64
}

// pastLine is a line of a bill, as typed.
type pastLine struct{ description, quantity, price, vat string }

// What is sold in the past month. 7 % of 3,751.50 is 262.605, rounded up; and of
// the 5,350.00 that is received 350.00 is VAT.
var pastBills = []struct {
	suffix, total string
	lines         []pastLine
	adds          pastTax
}{
	{"-2", "5,004.11", []pastLine{{"ค่าออกแบบ", "3", "1250.50", "standard"}, {"หนังสือคู่มือ", "10", "99", "exempt"}},
		pastTax{standard: 3_751_50, exempt: 990_00, vat: 262_61}},
	{"-3", "8,800.00", []pastLine{{"ค่าบริการส่งออก", "2", "4400", "zero"}}, pastTax{zero: 8_800_00}},
}

const pastReceived = "5,350.00"

var pastReceipt = pastTax{standard: 5_000_00, vat: 350_00}

// pastMonth is the older of the two past months of the demo, the oldest that is
// open.
func pastMonth() time.Time {
	today := thai.Today(time.Now())
	return time.Date(today.Year, today.Month-2, 1, 0, 0, 0, 0, time.UTC)
}

func typedDay(t time.Time) string { return t.Format("02/01/2006") }

// isSoldBefore issues documents of the past month, and holds the report to what
// they come to.
func (s *sale) isSoldBefore() {
	s.t.Helper()
	before := s.reported("auditor")
	for _, b := range pastBills {
		b.adds.number = strings.ToUpper(s.name) + b.suffix
		s.isInvoicedBefore(b.adds.number, b.total, b.lines)
		s.past = append(s.past, b.adds)
	}
	receipt := pastReceipt
	receipt.number = s.isReceiptedBefore()
	s.past = append(s.past, receipt)
	want := before
	for _, d := range s.past {
		want = monthTotals{want.documents + 1, want.standard + d.standard, want.zero + d.zero, want.exempt + d.exempt, want.vat + d.vat}
	}
	if got := s.reported("auditor"); got != want {
		s.t.Errorf("the month comes to %+v, want %+v", got, want)
	}
	s.isInTheReport()
}

// isInvoicedBefore makes a bill that is the tax invoice, and sends it.
func (s *sale) isInvoicedBefore(number, total string, lines []pastLine) {
	s.t.Helper()
	maker := s.signedIn("maker")
	s.billIsTyped(maker, number, lines)
	maker.sees("main", total, s.word("presentment.saved"))
	maker.WaitFor("#documents")
	path := strings.TrimSuffix(maker.path(), "#documents")
	maker.Submit("#documents form.draw [name=language]")
	maker.WaitFor(`#documents a[href^="/files/"]`)
	maker.open(path + "/submission/new")
	s.isAgreed(maker, "/submission", total, number)
	maker.open(path)
	s.becomes(maker, "presentment.turn.presented")
}

// billIsTyped saves a tax invoice of the past month.
func (s *sale) billIsTyped(maker *person, number string, lines []pastLine) {
	s.t.Helper()
	maker.open("/presentments/new")
	maker.Select("#type", "388")
	s.buyerIs(maker)
	maker.Fill("#number", number)
	on := pastMonth().AddDate(0, 0, 27)
	maker.Fill("#document_on", typedDay(on))
	maker.Fill("#due_on", typedDay(on.AddDate(0, 0, 30))) // as the days of credit have it
	for n, l := range lines {
		at := "#line-" + strconv.Itoa(n+1)
		if n > 0 {
			maker.Click("button[value=add-line]")
			maker.WaitFor(at + "-price")
		}
		maker.Fill(at+"-description", l.description)
		maker.Fill(at+"-quantity", l.quantity)
		maker.Fill(at+"-price", l.price)
		maker.Select(at+"-vat", l.vat)
	}
	maker.Click(".button.primary[value=save]")
}

func (s *sale) buyerIs(maker *person) {
	s.t.Helper()
	maker.Fill("#buyer_name", s.buyer)
	maker.Fill("#buyer_tax_id", s.taxID)
	maker.Fill("#buyer_branch", "00012")
	maker.Fill("#buyer_address", "1 ถนนสีลม เขตบางรัก กรุงเทพมหานคร 10500")
}

// isReceiptedBefore issues a receipt in words that is the tax invoice, and
// returns its number.
func (s *sale) isReceiptedBefore() string {
	s.t.Helper()
	maker := s.signedIn("maker")
	s.receiptIsTyped(maker)
	maker.sees("main", s.word("receipt.saved"), pastReceived)
	path := maker.path()
	maker.Click(".page-header .primary")
	maker.WaitFor(".confirm")
	s.isAgreed(maker, "/submission", pastReceived)
	maker.open(path)
	s.becomes(maker, "receipt.turn.issued")
	return maker.Text(".paper-number")
}

// receiptIsTyped saves a receipt of the past month.
func (s *sale) receiptIsTyped(maker *person) {
	s.t.Helper()
	maker.open("/receipts/new")
	maker.Click("[name=type][value=T03]")
	maker.Fill("#document_on", typedDay(pastMonth().AddDate(0, 0, 27)))
	maker.Fill("#paid_on", typedDay(pastMonth().AddDate(0, 0, 26)))
	s.buyerIs(maker)
	maker.Fill("#line-1-description", "ค่าที่ปรึกษา")
	maker.Fill("#line-1-received", pastReceived)
	maker.Click(".form-actions .primary")
}

// monthTotals are the totals of the report of output tax.
type monthTotals struct{ documents, standard, zero, exempt, vat int64 }

// reported reads the totals of the past month.
func (s *sale) reported(who string) monthTotals {
	s.t.Helper()
	reader := s.signedIn(who)
	reader.open("/months/" + pastMonth().Format("2006-01"))
	figure := func(key string) (satangs, documents int64) {
		found := regexp.MustCompile(`<dt>\s*` + regexp.QuoteMeta(s.word(key)) + `\s*(?:<small>(\d*)[^<]*</small>)?\s*</dt>\s*<dd class="num">([^<]+)</dd>`).FindStringSubmatch(reader.HTML())
		if found == nil {
			s.t.Fatalf("%s does not show %s", reader.path(), key)
		}
		documents, _ = strconv.ParseInt(found[1], 10, 64) // few figures count documents
		return satang(s.t, found[2]), documents
	}
	var m monthTotals
	m.standard, _ = figure("month.figure.standard")
	m.zero, _ = figure("month.figure.zero")
	m.exempt, _ = figure("month.figure.exempt")
	m.vat, m.documents = figure("month.figure.vat")
	return m
}

// isInTheReport reads the row of each document of the past month.
func (s *sale) isInTheReport() {
	s.t.Helper()
	auditor := s.signedIn("auditor")
	auditor.open("/months/" + pastMonth().Format("2006-01"))
	auditor.look("past-month")
	for _, d := range s.past {
		base, vat := s.rowOf(auditor, d.number)
		if base != d.standard+d.zero+d.exempt || vat != d.vat {
			s.t.Errorf("the report has %d and %d satang of %s, want %+v", base, vat, d.number, d)
		}
	}
}

// rowOf is what the report on the page says of a document.
func (s *sale) rowOf(p *person, number string) (base, vat int64) {
	s.t.Helper()
	for n, row := range p.Texts("#report tbody tr") {
		if !strings.Contains(row, number) {
			continue
		}
		cells := p.Texts("#report tbody tr:nth-child(" + strconv.Itoa(n+1) + ") td.num")
		if len(cells) != 2 {
			s.t.Fatalf("the row of %s is %q", number, row)
		}
		return satang(s.t, cells[0]), satang(s.t, cells[1])
	}
	s.t.Errorf("the report has no %s", number)
	return 0, 0
}

// pastMonthCloses has a checker close it, and finds what it came to kept.
func (s *sale) pastMonthCloses() {
	s.t.Helper()
	month := "/months/" + pastMonth().Format("2006-01")
	open := s.reported("checker2")
	checker := s.signedIn("checker2")
	checker.look("month-to-close")
	checker.Submit(`form[action="` + month + `/closing"]`)
	checker.sees(".state-line", s.word("month.closed"))
	checker.look("month-closed")
	if closed := s.reported("checker2"); closed != open {
		s.t.Errorf("the month was closed with %+v, and came to %+v before", closed, open)
	}
}

// pastMonthIsClosed finds the closed month as it was, and that nobody dates a
// bill or a receipt in it any more.
func (s *sale) pastMonthIsClosed() {
	s.t.Helper()
	auditor := s.signedIn("auditor")
	auditor.open("/months/" + pastMonth().Format("2006-01"))
	auditor.sees(".state-line", s.word("month.closed"))
	s.isInTheReport()
	maker := s.signedIn("maker")
	for name, typed := range map[string]func(){
		"bill-too-late":    func() { s.billIsTyped(maker, strings.ToUpper(s.name)+"-9", pastBills[1].lines) },
		"receipt-too-late": func() { s.receiptIsTyped(maker) },
	} {
		typed()
		maker.gets(http.StatusUnprocessableEntity)
		maker.sees("#document_on-error", s.word("month.date_closed"))
		maker.look(name)
	}
}
