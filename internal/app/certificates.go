package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// certificatePageSize is how many certificates a page of the list has, and
// mostOnLetter how many one letter asks for.
const (
	certificatePageSize = 50
	mostOnLetter        = 100
)

// ageWords are the spans of days in which awaited certificates are added up.
var ageWords = []string{
	text.K("certificate.age.30"), text.K("certificate.age.60"), text.K("certificate.age.90"), text.K("certificate.age.more"),
}

// listCertificates shows which certificates of withheld tax are awaited, the
// longest first.
func (a *App) listCertificates(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	state := f.choice("state", store.CertificateStates...)
	if state == "" {
		state = store.CertificateAwaited
	}
	after := store.CertificateCursor{On: midnight(f.day("after", a.today())), ID: f.id("id")}
	if err := f.check(); err != nil {
		return err
	}
	v := templates.CertificateListView{State: state, MayMake: u.can(store.Maker)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.Certificates(state, after, certificatePageSize)
		if err != nil {
			return err
		}
		if len(list) > certificatePageSize {
			list = list[:certificatePageSize]
			last := list[certificatePageSize-1]
			v.Pager.Next = certificatesHref(state, store.CertificateCursor{On: last.WithheldOn, ID: last.MatchID})
		}
		for _, c := range list {
			v.Rows = append(v.Rows, a.certificateRow(ctx, c))
		}
		counts, err := q.CountCertificates()
		if err != nil {
			return err
		}
		for _, s := range store.CertificateStates {
			v.Tabs = append(v.Tabs, ui.Tab{
				Label: text.T(ctx, text.Prefix("certificate.state.")+s), Href: certificatesHref(s, store.CertificateCursor{}), Count: countText(counts[s]), Current: s == state,
			})
		}
		ages, err := q.CertificateAges(midnight(a.today()))
		for _, g := range ages {
			v.Ages = append(v.Ages, ui.Definition{
				Term: text.T(ctx, ageWords[g.Age]), Value: text.T(ctx, "certificate.age_sum", "n", g.Number, "amount", text.Amount(g.SumSatang)), Number: true,
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	if after.ID != store.NoID {
		v.Pager.First = certificatesHref(state, store.CertificateCursor{})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Part: templates.CertificateListPart}, templates.CertificateList(v))
}

func certificatesHref(state string, after store.CertificateCursor) string {
	v := url.Values{}
	if state != store.CertificateAwaited {
		v.Set("state", state)
	}
	if after.ID != store.NoID {
		v.Set("after", after.On.Format(time.DateOnly))
		v.Set("id", after.ID.String())
	}
	if len(v) == 0 {
		return "/payments/certificates"
	}
	return "/payments/certificates?" + v.Encode()
}

func certificateHref(match store.ID) string { return "/payments/certificates/" + match.String() }

var certificateMeanings = map[string]ui.Meaning{
	store.CertificateAwaited: ui.Warning, store.CertificateReceived: ui.Good, store.CertificateWaived: ui.Neutral,
}

func certificateStatus(ctx context.Context, state string) ui.Status {
	if !slices.Contains(store.CertificateStates, state) {
		return ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "certificate.state.void")}
	}
	return ui.Status{Meaning: certificateMeanings[state], Label: text.T(ctx, text.Prefix("certificate.state.")+state)}
}

func (a *App) certificateRow(ctx context.Context, c store.Certificate) templates.CertificateRow {
	return templates.CertificateRow{
		Href: certificateHref(c.MatchID), Buyer: c.BuyerName, Bill: c.DocumentNumber, On: c.WithheldOn, Days: max(0, daysBetween(c.WithheldOn, midnight(a.today()))),
		Satang: c.WithheldSatang, Status: certificateStatus(ctx, c.State), Number: c.Number, Scanned: c.FileID.Valid, AskedTimes: c.AskedTimes,
		LetterHref: certificateHref(c.MatchID) + "/letter",
	}
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

// showCertificate shows one certificate, and takes it in.
func (a *App) showCertificate(w http.ResponseWriter, r *http.Request, u user) error {
	return a.certificatePage(w, r, u, http.StatusOK, templates.CertificateView{})
}

func (a *App) certificatePage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.CertificateView) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var c store.Certificate
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if c, err = q.Certificate(match); err != nil || !c.FileID.Valid {
			return err
		}
		v.Scan, err = certificateScan(q, c.FileID.UUID)
		return err
	})
	if err != nil {
		return err
	}
	v.ID, v.Buyer, v.TaxID, v.Satang, v.WithheldOn = match.String(), c.BuyerName, thai.TaxID(c.BuyerTaxID).Grouped(), c.WithheldSatang, c.WithheldOn
	v.Bill, v.BillHref, v.BeforeTax = c.DocumentNumber, "/presentments/"+c.PresentmentID.String(), c.BeforeTaxSatang
	v.Status, v.Number, v.Note, v.AskedTimes = certificateStatus(ctx, c.State), c.Number, c.Note, c.AskedTimes
	v.Received, v.Waived = c.State == store.CertificateReceived, c.State == store.CertificateWaived
	v.MayMake = u.can(store.Maker) && slices.Contains(store.CertificateStates, c.State)
	v.LetterHref = certificateHref(match) + "/letter"
	if c.On != nil {
		v.On = *c.On
	}
	if c.AskedAt != nil {
		v.AskedAt = *c.AskedAt
	}
	w.Header().Set("Content-Security-Policy", policyPreview)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Status: status}, templates.Certificate(v))
}

