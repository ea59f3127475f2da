package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

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

	public, witnessed string // the same as text
	worker            *store.Store
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
	w := &boxWorld{public: public}
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
	w.witnessed = outside.Public()
	w.World = apptest.New(t)
	w.worker = w.DB.StoreWith(store.Worker, store.Options{Witnesses: w.witnesses})
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

// take asks for a box, has a worker make it, and takes it away.
func (w *boxWorld) take(t *testing.T, form ...string) []byte {
	t.Helper()
	return w.fetch(t, w.ask(t, form...))
}

// ask asks for a box and returns where its page is.
func (w *boxWorld) ask(t *testing.T, form ...string) string {
	t.Helper()
	a := w.Client(apptest.Auditor).Post("/audit/boxes", form...)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("asking for a box gives %d %s", a.Status, a.Body)
	}
	return a.Location()
}

func (w *boxWorld) fetch(t *testing.T, path string) []byte {
	t.Helper()
	if err := w.maker().Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := w.Client(apptest.Auditor).Get(path + "/file")
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/zip" {
		t.Fatalf("taking a box gives %d %s", a.Status, w.Client(apptest.Auditor).Get(path).Body)
	}
	return []byte(a.Body)
}

// maker is a worker of its own.
func (w *boxWorld) maker() *app.BoxMaker {
	return &app.BoxMaker{
		Store: w.worker, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Name: "test", TrailKeys: w.public, WitnessKeys: w.witnessed,
	}
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
		if err != nil || len(v.Broken) == 0 || !slices.ContainsFunc(v.Broken, func(b box.Problem) bool { return b.File == f.Name }) {
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
	// Asking for it is itself in the trail, with the reason, and so is whose id was taken.
	if !strings.Contains(w.Client(apptest.Auditor).Get("/audit?says="+url.QueryEscape("yearly audit")).Body, "ขอกล่องหลักฐาน") {
		t.Error("the trail does not tell that a box was taken")
	}
	w.Settle()
	var seen int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = 'trail.read' AND convert_from(bytes, 'UTF8') LIKE '%"marks":["%GET /audit/boxes/{id}/file%'`).Scan(&seen); err != nil || seen == 0 {
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

func TestABoxIsMadeOnceWhoeverGoesAway(t *testing.T) {
	t.Parallel()
	w := newBoxWorld(t)
	w.Submitted(apptest.Maker, "INV-7")
	month := time.Now().In(thai.Bangkok).Format("2006-01")
	path := w.ask(t, "month", month, "reason", "the yearly audit", "lang", "en")
	if a := w.Client(apptest.Auditor).Get(path + "/file"); a.Status != http.StatusSeeOther {
		t.Errorf("a box that is not made is taken: %d", a.Status)
	}
	// A worker begins and is killed: another waits until it is sure, and begins anew.
	gone, err := w.worker.TakeUpBox(t.Context(), "killed")
	if err != nil {
		t.Fatal(err)
	}
	piece := func(b store.Box, no int) error {
		return w.worker.Write(t.Context(), store.Actor{Merchant: b.Merchant}, func(tx *store.Tx) error { return tx.AddBoxPiece(b, no, []byte("half of it")) })
	}
	if err := piece(gone, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.worker.TakeUpBox(t.Context(), "hasty"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a box that somebody is at is taken up: %v", err)
	}
	w.DB.Exec(`UPDATE box_work SET held_until = now()`)
	// Two at once: one of them makes it.
	group, ctx := errgroup.WithContext(t.Context())
	for range 2 {
		group.Go(func() error { return w.maker().Drain(ctx) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := piece(gone, 1); !errors.Is(err, store.ErrStale) {
		t.Errorf("whoever was thought dead goes on: %v", err)
	}
	if v := w.check(t, w.fetch(t, path)); len(v.Broken) > 0 {
		t.Errorf("the box: %+v", v)
	}
	if _, err := w.DB.Super.ExecContext(t.Context(), `DELETE FROM box_pieces`); err == nil {
		t.Error("a box that is kept loses its bytes")
	}
	var made int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = 'trail.box_made'`).Scan(&made); err != nil || made != 1 {
		t.Errorf("it was made %d times: %v", made, err)
	}
	w.hasItsTime(t, path)
}

// hasItsTime ends the time of a box.
func (w *boxWorld) hasItsTime(t *testing.T, path string) {
	t.Helper()
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE boxes SET kept_until = now() - interval '1 second'; COMMIT`)
	if err := w.maker().Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM box_pieces`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d pieces are left: %v", left, err)
	}
	if a := w.Client(apptest.Auditor).Get(path + "/file"); a.Status != http.StatusSeeOther {
		t.Errorf("a box whose time is over is taken: %d", a.Status)
	}
}

