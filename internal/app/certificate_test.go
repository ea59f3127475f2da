package app_test

import (
	"archive/zip"
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/app/upload/samplepdf"
)

// withScan sends a form whose last field is a scan, as a certificate's page does.
func withScan(t *testing.T, c *apptest.Client, path string, scan attachment, pairs ...string) apptest.Answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		// Writing to memory does not fail.
		_ = form.WriteField(pairs[i], pairs[i+1])
	}
	part, _ := form.CreateFormFile("scan", scan.name)
	_, _ = part.Write(scan.content)
	_ = form.Close()
	r := c.Request(http.MethodPost, path, nil)
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	r.Header.Set("Content-Type", form.FormDataContentType())
	return c.Do(r)
}

// owedCertificate is the address of the certificate of a bill paid 3 % short.
func owedCertificate(t *testing.T, w *apptest.World) string {
	t.Helper()
	billsAtBuyer(t, w, "INV-0001")
	c := w.Client(apptest.Maker)
	at, _ := bringStatement(t, c, "Date,Money in,Reference 1,Bank reference", time.Now().In(thai.Bangkok).Format(time.DateOnly)+",1040,INV-0001,B1")
	c.Post(at + "/drafts")
	goOn(t, c, at)
	owed := regexp.MustCompile(`/payments/certificates/[0-9a-f-]{36}`).FindString(c.Get("/payments/certificates").Body)
	if owed == "" {
		t.Fatal("no certificate is awaited")
	}
	return owed
}

func (w scanned) files() (n int) {
	w.t.Helper()
	if err := w.DB.Super.QueryRowContext(w.t.Context(), `SELECT count(*) FROM files WHERE name NOT LIKE 'statement%' AND name NOT LIKE 'INV-%' AND name <> 'invoice.pdf'`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// scanned is a world with a certificate.
type scanned struct {
	*apptest.World
	t *testing.T
}

func TestTheScanOfACertificateIsJudgedKeptAndArchived(t *testing.T) {
	t.Parallel()
	w := scanned{apptest.New(t), t}
	at := owedCertificate(t, w.World)
	c := w.Client(apptest.Maker)
	before := w.files()
	today := time.Now().In(thai.Bangkok).Format("02/01/2006")
	xml := attachment{"50ทวิ.pdf", []byte(eTaxInvoice)}
	if a := withScan(t, c, at+"/receipt", xml, "number", "12/0345", "on", today, "note", ""); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "scan-error") || !strings.Contains(a.Body, "12/0345") {
		t.Errorf("XML as a scan: %d", a.Status)
	}
	good := samplepdf.SamplePDF("x")
	for _, h := range []struct {
		scan attachment
		says string
	}{
		{attachment{"locked.pdf", locked(good)}, "รหัสผ่าน"},
		{attachment{"script.pdf", bytes.Replace(good, []byte("/Type /Catalog"), []byte("/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), 1)}, "สคริปต์"},
		{attachment{"zip.pdf", append(bytes.Clone(good), "PK\x05\x06\x00\x00\x00\x00%%EOF"...)}, "สองชนิด"},
		{attachment{"flood.png", flood(t)}, "ล้านพิกเซล"},
		{attachment{"large.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 6<<20)...)}, "ใหญ่เกิน 5 MB"},
	} {
		a := withScan(t, c, at+"/receipt", h.scan, "number", "12/0345", "on", today, "note", "")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, h.says) || !strings.Contains(a.Body, "scan-error") {
			t.Errorf("%s: %d, %q is not said", h.scan.name, a.Status, h.says)
		}
	}
	if a := withScan(t, c, at+"/receipt", attachment{"a.pdf", good}, "number", "", "on", today, "note", ""); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "number-error") || !strings.Contains(a.Body, "scan-error") {
		t.Errorf("without a number: %d", a.Status)
	}
	if a := withScan(t, c, at+"/scan", attachment{"a.pdf", samplepdf.SamplePDF("x")}); a.Status != http.StatusConflict {
		t.Errorf("the scan of what did not come: %d", a.Status)
	}
	if n := w.files(); n != before {
		t.Errorf("%d files were stored of what was refused", n-before)
	}
	if a := withScan(t, c, at+"/receipt", attachment{"50ทวิ.pdf", samplepdf.SamplePDF("first")}, "number", "12/0345", "on", today, "note", ""); a.Status != http.StatusSeeOther {
		t.Fatalf("taking it in: %d %s", a.Status, clipped(a.Body))
	}
	if a := withScan(t, c, at+"/receipt", attachment{"b.pdf", samplepdf.SamplePDF("again")}, "number", "99", "on", today, "note", ""); a.Status != http.StatusConflict {
		t.Errorf("taking it in again: %d", a.Status)
	}
	if a := withScan(t, c, at+"/scan", attachment{"better.pdf", samplepdf.SamplePDF("second")}); a.Status != http.StatusSeeOther {
		t.Errorf("a better scan: %d %s", a.Status, clipped(a.Body))
	}
	if page := c.Get(at); !strings.Contains(page.Body, `<iframe class="preview"`) || !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Error("the scan is not shown")
	}
	// Of a buyer who owes nothing any more nothing is asked.
	if a := c.Get(at + "/letter"); a.Status != http.StatusSeeOther || a.Location() != at {
		t.Errorf("a letter that asks for nothing: %d", a.Status)
	}
	if a := c.Post(at + "/letter"); a.Location() != at {
		t.Errorf("a letter that asked for nothing is recorded: %d %s", a.Status, a.Location())
	}
	// The first scan is loose again, the second is not.
	var loose int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT coalesce(sum(loose_files), 0) FROM upload_tallies WHERE merchant_id = $1`, w.Merchant).Scan(&loose); err != nil || loose != 1 {
		t.Errorf("%d files belong to nothing, want 1 (%v)", loose, err)
	}
	month := time.Now().In(thai.Bangkok).Format("2006-01")
	packed := w.Client(apptest.Auditor).Post("/documents/archive", "month", month, "lang", "en")
	z, err := zip.NewReader(strings.NewReader(packed.Body), int64(len(packed.Body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if all := strings.Join(names, "\n"); !strings.Contains(all, "certificates/12") || strings.Count(all, "certificates/") != 1 {
		t.Errorf("the archive holds %s", all)
	}
	// What the buyer gave is kept, whoever wants it gone.
	if _, err := w.DB.Super.ExecContext(t.Context(), `DELETE FROM files WHERE name = 'better.pdf'`); err == nil || !strings.Contains(err.Error(), "kept") {
		t.Errorf("the scan was deleted: %v", err)
	}
	if a := w.Client(apptest.Stranger).Get(at); a.Status != http.StatusNotFound {
		t.Errorf("a stranger sees it: %d", a.Status)
	}
}
