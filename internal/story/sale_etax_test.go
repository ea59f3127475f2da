package story_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// isTaxed makes the receipt an e-Tax document, with the branch mistyped at
// first, and sees it come back from the bank signed, step by step.
func (s *sale) isTaxed() {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open(s.receipt.path)
	maker.Click(`main a[href^="/etax/new"]`)
	maker.WaitFor("#buyer_branch")
	maker.look("etax-form")
	if lines := maker.Text("[name=line_1_price]"); lines != "5000" {
		s.t.Errorf("the second line of the receipt costs %q", lines)
	}
	s.theSellerIsKnown(maker)
	maker.Fill("#buyer_branch", wrongBranch)
	s.recipientIs(maker, 0, "ap@buyer.example")
	maker.Click("button.primary[value=save]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("#buyer_branch-error", s.word("etax.fault.branch"))
	maker.look("etax-wrong-branch")
	maker.Fill("#buyer_branch", "00012")
	maker.Click("button.primary[value=save]")
	maker.WaitFor(".confirm")
	maker.look("etax-check")
	s.etax.path = strings.TrimSuffix(maker.path(), "/submission/new")
	s.isAgreed(maker, "/submission", saleTotal, s.buyer, "ap@buyer.example")
	s.etax.number = s.receipt.number
	s.comesBack(maker, s.etax, "ACKNOWLEDGED_RD")
	maker.look("etax-acknowledged")
	for _, status := range []string{"GENERATED", "SIGNED", "DELIVERED", "SUBMITTED_RD", "ACKNOWLEDGED_RD"} {
		maker.sees("#steps", s.word("callback.says."+status))
	}
	if files := maker.Texts("#files li"); len(files) != 2 {
		s.t.Errorf("the bank's files are %q", files)
	}
	maker.Click(`main a[href="` + s.receipt.path + `"]`)
	maker.arrives(s.receipt.path)
	maker.Click(`main a[href="` + s.etax.path + `"]`)
	maker.arrives(s.etax.path)
}

// theSellerIsKnown types the parts of the merchant's address that nobody has
// typed before.
func (s *sale) theSellerIsKnown(maker *person) {
	s.t.Helper()
	if maker.Text("#seller_building") != "" {
		return
	}
	maker.Fill("#seller_building", "99/1")
	maker.Select("#seller_province", "10")
	maker.Fill("#seller_district", "1028")
	maker.Fill("#seller_sub_district", "102803")
	maker.Fill("#seller_postcode", "10120")
}

func (s *sale) recipientIs(maker *person, n int, address string) {
	s.t.Helper()
	name := "[name=recipient_" + strconv.Itoa(n) + "_address]"
	if !maker.Exists(name) {
		maker.Click("button[value=add-recipient]")
		maker.WaitFor(name)
	}
	maker.Fill(name, address)
}

// comesBack has the bank go on with a document until it has got this far, and
// waits for the portal to hear of it.
func (s *sale) comesBack(p *person, d document, status string) {
	s.t.Helper()
	row := s.bankRow("etax", d.number)
	for n := 0; !strings.Contains(row.page.Text(row.css+".state"), status); n++ {
		if n > 10 {
			s.t.Fatalf("the bank does not get on with %s: %s", d.number, row.page.Text(row.css))
		}
		row.page.Click(row.css + "[value=next]")
	}
	p.open(d.path)
	said := s.word("etax.turn." + map[string]string{"ACKNOWLEDGED_RD": "acknowledged"}[status])
	if s.scripted() {
		p.WaitText(".state-line", said)
	} else {
		p.reload(".state-line", said)
	}
}

// isSentAgain hands the signed document to a second address, and once more to
// none, which is refused.
func (s *sale) isSentAgain() {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open(s.etax.path)
	maker.Click(`a[href$="/reissue/new"]`)
	maker.WaitFor("[name=recipient_0_address]")
	maker.look("reissue")
	maker.Fill("[name=recipient_0_address]", "accounts at buyer")
	maker.Click("button.primary[value=save]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("main", s.word("etax.fault.email"))
	maker.Fill("[name=recipient_0_address]", "accounts@buyer.example")
	maker.Click("button.primary[value=save]")
	maker.sees("#reissues", "accounts@buyer.example")
	approval := s.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	checker := s.signedIn("checker1")
	checker.open(approval)
	checker.sees("main", "accounts@buyer.example", s.etax.number, s.word("etax.lasting_reissue"))
	checker.look("reissue-approval")
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
	maker.open(s.etax.path)
	maker.reload("#reissues", s.word("etax.result.SENT"))
	maker.look("reissued")
}

// isCorrected lowers the price of one line by a credit note. It is refused
// without the document that it corrects, and without the other reason in words.
func (s *sale) isCorrected() {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open(s.etax.path)
	maker.Click(`a[href^="/etax/new?kind=81"]`)
	maker.WaitFor("#purpose")
	maker.look("note-form")
	if referred := maker.Text("[name=reference_0_number]"); referred != s.etax.number {
		s.t.Errorf("the note refers to %q", referred)
	}
	day := maker.Text("[name=reference_0_on]")
	maker.Fill("[name=reference_0_number]", "")
	maker.Select("[name=reference_0_kind]", "")
	maker.Fill("[name=reference_0_on]", "")
	maker.Select("#purpose", "CDNS99")
	maker.Fill("[name=line_1_price]", "4000")
	maker.Click("button.primary[value=save]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("#purpose_text-error", s.word("etax.fault.purpose_text"))
	maker.sees("#reference_0_number-error", s.word("etax.fault.reference_missing"))
	maker.look("note-wrong")
	maker.Fill("[name=reference_0_number]", s.etax.number)
	maker.Select("[name=reference_0_kind]", "T03")
	maker.Fill("[name=reference_0_on]", day)
	maker.Fill("#purpose_text", noteReason)
	maker.Click("button.primary[value=save]")
	maker.WaitFor(".confirm")
	maker.look("note-check")
	maker.sees("main", noteTotal, noteReason, s.etax.number)
	s.note.path = strings.TrimSuffix(maker.path(), "/submission/new")
	s.isAgreed(maker, "/submission", noteTotal, noteReason, s.etax.number)
	maker.open(s.note.path)
	s.note.number = maker.Text(".paper-number")
	s.comesBack(maker, s.note, "ACKNOWLEDGED_RD")
	maker.look("note-acknowledged")
	maker.open(s.etax.path)
	maker.look("etax-corrected")
	if chain := maker.Texts("#chain li"); !slices.ContainsFunc(chain, func(l string) bool { return strings.Contains(l, s.note.number) && strings.Contains(l, noteTotal) }) {
		s.t.Errorf("the document and what refers to it are %q", chain)
	}
}
