package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/store"
)

// scanner finds a virus in files of one name, and cannot say of another.
type scanner struct{}

func (scanner) Scan(_ context.Context, r io.Reader) (string, error) {
	content, err := io.ReadAll(r)
	switch {
	case bytes.Contains(content, []byte("infected")):
		return "Test-Signature", err
	case bytes.Contains(content, []byte("silent")):
		return "", errors.New("connection refused")
	}
	return "", err
}

func TestFileIsTakenOnceTheScannerCallsItClean(t *testing.T) {
	t.Parallel()
	w := apptest.New(t, func(c *app.Config) { c.Scanner = scanner{} })
	maker := w.Client(apptest.Maker)
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1")))
	a := attach(t, maker, bill.ID, pdf("infected"), pdf("silent"), pdf("clean"))
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "“infected.pdf” มีไวรัส") || !strings.Contains(a.Body, "สแกนไวรัสใน “silent.pdf” ไม่ได้") {
		t.Errorf("a virus, and a scanner that does not answer: %d", a.Status)
	}
	bill = billOf(t, w, bill.ID)
	if len(bill.Documents) != 1 || bill.Documents[0].Name != "clean.pdf" || bill.Documents[0].Scan != store.ScanClean {
		t.Fatalf("taken: %+v", bill.Documents)
	}
	if page := maker.Get("/presentments/" + bill.ID.String()); !strings.Contains(page.Body, "สแกนไวรัสแล้ว") {
		t.Error("the page does not say that it was scanned")
	}
}
