package story_test

import (
	"net/http"
	"slices"
	"strings"
)

// anotherPersonApproves shows the checker what the maker saw.
func (s *story) anotherPersonApproves(b bill) {
	s.t.Helper()
	checker := s.signedIn("checker1")
	checker.open("/approvals")
	checker.look("inbox")
	rows := slices.DeleteFunc(checker.Texts("tbody tr"), func(row string) bool { return !strings.Contains(row, b.number) })
	if len(rows) != 1 || !strings.Contains(rows[0], total) {
		s.t.Fatalf("the inbox shows %q", rows)
	}
	checker.Click(`a[href="` + b.approval + `"]`)
	checker.WaitFor(".fingerprint")
	checker.look("approval")
	s.sameAsSubmitted(checker, b)
	if s.scripted() {
		// The bank takes its time, so the page is open while the bill is on its
		// way, and has to say by itself that it arrived.
		s.fault("slow", "presentment.create", "2", 1)
	}
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
	checker.look("approved")
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.presented")
	checker.look("presented")
	checker.signOut(buyerName, b.number)
}

func (s *story) sameAsSubmitted(checker *person, b bill) {
	s.t.Helper()
	checker.sees(".ask", buyerName, total, b.number)
	checker.sees(".hero", total)
	checker.sees(".files", "invoice.pdf")
	if !checker.Exists(`.fingerprint code[title="` + b.fingerprint + `"]`) {
		s.t.Error("the checker does not see the maker's fingerprint")
	}
	if !checker.Exists(`.files code[title="` + b.sha256 + `"]`) {
		s.t.Error("the checker does not see the file's hash")
	}
	if !s.scripted() {
		return
	}
	var hash string
	checker.Eval(`fetch(document.querySelector(".files a").href.replace(/\/view$/, "")).then(r => r.arrayBuffer()).then(b => crypto.subtle.digest("SHA-256", b)).
		then(h => [...new Uint8Array(h)].map(b => b.toString(16).padStart(2, "0")).join(""))`, &hash)
	if hash != b.sha256 {
		s.t.Errorf("the checker opens another file: %s", hash)
	}
}

// theLineIsCut loses the bank's answer after it acted.
func (s *story) theLineIsCut(b bill) {
	s.t.Helper()
	s.fault("cut-after", "presentment.create", "", 1)
	checker := s.signedIn("checker1")
	checker.open(b.approval)
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.unknown")
	checker.sees("main", s.word("presentment.unknown_title"), s.word("presentment.unknown_body"))
	checker.look("unknown")
}

// twoPeopleSettle has one say what happened and another agree.
func (s *story) twoPeopleSettle(b bill) {
	s.t.Helper()
	reference := s.theBankHasIt(bill{number: b.number})
	first := s.signedIn("checker1")
	first.open("/unknown")
	first.look("desk")
	first.sees("#desk", b.number, total)
	item := s.attribute(first, `href="(/unknown/[0-9a-f-]{36})">[^<]*`+b.number, nil)
	first.open(b.path)
	first.Click(`a[href="` + item + `"]`)
	first.WaitFor("#slip")
	first.look("desk-item")
	first.sees("#slip", b.number, "1,325.00")
	first.Click("input[name=outcome][value=done]")
	first.Fill("[name=note]", settlementNote)
	first.Submit("[name=note]")
	first.gets(http.StatusUnprocessableEntity)
	first.sees("#bank_reference-error", s.word("desk.reference_missing"))
	first.look("desk-no-reference")
	first.Fill("[name=bank_reference]", reference)
	first.Submit("[name=note]")
	first.sees("main", s.word("desk.proposed"), reference)
	first.look("desk-proposed")
	if first.Exists(`form[action$="/confirmation"]`) || first.Exists(`form[action$="/settlements"]`) {
		s.t.Error("whoever proposed it can confirm it, or propose again")
	}

	second := s.signedIn("checker2")
	second.open("/unknown")
	second.Click(`a[href="` + item + `"]`)
	second.WaitFor("#proposal")
	second.look("desk-confirm")
	second.sees("#proposal", reference, settlementNote)
	second.Submit(`form[action$="/confirmation"]`)
	second.sees("main", s.word("desk.confirmed"), s.word("desk.settled"))
	second.look("desk-settled")
	second.open(item + "/slip")
	second.look("slip")
	second.open(b.path)
	s.becomes(second, "presentment.turn.presented")
	s.theBankHasIt(b)
}

// itIsCancelled takes the bill back as a whole, by two people again.
func (s *story) itIsCancelled(b bill) {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open(b.path)
	maker.Click(`a[href$="/cancellation/new"]`)
	maker.WaitFor("[name=reason]")
	maker.look("cancel")
	maker.sees("main", total, b.number)
	maker.Fill("[name=reason]", cancelReason)
	maker.Submit("[name=reason]")
	maker.sees("main", s.word("presentment.cancellation_submitted"))
	maker.look("cancel-submitted")
	approval := s.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	maker.open("/account")
	maker.look("account")

	checker := s.signedIn("checker2")
	checker.open(approval)
	checker.sees("main", total, b.number, cancelReason)
	checker.look("cancel-approval")
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.cancelled")
	checker.look("cancelled")
}
