package app_test

import (
	"crypto/rand"
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// TestARetryCallsThePayerAsItIsCalledNow: somebody renamed the payer since.
func TestARetryCallsThePayerAsItIsCalledNow(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011512") // not enough money
	page := w.debit(payer, "1,000")
	w.take(page)
	c := w.Client(apptest.Maker)
	version := versionField.FindStringSubmatch(c.Get("/payers/" + payer.String() + "/edit").Body)
	if a := c.Post("/payers/"+payer.String(), "version", version[1], "code", "P1", "name", "นางสมใจ ใจดี", "email", "payer@example.com"); a.Status != http.StatusSeeOther {
		t.Fatalf("renaming: %d %s", a.Status, a.Body)
	}
	a := c.Post("/debits/retries", "key", rand.Text(), "id", strings.TrimPrefix(page, "/debits/"))
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/debit-batches/") {
		t.Fatalf("the retry: %d %s\n%s", a.Status, a.Location(), w.Log.String())
	}
	if got := w.text(`SELECT payer_name FROM debits WHERE retry_of IS NOT NULL`); got != "นางสมใจ ใจดี" {
		t.Errorf("the retry is of %s", got)
	}
}

// TestAFormThatNamesAnothersIsAnsweredAsOneThatNamesNothing puts what is another
// merchant's into every field of direct debit that names something.
func TestAFormThatNamesAnothersIsAnsweredAsOneThatNamesNothing(t *testing.T) {
	t.Parallel()
	k := newKingdom(t)
	c := k.Client(apptest.Maker)
	on := time.Now().In(krungsri.Bangkok).AddDate(0, 0, 20).Format("02/01/2006")
	text := func(sql string, args ...any) (s string) {
		if err := k.DB.Super.QueryRowContext(t.Context(), sql, args...).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	debit := text(`SELECT id::text FROM debits WHERE id = $1`, k.its.debits["draft"])
	payer := text(`SELECT payer_id::text FROM debits WHERE id = $1`, debit)
	code := "THEIRSONLY"
	buyer := text(`SELECT id::text FROM buyers WHERE merchant_id = $1 LIMIT 1`, k.Other)
	bill := text(`SELECT id::text FROM presentments WHERE merchant_id = $1 LIMIT 1`, k.Other)
	k.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE debits SET state = 'failed', failure_code = 'B012', debit_on = current_date - 1 WHERE id = '` + debit + `';
		UPDATE payers SET code = '` + code + `' WHERE id = '` + payer + `'; COMMIT`)
	drafted := []string{"do", "save", "version", "0", "amount", "500", "reference", "", "invoice_number", "", "debit_on", on, "note", ""}
	batch := func(kind, id string) []string { return []string{"kind", kind, "id", id} }
	for _, form := range []struct {
		method, path string
		fields       func(id string) []string
		is, nobody   string
	}{
		{"POST", "/debits", func(id string) []string { return append(drafted, "payer", id) }, payer, nobodysID},
		{"POST", "/debits", func(id string) []string { return []string{"do", "pick-" + id, "version", "0"} }, payer, nobodysID},
		{"POST", "/debits/" + k.ours.debits["draft"].String(), func(id string) []string { return append(drafted, "payer", id) }, payer, nobodysID},
		{"GET", "/debits/new", func(id string) []string { return []string{"payer", id} }, payer, nobodysID},
		{"GET", "/debits/new", func(id string) []string { return []string{"bill", id} }, bill, nobodysID},
		{"GET", "/debits", func(id string) []string { return []string{"batch", id} }, k.its.debitBatch.String(), nobodysID},
		{"GET", "/debits", func(id string) []string { return []string{"payer", id} }, payer, nobodysID},
		{"POST", "/debits/export", func(id string) []string { return []string{"format", "csv", "list", "batch=" + id} }, k.its.debitBatch.String(), nobodysID},
		{"POST", "/debits/retries", func(id string) []string { return []string{"id", id} }, debit, nobodysID},
		{"GET", "/debits/payers", func(id string) []string { return []string{"q", id} }, code, "NOBODYHERE"},
		{"GET", "/debits/forecast", func(id string) []string { return []string{"pause", id} }, k.its.schedule.String(), nobodysID},
		{"GET", "/schedules", func(id string) []string { return []string{"payer", id} }, payer, nobodysID},
		{"GET", "/schedules/new", func(id string) []string { return []string{"payer", id} }, code, "NOBODYHERE"},
		{"POST", "/schedules", func(id string) []string {
			return []string{"payer", id, "do", "check", "amount", "500", "reference", "R1", "frequency", "monthly", "start", on, "day_of_month", "5", "ends", "after", "end", "", "payments", "3", "shift", "next"}
		}, code, "NOBODYHERE"},
		{"POST", "/payers/links", func(id string) []string { return []string{"id", id} }, payer, nobodysID},
		{"POST", "/payers", func(id string) []string { return []string{"version", "0", "code", "NEWONE", "name", "x", "buyer", id} }, buyer, nobodysID},
		{"POST", "/differences/" + k.ours.difference.String() + "/adoption", func(id string) []string { return []string{"code", id} }, code, "NOBODYHERE"},
		{"POST", "/batches", func(id string) []string { return batch("debit_submit", id) }, debit, nobodysID},
		{"POST", "/batches", func(id string) []string { return batch("schedule_pause", id) }, k.its.schedule.String(), nobodysID},
		{"POST", "/batches", func(id string) []string { return batch("schedule_cancel", id) }, k.its.schedule.String(), nobodysID},
	} {
		ask := func(id string) string {
			c.Get("/debits") // says what is still to be said of the one before
			pairs := form.fields(id)
			if form.method == http.MethodPost && !slices.Contains([]string{"/debits/export", "/payers/links", "/payers"}, form.path) && !strings.HasPrefix(form.path, "/differences") {
				pairs = append(slices.Clone(pairs), "key", strings.Repeat("K", 26))
			}
			var a apptest.Answer
			if form.method == http.MethodGet {
				a = c.Get(form.path + "?" + apptest.Form(pairs...).Encode())
			} else {
				a = c.Do(request(c, form.method, form.path, form.path, apptest.Form(pairs...)))
			}
			if a.Status == http.StatusBadRequest || a.Status >= 500 {
				t.Errorf("%s %s %v: %d", form.method, form.path, pairs, a.Status)
			}
			return strings.ReplaceAll(fmt.Sprint(a.Status, a.Location(), hiddenKey.ReplaceAllString(a.Body, "")), id, "ID")
		}
		// Twice, since an answer may leave something behind.
		nobody, theirs := ask(form.nobody), ask(form.is)
		if diff := cmp.Diff(nobody, theirs); diff != "" {
			t.Errorf("%s %s answers what is another's otherwise (-nobody's +theirs):\n%s", form.method, form.path, diff)
		}
	}
	if n := text(`SELECT count(*)::text FROM debits WHERE merchant_id = $1 AND payer_id NOT IN (SELECT id FROM payers WHERE merchant_id = $1)`, k.Merchant); n != "0" {
		t.Errorf("%s debits are of another merchant's payers", n)
	}
}

var hiddenKey = regexp.MustCompile(`name="key" value="[^"]*"`)

// TestTheWayBackFromTheBankIsOnesOwn: nobody else comes back with it, nobody who
// signed out meanwhile, and nobody at another merchant; and it serves once.
func TestTheWayBackFromTheBankIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	sent := func(c *apptest.Client, code string) (page, back string) {
		payer := debtor(t, w.World, code)
		begun := c.Post("/payers/"+payer.String()+"/mandates", "channel", "consent")
		wantStatus(t, begun, http.StatusSeeOther)
		ask(t, w.bank)
		out := linkOut.FindStringSubmatch(c.Get(begun.Location()).Body)
		if out == nil {
			t.Fatal("no way to the bank")
		}
		return begun.Location(), consents(t, html.UnescapeString(out[1]), "accept")
	}
	kept := func() string {
		return w.text(`SELECT string_agg((used_at IS NOT NULL)::text, ',' ORDER BY made_at) FROM consent_returns`)
	}
	c := w.SignIn(apptest.Maker)
	_, back := sent(c, "C1")
	w.replica(`UPDATE memberships SET duties = '{maker,checker}' WHERE person_id = $1`, w.Person(apptest.Checker))
	for who, other := range map[string]*apptest.Client{
		"another person": w.SignIn(apptest.Checker), "another session": w.SignIn(apptest.Maker), "a stranger": w.SignIn(apptest.Stranger), "somebody at another merchant, too": w.SignIn(apptest.Both),
	} {
		if a := other.Get(back); a.Status != http.StatusForbidden {
			t.Errorf("%s came back: %d %s", who, a.Status, a.Location())
		}
	}
	if a := w.Visitor().Get(back); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/sign-in") {
		t.Errorf("a visitor came back: %d %s", a.Status, a.Location())
	}
	// Whoever signs out and in again is in another session.
	c.Post("/sign-out")
	again := w.Visitor()
	if a := again.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password, "next", back); a.Status != http.StatusSeeOther {
		t.Fatalf("signing in: %d", a.Status)
	}
	if a := again.Get(back); a.Status != http.StatusForbidden {
		t.Errorf("after signing out: %d %s", a.Status, a.Location())
	}
	if kept() != "false" {
		t.Errorf("the way back is used up by others: %s", kept())
	}
	// Many times at once it serves once, and another code changes nothing later.
	c = w.SignIn(apptest.Maker)
	page, back := sent(c, "C2")
	answers := together(8, func(int) apptest.Answer { return c.Get(back) })
	for _, a := range answers {
		if a.Status != http.StatusSeeOther || a.Location() != page {
			t.Errorf("one of many: %d %s", a.Status, a.Location())
		}
	}
	if n := w.text(`SELECT count(*)::text FROM inquiries WHERE operation = 'consent.retrieve'`); n != "1" {
		t.Errorf("the bank is asked %s times", n)
	}
	sealed := w.text(`SELECT encode(sha256(code_sealed), 'hex') FROM consent_returns WHERE code_sealed IS NOT NULL`)
	c.Get(regexp.MustCompile(`code=[^&]*`).ReplaceAllString(back, "code=another"))
	if now := w.text(`SELECT encode(sha256(code_sealed), 'hex') FROM consent_returns WHERE code_sealed IS NOT NULL`); now != sealed {
		t.Error("a second code took the place of the first")
	}
	// One that ran out serves nobody, and neither does one of a registration that was given up.
	_, back = sent(c, "C3")
	w.replica(`UPDATE consent_returns SET expires_at = now() - interval '1 second', made_at = now() - interval '1 hour' WHERE used_at IS NULL`)
	if a := c.Get(back); a.Status != http.StatusGone {
		t.Errorf("a late one: %d", a.Status)
	}
	page, back = sent(c, "C4")
	if a := c.Post(page + "/abandonment"); a.Status != http.StatusSeeOther {
		t.Fatalf("giving up: %d", a.Status)
	}
	c.Get(back)
	if n := w.text(`SELECT count(*)::text FROM inquiries WHERE operation = 'consent.retrieve'`); n != "1" {
		t.Errorf("what was given up is exchanged all the same: %s", n)
	}
}

