package app_test

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/store"
)

var hiddenID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// comingWednesday is a Wednesday some weeks away, of which nothing else is said.
func comingWednesday() time.Time {
	d := time.Now().In(krungsri.Bangkok).AddDate(0, 0, 21)
	for d.Weekday() != time.Wednesday {
		d = d.AddDate(0, 0, 1)
	}
	return d
}

// closes has a day marked as one on which the bank is closed, or works after all.
func (w thread) closes(day time.Time, closed string) {
	w.t.Helper()
	a := w.Client(apptest.Maker).Post("/holidays", "day", day.Format("02/01/2006"), "closed", closed, "name", "วันหยุดพิเศษ", "source", "ประกาศ ธปท.")
	if a.Status != http.StatusSeeOther {
		w.t.Fatalf("marking a day: %d", a.Status)
	}
}

func TestALateHolidayMovesDatedDebitsUnderOneApproval(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	day := comingWednesday()
	w.closes(day, "no")
	w.closes(day.AddDate(0, 0, 1), "no")
	// The next day is no bank day either.
	next := day.AddDate(0, 0, 2)
	w.closes(next, "no")
	w.closes(day.AddDate(0, 0, 1), "yes")
	dated := []string{"debit_on", day.Format("02/01/2006")}
	payer, _ := w.payer("P1", "7770011501")
	draft, submitted, approved := w.debit(payer, "100", dated...), w.debit(payer, "200", dated...), w.debit(payer, "300", dated...)
	for _, page := range []string{submitted, approved} {
		if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
			t.Fatalf("the submission: %d %s", a.Status, a.Body)
		}
	}
	first := w.ofDebit(approved, "instruction_id")
	w.approve(first)
	c := w.Client(apptest.Maker)
	here := "/holidays/" + day.Format(time.DateOnly)
	if look := c.Get(here).Body; strings.Contains(look, "debit_move") {
		t.Error("a day on which the bank works moves debits")
	}
	w.closes(day, "yes")
	look := c.Get(here).Body
	ids := hiddenID.FindAllStringSubmatch(look, -1)
	if !strings.Contains(look, draft) || len(ids) != 2 || !strings.Contains(look, `value="debit_move"`) {
		t.Fatalf("the day lists %v: %s", ids, clipped(look))
	}
	colleague := w.Client(apptest.Both)
	colleague.Post("/merchant", "merchant", w.Merchant.String())
	if other := colleague.Get(here).Body; !strings.Contains(other, approved) || strings.Contains(other, `value="debit_move"`) {
		t.Error("somebody else may move what is not theirs")
	}
	theirs := colleague.Post("/batches", "key", rand.Text(), "kind", "debit_move", "id", ids[0][1])
	if look := colleague.Get(theirs.Location()).Body; !strings.Contains(look, "เป็นผู้ขอ") || fingerprintField.MatchString(look) {
		t.Errorf("somebody else may move it: %s", clipped(look))
	}
	asked := c.Post("/batches", "key", rand.Text(), "kind", "debit_move", "id", ids[0][1], "id", ids[1][1])
	sum := fingerprintField.FindStringSubmatch(c.Get(asked.Location()).Body)
	if sum == nil {
		t.Fatalf("nothing to start: %d %s", asked.Status, asked.Location())
	}
	if a := c.Post(asked.Location()+"/start", "fingerprint", sum[1]); a.Status != http.StatusSeeOther {
		t.Fatalf("the start: %d", a.Status)
	}
	want := next.Format(time.DateOnly)
	for _, page := range []string{submitted, approved} {
		if got := w.ofDebit(page, "state || ' ' || debit_on"); got != "submitted "+want {
			t.Errorf("the debit is %s, want it submitted for %s: %s", got, want, c.Get(asked.Location()).Body)
		}
	}
	if got := w.ofDebit(draft, "debit_on"); got != day.Format(time.DateOnly) {
		t.Errorf("the draft went to %s", got)
	}
	if got := w.text(`SELECT state FROM instructions WHERE id::text = $1`, first); got != store.Withdrawn {
		t.Errorf("what was approved for the holiday is %s", got)
	}
	again := w.ofDebit(approved, "instruction_id")
	if got := w.text(`SELECT (replaces_id::text = $2)::text || ' ' || (not_before AT TIME ZONE 'Asia/Bangkok')::date FROM instructions WHERE id::text = $1`, again, first); got != "true "+want {
		t.Errorf("the new request is %s", got)
	}
	w.approve(again)
	if got := w.ofDebit(approved, "state"); got != store.DebitApproved {
		t.Errorf("after its one approval the debit is %s", got)
	}
	if n := len(w.bank.Debits()); n != 0 {
		t.Errorf("the bank heard of %d debits", n)
	}
}

func TestADebitStaysWhereItIsIfTheHolidayIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	day := comingWednesday()
	w.closes(day, "yes")
	payer, _ := w.payer("P1", "7770011501")
	page := w.debit(payer, "100", "debit_on", day.Format("02/01/2006"))
	if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
		t.Fatalf("the submission: %d %s", a.Status, a.Body)
	}
	c := w.Client(apptest.Maker)
	asked := c.Post("/batches", "key", rand.Text(), "kind", "debit_move", "id", strings.TrimPrefix(page, "/debits/"))
	sum := fingerprintField.FindStringSubmatch(c.Get(asked.Location()).Body)
	if sum == nil {
		t.Fatalf("nothing to start: %d %s", asked.Status, asked.Location())
	}
	w.closes(day, "no")
	c.Post(asked.Location()+"/start", "fingerprint", sum[1])
	if got := w.ofDebit(page, "state || ' ' || debit_on || ' ' || version"); got != "submitted "+day.Format(time.DateOnly)+" 1" {
		t.Errorf("the debit is %s", got)
	}
	if look := c.Get(asked.Location()).Body; !strings.Contains(look, "ไม่ต้องย้าย") {
		t.Errorf("the batch does not say why: %s", clipped(look))
	}
}
