package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var differenceStates = []string{store.DifferenceOpen, store.DifferenceAdopted, store.DifferenceDismissed, store.DifferenceGone}

// compareMandates asks for the bank's list of mandates.
func (a *App) compareMandates(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	err := a.Teller.CompareMandates(r.Context(), u.actor())
	if err != nil && !errors.Is(err, store.ErrAsking) {
		return err
	}
	return a.seeOther(w, r, u, "/differences", text.Msg("mandate.comparing"))
}

// listDifferences shows in what the bank's list and ours differ.
func (a *App) listDifferences(w http.ResponseWriter, r *http.Request, u user) error {
	return a.differencesPage(w, r, u, http.StatusOK, "")
}

func (a *App) differencesPage(w http.ResponseWriter, r *http.Request, u user, status int, refusal string) error {
	ctx := r.Context()
	f := readQuery(r)
	state, before := f.choice("state", differenceStates...), f.id("after")
	if err := f.check(); err != nil {
		return err
	}
	if state == "" {
		state = store.DifferenceOpen
	}
	v := templates.DifferenceListView{State: state, MayAsk: u.can(store.Maker) || u.can(store.Checker), Refusal: refusal}
	var rows []store.MandateDifference
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if rows, err = q.MandateDifferences(state, before, mandatePageSize+1); err != nil {
			return err
		}
		open, err := q.CountDifferences()
		if err != nil {
			return err
		}
		asked, err := q.Inquiries(store.About("merchant", u.actor().Merchant))
		v.Comparison = comparisonView(ctx, asked, open)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > mandatePageSize {
		rows = rows[:mandatePageSize]
		v.Pager.Next = "/differences?state=" + state + "&after=" + rows[len(rows)-1].ID.String()
	}
	for _, d := range rows {
		v.Rows = append(v.Rows, differenceRow(ctx, d))
	}
	for _, s := range differenceStates {
		tab := ui.Tab{Label: text.T(ctx, text.Prefix("mandate.difference.")+s), Href: "/differences?state=" + s, Current: s == state}
		if s == store.DifferenceOpen {
			tab.Count = countText(v.Comparison.Differences)
		}
		v.Tabs = append(v.Tabs, tab)
	}
	header := ui.Header{Title: text.T(ctx, "mandate.differences"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "mandate.title"), Href: "/mandates"}}}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.DifferenceList(v))
}

func differenceRow(ctx context.Context, d store.MandateDifference) templates.DifferenceRow {
	row := templates.DifferenceRow{
		Href: "/differences/" + d.ID.String(), Payer: d.PayerName, Ref1: d.Ref1, Account: d.DrawerAccount, FoundAt: d.FoundAt,
		Ours: text.T(ctx, "mandate.not_here"), Theirs: text.T(ctx, "mandate.not_there"), Sentence: text.T(ctx, text.Prefix("mandate.differs.")+d.Kind),
	}
	if d.OurState != "" {
		row.Ours = text.T(ctx, text.Prefix("mandate.state.")+d.OurState)
	}
	if d.BankStatus != "" {
		row.Theirs = text.T(ctx, text.Prefix("mandate.bank.")+bankStatusKey(d.BankStatus))
	}
	return row
}

// showDifference shows one difference, to be adopted or dismissed.
func (a *App) showDifference(w http.ResponseWriter, r *http.Request, u user) error {
	return a.differencePage(w, r, u, http.StatusOK, templates.DifferenceView{})
}

func (a *App) differencePage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.DifferenceView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		d, err := q.MandateDifference(id)
		if err != nil {
			return err
		}
		v.DifferenceRow = differenceRow(ctx, d)
		v.Kind, v.Ref2, v.Token, v.AccountName, v.BankChannel, v.CreatedAt = d.Kind, d.Ref2, d.BankToken, d.DrawerName, d.BankChannel, d.BankCreatedAt
		v.State, v.Reason, v.DecidedBy, v.DecidedAt = d.State, d.Reason, d.DecidedByName, d.DecidedAt
		v.Open = d.State == store.DifferenceOpen
		v.MayAdopt = u.can(store.Maker) && v.Open && d.Kind != store.MissingThere
		v.MayDismiss = (u.can(store.Maker) || u.can(store.Checker)) && v.Open
		if d.MandateID.Valid {
			v.Mandate = mandateHref(d.MandateID.UUID)
		}
		if d.PayerID.Valid {
			v.PayerHref = payerHref(d.PayerID.UUID)
			if v.TypedCode == "" {
				p, err := q.Payer(d.PayerID.UUID)
				if err != nil {
					return err
				}
				v.TypedCode = p.Code
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	header := ui.Header{Title: v.Sentence, Crumbs: []ui.Crumb{
		{Label: text.T(ctx, "mandate.title"), Href: "/mandates"}, {Label: text.T(ctx, "mandate.differences"), Href: "/differences"},
	}}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.MandateDifference(v))
}

// adoptDifference takes over what the bank's list says.
func (a *App) adoptDifference(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("code")
	code := f.text("code", maxLen(20))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	var d store.MandateDifference
	payer := store.NoID
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if d, err = q.MandateDifference(id); err != nil || d.Kind != store.UnknownHere {
			return err
		}
		p, err := q.PayerByCode(code)
		if errors.Is(err, store.ErrNotFound) {
			f.fail("code", text.Msg("mandate.error.no_payer"))
			return nil
		}
		payer = p.ID
		return err
	})
	if err != nil {
		return err
	}
	if !f.valid() {
		return a.differencePage(w, r, u, http.StatusUnprocessableEntity, templates.DifferenceView{TypedCode: typed, CodeError: f.errorOf(ctx, "code"), Errors: f.summary(ctx)})
	}
	mandate, err := a.Teller.AdoptDifference(ctx, u.actor(), id, payer)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, mandateHref(mandate), text.Msg("mandate.adopted"))
	case errors.Is(err, teller.ErrMandateStands):
		return a.differencePage(w, r, u, http.StatusConflict, templates.DifferenceView{Refusal: text.T(ctx, "mandate.refused.stands")})
	case errors.Is(err, teller.ErrNothingToAdopt), errors.Is(err, store.ErrStale), store.Violated(err, "mandate_token_is_unique"):
		return a.differencePage(w, r, u, http.StatusConflict, templates.DifferenceView{Refusal: text.T(ctx, "mandate.refused.not_adoptable")})
	}
	return err
}

// dismissDifference says, with a reason, that nothing is to follow.
func (a *App) dismissDifference(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("reason")
	reason := f.paragraph("reason", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.differencePage(w, r, u, http.StatusUnprocessableEntity, templates.DifferenceView{
			TypedReason: typed, ReasonError: f.errorOf(ctx, "reason"), Errors: f.summary(ctx),
		})
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		d, err := tx.MandateDifference(id)
		if err != nil {
			return err
		}
		return tx.DismissDifference(d.ID, reason)
	})
	if errors.Is(err, store.ErrStale) {
		return a.differencePage(w, r, u, http.StatusConflict, templates.DifferenceView{TypedReason: typed, Refusal: text.T(ctx, "mandate.refused.decided")})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/differences", text.Msg("mandate.dismissed"))
}
