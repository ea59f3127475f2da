package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// delegable are the operations that approving can be handed over for one by one.
var delegable = []string{"presentment.create", "presentment.cancel"}

// listDelegations shows who approves for whom, and lets a checker hand over.
func (a *App) listDelegations(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.delegationsPage(w, r, u, http.StatusOK, templates.DelegationListView{})
}

func (a *App) delegationsPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.DelegationListView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.Delegations(time.Time{}, store.NoID, pageRows)
		if err != nil {
			return err
		}
		today := midnight(a.today())
		for _, d := range list {
			v.Rows = append(v.Rows, delegationRow(ctx, u, d, today))
		}
		members, err := q.Members()
		if err != nil {
			return err
		}
		v.MayOffer = u.can(store.Checker)
		v.Operations = nil
		for _, o := range delegable {
			v.Operations = append(v.Operations, ui.Choice{Value: o, Label: operationName(ctx, o), Checked: v.Chosen[o]})
		}
		for _, m := range members {
			if m.Checks() && m.PersonID != u.person.ID {
				v.Delegates = append(v.Delegates, ui.Option{Value: m.PersonID.String(), Label: m.Name})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaApprovals, Status: status}, templates.DelegationList(v))
}

func delegationRow(ctx context.Context, u user, d store.Delegation, today time.Time) templates.DelegationRow {
	stage := d.Stage(today)
	row := templates.DelegationRow{
		ID: d.ID.String(), Holder: d.HolderName, Delegate: d.DelegateName, StartsOn: d.StartsOn, EndsOn: d.EndsOn, CapSatang: d.CapSatang, Note: d.Note,
		Status: ui.Status{Label: text.T(ctx, text.Prefix("delegation.stage.")+stage), Meaning: map[string]ui.Meaning{
			store.DelegationOffered: ui.Warning, store.DelegationComing: ui.Info, store.DelegationInForce: ui.Good,
		}[stage]},
	}
	for _, o := range d.Operations {
		row.Operations = append(row.Operations, operationName(ctx, o))
	}
	open := stage == store.DelegationOffered || stage == store.DelegationComing || stage == store.DelegationInForce
	row.MayAnswer = stage == store.DelegationOffered && d.DelegateID == u.person.ID
	row.MayRevoke = open && !row.MayAnswer && (d.HolderID == u.person.ID || d.DelegateID == u.person.ID)
	return row
}

// createDelegation offers the acting checker's approving to another.
func (a *App) createDelegation(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.DelegationListView{
		Delegate: f.raw("delegate"), StartsOn: f.raw("starts_on"), EndsOn: f.raw("ends_on"), Cap: f.raw("cap"), Note: f.raw("note"), Chosen: map[string]bool{},
	}
	d := store.Delegation{DelegateID: f.id("delegate"), CapSatang: f.satang("cap", required), Note: f.text("note", maxLen(200))}
	if d.DelegateID == store.NoID {
		f.fail("delegate", text.Msg("delegation.error.delegate"))
	}
	today := a.today()
	from, to := f.day("starts_on", today, required), f.day("ends_on", today, required)
	v.StartMeant, v.EndMeant = readings(v.StartsOn, today), readings(v.EndsOn, today)
	for _, o := range f.list("operations") {
		if !slices.Contains(delegable, o) {
			f.broken = &requestError{"an unknown operation"}
		}
		v.Chosen[o] = true
		d.Operations = append(d.Operations, o)
	}
	if err := f.check(); err != nil {
		return err
	}
	judgeDelegation(f, d, from, to, today)
	ctx := r.Context()
	if f.valid() {
		d.StartsOn, d.EndsOn = from.Time(), to.Time()
		err := a.offer(ctx, u, d, &v)
		switch {
		case store.Violated(err, "delegation_is_offered_once"): // a second click
			return a.seeOther(w, r, u, "/approvals/delegations", text.Msg("delegation.offered"))
		case err != nil && !explainDelegation(f, err):
			return err
		case err == nil && len(v.Gaps) == 0:
			return a.seeOther(w, r, u, "/approvals/delegations", text.Msg("delegation.offered"))
		}
	}
	v.Errors = f.summary(ctx)
	return a.delegationsPage(w, r, u, http.StatusUnprocessableEntity, v)
}

