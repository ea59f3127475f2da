package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

func TestABatchDrawsThePaperOfBillsThatHaveNone(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Actor(apptest.Maker)
	c := w.Client(apptest.Maker)
	own := tellertest.Draft(t, w.Web, maker, "INV-1")
	bare := stored(t, w, send(c, "/presentments", billForm("INV-2")))
	died := stored(t, w, send(c, "/presentments", billForm("INV-3")))
	other := stored(t, w, send(c, "/presentments", billForm("INV-4")))
	added := stored(t, w, send(c, "/presentments", billForm("INV-5")))
	b := choose(t, w, apptest.Maker, "submit", own.ID, bare.ID, died.ID, other.ID, added.ID)

	if page := b.c.Get(b.path); !strings.Contains(page.Body, "4 ใบยังไม่มีไฟล์แนบ") || !strings.Contains(page.Body, "ส่งเอกสาร 1 ใบ") {
		t.Errorf("the page does not offer to draw:\n%s", page.Body)
	}
	page := b.c.Get(b.path + "?draw=en")
	for _, want := range []string{"ส่งเอกสาร 5 ใบ", "อังกฤษ", `name="draw" value="en"`} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("after the choice the page lacks %q", want)
		}
	}
	// What a try that died after drawing leaves, what somebody else drew in
	// another language, and a file that came after it was seen.
	for bill, language := range map[store.ID]string{died.ID: "en", other.ID: "th"} {
		if a := c.Post("/presentments/"+bill.String()+"/documents/drawn", "language", language, "back", "bill"); a.Status != http.StatusSeeOther {
			t.Fatalf("drawing was answered %d", a.Status)
		}
	}
	tellertest.Attach(t, w.Web, maker, added.ID, "a file of one's own")
	if a := b.start("draw", "en"); a.Status != http.StatusSeeOther || a.Location() != b.path {
		t.Fatalf("the start was answered %d %s", a.Status, a.Location())
	}
	batch, rows := b.batch()
	if got := states(rows); got != "done done done changed changed" || batch.Drawing != "en" {
		t.Errorf("the rows are %s, drawing %q", got, batch.Drawing)
	}
	for bill, drawn := range map[store.ID]bool{own.ID: false, bare.ID: true, died.ID: true} {
		p := billOf(t, w, bill)
		d, ok := p.Drawn()
		if p.State != store.PresentmentSubmitted || len(p.Documents) != 1 || ok != drawn || drawn && d.DrawnLanguage != "en" {
			t.Errorf("%s is %s with %d documents, drawn %t in %q", p.DocumentNumber, p.State, len(p.Documents), ok, d.DrawnLanguage)
		}
	}
}

func TestABatchNamesTheLetterThatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	form := billForm("INV-1")
	form.Set("buyer_name", "株式会社")
	bare := stored(t, w, send(w.Client(apptest.Maker), "/presentments", form))
	b := choose(t, w, apptest.Maker, "submit", bare.ID)
	b.sum = batchSum.FindStringSubmatch(b.c.Get(b.path + "?draw=th").Body)[1]
	b.start("draw", "th")
	if _, rows := b.batch(); states(rows) != "refused" || rows[0].Message != "document.no_letter" {
		t.Errorf("the rows are %s: %s", states(rows), rows[0].Message)
	}
	if a := b.c.Get(b.path); !strings.Contains(a.Body, "株") {
		t.Error("the page does not name the letter")
	}
}
