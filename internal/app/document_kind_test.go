package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/upload"
	"portal/internal/krungsri"
	"portal/internal/store"
)

const eTaxInvoice = `<?xml version="1.0" encoding="UTF-8"?>
<rsm:TaxInvoice_CrossIndustryInvoice xmlns:rsm="urn:etda:uncefact:data:standard:TaxInvoice_CrossIndustryInvoice:2">
	<rsm:Name>ใบกำกับภาษี &lt;น้ำ&gt;</rsm:Name>
</rsm:TaxInvoice_CrossIndustryInvoice>`

// pictures are a delivery note as a scanner and as a telephone would send it.
func pictures(t *testing.T) (scan, photo attachment) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 1240, 1754))
	var p, j bytes.Buffer
	if err := png.Encode(&p, m); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, m, nil); err != nil {
		t.Fatal(err)
	}
	return attachment{"ใบส่งของ.png", p.Bytes()}, attachment{"IMG_0001.JPEG", j.Bytes()}
}

func TestEveryKindReachesTheBankByteForByte(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, checker, bank := w.Client(apptest.Maker), w.Client(apptest.Checker), w.OpenBank()
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1")))
	scan, photo := pictures(t)
	files := []attachment{pdf("INV-1"), scan, photo, {"etax.xml", []byte(eTaxInvoice)}}
	if a := attach(t, maker, bill.ID, files...); a.Status != http.StatusSeeOther {
		t.Fatalf("attaching: %d %s", a.Status, a.Body)
	}
	page := maker.Get("/presentments/" + bill.ID.String()).Body
	for _, want := range []string{"ใบส่งของ.png", "1,240 × 1,754 พิกเซล", "IMG_0001.jpg", "รูป JPEG", "etax.xml", "1 หน้า", "ยังไม่ได้สแกนไวรัส"} {
		if !strings.Contains(page, want) {
			t.Errorf("the bill's page does not say %q", want)
		}
	}
	bill = billOf(t, w, bill.ID)
	if a := maker.Post("/presentments/"+bill.ID.String()+"/submission", "key", strings.Repeat("A", 26), "version", strconv.Itoa(bill.Version)); a.Status != http.StatusSeeOther {
		t.Fatalf("submitting: %d %s", a.Status, a.Body)
	}
	entry := billOf(t, w, bill.ID).EntryID.UUID
	approve := checker.Post("/instructions/"+entry.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, entry))
	if approve.Status != http.StatusSeeOther {
		t.Fatalf("approving: %d %s", approve.Status, approve.Body)
	}
	bank.Send()
	if p := billOf(t, w, bill.ID); p.State != store.PresentmentPresented {
		t.Fatalf("the bill is %s", p.State)
	}
	var keys []string
	for _, e := range bank.Effects() {
		keys = append(keys, e.BusinessKey)
	}
	for _, f := range files {
		hash := sha256.Sum256(f.content)
		if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasSuffix(k, hex.EncodeToString(hash[:])) }) {
			t.Errorf("%s did not reach the bank as it is: %q", f.name, keys)
		}
	}
}

func TestBankTakesEveryKindThatWeTake(t *testing.T) {
	t.Parallel()
	for _, kind := range upload.Kinds {
		if !slices.ContainsFunc(krungsri.DocumentTypes(), func(d krungsri.DocumentType) bool { return d.MediaType == kind.MediaType() }) {
			t.Errorf("the bank's table does not know %s", kind.MediaType())
		}
	}
}

func TestFileIsShownBesideItsFacts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, checker := w.Client(apptest.Maker), w.Client(apptest.Checker)
	bill := stored(t, w, send(maker, "/presentments", billForm("INV-1")))
	scan, _ := pictures(t)
	attach(t, maker, bill.ID, pdf("INV-1"), scan, attachment{"etax.xml", []byte(eTaxInvoice)})
	for n, want := range []struct{ shows, kind string }{
		{`<iframe class="preview"`, "application/pdf"}, {`<img class="preview"`, "image/png"}, {"ใบกำกับภาษี &amp;lt;น้ำ&amp;gt;", "text/plain; charset=utf-8"},
	} {
		file := "/files/" + billOf(t, w, bill.ID).Documents[n].FileID.String()
		view := checker.Get(file + "/view")
		if view.Status != http.StatusOK || !strings.Contains(view.Body, want.shows) || !strings.Contains(view.Body, "INV-1") {
			t.Errorf("document %d: %d, no %q", n, view.Status, want.shows)
		}
		if csp := view.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src 'self'") {
			t.Errorf("the page may not show a frame: %s", csp)
		}
		raw := checker.Get(file)
		if raw.Header.Get("Content-Type") != want.kind || raw.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(raw.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("document %d alone: %v", n, raw.Header)
		}
	}
	xml := "/files/" + billOf(t, w, bill.ID).Documents[2].FileID.String()
	if a := checker.Get(xml + "?download=on"); a.Header.Get("Content-Type") != "application/xml" || a.Body != eTaxInvoice {
		t.Errorf("saved as %s", a.Header.Get("Content-Type"))
	}
	if a := w.Client(apptest.Stranger).Get(xml + "/view"); a.Status != http.StatusNotFound {
		t.Errorf("a stranger: %d", a.Status)
	}
	var opened []store.LeafRow
	err := w.Web.Read(t.Context(), w.Actor(apptest.Auditor), func(q *store.Query) (err error) {
		opened, err = q.Leaves(store.LeafFilter{Action: "file.opened"})
		return err
	})
	// Each file by itself, and the text once in its page and once more as a download.
	if err != nil || len(opened) != 5 {
		t.Errorf("%d leaves of opened files, %v", len(opened), err)
	}
}

