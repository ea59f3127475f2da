package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/store"
)

type attachment struct {
	name    string
	content []byte
}

// attach sends files as the form on a bill's page does.
func attach(t *testing.T, c *apptest.Client, bill store.ID, files ...attachment) apptest.Answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := form.CreateFormFile("files", f.name)
		if err == nil {
			_, err = part.Write(f.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := c.Request(http.MethodPost, "/presentments/"+bill.String()+"/documents", nil)
	raw, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL.String(), &body)
	if err != nil {
		t.Fatal(err)
	}
	raw.Header = r.Header
	raw.Header.Set("Content-Type", form.FormDataContentType())
	return c.Do(raw)
}

func pdf(title string) attachment { return attachment{title + ".pdf", samplepdf.SamplePDF(title)} }

func TestDocumentsAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	one, two := pdf("หนึ่ง"), pdf("two")
	if a := attach(t, c, p.ID, one, two); a.Status != http.StatusSeeOther {
		t.Fatalf("attaching: %d %s", a.Status, a.Body)
	}
	p = billOf(t, w, p.ID)
	if len(p.Documents) != 2 {
		t.Fatalf("%d documents", len(p.Documents))
	}
	hash := sha256.Sum256(one.content)
	if d := p.Documents[0]; d.Name != "หนึ่ง.pdf" || !bytes.Equal(d.SHA256, hash[:]) || d.Size != len(one.content) {
		t.Errorf("stored %+v", d)
	}
	if page := c.Get("/presentments/" + p.ID.String()); !strings.Contains(page.Body, hex.EncodeToString(hash[:])) {
		t.Error("the page does not show the hash")
	}

	a := w.Client(apptest.Checker).Get("/files/" + p.Documents[0].FileID.String())
	_, params, err := mime.ParseMediaType(a.Header.Get("Content-Disposition"))
	if err != nil || a.Body != string(one.content) || params["filename"] != "หนึ่ง.pdf" {
		t.Errorf("the file came back as %d bytes, %v, %v", len(a.Body), params, err)
	}
	for name, want := range map[string]string{"Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"} {
		if !strings.Contains(a.Header.Get(name), want) {
			t.Errorf("%s: %s", name, a.Header.Get(name))
		}
	}
	var leaves []store.LeafRow
	err = w.Web.Read(t.Context(), w.Actor(apptest.Auditor), func(q *store.Query) (err error) {
		leaves, err = q.Leaves(store.LeafFilter{Action: "file.opened"})
		return err
	})
	if err != nil || len(leaves) != 1 || leaves[0].PersonName != "คุณchecker" {
		t.Errorf("who opened it: %v, %v", leaves, err)
	}
}

