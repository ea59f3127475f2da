package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/invoice"
	"portal/internal/app/logo"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

const logoPath = settingsPath + "/logo"

// logoShelf keeps the logos that papers were drawn with last, read for drawing.
type logoShelf struct {
	mu   sync.Mutex
	kept map[string]invoice.Logo // by hash
}

// shelved is how many logos are kept: 100 KiB each.
const shelved = 64

// of returns the logo of the acting merchant's papers, the zero one for none.
// The merchant is told which one it is, so that what is drawn with it can be
// told from what is drawn with another.
func (s *logoShelf) of(q *store.Query, m *store.Merchant) (invoice.Logo, error) {
	if len(m.LogoHash) == 0 {
		return invoice.Logo{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.kept[string(m.LogoHash)]; ok {
		return kept, nil
	}
	l, err := q.Logo()
	if errors.Is(err, store.ErrNotFound) { // taken away this moment
		m.LogoHash = nil
		return invoice.Logo{}, nil
	}
	if err != nil {
		return invoice.Logo{}, err
	}
	read, err := invoice.ReadLogo(l.Image)
	if err != nil {
		return read, err
	}
	if len(s.kept) >= shelved || s.kept == nil {
		s.kept = map[string]invoice.Logo{}
	}
	m.LogoHash = l.Hash
	s.kept[string(l.Hash)] = read
	return read, nil
}

// showLogo shows the logo that papers are drawn with, and takes another.
func (a *App) showLogo(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.logoPage(w, r, u, http.StatusOK, "")
}

func (a *App) logoPage(w http.ResponseWriter, r *http.Request, u user, status int, refused string) error {
	ctx := r.Context()
	v := templates.LogoView{Error: refused, MaySet: u.can(store.Admin)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		l, err := q.Logo()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		v.Src, v.Width, v.Height = logoPath+"/image?v="+hex.EncodeToString(l.Hash[:6]), strconv.Itoa(l.Width), strconv.Itoa(l.Height)
		v.SetBy, v.SetAt = l.SetName, l.SetAt
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.Logo(v))
}

// sendLogo sends the picture as it is kept.
func (a *App) sendLogo(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	f.text("v", maxLen(12)) // makes another logo another address
	if err := f.check(); err != nil {
		return err
	}
	var l store.Logo
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) { l, err = q.Logo(); return err })
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Length", strconv.Itoa(len(l.Image)))
	_, _ = w.Write(l.Image) // a caller that hung up is the only way this fails
	return nil
}

// logoRefusals say why a picture was not taken.
var logoRefusals = []struct {
	reason error
	word   string
}{
	{logo.ErrTooLarge, text.K("settings.logo.too_large")}, {logo.ErrOtherKind, text.K("settings.logo.other_kind")}, {logo.ErrBroken, text.K("settings.logo.broken")},
	{logo.ErrTooWide, text.K("settings.logo.too_wide")}, {logo.ErrTooSmall, text.K("settings.logo.too_small")}, {logo.ErrAllOneHue, text.K("settings.logo.one_hue")},
	{errNoLogo, text.K("settings.logo.none_chosen")},
}

var errNoLogo = errors.New("no picture was chosen")

// setLogo has papers drawn with another logo from now on. Those that were drawn
// before stay as they are.
func (a *App) setLogo(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	l, err := a.readLogo(r)
	if err == nil {
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.SetLogo(l.PNG, l.Width, l.Height) })
	}
	if err == nil {
		return a.seeOther(w, r, u, logoPath, text.Msg("settings.logo.set_now"))
	}
	for _, refusal := range logoRefusals {
		if errors.Is(err, refusal.reason) {
			return a.logoPage(w, r, u, http.StatusUnprocessableEntity, text.T(ctx, refusal.word))
		}
	}
	return err
}

// readLogo reads the one file of the form, when its turn comes: a picture takes
// more room in memory than its file does.
func (a *App) readLogo(r *http.Request) (l logo.Logo, err error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return l, &requestError{"not a multipart form"}
	}
	part, err := reader.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return l, errNoLogo
	case err != nil:
		return l, notReceived(r, err)
	case part.FormName() != "logo":
		return l, &requestError{"unknown field " + clip(part.FormName(), 60)}
	case part.FileName() == "":
		return l, errNoLogo
	}
	leave, err := a.uploads.take(r.Context(), uploadWait)
	if err != nil {
		return l, err
	}
	defer leave()
	l, err = logo.Read(received{part, r})
	if err != nil {
		return l, errors.Join(err, passOver(part))
	}
	if _, err := reader.NextPart(); !errors.Is(err, io.EOF) {
		return l, &requestError{"more than one file"}
	}
	return l, nil
}

// removeLogo has papers drawn without one from now on.
func (a *App) removeLogo(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.RemoveLogo() })
	if err != nil && !errors.Is(err, store.ErrStale) { // somebody else did
		return err
	}
	return a.seeOther(w, r, u, logoPath, text.Msg("settings.logo.removed"))
}

// drawSample draws an invoice of nothing to nobody, so that the head of the
// papers can be looked at before one goes out.
func (a *App) drawSample(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var paper []byte
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		v := sampleInvoice(ctx, m, thai.Today(a.Clock()))
		if v.Logo, err = a.logos.of(q, &m); err != nil {
			return err
		}
		paper, err = invoice.Draw(v)
		return err
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Security-Policy", policyFile)
	h.Set("Content-Disposition", `inline; filename="sample.pdf"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(paper))
	return nil
}

func sampleInvoice(ctx context.Context, m store.Merchant, on thai.Day) invoice.Invoice {
	return invoice.Invoice{
		Type: "380", Number: text.T(ctx, "settings.logo.sample"), Language: invoice.Both, On: on, Due: on, Trial: true,
		Seller: invoice.Party{Name: m.NameTH, Name2: m.NameEN, TaxID: m.TaxID, Branch: m.Branch, Address: m.Address},
		Buyer:  invoice.Party{Name: text.T(ctx, "settings.logo.sample_buyer"), TaxID: "0000000000000", Branch: "00000", Address: "–"},
		Lines: []invoice.Line{{
			Description: text.T(ctx, "settings.logo.sample_line"), Quantity: decimal.NewFromInt(1), UnitPrice: decimal.NewFromInt(100), VAT: "standard", AmountSatang: 10000,
		}},
		StandardSatang: 10000, BeforeTaxSatang: 10000, VATPercent: decimal.NewFromInt(7), VATSatang: 700, TotalSatang: 10700, ExpectedSatang: 10700,
	}
}
