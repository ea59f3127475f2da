package app_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
)

// ticked does something with the requests of some references, as ticked in the
// list.
func (w thread) ticked(who *apptest.Client, kind string, references ...string) (batch string) {
	w.t.Helper()
	pairs := []string{"of", "requests", "kind", kind}
	for _, r := range references {
		pairs = append(pairs, "id", w.text(`SELECT id::text FROM pay_requests WHERE reference = $1 ORDER BY created_at DESC LIMIT 1`, r))
	}
	return w.atOnce(who, "/batches", pairs...)
}

func (w thread) requestStates() string {
	w.t.Helper()
	return w.text(`SELECT string_agg(reference || ' ' || state, ', ' ORDER BY reference, created_at) FROM pay_requests`)
}

func TestRequestsAreDecidedOnByTicks(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.promptPay()
	at, _ := w.requestList(requestHeading, "หนึ่ง,0812345671,100,,A1,,,", "สอง,0812345672,200,,A2,,,", "สาม,0812345673,300.50,,A3,,,")
	c, checker := w.Client(apptest.Maker), w.Client(apptest.Checker)
	c.Post(at + "/drafts")
	batch := strings.Replace(at, "/imports/", "/request-batches/", 1)
	lists := func(says ...string) {
		t.Helper()
		page := c.Get("/request-batches").Body
		for _, want := range append(says, `href="`+batch+`"`, "คุณmaker") {
			if !strings.Contains(page, want) {
				t.Errorf("the batches do not say %q", want)
			}
		}
	}
	c.Get("/language/en")
	lists("600.50", "Drafts left")
	if page := w.Client(apptest.Stranger).Get("/request-batches").Body; strings.Contains(page, batch) {
		t.Error("a stranger sees the batch")
	}
	if page := w.Client(apptest.Auditor).Get("/requests").Body; strings.Contains(page, `class="pick"`) {
		t.Error("whoever may do nothing has boxes to tick")
	}
	// Aside and back: what the list comes to follows.
	aside := w.ticked(c, "request_discard", "A1", "A2")
	if got := w.requestStates(); got != "A1 discarded, A2 discarded, A3 draft" {
		t.Fatalf("after discarding: %s", got)
	}
	lists("300.50")
	w.atOnce(c, "/batches", "kind", "request_restore", "undo", strings.TrimPrefix(aside, "/batches/"))
	if got := w.requestStates(); got != "A1 draft, A2 draft, A3 draft" {
		t.Fatalf("after taking it back: %s", got)
	}
	lists("600.50")
	w.ticked(c, "request_submit", "A1", "A2")
	if page := checker.Get("/requests?state=submitted").Body; strings.Count(page, `class="pick"`) != 2 || !strings.Contains(page, `value="approve"`) {
		t.Error("a checker cannot tick what waits")
	}
	w.ticked(checker, "approve", "A1", "A2")
	w.bank.Send()
	if got := w.requestStates(); got != "A1 sent, A2 sent, A3 draft" {
		t.Fatalf("after approval: %s", got)
	}
	// One ends, one runs on: only the first is sent again, and only once.
	if err := w.bank.PlayAlert(w.text(`SELECT bank_reference FROM pay_requests WHERE reference = 'A1'`), krungsri.AlertExpired, ""); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	ended := w.text(`SELECT id::text FROM pay_requests WHERE reference = 'A1'`)
	if page := c.Get("/requests?state=expired").Body; !strings.Contains(page, `value="request_resend"`) || strings.Contains(page, `value="request_discard"`) {
		t.Error("what ended is not offered to be sent again, or to be discarded")
	}
	w.ticked(c, "request_resend", "A1", "A2")
	if got := w.text(`SELECT string_agg(reference || ' ' || state || ' ' || coalesce(send_at, ''), ', ') FROM pay_requests WHERE resend_of = $1`, ended); got != "A1 submitted " {
		t.Fatalf("sent again: %s", got)
	}
	if got := w.text(`SELECT string_agg(r.title || ' ' || r.message, ',') FROM batch_rows r WHERE r.message <> ''`); got != "สอง · A2 request.refused.running" {
		t.Errorf("rows that were left out say %q", got)
	}
	again := c.Post("/batches", "key", rand.Text(), "of", "requests", "kind", "request_resend", "id", ended)
	if page := c.Get(again.Location()).Body; !strings.Contains(page, "has been sent again") && !strings.Contains(page, "sent again already") {
		t.Errorf("it can be sent again twice: %s", clipped(page))
	}
	// A second try that was on its way before the first came through stops there.
	if got := w.text(`SELECT count(*)::text FROM pay_requests WHERE resend_of IS NOT NULL`); got != "1" {
		t.Errorf("%s requests were made to be sent again", got)
	}
}
