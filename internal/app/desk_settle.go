package app

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// The shortest note that says how somebody knows, as the schema demands it.
const shortestNote = 10

// proposeSettlement takes the first person's word on an unknown outcome.
func (a *App) proposeSettlement(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.SettlementForm{Outcome: f.raw("outcome"), Reference: f.raw("bank_reference"), Note: f.raw("note")}
	s := teller.Settlement{Outcome: f.choice("outcome", store.Done, store.Failed)}
	if s.Outcome == "" {
		f.fail("outcome", text.Msg("desk.outcome_missing"))
	}
	s.BankReference = f.text("bank_reference", maxLen(64))
	if s.Outcome == store.Failed && s.BankReference != "" {
		f.fail("bank_reference", text.Msg("desk.reference_contradicts"))
	}
	s.Note = f.paragraph("note", maxLen(1000))
	if f.errorOf(r.Context(), "note") == "" && utf8.RuneCountInString(s.Note) < shortestNote {
		f.fail("note", text.Msg("desk.note_short", "min", shortestNote))
	}
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() {
		err := a.Teller.ProposeSettlement(r.Context(), u.actor(), id, s)
		if err == nil {
			return a.seeOther(w, r, u, "/unknown/"+id.String(), text.Msg("desk.proposed"))
		}
		if !errors.Is(err, teller.ErrNeedsReference) {
			return a.refusedSettlement(w, r, u, id, err)
		}
		f.fail("bank_reference", text.Msg("desk.reference_missing"))
	}
	ctx := r.Context()
	v.OutcomeError, v.ReferenceError, v.NoteError = f.errorOf(ctx, "outcome"), f.errorOf(ctx, "bank_reference"), f.errorOf(ctx, "note")
	v.Errors = f.summary(ctx)
	return a.deskPage(w, r, u, id, http.StatusUnprocessableEntity, templates.DeskView{Form: v})
}

// confirmSettlement is the second person's agreement.
func (a *App) confirmSettlement(w http.ResponseWriter, r *http.Request, u user) error {
	id, settlement, err := settlementOf(r)
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	if err := a.Teller.ConfirmSettlement(r.Context(), u.actor(), id, settlement, ""); err != nil {
		return a.refusedSettlement(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, "/unknown/"+id.String(), text.Msg("desk.confirmed"))
}

// declineSettlement is the second person's doubt: the outcome stays unknown.
func (a *App) declineSettlement(w http.ResponseWriter, r *http.Request, u user) error {
	id, settlement, err := settlementOf(r)
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("note")
	note := f.paragraph("note", required, maxLen(1000))
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.deskPage(w, r, u, id, http.StatusUnprocessableEntity, templates.DeskView{Form: templates.SettlementForm{
			Refusal: typed, RefusalError: f.errorOf(r.Context(), "note"), Errors: f.summary(r.Context()),
		}})
	}
	if err := a.Teller.DeclineSettlement(r.Context(), u.actor(), id, settlement, note); err != nil {
		return a.refusedSettlement(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, "/unknown/"+id.String(), text.Msg("desk.declined"))
}

func settlementOf(r *http.Request) (instruction, settlement store.ID, err error) {
	if instruction, err = pathID(r, "id"); err != nil {
		return instruction, settlement, err
	}
	settlement, err = pathID(r, "settlement")
	return instruction, settlement, err
}

// refusedSettlement shows the item as it is now, with the reason why what was
// just tried did not happen.
func (a *App) refusedSettlement(w http.ResponseWriter, r *http.Request, u user, id store.ID, err error) error {
	refused := func(status int, message string) error {
		return a.deskPage(w, r, u, id, status, templates.DeskView{Refused: text.T(r.Context(), message)})
	}
	switch {
	case errors.Is(err, teller.ErrOwnProposal):
		return refused(http.StatusForbidden, text.K("desk.refused.own"))
	case errors.Is(err, teller.ErrNotUnknown):
		return refused(http.StatusConflict, text.K("desk.refused.settled"))
	case errors.Is(err, store.ErrStale):
		return refused(http.StatusConflict, text.K("desk.refused.stale"))
	case store.Violated(err, store.DeciderWaits):
		return refused(http.StatusForbidden, text.K("approval.not.too_soon"))
	case store.Violated(err, "one_open_settlement"):
		return refused(http.StatusConflict, text.K("desk.refused.proposed"))
	}
	return err
}
