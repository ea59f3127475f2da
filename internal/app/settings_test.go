package app_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// sendLogo sends a file to the page of the logo.
func sendLogo(t *testing.T, c *apptest.Client, name string, content []byte) apptest.Answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("logo", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := c.Request(http.MethodPost, "/admin/settings/logo", nil)
	raw, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL.String(), &body)
	if err != nil {
		t.Fatal(err)
	}
	raw.Header = r.Header
	raw.Header.Set("Content-Type", form.FormDataContentType())
	return c.Do(raw)
}

func logoOf(t *testing.T, hue color.Color) []byte {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for x := range 32 {
		p.Set(x, x, hue)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPapersHaveTheLogoOfTheDayAndKeepIt(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	admin, maker := w.Client(apptest.Admin), w.Client(apptest.Maker)
	p := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "LOGO-1")
	draw := func() []byte {
		t.Helper()
		want(t, "drawing", maker.Post("/presentments/"+p.ID.String()+"/documents/drawn", "language", "th"), http.StatusSeeOther)
		var hash []byte
		if err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
			p, err := q.Presentment(p.ID)
			d, _ := p.Drawn()
			hash = d.SHA256
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	bare := draw()
	for name, content := range map[string]string{"logo.svg": "<svg/>", "logo.png": "\x89PNG\r\n\x1a\nnot a picture"} {
		a := sendLogo(t, admin, name, []byte(content))
		want(t, name, a, http.StatusUnprocessableEntity)
		if !strings.Contains(a.Body, `id="logo-error"`) {
			t.Errorf("%s: the field does not say what is wrong", name)
		}
	}
	want(t, "a maker's", sendLogo(t, maker, "logo.png", logoOf(t, color.Black)), http.StatusForbidden)
	if again := draw(); !bytes.Equal(again, bare) {
		t.Error("a paper changed, and nothing about it did")
	}
	want(t, "a logo", sendLogo(t, admin, "logo.png", logoOf(t, color.Black)), http.StatusSeeOther)
	shown := admin.Get("/admin/settings/logo/image")
	if shown.Status != http.StatusOK || shown.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo is shown with %d as %s", shown.Status, shown.Header.Get("Content-Type"))
	}
	if sample := admin.Get("/admin/settings/logo/sample"); !strings.HasPrefix(sample.Body, "%PDF") || !strings.Contains(sample.Body, "/Subtype /Image") {
		t.Errorf("the sample is %d", sample.Status)
	}
	if page := maker.Get("/presentments/" + p.ID.String()).Body; !strings.Contains(page, "stale") {
		t.Error("a draft's paper with the old head is not said to be old")
	}
	with := draw()
	if bytes.Equal(with, bare) {
		t.Error("the paper has no logo")
	}
	want(t, "another logo", sendLogo(t, admin, "logo.png", logoOf(t, color.NRGBA{R: 200, A: 255})), http.StatusSeeOther)
	want(t, "its removal", admin.Post("/admin/settings/logo/removal"), http.StatusSeeOther)
	want(t, "the picture of none", admin.Get("/admin/settings/logo/image"), http.StatusNotFound)
	if got := draw(); !bytes.Equal(got, bare) {
		t.Error("without its logo the paper is not as it was before it")
	}
}

// A merchant that the bank does not know goes to it under nobody else's name.
func TestNothingIsApprovedForAMerchantWithoutCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of     func(*apptest.World) teller.Installation
		status int
	}{
		"the first merchant's": {func(*apptest.World) teller.Installation { return teller.Installation{} }, http.StatusSeeOther},
		"a named merchant's": {func(w *apptest.World) teller.Installation {
			return teller.Installation{Merchants: []store.ID{w.Merchant}}
		}, http.StatusSeeOther},
		"another merchant's":     {func(w *apptest.World) teller.Installation { return teller.Installation{Merchants: []store.ID{w.Other}} }, http.StatusConflict},
		"nobody's in this place": {func(*apptest.World) teller.Installation { return teller.Installation{None: true} }, http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hand *teller.Teller
			w := apptest.New(t, func(c *app.Config) { hand = c.Teller })
			hand.Installation = c.of(w)
			_, lead := w.Submitted(apptest.Maker, "BANK-1")
			checker := w.Client(apptest.Checker)
			page := checker.Get("/approvals/" + lead.String())
			approved := checker.Post("/instructions/"+lead.String()+"/approval", "fingerprint", fingerprintField.FindStringSubmatch(page.Body)[1])
			want(t, "an approval", approved, c.status)
			refused := c.status != http.StatusSeeOther
			if strings.Contains(page.Body, "ยังไม่มีข้อมูลเข้าใช้ธนาคารของร้าน") != refused || refused && !strings.Contains(approved.Body, "ยังอนุมัติไม่ได้ เพราะยังไม่มีข้อมูลเข้าใช้ธนาคาร") {
				t.Error("the page must say why, and only then")
			}
		})
	}
}