func judgeDelegation(f *form, d store.Delegation, from, to, today thai.Day) {
	switch {
	case !f.valid():
	case to.Compare(today) < 0:
		f.fail("ends_on", text.Msg("delegation.error.past"))
	case to.Compare(from) < 0:
		f.fail("ends_on", text.Msg("delegation.error.order"))
	case to.Compare(from.AddDays(92)) > 0:
		f.fail("ends_on", text.Msg("delegation.error.long"))
	case from.Compare(today.AddDays(365)) > 0:
		f.fail("starts_on", text.Msg("delegation.error.far"))
	}
	if d.CapSatang <= 0 && f.valid() {
		f.fail("cap", text.Msg("delegation.error.cap"))
	}
}

// offer stores the delegation, unless amounts would be left without enough
// people meanwhile; the schema says the same once more.
func (a *App) offer(ctx context.Context, u user, d store.Delegation, v *templates.DelegationListView) error {
	d.HolderID = u.person.ID
	return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		v.Gaps = nil
		gaps, err := tx.GapsWhileAway(d)
		if err != nil {
			return err
		}
		if len(gaps) > 0 {
			p, err := tx.Policy()
			v.Gaps = awaySentences(ctx, p, gaps)
			return err
		}
		_, err = tx.OfferDelegation(d)
		return err
	})
}

func awaySentences(ctx context.Context, p store.Policy, gaps []store.Gap) []string {
	if p.Rules.Empty() {
		p.Rules.Lists = []store.BandList{{Bands: []store.Band{{}}}}
	}
	return gapSentences(ctx, p.Rules, gaps)
}

// explainDelegation marks the field that the schema refused, if it is one.
func explainDelegation(f *form, err error) bool {
	for constraint, fault := range map[string]struct{ field, key string }{
		"delegation_is_among_checkers":    {"delegate", text.K("delegation.error.delegate")},
		"delegation_is_to_another":        {"delegate", text.K("delegation.error.delegate")},
		"delegation_is_for_days_to_come":  {"ends_on", text.K("delegation.error.past")},
		store.LeaveLeavesNobody:           {"delegate", text.K("delegation.gaps")},
		"delegation_is_for_a_quarter":     {"ends_on", text.K("delegation.error.long")},
		"delegation_ends_after_it_starts": {"ends_on", text.K("delegation.error.order")},
	} {
		if store.Violated(err, constraint) {
			f.fail(fault.field, text.Msg(fault.key))
			return true
		}
	}
	return false
}

// acceptDelegation has the delegate take it.
func (a *App) acceptDelegation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeDelegation(w, r, u, "delegation.accepted", func(tx *store.Tx, d store.Delegation) error {
		return tx.AnswerDelegation(d, store.DelegationAccepted)
	})
}

// declineDelegation has the delegate say no.
func (a *App) declineDelegation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeDelegation(w, r, u, "delegation.declined", func(tx *store.Tx, d store.Delegation) error {
		return tx.AnswerDelegation(d, store.DelegationDeclined)
	})
}

// revokeDelegation ends it at once, by either side.
func (a *App) revokeDelegation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeDelegation(w, r, u, "delegation.revoked", (*store.Tx).RevokeDelegation)
}

func (a *App) changeDelegation(w http.ResponseWriter, r *http.Request, u user, said string, change func(*store.Tx, store.Delegation) error) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		d, err := tx.Delegation(id)
		if err != nil {
			return err
		}
		return change(tx, d)
	})
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/approvals/delegations", text.Msg(said))
	case errors.Is(err, store.ErrStale), store.Violated(err, "delegation_stays_as_offered"):
		return a.delegationsPage(w, r, u, http.StatusConflict, templates.DelegationListView{Refused: text.T(ctx, "delegation.refused.over")})
	case store.Violated(err, "delegation_is_answered_by_delegate"), store.Violated(err, "delegation_is_ended_by_a_side"):
		return a.delegationsPage(w, r, u, http.StatusForbidden, templates.DelegationListView{Refused: text.T(ctx, "delegation.refused.not_yours")})
	}
	return err
}