// waiveCertificate gives up on a certificate, for a reason.
func (a *App) waiveCertificate(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.CertificateView{WhyTyped: f.raw("why")}
	why := f.text("why", required, maxLen(maxPaymentNote))
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		v.WhyError, v.Errors = f.errorOf(r.Context(), "why"), f.summary(r.Context())
		return a.certificatePage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	return a.certificateBecomes(w, r, u, match, text.Msg("certificate.waived"), func(tx *store.Tx) error { return tx.WaiveCertificate(match, why) })
}

// awaitCertificate takes a receipt or a waiver back.
func (a *App) awaitCertificate(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	return a.certificateBecomes(w, r, u, match, text.Msg("certificate.awaited"), func(tx *store.Tx) error { return tx.AwaitCertificate(match, "") })
}

func (a *App) certificateBecomes(w http.ResponseWriter, r *http.Request, u user, match store.ID, said text.Message, do func(*store.Tx) error) error {
	if err := a.Store.Write(r.Context(), u.actor(), do); err != nil {
		return err
	}
	return a.seeOther(w, r, u, certificateHref(match), said)
}

// showLetter is the letter that asks the buyer of a certificate for all that it
// owes, to be printed.
func (a *App) showLetter(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.CertificateLetterView{ID: match.String(), On: midnight(a.today()), MayMake: u.can(store.Maker)}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		v.Seller = templates.PaperParty{Name: m.NameTH, TaxID: thai.TaxID(m.TaxID).Grouped(), Branch: m.Branch, Address: m.Address}
		c, owed, more, err := owedWith(q, match)
		if err != nil {
			return err
		}
		if more {
			v.Most = mostOnLetter
		}
		v.Buyer = templates.PaperParty{Name: c.BuyerName, TaxID: thai.TaxID(c.BuyerTaxID).Grouped(), Branch: c.BuyerBranch, Address: c.BuyerAddress}
		for _, o := range owed {
			v.Total += o.WithheldSatang
			v.Rows = append(v.Rows, a.certificateRow(ctx, o))
		}
		v.Words = thai.BahtText(v.Total)
		return nil
	})
	if err != nil {
		return err
	}
	if len(v.Rows) == 0 {
		return a.seeOther(w, r, u, certificateHref(match), text.Msg("certificate.nothing_owed"))
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments}, templates.CertificateLetter(v))
}

// owedWith reads a certificate, and what its buyer owes as far as one letter asks
// for it; more is that the buyer owes others too.
func owedWith(q *store.Query, match store.ID) (c store.Certificate, owed []store.Certificate, more bool, err error) {
	if c, err = q.Certificate(match); err != nil {
		return c, nil, false, err
	}
	if owed, err = q.CertificatesOwedBy(c.BuyerTaxID, mostOnLetter+1); len(owed) > mostOnLetter {
		return c, owed[:mostOnLetter], true, err
	}
	return c, owed, false, err
}

// recordLetter remembers that a buyer was asked for all that it owes.
func (a *App) recordLetter(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	var ids []store.ID
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		_, owed, _, err := owedWith(tx.Query, match)
		if err != nil {
			return err
		}
		ids = make([]store.ID, len(owed))
		for n, c := range owed {
			ids[n] = c.MatchID
		}
		return tx.AskForCertificates(ids)
	})
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return a.seeOther(w, r, u, certificateHref(match), text.Msg("certificate.nothing_owed"))
	}
	return a.seeOther(w, r, u, "/payments/certificates", text.Msg("certificate.asked"))
}
