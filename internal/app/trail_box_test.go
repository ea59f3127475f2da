package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/box"
	"portal/internal/app/thai"
	"portal/internal/browsertest"
	"portal/internal/store"
	"portal/internal/witness"
)

// boxWorld is a world whose trail is sequenced and witnessed.
type boxWorld struct {
	*apptest.World
	keys      store.TrailKeys
	witnesses store.WitnessKeys
}

func newBoxWorld(t *testing.T) *boxWorld {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	private, public, err := store.NewTrailKey("portal.test/audit")
	must(err)
	signer, err := store.ParseTrailSigner(private)
	must(err)
	w := &boxWorld{}
	w.keys, err = store.ParseTrailKeys(public)
	must(err)
	outside, err := witness.Open(t.TempDir(), "witness.test", w.keys, time.Now)
	must(err)
	t.Cleanup(func() { must(outside.Close()) })
	const token = "the token of the test"
	server := httptest.NewServer(outside.Handler(token, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	w.witnesses, err = store.ParseWitnessKeys(outside.Public())
	must(err)
	w.World = apptest.New(t, func(c *app.Config) { c.TrailKeys, c.WitnessKeys = public, outside.Public() })
	sequencer := w.DB.Store(store.Sequencer)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- sequencer.Sequence(ctx, store.Sequencing{Signers: []note.Signer{signer}, Witness: witness.NewClient(server.URL, token, w.witnesses), Pause: 5 * time.Millisecond})
	}()
	t.Cleanup(func() {
		stop()
		must(<-done)
	})
	return w
}

// take takes a box and returns its bytes.
func (w *boxWorld) take(t *testing.T, form ...string) []byte {
	t.Helper()
	a := w.Client(apptest.Auditor).Post("/audit/boxes", form...)
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/zip" {
		t.Fatalf("taking a box gives %d %s", a.Status, a.Body)
	}
	return []byte(a.Body)
}

func (w *boxWorld) check(t *testing.T, bytesOf []byte) box.Verdict {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bytesOf), int64(len(bytesOf)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := box.Check(z, w.keys, w.witnesses)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// spoilt is the box with one byte of a file changed, somewhere in its middle.
func spoilt(t *testing.T, whole []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		at, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		out := bytes.Clone(whole)
		out[at+int64(f.UncompressedSize64)/2] ^= 1
		return out
	}
	t.Fatalf("there is no %s in the box", name)
	return nil
}

func TestABoxProvesItselfAndNamesWhateverWasAltered(t *testing.T) {
	t.Parallel()
	w := newBoxWorld(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-7")
	about := "presentment/" + bill.ID.String()
	whole := w.take(t, "about", about, "reason", "the yearly audit", "lang", "en")
	v := w.check(t, whole)
	if len(v.Broken) > 0 || v.Leaves < 4 || v.Witness != "witness.test" {
		t.Fatalf("the box of a bill: %+v", v)
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		z, err := zip.NewReader(bytes.NewReader(spoilt(t, whole, f.Name)), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		v, err := box.Check(z, w.keys, w.witnesses)
		if err != nil || len(v.Broken) == 0 || v.Broken[0].File != f.Name && f.Name != "proofs.json" {
			t.Errorf("with a byte of %s altered: %v %+v", f.Name, err, v.Broken)
		}
	}
	_, stranger, err := store.NewTrailKey("portal.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	others, err := store.ParseTrailKeys(stranger)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := box.Check(z, others, w.witnesses); err != nil || len(v.Broken) == 0 {
		t.Errorf("under another key: %v %+v", err, v)
	}
	// Taking it is itself in the trail, with the reason, and so is whose id it held.
	if !strings.Contains(w.Client(apptest.Auditor).Get("/audit?says="+url.QueryEscape("yearly audit")).Body, "รับกล่องหลักฐาน") {
		t.Error("the trail does not tell that a box was taken")
	}
	w.Settle()
	var seen int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = 'sighting.seen' AND convert_from(bytes, 'UTF8') LIKE '%POST /audit/boxes%'`).Scan(&seen); err != nil || seen == 0 {
		t.Errorf("no sighting of the ids in the box: %d %v", seen, err)
	}
	if a := w.Client(apptest.Auditor).Post("/audit/boxes", "about", about, "reason", "", "lang", "en"); a.Status != 422 {
		t.Errorf("without a reason: %d", a.Status)
	}
	for _, who := range []string{apptest.Admin, apptest.Maker, apptest.Checker} {
		if a := w.Client(who).Post("/audit/boxes", "about", about, "reason", "x", "lang", "en"); a.Status != 403 {
			t.Errorf("%s takes a box: %d", who, a.Status)
		}
	}
	if a := w.Client(apptest.Stranger).Post("/audit/boxes", "about", about, "reason", "x", "lang", "en"); a.Status != 404 && a.Status != 403 {
		t.Errorf("a stranger takes a box: %d", a.Status)
	}
}

func TestAnAuditorChecksTheBoxOfAMonthInABrowserWithoutANetwork(t *testing.T) {
	t.Parallel()
	w := newBoxWorld(t)
	w.Submitted(apptest.Maker, "INV-7")
	month := time.Now().In(thai.Bangkok).Format("2006-01")
	whole := w.take(t, "month", month, "reason", "ตรวจสอบประจำปี", "lang", "th")
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	in, err := z.Open("verify.html")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	good, html := put("box.zip", whole), put("verify.html", page.Bytes())
	var broken []string
	for _, name := range []string{"index.html", "manifest.json", "proofs.json"} {
		broken = append(broken, name, put("bad-"+name+".zip", spoilt(t, whole, name)))
	}
	for name, c := range map[string]struct {
		options                 browsertest.Options
		hash, verified, changed string
	}{
		"in Thai":                           {browsertest.Options{Lang: "th"}, "", "ตรวจแล้ว ถูกต้องครบถ้วน", "ไม่ถูกต้อง"},
		"in English, on a phone, by itself": {browsertest.Options{Lang: "en", Width: 360, Height: 740, Dark: true}, "#plain", "Verified", "Broken"},
	} {
		t.Run(name, func(t *testing.T) {
			p := browsertest.Open(t).Page(t, c.options)
			if c.options.Lang == "th" {
				enterAt(p, w.World, apptest.Auditor, "th", "/audit/boxes/new?month="+month)
				p.Axe()
			}
			p.Go("file://" + html + c.hash)
			p.Click("#" + c.options.Lang)
			p.Axe()
			p.Upload("#box", good)
			p.WaitFor("html[data-result]")
			p.WaitText("#verdict", c.verified)
			p.Axe()
			if dir := os.Getenv("BOX_SHOTS"); dir != "" {
				p.Screenshot(filepath.Join(dir, c.options.Lang+"-good.png"))
			}
			for n := 0; n < len(broken); n += 2 {
				p.Upload("#box", broken[n+1])
				p.WaitText("#verdict", c.changed)
				p.WaitText("#broken", broken[n])
			}
			if dir := os.Getenv("BOX_SHOTS"); dir != "" {
				p.Screenshot(filepath.Join(dir, c.options.Lang+"-bad.png"))
			}
			p.Upload("#box", good)
			p.WaitText("#verdict", c.verified)
		})
	}
}
