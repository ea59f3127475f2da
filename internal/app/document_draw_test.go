package app_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/store"
)

func drawPath(id store.ID) string { return "/presentments/" + id.String() + "/documents/drawn" }

func TestPortalDrawsTheBillAndSendsWhatItDrew(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, checker, bank := w.Client(apptest.Maker), w.Client(apptest.Checker), w.OpenBank()
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1/2569")))
	if page := maker.Get("/presentments/" + bill.ID.String()); !strings.Contains(page.Body, "วาดใบแจ้งหนี้จากเอกสารนี้") {
		t.Error("the draft does not offer to draw it")
	}
	a := maker.Post(drawPath(bill.ID), "language", "both", "back", "bill")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("drawing: %d %s", a.Status, a.Body)
	}
	bill = billOf(t, w, bill.ID)
	if len(bill.Documents) != 1 || bill.Documents[0].Name != "INV-1-2569.pdf" || bill.Documents[0].DrawnLanguage != "both" || bill.Documents[0].Pages != 1 {
		t.Fatalf("attached %+v", bill.Documents)
	}
	// Nothing has changed, so nothing is drawn.
	if a := maker.Post(drawPath(bill.ID), "language", "both", "back", "bill"); a.Status != http.StatusSeeOther || billOf(t, w, bill.ID).Version != bill.Version {
		t.Errorf("drawing the same again: %d, version %d", a.Status, billOf(t, w, bill.ID).Version)
	}
	paper := checker.Get("/files/" + bill.Documents[0].FileID.String())
	if paper.Status != http.StatusOK || !strings.HasPrefix(paper.Body, "%PDF-1.7") {
		t.Errorf("the paper: %d", paper.Status)
	}
	if a := maker.Post("/presentments/"+bill.ID.String()+"/submission", "key", strings.Repeat("A", 26), "version", strconv.Itoa(bill.Version)); a.Status != http.StatusSeeOther {
		t.Fatalf("submitting: %d %s", a.Status, a.Body)
	}
	entry := billOf(t, w, bill.ID).EntryID.UUID
	if a := checker.Post("/instructions/"+entry.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, entry)); a.Status != http.StatusSeeOther {
		t.Fatalf("approving: %d", a.Status)
	}
	bank.Send()
	if p := billOf(t, w, bill.ID); p.State != store.PresentmentPresented {
		t.Errorf("the bill is %s", p.State)
	}
	if a := maker.Post(drawPath(bill.ID), "language", "th"); a.Status != http.StatusConflict {
		t.Errorf("drawing what is at the bank: %d", a.Status)
	}
}

func TestDrawnInvoiceOfAnOlderBillIsNotSubmitted(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Client(apptest.Maker)
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1")))
	maker.Post(drawPath(bill.ID), "language", "th", "back", "bill")
	drawn := billOf(t, w, bill.ID)
	// Another file says nothing about the bill.
	attach(t, maker, bill.ID, pdf("delivery note"))
	check := "/presentments/" + bill.ID.String() + "/submission/new"
	const stale = "ใบที่วาดไว้ไม่ตรงกับเอกสารแล้ว"
	if page := maker.Get(check); strings.Contains(page.Body, stale) {
		t.Error("a file made the drawn invoice old")
	}
	version := billOf(t, w, bill.ID).Version
	if a := send(maker, "/presentments/"+bill.ID.String(), billForm("INV-1", "version", strconv.Itoa(version), "remark", "ส่งของวันศุกร์")); a.Status != http.StatusSeeOther {
		t.Fatalf("editing: %d %s", a.Status, a.Body)
	}
	version = billOf(t, w, bill.ID).Version
	for _, path := range []string{check, "/presentments/" + bill.ID.String()} {
		if page := maker.Get(path); !strings.Contains(page.Body, stale) || !strings.Contains(page.Body, "วาดใหม่จากข้อมูลปัจจุบัน") {
			t.Errorf("%s does not say that the drawn invoice is old", path)
		}
	}
	a := maker.Post("/presentments/"+bill.ID.String()+"/submission", "key", strings.Repeat("A", 26), "version", strconv.Itoa(version))
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, stale) {
		t.Errorf("submitting it all the same: %d", a.Status)
	}
	if a := maker.Post(drawPath(bill.ID), "language", "th", "back", "check"); a.Status != http.StatusSeeOther || a.Location() != check {
		t.Errorf("drawing it anew: %d to %s", a.Status, a.Location())
	}
	now := billOf(t, w, bill.ID)
	fresh, ok := now.Drawn()
	if !ok || len(now.Documents) != 2 || bytes.Equal(fresh.SHA256, drawn.Documents[0].SHA256) {
		t.Fatalf("the new paper: %v", now.Documents)
	}
	if page := maker.Get(check); strings.Contains(page.Body, stale) {
		t.Error("the new paper is old, too")
	}
	// What the seller is stands on the paper, too.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE merchants SET address = 'ที่อยู่ใหม่'; COMMIT`)
	_, err := teller.New(w.Web).SubmitPresentment(t.Context(), w.Actor(apptest.Maker), bill.ID, now.Version, store.NewID().String())
	if err == nil || err.Error() != teller.ErrDrawnOtherwise.Error() {
		t.Errorf("with an older address of the seller: %v", err)
	}
}

func TestDrawingSaysWhatItCannotDraw(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Client(apptest.Maker)
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1", "remark", "株式会社")))
	a := maker.Post(drawPath(bill.ID), "language", "th", "back", "bill")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "แบบอักษรไม่มีตัว “株”") || len(billOf(t, w, bill.ID).Documents) != 0 {
		t.Errorf("a letter that the font does not have: %d", a.Status)
	}
	full := stored(t, w, send(maker, "/presentments", billForm("INV-2")))
	var files []attachment
	for i := range 10 {
		files = append(files, pdf("file-"+strconv.Itoa(i)))
	}
	attach(t, maker, full.ID, files...)
	if a := maker.Post(drawPath(full.ID), "language", "th", "back", "bill"); a.Status != http.StatusUnprocessableEntity || len(billOf(t, w, full.ID).Documents) != 10 {
		t.Errorf("an eleventh document: %d", a.Status)
	}
	for person, status := range map[string]int{apptest.Checker: http.StatusForbidden, apptest.Stranger: http.StatusNotFound} {
		if a := w.Client(person).Post(drawPath(full.ID), "language", "th", "back", "bill"); a.Status != status {
			t.Errorf("%s: %d", person, a.Status)
		}
	}
	if a := maker.Post(drawPath(full.ID), "language", "klingon", "back", "bill"); a.Status >= 500 {
		t.Errorf("an unknown language: %d", a.Status)
	}
}