// together does something many times at the same moment.
func together(n int, do func(int) apptest.Answer) []apptest.Answer {
	answers := make([]apptest.Answer, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = do(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

// TestTwoAtOnceTakeNothingTwice: whoever comes second finds what the first did.
func TestTwoAtOnceTakeNothingTwice(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, mandate := w.payer("P1", "7770011501")
	broke, _ := w.payer("P2", "7770011512") // not enough money
	maker, checker, second := w.Client(apptest.Maker), w.Client(apptest.Checker), w.Client(apptest.Second)
	look := func(page string) (key, version string) {
		body := maker.Get(page + "/submission/new").Body
		return keyField.FindStringSubmatch(body)[1], versionField.FindStringSubmatch(body)[1]
	}
	count := func(sql string, want string) {
		t.Helper()
		if got := w.text(sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	calm := func(what string, answers []apptest.Answer) {
		t.Helper()
		for _, a := range answers {
			if a.Status >= 500 {
				t.Errorf("%s: %d\n%s", what, a.Status, w.Log.String())
			}
		}
	}
	for round := range 4 {
		amount := strconv.Itoa(100 + round)
		page := w.debit(payer, amount)
		// Submitted from two windows, with a key each.
		var windows [4][2]string
		for n := range windows {
			windows[n][0], windows[n][1] = look(page)
		}
		calm("submitting", together(len(windows), func(n int) apptest.Answer {
			return maker.Post(page+"/submission", "key", windows[n][0], "version", windows[n][1])
		}))
		count(`SELECT count(*)::text FROM instructions WHERE subject = 'debit/`+strings.TrimPrefix(page, "/debits/")+`'`, "1")
		lead := w.ofDebit(page, "instruction_id")
		seen := fingerprintField.FindStringSubmatch(checker.Get("/approvals/" + lead).Body)[1]
		// Two approve it and its maker takes it back.
		calm("deciding", together(4, func(n int) apptest.Answer {
			switch n {
			case 0:
				return maker.Post("/instructions/"+lead+"/withdrawal", "reason", "x")
			case 1:
				return second.Post("/instructions/"+lead+"/approval", "fingerprint", seen)
			}
			return checker.Post("/instructions/"+lead+"/approval", "fingerprint", seen)
		}))
		// Two workers at once.
		together(3, func(int) apptest.Answer { _ = w.bank.Worker.Drain(t.Context()); return apptest.Answer{} })
		count(`SELECT (count(*) <= 1)::text FROM attempts WHERE instruction_id = '`+lead+`'`, "true")
		count(`SELECT (count(*) <= 1)::text FROM approvals WHERE instruction_id = '`+lead+`'`, "true")
		if state := w.ofDebit(page, "state"); state != store.DebitTaken && state != store.DebitDraft {
			t.Errorf("the debit is %s", state)
		}
	}
	taken := w.text(`SELECT count(*)::text FROM debits WHERE state = 'taken'`)
	if n := strconv.Itoa(len(w.bank.Taken())); n != taken {
		t.Errorf("the bank took %s debits, and %s are taken here", n, taken)
	}
	failed := w.debit(broke, "1,000")
	w.take(failed)
	calm("trying again", together(4, func(int) apptest.Answer {
		return maker.Post("/debits/retries", "key", rand.Text(), "id", strings.TrimPrefix(failed, "/debits/"))
	}))
	count(`SELECT count(*)::text FROM debits WHERE retry_of IS NOT NULL`, "1")
	// What waits under a mandate that two people end meanwhile is not sent.
	waits := w.debit(payer, "900")
	if a := w.submitDebit(waits); a.Status != http.StatusSeeOther {
		t.Fatalf("submitting: %d", a.Status)
	}
	if a := maker.Post("/mandates/"+mandate.String()+"/cancellation", "key", rand.Text(), "reason", "ลูกค้าขอ"); a.Status != http.StatusSeeOther {
		t.Fatalf("ending the mandate: %d %s", a.Status, a.Body)
	}
	ends := w.text(`SELECT cancellation_id::text FROM mandates WHERE id = $1`, mandate)
	leads := [2]string{ends, w.ofDebit(waits, "instruction_id")}
	var prints [2]string
	for n, lead := range leads {
		prints[n] = fingerprintField.FindStringSubmatch(checker.Get("/approvals/" + lead).Body)[1]
	}
	calm("ending and debiting", together(2, func(n int) apptest.Answer {
		return checker.Post("/instructions/"+leads[n]+"/approval", "fingerprint", prints[n])
	}))
	before := len(w.bank.Taken())
	w.bank.Send()
	if state := w.text(`SELECT state FROM mandates WHERE id = $1`, mandate); state != store.MandateCancelled {
		t.Errorf("the mandate is %s", state)
	}
	if len(w.bank.Taken()) != before {
		t.Error("money was taken under a mandate that somebody had agreed to end")
	}
	form := apptest.Form("version", w.text(`SELECT max(version)::text FROM debit_rules`), "min", "20", "max", "1000", "send_at", "08:00", "cut_off", "20:00", "collision", "block", "cap", "3", "note", "x")
	for _, f := range krungsri.DebitFailures() {
		form.Set("times_"+f.Code, "0")
		form.Set("days_"+f.Code, "1")
	}
	calm("proposing rules", together(4, func(int) apptest.Answer { return maker.Do(maker.Request("POST", "/debit-rules", form)) }))
	count(`SELECT count(*)::text FROM debit_rules WHERE decision IS NULL`, "1")
	proposal := "/debit-rules/" + w.text(`SELECT id::text FROM debit_rules WHERE decision IS NULL`)
	calm("deciding on rules", together(6, func(n int) apptest.Answer {
		return [3]func() apptest.Answer{
			func() apptest.Answer { return maker.Post(proposal + "/withdrawal") }, func() apptest.Answer { return checker.Post(proposal + "/approval") },
			func() apptest.Answer { return second.Post(proposal + "/rejection") },
		}[n%3]()
	}))
	count(`SELECT count(*)::text FROM debit_rules WHERE note = 'x' AND decision IS NOT NULL`, "1")
}

// TestNoFileOfDirectDebitLeavesAnythingOutOrIsAFormula: a file is the whole list
// or none, and a spreadsheet computes nothing of what people typed.
func TestNoFileOfDirectDebitLeavesAnythingOutOrIsAFormula(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	c := w.Client(apptest.Maker)
	payer, _ := w.payer("P1", "7770011501")
	hostile := `=HYPERLINK("http://evil","ก,""ข""")`
	w.replica(`UPDATE payers SET name = $2, name_en = '+66', contact = '@SUM(A1)', note = E'-1\n=2', email = '＝1+1@x.example', email_sealed = NULL, email_mark = NULL, buyer_id = NULL WHERE id = $1`, payer, hostile)
	w.debit(payer, "500", "invoice_number", "=1+1")
	for path, least := range map[string]int{"/payers/export": 5, "/debits/export": 2} {
		for _, format := range []string{"csv", "xlsx"} {
			a := c.Post(path, "list", "", "format", format)
			if a.Status != http.StatusOK {
				t.Fatalf("%s as %s: %d", path, format, a.Status)
			}
			var rows [][]string
			if format == "csv" {
				read, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
				if err != nil {
					t.Fatal(err)
				}
				rows = read
			} else {
				book, err := excelize.OpenReader(strings.NewReader(a.Body))
				if err != nil {
					t.Fatal(err)
				}
				sheet := book.GetSheetName(0)
				if rows, err = book.GetRows(sheet); err != nil {
					t.Fatal(err)
				}
				for y := range rows {
					for x := range rows[y] {
						cell, _ := excelize.CoordinatesToCellName(x+1, y+1)
						if formula, _ := book.GetCellFormula(sheet, cell); formula != "" {
							t.Errorf("%s %s is the formula %s", path, cell, formula)
						}
					}
				}
			}
			if len(rows) != 2 {
				t.Fatalf("%s as %s has %d rows", path, format, len(rows))
			}
			quoted := 0
			for _, cell := range rows[1] {
				if format == "csv" && strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") || strings.HasPrefix(cell, "＝") && format == "csv" {
					t.Errorf("%s: a formula lives: %q", path, cell)
				}
				if strings.HasPrefix(cell, "'") {
					quoted++
				}
			}
			if format == "csv" && quoted < least {
				t.Errorf("%s: %d cells are neutral, want %d: %q", path, quoted, least, rows[1])
			}
		}
	}
	w.replica(`INSERT INTO payers (id, merchant_id, code, name) SELECT gen_random_uuid(), $1, 'X' || n, 'x' FROM generate_series(1, 10001) AS n`, w.Merchant)
	w.replica(`INSERT INTO payer_search (payer_id, merchant_id, state, sort_name, sort_code, words) SELECT id, merchant_id, state, sort_name, code, '' FROM payers WHERE code LIKE 'X%'`)
	if a := c.Post("/payers/export", "list", "", "format", "csv"); a.Status != http.StatusSeeOther || a.Location() != "/payers" {
		t.Errorf("more payers than one file holds: %d, %d bytes", a.Status, len(a.Body))
	}
}