func TestABoxThatCannotBeMadeSaysWhy(t *testing.T) {
	t.Parallel()
	w := newBoxWorld(t)
	path := w.ask(t, "month", time.Now().In(thai.Bangkok).Format("2006-01"), "reason", "the yearly audit", "lang", "en")
	w.DB.Exec(`UPDATE box_work SET attempt = 5`) // it was begun too often
	if err := w.maker().Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := w.Client(apptest.Auditor)
	c.Get("/language/en?return=/")
	a := c.Get(path)
	if !strings.Contains(a.Body, "was stopped several times") || !strings.Contains(a.Body, "Try again") {
		t.Errorf("the page of a box that failed: %d %s", a.Status, a.Body)
	}
	if again := w.ask(t, "about", "", "month", time.Now().In(thai.Bangkok).Format("2006-01"), "reason", "the yearly audit", "lang", "en"); again == path {
		t.Error("trying again asks for nothing")
	}
}

// unpackedBox is the folder that a box was unpacked to.
func unpackedBox(t *testing.T, whole []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "box")
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnAuditorVerifiesTheBoxOfAMonthOnAMachineWithoutANetwork(t *testing.T) {
	t.Parallel()
	w := newBoxWorld(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-7")
	month := bill.CreatedAt.In(thai.Bangkok).Format("2006-01")
	for name, c := range map[string]struct {
		options                          browsertest.Options
		hash, verified, changed, altered string
	}{
		"in Thai":                           {browsertest.Options{Lang: "th"}, "", "ตรวจแล้ว ถูกต้องครบถ้วน", "ไม่ถูกต้อง", "ไม่ใช่ไฟล์เดิม"},
		"in English, on a phone, by itself": {browsertest.Options{Lang: "en", Width: 360, Height: 740, Dark: true}, "#plain", "Verified", "Broken", "It is not what was packed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := browsertest.Open(t).Page(t, c.options)
			enterAt(p, w.World, apptest.Auditor, c.options.Lang, "/audit/boxes/new?month="+month)
			p.Axe()
			p.Fill("[name=reason]", "ตรวจสอบประจำปี")
			p.Submit("main form")
			path := strings.TrimPrefix(p.URL(), w.URL)
			if err := w.maker().Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.Go(w.URL + path)
			p.Axe()
			if !p.Exists(`a[href$="/file"]`) {
				t.Fatalf("%s does not offer the box: %s", path, w.Log)
			}
			p.Go(w.URL + "/audit/boxes")
			p.Axe()
			whole := w.fetch(t, path)
			dir := unpackedBox(t, whole)
			p.Go("file://" + filepath.Join(dir, "index.html"))
			p.Unplug()
			p.Axe()
			p.Go("file://" + filepath.Join(dir, "verify.html") + c.hash)
			p.Click("#" + c.options.Lang)
			p.Axe()
			p.Upload("#folder", dir)
			p.WaitText("#verdict", c.verified)
			p.Axe()
			shot(p, c.options.Lang+"-good.png")
			for file, spoil := range spoilers(t, dir) {
				undo := spoil()
				p.Upload("#folder", dir)
				p.WaitText("#verdict", c.changed)
				p.WaitText("#broken", file+": ")
				if file != "proofs/0001.json" || !strings.Contains(p.HTML(), c.altered) {
					p.WaitText("#broken", c.altered)
				}
				shot(p, c.options.Lang+"-bad.png")
				undo()
			}
			zipped := filepath.Join(t.TempDir(), "box.zip")
			if err := os.WriteFile(zipped, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			p.Upload("#box", zipped)
			p.WaitText("#verdict", c.verified)
		})
	}
}

func shot(p *browsertest.Page, name string) {
	if dir := os.Getenv("BOX_SHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, name))
	}
}

// spoilers change one byte each of an unpacked box: in a document, in an approval
// and in a hash of its proof.
func spoilers(t *testing.T, dir string) map[string]func() (undo func()) {
	t.Helper()
	list := make(map[string]func() func())
	change := func(name string, at func([]byte) int) {
		list[name] = func() func() {
			path := filepath.Join(dir, filepath.FromSlash(name))
			was, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now := bytes.Clone(was)
			now[at(now)] ^= 1
			write := func(b []byte) {
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(now)
			return func() { write(was) }
		}
	}
	middle := func(b []byte) int { return len(b) / 2 }
	documents, err := filepath.Glob(filepath.Join(dir, "documents", "*"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("no document is in the box: %v", err)
	}
	change("documents/"+filepath.Base(documents[0]), middle)
	change("proofs/0001.json", middle)
	change("checkpoint.txt", middle)
	return list
}
