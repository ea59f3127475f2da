package story_test

import (
	"regexp"
	"strings"
)

// theAuditorReads follows one bill through the trail with nothing but the
// screens, and takes a proof home.
func (s *story) theAuditorReads(b bill) {
	s.t.Helper()
	auditor := s.signedIn("auditor")
	auditor.open("/audit")
	auditor.look("trail")
	auditor.Fill("main [name=q]", b.number)
	auditor.Submit("main [name=q]")
	auditor.await(func() bool { return strings.Contains(auditor.path(), "q="+b.number) }, "%s is no search, with %d", b.number)
	auditor.sees("#trail tbody", s.word("trail.action.presentment.cancellation_requested"))
	auditor.look("trail-found")
	leaf := s.attribute(auditor, `href="(/audit/leaves/[0-9a-f-]{36})">`+regexp.QuoteMeta(s.word("trail.action.presentment.cancellation_requested")), nil)
	auditor.open(leaf)
	s.isPublished(auditor)
	auditor.look("leaf")
	s.proofHolds(auditor, leaf)
	auditor.Click(`a[href^="/audit/presentments/"]`)
	auditor.WaitFor(".timeline")
	auditor.look("bill-trail")
	told := auditor.Text(".timeline")
	for _, part := range []string{
		s.word("trail.action.presentment.drafted"), s.word("trail.action.presentment.document_attached", "name", "invoice.pdf"),
		s.word("trail.action.presentment.submitted"), s.word("trail.action.presentment.cancellation_requested"),
		s.about("trail.action.instruction.approval_given", "presentment.create"), s.about("trail.action.exchange.began", "presentment.create"),
		s.about("trail.action.instruction.unknown", "presentment.create"), s.about("trail.action.exchange.began", "presentment.document.upload"),
		s.about("trail.action.instruction.done", "presentment.cancel"), settlementNote, cancelReason,
	} {
		if !strings.Contains(told, part) {
			s.t.Errorf("the bill's whole story does not tell %q", part)
		}
	}
	s.exchangesAreMasked(auditor)
	auditor.open(b.path)
	for _, form := range []string{`form[action$="/documents"]`, `a[href$="/edit"]`, `a[href$="/cancellation/new"]`, `form[action$="/withdrawal"]`} {
		if auditor.Exists(form) {
			s.t.Errorf("the auditor is offered %s", form)
		}
	}
	auditor.look("bill-as-auditor")
}

// about is a sentence of the trail about an operation.
func (s *story) about(key, operation string) string {
	s.t.Helper()
	return s.word(key, "operation", s.word("approval.operation."+operation))
}

// isPublished waits until a checkpoint outside the database covers the leaf.
func (s *story) isPublished(auditor *person) {
	s.t.Helper()
	for range 200 {
		if auditor.Exists(`#proof a[href$="/proof.json"]`) {
			return
		}
		auditor.Go(auditor.URL())
	}
	s.t.Fatalf("no checkpoint covers %s", auditor.path())
}

// proofHolds downloads the proof and has it checked with the public key alone.
func (s *story) proofHolds(auditor *person, leaf string) {
	s.t.Helper()
	if !s.scripted() {
		return // a download leaves no page to read it from
	}
	var proof string
	auditor.Eval(`fetch("`+leaf+`/proof.json").then(r => r.ok ? r.text() : "status " + r.status)`, &proof)
	check := func(proof string) (string, int) {
		cmd := s.command(s.t, "audit", "check", "-key", s.made(s.t)["checkpoint_verifier"])
		cmd.Stdin = strings.NewReader(proof)
		return outcome(s.t, cmd)
	}
	if out, code := check(proof); code != 0 || !strings.Contains(out, "The proof holds") {
		s.t.Errorf("the downloaded proof does not hold (%d): %s\n%s", code, out, proof)
	}
	if out, code := check(strings.Replace(proof, `"index":`, `"index":1`, 1)); code == 0 {
		s.t.Errorf("a changed proof holds: %s", out)
	}
}

// exchangesAreMasked opens what went over the wire.
func (s *story) exchangesAreMasked(auditor *person) {
	s.t.Helper()
	if n := auditor.Count(".timeline .exchange"); n == 0 {
		s.t.Fatal("the story holds no exchange with the bank")
	}
	auditor.Click(".timeline details:has(.exchange) summary")
	auditor.look("exchange")
	html := auditor.HTML()
	for _, at := range regexp.MustCompile(`class="exchange"`).FindAllStringIndex(html, -1) {
		exchange := html[at[1]:]
		if end := strings.Index(exchange, "</li>"); end > 0 {
			exchange = exchange[:end]
		}
		for name, secret := range map[string]string{"the buyer's tax id": buyerTaxID, "the merchant's account": merchantAccount, "a token": "Bearer ey"} {
			if strings.Contains(exchange, secret) {
				s.t.Errorf("an exchange shows %s", name)
			}
		}
	}
}

// theTrailHolds runs the check that whoever operates the portal runs.
func (s *story) theTrailHolds() {
	s.t.Helper()
	out, code := s.run(s.t, "audit", "verify", "-dev", "-files")
	if code != 0 || !strings.Contains(out, "Nothing is wrong") || !strings.Contains(out, "Checkpoints outside the database vouch") {
		s.t.Errorf("verify ends with %d: %s", code, out)
	}
}

// tamperingIsFound changes one leaf as somebody could who owns the database.
func (s *story) tamperingIsFound() {
	s.t.Helper()
	conn, err := s.db.Super.Conn(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, statement := range []string{
		"SET session_replication_role = replica",
		`UPDATE audit_leaves SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'instruction.approval_given', 'instruction.approval_givem'), 'UTF8')
			WHERE idx = (SELECT min(idx) FROM audit_leaves WHERE action = 'instruction.approval_given')`,
		"SET session_replication_role = DEFAULT",
	} {
		if _, err := conn.ExecContext(s.t.Context(), statement); err != nil {
			s.t.Fatal(err)
		}
	}
	var idx string
	if err := conn.QueryRowContext(s.t.Context(), "SELECT min(idx) FROM audit_leaves WHERE action = 'instruction.approval_given'").Scan(&idx); err != nil {
		s.t.Fatal(err)
	}
	out, code := s.run(s.t, "audit", "verify", "-dev")
	if code != 1 || !strings.Contains(out, "leaf "+idx+": ") {
		s.t.Errorf("verify after the change of leaf %s ends with %d: %s", idx, code, out)
	}
}
