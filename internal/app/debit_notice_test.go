package app_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/notify"
	"portal/internal/store"
)

// told steps the notifier until it has told of all that is published, and
// returns what a maker was told of, by kind, with the page that it leads to.
func (w thread) told() map[string]string {
	w.t.Helper()
	n := notify.New(w.DB.Store(store.Worker), notify.Config{Origin: w.URL, Log: slog.New(slog.DiscardHandler)})
	for w.text(`SELECT (SELECT next_idx FROM notice_cursor) <= coalesce((SELECT max(idx) FROM audit_leaves), -1) OR EXISTS (SELECT FROM audit_leaves WHERE idx IS NULL)`) == "true" {
		if err := n.Step(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	var list []store.Notice
	err := w.Web.Read(w.t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		list, _, err = q.Notices(false, store.NoticeCursor{}, 50)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	told := map[string]string{}
	for _, n := range list {
		told[n.Kind] = notify.Path(n)
	}
	return told
}

// TestMakersAreToldOfMandatesAndOfDebitsIfTheyWish: that a payer said no is
// told; what goes as it should, and each debit of a run, only to who asks.
func TestMakersAreToldOfMandatesAndOfDebitsIfTheyWish(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.payer("P1", "7770011512") // whose account holds too little
	c := w.Client(apptest.Maker)
	registered(t, w.World, w.bank, "C100")
	payer := debtor(t, w.World, "C101")
	wantStatus(t, c.Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink"), http.StatusSeeOther)
	ask(t, w.bank)
	m := mandateOf(t, w.World, payer)
	if err := w.bank.Refuse(m.JourneyID); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	ask(t, w.bank)
	fails := func(amount string) string {
		page := w.debit(idIn(t, w.text(`SELECT id::text FROM payers WHERE code = 'P1'`)), amount)
		w.take(page)
		return page
	}
	fails("1,000")
	told := w.told()
	if told[notify.MandateRefused] != "/mandates/"+m.ID.String() {
		t.Errorf("that a payer said no leads to %q", told[notify.MandateRefused])
	}
	if told[notify.MandateRegistered] != "" || told[notify.DebitFailed] != "" || told[notify.Refused] != "" {
		t.Errorf("who never asked for it is told of what comes by the hundred: %v", told)
	}
	// Who asks for it is told.
	if a := c.Post("/account/notices", "topic_debits", "now", "topic_registered", "digest"); a.Status != http.StatusSeeOther {
		t.Fatalf("choosing: %d %s", a.Status, clipped(a.Body))
	}
	_, mandate := registered(t, w.World, w.bank, "C102")
	page := fails("2,000")
	told = w.told()
	if told[notify.MandateRegistered] != "/mandates/"+mandate.ID.String() || told[notify.DebitFailed] != page {
		t.Errorf("who asked is told of %v, want %s and mandate %s", told, page, mandate.ID)
	}
	// And both languages have the words.
	for _, lang := range []string{"th", "en"} {
		c.Get("/language/" + lang)
		if a := c.Get("/notices"); a.Status != http.StatusOK || strings.Contains(a.Body, "⟦") {
			t.Errorf("the notices in %s: %d", lang, a.Status)
		}
		if a := c.Get("/search?q=C102"); !strings.Contains(a.Body, "/payers/"+mandate.PayerID.String()) {
			t.Errorf("the search in %s does not find a payer", lang)
		}
	}
}
