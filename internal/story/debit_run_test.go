package story_test

import (
	"regexp"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/browsertest"
	"portal/web/text"
)

// theRunIsImported brings in what is to be taken today from everybody who has
// agreed; the first payer owes so much that two people have to agree.
func (d *dues) theRunIsImported() {
	d.t.Helper()
	rows := [][]string{{"รหัสผู้ชำระเงิน", "จำนวนเงิน", "วันที่หักบัญชี", "เลขอ้างอิง"}}
	for n := 1; n <= d.payers; n++ {
		amount := text.Amount(int64(1200+n) * 100)
		switch n {
		case 1:
			amount = largeDebit
		case 2:
			continue // who refused
		}
		rows = append(rows, []string{d.code(n), strings.ReplaceAll(amount, ",", ""), today(), "RUN" + d.code(n)})
	}
	d.isBroughtIn("debits", d.sheet("run.csv", rows), d.payers-1)
	maker := d.signedIn("maker")
	maker.open("/debits?state=draft")
	maker.look("debits-drafts")
	maker.open("/debit-batches")
	maker.look("runs")
	row := d.rowOf(maker.Page, "tbody tr", "run.csv")
	maker.Click(row + "td.lead a")
	maker.WaitFor("#debit-batch")
	d.run = maker.path()
	maker.look("run-drafts")
	maker.Submit(`form[action$="/submission"] button`)
	maker.WaitFor("#batch")
	maker.look("batch-of-run")
	d.runs(maker, "debit_submit", d.payers-1)
}

// theRunIsApproved has one checker approve the run, and a second one what needs
// two.
func (d *dues) theRunIsApproved() {
	d.t.Helper()
	d.fault("slow", "debit.create", "1", 6)
	for n, name := range []string{"checker1", "checker2"} {
		checker := d.signedIn(name)
		checker.open(d.run)
		checker.look("run-to-approve")
		checker.Submit(`form[action$="/approval"] button`)
		checker.WaitFor("#batch")
		checker.look("batch-approves-run")
		if n == 0 {
			d.runs(checker, "approve", d.payers-1)
			continue
		}
		checker.sees("#batch", largeDebit)
		d.runs(checker, "approve", 1)
	}
}

// theRunIsWatched looks at the run until the bank has answered all of it.
func (d *dues) theRunIsWatched() {
	d.t.Helper()
	checker := d.signedIn("checker2")
	checker.open(d.run)
	checker.look("run-moving")
	done := func() bool {
		return strings.Contains(checker.Text("#debit-batch .ask"), d.word("debits.batch_turn.done"))
	}
	if d.scripted() {
		for give := time.Now().Add(d.patience); !done(); {
			if time.Now().After(give) {
				d.t.Fatalf("the run does not come to its end:\n%s", checker.Text("main"))
			}
		}
	} else {
		d.comesTo(checker, d.run, "the end of the run", done)
	}
	checker.look("run-done")
	counts := map[string]int{}
	for _, state := range []string{"taken", "failed", "unknown"} {
		for _, row := range checker.Texts("#debit-batch tbody tr:has(td:nth-child(3):last-child)") {
			if rest, found := strings.CutPrefix(row, d.word(text.Prefix("debits.state.")+state)); found {
				counts[state] = d.numberIn(rest)
			}
		}
	}
	if counts["failed"] == 0 || counts["unknown"] != 0 || counts["taken"]+counts["failed"] != d.payers-1 {
		d.t.Errorf("of %d debits the run says %v:\n%s", d.payers-1, counts, checker.Text("#debit-batch"))
	}
	checker.open("/debits?state=taken&q=RUN" + d.prefix)
	checker.look("debits-taken")
	checker.Click("#debits td.lead a")
	checker.WaitFor("#story")
	d.taken = checker.path()
	checker.look("debit-taken")
}

// failuresAreRetried reads why debits failed, and has those tried again that
// the rules allow.
func (d *dues) failuresAreRetried() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/debits/failures")
	maker.look("failures")
	maker.sees("main", d.word("debits.failure.B012"), d.word("debits.failure.B013"))
	if !maker.Exists(`form[action="/debits/retries"] .pick:checked`) {
		d.t.Fatal("the rules try nothing again")
	}
	maker.Submit(`form[action="/debits/retries"] .actions button`)
	maker.WaitFor("#debit-batch")
	maker.look("retries")
	retries, n := maker.path(), d.numberIn(maker.Text(`form[action$="/submission"] button`))
	maker.Submit(`form[action$="/submission"] button`)
	maker.WaitFor("#batch")
	d.runs(maker, "debit_submit", n)
	checker := d.signedIn("checker1")
	checker.open(retries)
	checker.Submit(`form[action$="/approval"] button`)
	checker.WaitFor("#batch")
	d.runs(checker, "approve", n)
	checker.open(retries)
	checker.look("retries-approved")
	checker.sees("#debit-batch", d.word("debits.state.approved"))
	maker.open("/debit-rules")
	maker.look("debit-rules")
}

