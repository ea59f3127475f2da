package story_test

import (
	"regexp"
	"strings"
)

// numberIsVoided submits a receipt, which gives it its number, takes it back and
// discards it: the number stays as one that is accounted for.
func (s *sale) numberIsVoided() {
	s.t.Helper()
	maker := s.signedIn("maker")
	s.receiptIsDrafted(maker)
	maker.look("receipt-draft")
	maker.Click(".page-header .primary")
	maker.WaitFor(".confirm")
	maker.Submit(`form[action$="/submission"]`)
	maker.sees("main", s.word("receipt.submitted"))
	s.voided = maker.Text(".paper-number")
	maker.Click("details:has(#reason) summary")
	maker.Fill("#reason", voidReason)
	maker.Submit("#reason")
	maker.sees("main", s.word("receipt.turn.draft_withdrawn"), s.voided)
	maker.Click("details:has(#discard-note) summary")
	maker.Fill("#discard-note", voidReason)
	maker.Submit("#discard-note")
	maker.sees("main", s.word("receipt.discarded"))
	maker.look("receipt-discarded")
}

// receiptIsDrafted makes the receipt from the page of its bill. What arrived and
// what was withheld is known from the payment.
func (s *sale) receiptIsDrafted(maker *person) {
	s.t.Helper()
	maker.open(s.bill.path)
	maker.Click(`#receipts a[href^="/receipts/new"]`)
	maker.WaitFor("#receipt-form")
	maker.look("receipt-form")
	if received, withheld := maker.Text("#line-1-received"), maker.Text("#line-1-withheld"); received != salePaid || withheld != saleWithheld {
		s.t.Errorf("the receipt proposes %s received and %s withheld", received, withheld)
	}
	maker.Click(".form-actions .primary")
	maker.sees("main", s.word("receipt.saved"), saleTotal)
}

// isReceipted issues the receipt, and finds the voided number accounted for
// before it.
func (s *sale) isReceipted() {
	s.t.Helper()
	maker := s.signedIn("maker")
	s.receiptIsDrafted(maker)
	s.receipt.path = maker.path()
	maker.Click(".page-header .primary")
	maker.WaitFor(".confirm")
	maker.look("receipt-check")
	maker.sees(".confirm", s.word("receipt.irreversible"))
	s.isAgreed(maker, "/submission", saleTotal, salePaid, s.word("receipt.irreversible"))
	maker.open(s.receipt.path)
	s.becomes(maker, "receipt.turn.issued")
	s.receipt.number = maker.Text(".paper-number")
	maker.look("receipt-issued")
	s.bankRow("receipts", s.receipt.number)
	maker.open(s.bill.path)
	maker.Click(`#receipts a[href="` + s.receipt.path + `"]`)
	maker.arrives(s.receipt.path)

	maker.open("/receipts")
	maker.look("receipts")
	maker.Click(`a[href="/numbers"]`)
	maker.look("numbers")
	maker.open(s.attribute(maker, `href="(/numbers/[0-9a-f-]{36})">`+regexp.QuoteMeta(s.word("number.kind.T03")), nil))
	maker.sees("main", s.word("number.no_gaps"), s.receipt.number)
	row := ""
	for _, r := range maker.Texts("tbody tr") {
		if strings.Contains(r, s.voided) {
			row = r
		}
	}
	if !strings.Contains(row, voidReason) {
		s.t.Errorf("the voided number is accounted for by %q", row)
	}
	maker.look("number-series")
}