// flood is a small file that is a picture larger than any that is taken.
func flood(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 5001, 5001))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostilePictureAndXMLAreRefusedAtTheField(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	scan, photo := pictures(t)
	for _, h := range []struct {
		name    string
		content []byte
		says    string
	}{
		{"note.png", append(bytes.Clone(scan.content), "<html>"...), "สองชนิด"},
		{"photo.jpg", photo.content[:len(photo.content)/2], "มาไม่ครบไฟล์"},
		{"doc.xml", []byte(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`), "DOCTYPE"},
		{"logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "หน้าเว็บ"},
		{"old.xml", []byte(`<?xml version="1.0" encoding="windows-874"?><a/>`), "UTF-8"},
		{"flood.png", flood(t), "ล้านพิกเซล"},
		{"run.exe", []byte("MZ\x90\x00\x03\x00\x00\x00"), "ไม่ใช่ PDF, PNG, JPEG หรือ XML"},
	} {
		a := attach(t, c, p.ID, attachment{h.name, h.content})
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, h.says) || !strings.Contains(a.Body, "“"+h.name+"”") || !strings.Contains(a.Body, `href="#files"`) {
			t.Errorf("%s: %d, %q is not said of it by its name", h.name, a.Status, h.says)
		}
	}
	var files int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM files`).Scan(&files); err != nil || files != 0 || len(billOf(t, w, p.ID).Documents) != 0 {
		t.Errorf("%d files came of it (%v)", files, err)
	}
}

func TestSameFileOnAnotherBillIsFlaggedWhereverPeopleDecide(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, checker := w.Client(apptest.Maker), w.Client(apptest.Checker)
	one := stored(t, w, send(maker, "/presentments", billForm("INV-1")))
	two := stored(t, w, send(maker, "/presentments", billForm("INV-2")))
	attach(t, maker, one.ID, pdf("same"))
	attach(t, maker, two.ID, attachment{"another name.pdf", pdf("same").content}, pdf("own"))
	flag, link := "ไฟล์เดียวกันนี้แนบอยู่กับ", `href="/presentments/`+one.ID.String()+`"`
	two = billOf(t, w, two.ID)
	pages := map[string]apptest.Answer{
		"the bill's page": maker.Get("/presentments/" + two.ID.String()),
		"the check page":  maker.Get("/presentments/" + two.ID.String() + "/submission/new"),
	}
	if a := maker.Post("/presentments/"+two.ID.String()+"/submission", "key", strings.Repeat("A", 26), "version", strconv.Itoa(two.Version)); a.Status != http.StatusSeeOther {
		t.Fatalf("submitting: %d", a.Status)
	}
	pages["the approval page"] = checker.Get("/approvals/" + billOf(t, w, two.ID).EntryID.UUID.String())
	for where, page := range pages {
		if strings.Count(page.Body, flag) != 1 || !strings.Contains(page.Body, link) || !strings.Contains(page.Body, "INV-1 <small>(ร่าง)") {
			t.Errorf("%s does not flag it once: %d, %d times", where, page.Status, strings.Count(page.Body, flag))
		}
	}
	// The other merchant's files are nobody's business.
	foreign := send(w.Client(apptest.Stranger), "/presentments", billForm("INV-9", "buyer_tax_id", "0994000165501"))
	if foreign.Status != http.StatusSeeOther {
		t.Fatalf("a bill of the other merchant: %d", foreign.Status)
	}
	path, _, _ := strings.Cut(foreign.Location(), "#")
	var other store.ID
	if err := other.UnmarshalText([]byte(strings.TrimPrefix(path, "/presentments/"))); err != nil {
		t.Fatal(err)
	}
	attach(t, w.Client(apptest.Stranger), other, pdf("same"))
	if page := w.Client(apptest.Stranger).Get(path); !strings.Contains(page.Body, "same.pdf") || strings.Contains(page.Body, flag) {
		t.Errorf("the other merchant is told of a file of ours: %d", page.Status)
	}
}