// oneIsInDoubt loses the answer to a debit, and has the bank's word asked for.
func (d *dues) oneIsInDoubt() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/debits/new")
	maker.look("debit-new")
	maker.Fill("#q", d.code(1))
	if !d.scripted() {
		maker.Click(`[value="find-payer"]`)
	}
	maker.WaitFor(`[value^="pick-payer-"]`)
	maker.look("debit-payer-found")
	maker.Click(`[value^="pick-payer-"]`)
	maker.WaitFor(`[value="other-payer"]`)
	maker.Fill("#amount", doubtful)
	maker.Fill("#debit_on", today())
	maker.Fill("#reference", doubtfulRef)
	maker.Click(`.form-actions [value="save"]`)
	maker.WaitFor(`form[action$="/submission"]`)
	maker.look("debit-check")
	maker.sees("main", doubtful, d.code(1))
	maker.Submit(`form[action$="/submission"] .primary`)
	maker.sees(".state-line", d.word("debits.state.submitted"))
	d.doubt = maker.path()
	maker.look("debit-submitted")

	d.fault("cut-after", "debit.create", "", 1)
	bank := d.bankPage("/debits")
	bank.Select("#callback-kind", "late")
	bank.Submit("#callback-kind")
	checker := d.signedIn("checker1")
	checker.open(d.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil))
	checker.look("debit-approval")
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", d.word("approval.done"))
	checker.open(d.doubt)
	d.comesTo(checker, d.doubt, "what became of it", func() bool {
		return strings.Contains(checker.Text(".state-line"), d.word("debits.state.taken"))
	})
	checker.look("debit-cleared")
	checker.sees("#story", d.word("story.settled_by_bank"))
	d.onlyOnceAt(bank)
}

// onlyOnceAt reads at the bank that the debit in doubt was taken once.
func (d *dues) onlyOnceAt(bank *browsertest.Page) {
	d.t.Helper()
	bank.Go(bank.URL())
	n := 0
	for _, row := range bank.Texts(`section[aria-labelledby="debits"] tbody tr`) {
		if strings.Contains(row, doubtfulRef) {
			n++
		}
	}
	if n != 1 {
		d.t.Errorf("the bank has %d debits of %s", n, doubtfulRef)
	}
}

// theMonthAddsUp compares today with the bank's list and with the payments.
func (d *dues) theMonthAddsUp() {
	d.t.Helper()
	day := thai.Today(time.Now()).String()
	checker := d.signedIn("checker1")
	checker.open("/debit-days?month=" + day[:7])
	checker.look("month-of-debits")
	checker.open("/debit-days/" + day)
	checker.look("day-of-debits")
	checker.Submit(`form[action$="/inquiry"] button`)
	auditor := d.signedIn("auditor")
	d.comesTo(auditor, "/debit-days?month="+day[:7], "a day that agrees", func() bool {
		return strings.Contains(auditor.Text("tbody"), d.word("debits.agrees"))
	})
	auditor.look("month-adds-up")
	sums := auditor.Texts("tfoot td.num")
	if len(sums) != 3 || sums[0] != sums[1] || sums[0] != sums[2] || satang(d.t, sums[0]) < largeSatang {
		d.t.Errorf("taken, recorded and told by the bank are %q", sums)
	}
	auditor.open("/payments?q=" + doubtfulRef)
	auditor.look("payments-of-debits")
	auditor.sees("main", doubtful)
}

// auditorReadsOfDebits finds what became of one debit in the trail.
func (d *dues) auditorReadsOfDebits() {
	d.t.Helper()
	auditor := d.signedIn("auditor")
	auditor.open(d.doubt)
	auditor.look("debit-as-auditor")
	auditor.open("/audit?q=" + d.attribute(auditor, `(DDR[0-9]+)`, nil))
	auditor.look("trail-of-debit")
	said := d.word("trail.action.debit.submitted")
	leaf := d.attribute(auditor, `href="(/audit/leaves/[0-9a-f-]{36})">`+regexp.QuoteMeta(said), nil)
	auditor.open(leaf)
	d.isPublished(auditor)
	auditor.look("leaf-of-debit")
	d.proofHolds(auditor, leaf)
}
