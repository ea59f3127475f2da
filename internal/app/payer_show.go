package app

import (
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// payerMandatesShown is how many mandates the page of a payer has.
const payerMandatesShown = 20

// payerPanels fill the places on a payer's page that others have something to
// show in, in their order: each reads what it needs and returns its panel, or
// nil where it has nothing to say.
var payerPanels = []func(ctx context.Context, q *store.Query, u user, p store.Payer) (templ.Component, error){underWayOfPayer}

// showPayer shows what is known of a payer, its mandates, and who changed what.
func (a *App) showPayer(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.payerPage(w, r, u, id, http.StatusOK, "")
}

func (a *App) payerPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, refusal string) error {
	ctx := r.Context()
	var v templates.PayerView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.payerView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = refusal
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.Payer(v))
}

func (a *App) payerView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.PayerView, error) {
	p, err := q.Payer(id)
	if err != nil {
		return templates.PayerView{}, err
	}
	v := templates.PayerView{
		Href: payerHref(id), Version: p.Version, Code: p.Code, Name: p.Name, NameEN: p.NameEN, TaxID: p.TaxID, Mobile: p.Mobile, Email: p.Email,
		Contact: p.Contact, Note: p.Note, Archived: p.State == store.PayerArchived, Since: p.EditedAt, MayMake: u.can(store.Maker),
	}
	if p.TaxID != "" {
		v.TaxIDGrouped = thai.TaxID(p.TaxID).Grouped()
	}
	if p.Payday != nil {
		v.Payday = paydayText(ctx, *p.Payday)
	}
	if p.BuyerID.Valid {
		b, err := q.Buyer(p.BuyerID.UUID)
		if err != nil {
			return v, err
		}
		v.BuyerHref, v.BuyerName = buyerHref(b.ID), b.Name
	}
	mandates, err := q.MandatesOfPayer(id, payerMandatesShown)
	if err != nil {
		return v, err
	}
	standing := store.NoMandate
	for _, m := range mandates {
		v.Mandates = append(v.Mandates, mandateRow(ctx, m, midnight(a.today())))
		if s := payerStanding(m.State); standing == store.NoMandate || standing == store.MandateEnded || s == store.MandateInForce {
			standing = s
		}
		if m.InForce() {
			v.Stands, v.Advice = true, ""
			if m.State == store.MandateSuspended || endsSoon(m, a.today()) {
				v.Advice = standingAdvice(ctx, m, a.today())
				if isOver(m, a.today()) && m.BankToken != "" && (v.MayMake || u.can(store.Checker)) {
					v.AskHref = mandateHref(m.ID) + "/inquiry"
				}
			}
		}
	}
	v.Status = standingStatus(ctx, standing)
	for _, fill := range payerPanels {
		panel, err := fill(ctx, q, u, p)
		if err != nil {
			return v, err
		}
		if panel != nil {
			v.Panels = append(v.Panels, panel)
		}
	}
	leaves, err := q.Story([]store.Subject{store.About("payer", id)})
	for _, l := range leaves {
		e := ui.Event{Sentence: sentenceOf(ctx, l), Person: actorOf(ctx, l), At: l.At}
		if fields, changes := fieldsOf(ctx, l); changes {
			e.Summary, e.Detail = text.T(ctx, "buyer.see_changes"), templates.TrailFields(withoutVersion(ctx, fields), true)
		}
		v.Story = append(v.Story, e)
	}
	v.Story = newestFirst(v.Story)
	return v, err
}

// archivePayer takes a payer out of use.
func (a *App) archivePayer(w http.ResponseWriter, r *http.Request, u user) error {
	return a.movePayer(w, r, u, (*store.Tx).ArchivePayer, text.Msg("payer.archived"))
}

// restorePayer takes it into use again.
func (a *App) restorePayer(w http.ResponseWriter, r *http.Request, u user) error {
	return a.movePayer(w, r, u, (*store.Tx).RestorePayer, text.Msg("payer.restored"))
}

func (a *App) movePayer(w http.ResponseWriter, r *http.Request, u user, move func(*store.Tx, store.ID, int) error, done text.Message) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return move(tx, id, version) })
	switch {
	case errors.Is(err, store.ErrStale):
		return a.payerPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "payer.refused.stale"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, payerHref(id), done)
}