// locked is a PDF that says that it is encrypted.
func locked(good []byte) []byte {
	return bytes.Replace(good, []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Encrypt 4 0 R"), 1)
}

func TestHostileFileIsRefusedAtItsFieldAndCostsNoOther(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	good := samplepdf.SamplePDF("good")
	catalog := func(entry string) []byte {
		return bytes.Replace(good, []byte("/Type /Catalog"), []byte("/Type /Catalog "+entry), 1)
	}
	for _, h := range []struct {
		name    string
		content []byte
		says    string
	}{
		{"empty.pdf", nil, "ไฟล์เปล่า"},
		{"page.pdf", []byte("<html><script>alert(1)</script></html>"), "เป็นหน้าเว็บ"},
		{"cut.pdf", good[:len(good)/2], "มาไม่ครบไฟล์"},
		{"script.pdf", catalog("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "สคริปต์"},
		{"locked.pdf", locked(good), "รหัสผ่าน"},
		{"large.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 6<<20)...), "ใหญ่เกิน 5 MB"},
		{"zip.pdf", append(bytes.Clone(good), "PK\x05\x06\x00\x00\x00\x00%%EOF"...), "สองชนิด"},
	} {
		p := stored(t, w, send(c, "/presentments", billForm("INV-"+h.name)))
		a := attach(t, c, p.ID, attachment{h.name, h.content}, pdf("good"))
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, h.says) || !strings.Contains(a.Body, `href="#files"`) {
			t.Errorf("%s: %d, %q is not said", h.name, a.Status, h.says)
		}
		if d := billOf(t, w, p.ID).Documents; len(d) != 1 || d[0].Name != "good.pdf" {
			t.Errorf("%s cost the good file: %v", h.name, d)
		}
	}
	var pieces int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM file_chunks c WHERE NOT EXISTS (SELECT FROM files f WHERE f.id = c.file_id)`).Scan(&pieces); err != nil || pieces != 0 {
		t.Errorf("%d pieces of refused files were kept (%v)", pieces, err)
	}
}

func TestSameDocumentIsAttachedOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	attach(t, c, p.ID, pdf("one"))
	renamed := attachment{"another name.pdf", pdf("one").content}
	if a := attach(t, c, p.ID, renamed); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "เนื้อหาเดียวกับ") {
		t.Errorf("the same content again: %d", a.Status)
	}
}

// TestSameDocumentFromThreeTabsIsAttachedOnce holds the bill's row until all
// three uploads stand before it, so that each has read what it would judge by.
func TestSameDocumentFromThreeTabsIsAttachedOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	tx, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `SELECT FROM presentments WHERE id = $1 FOR UPDATE`, p.ID); err != nil {
		t.Fatal(err)
	}
	var answers [3]apptest.Answer
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = attach(t, c, p.ID, pdf("one")) })
	}
	for waiting := 0; waiting < len(answers); {
		const all = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		if err := w.DB.Super.QueryRowContext(t.Context(), all).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := len(billOf(t, w, p.ID).Documents); n != 1 {
		t.Errorf("%d documents, want 1; answers %d %d %d", n, answers[0].Status, answers[1].Status, answers[2].Status)
	}
}

func TestFormThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	const head = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"\r\n\r\n"
	for _, body := range []string{"", "nonsense", "--b", "--b\r\nnonsense", head, head + "%PDF-1.7", head + "%PDF-1.7\r\n--b", "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--"} {
		r := c.Request(http.MethodPost, "/presentments/"+p.ID.String()+"/documents", nil)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if a := c.Do(r); a.Status != http.StatusBadRequest && a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", body, a.Status)
		}
	}
	if n := len(billOf(t, w, p.ID).Documents); n != 0 {
		t.Errorf("%d documents came of it", n)
	}
}

func TestTenDocumentsAndNoMore(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	var files []attachment
	for i := range 11 {
		files = append(files, pdf(fmt.Sprint("file-", i)))
	}
	a := attach(t, c, p.ID, files...)
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "file-10.pdf") || len(billOf(t, w, p.ID).Documents) != 10 {
		t.Errorf("eleven files: %d, %d kept", a.Status, len(billOf(t, w, p.ID).Documents))
	}
}

func TestDocumentsOfADraftAreOrdered(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	draft := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	attach(t, c, draft.ID, pdf("one"), pdf("two"), pdf("three"))
	names := func() (list []string) {
		for _, d := range billOf(t, w, draft.ID).Documents {
			list = append(list, d.Name)
		}
		return list
	}
	page := "/presentments/" + draft.ID.String()
	before := billOf(t, w, draft.ID)
	move := func(file store.ID, to string) {
		t.Helper()
		if a := c.Post(page+"/documents/"+file.String()+"/place", "to", to); a.Status != http.StatusSeeOther {
			t.Errorf("moving %s: %d", to, a.Status)
		}
	}
	first, last := before.Documents[0], before.Documents[2]
	move(last.FileID, "up")
	move(first.FileID, "down")
	move(last.FileID, "up")
	move(last.FileID, "up") // it is the first already
	move(store.NewID(), "up")
	if want := []string{last.Name, first.Name, before.Documents[1].Name}; !slices.Equal(names(), want) {
		t.Errorf("the order is %v, want %v", names(), want)
	}
	err := w.Web.Write(t.Context(), w.Actor(apptest.Maker), func(tx *store.Tx) error {
		return tx.OrderDocuments(draft.ID, []store.ID{first.FileID, last.FileID})
	})
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("an order that leaves out a file: %v", err)
	}
	if !strings.Contains(c.Get(page).Body, "เปลี่ยนลำดับไฟล์") {
		t.Error("the story does not tell of it")
	}
	p, lead := w.Submitted(apptest.Maker, "INV-2")
	if a := c.Post("/presentments/"+p.ID.String()+"/documents/"+p.Documents[0].FileID.String()+"/place", "to", "up"); a.Status != http.StatusConflict {
		t.Errorf("of what was submitted as %s: %d", lead, a.Status)
	}
}

func TestDocumentIsTakenOffADraftOnly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p, _ := w.Submitted(apptest.Maker, "INV-1")
	removal := "/presentments/" + p.ID.String() + "/documents/" + p.Documents[0].FileID.String() + "/removal"
	if a := c.Post(removal); a.Status != http.StatusConflict {
		t.Errorf("off a submitted bill: %d", a.Status)
	}
	if a := attach(t, c, p.ID, pdf("more")); a.Status != http.StatusConflict || len(billOf(t, w, p.ID).Documents) != 1 {
		t.Errorf("onto a submitted bill: %d", a.Status)
	}
	draft := stored(t, w, send(c, "/presentments", billForm("INV-2")))
	attach(t, c, draft.ID, pdf("one"))
	removal = "/presentments/" + draft.ID.String() + "/documents/" + billOf(t, w, draft.ID).Documents[0].FileID.String() + "/removal"
	for range 2 {
		if a := c.Post(removal); a.Status != http.StatusSeeOther {
			t.Errorf("off a draft: %d", a.Status)
		}
	}
	if len(billOf(t, w, draft.ID).Documents) != 0 {
		t.Error("the document is still there")
	}
	if a := attach(t, c, draft.ID); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "เลือกไฟล์ก่อน") {
		t.Errorf("no file at all: %d", a.Status)
	}
}

func TestAFileStaysOnABillThatLeavesTheDraftsMeanwhile(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	draft := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	attach(t, c, draft.ID, pdf("one"))
	removal := "/presentments/" + draft.ID.String() + "/documents/" + billOf(t, w, draft.ID).Documents[0].FileID.String() + "/removal"
	// Somebody else's transaction has the bill until the removal waits for it.
	other, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback() }()
	for _, sql := range []string{`SET LOCAL session_replication_role = replica`, `UPDATE presentments SET state = 'discarded'`} {
		if _, err := other.ExecContext(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan apptest.Answer, 1)
	go func() { answered <- c.Post(removal) }()
	for waiting := 0; waiting == 0; {
		const locked = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		if err := w.DB.Super.QueryRowContext(t.Context(), locked).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; a.Status != http.StatusConflict {
		t.Errorf("it was said to be off: %d", a.Status)
	}
	if len(billOf(t, w, draft.ID).Documents) != 1 {
		t.Error("it is off")
	}
}
