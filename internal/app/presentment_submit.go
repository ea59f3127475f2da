package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// newSubmission is the last look before a bill goes to whoever approves it.
func (a *App) newSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	return a.submissionPage(w, r, u, http.StatusOK, newKey(), "")
}

func (a *App) submissionPage(w http.ResponseWriter, r *http.Request, u user, status int, key, refusal string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.SubmissionView{ID: id.String(), Key: key, Refusal: refusal}
	var p store.Presentment
	var original *store.Presentment
	var closed bool
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		if p, err = q.Presentment(id); err != nil {
			return err
		}
		names, err := q.CheckersBesides(append(p.Editors, u.person.ID))
		if err != nil {
			return err
		}
		same, err := q.SameDocuments(id)
		if err != nil {
			return err
		}
		v.Approvers = someNames(ctx, names)
		v.Paper, v.Version = paperOf(p, m), p.Version
		markSame(v.Paper.Documents, same)
		if v.Original, original, err = originalIn(ctx, q, p); err != nil {
			return err
		}
		if v.Drawing, err = drawingView(p, m); err != nil {
			return err
		}
		if _, v.Alike, err = likenesses(ctx, q, p); err != nil {
			return err
		}
		closed, err = inClosedMonth(q, p.DocumentOn)
		return err
	})
	if err != nil {
		return err
	}
	if !p.Editable() {
		return a.seeOther(w, r, u, "/presentments/"+v.ID, text.Message{})
	}
	v.Obstacles = append(a.obstacles(ctx, p), replacementObstacles(ctx, original, p)...)
	if closed {
		v.Obstacles = append(v.Obstacles, ui.FieldError{Field: "/presentments/" + v.ID + "/edit#document_on", Message: text.T(ctx, "month.date_closed")})
	}
	if v.Drawing.Stale {
		v.Obstacles = append(v.Obstacles, ui.FieldError{Field: "/presentments/" + v.ID + "#documents", Message: text.T(ctx, "document.stale")})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments, Status: status}, templates.Submission(v))
}

// obstacles are what would make the bank, or the teller, refuse the bill as it
// is today. Each leads to where it is mended.
func (a *App) obstacles(ctx context.Context, p store.Presentment) []ui.FieldError {
	here := billHref(p.ID)
	var found []ui.FieldError
	if len(p.Documents) == 0 {
		found = append(found, ui.FieldError{Field: here + "#documents", Message: text.T(ctx, "presentment.obstacle.documents")})
	}
	if fault := documentDayFault(thai.DayOf(p.DocumentOn), a.today()); fault != "" {
		found = append(found, ui.FieldError{Field: here + "/edit#document_on", Message: text.T(ctx, fault)})
	}
	return found
}

// createSubmission asks for approval of the bill in the version that was seen.
func (a *App) createSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	id, key, version, err := readSubmission(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	_, err = a.Teller.SubmitPresentment(ctx, u.actor(), id, version, key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, billHref(id), text.Msg("presentment.submitted"))
	case errors.Is(err, teller.ErrNotEditable):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.submitted"))
	case store.Violated(err, store.MonthIsOpen):
		return a.submissionPage(w, r, u, http.StatusUnprocessableEntity, newKey(), "")
	}
	if why, ok := refusalIn(err, submissionRefusals); ok {
		return a.submissionPage(w, r, u, why.status, newKey(), why.in(ctx))
	}
	return err
}

// newCancellation asks why the bill shall be taken back.
func (a *App) newCancellation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.cancellationPage(w, r, u, http.StatusOK, templates.CancellationView{Key: newKey()})
}

func (a *App) cancellationPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.CancellationView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var p store.Presentment
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		if p, err = q.Presentment(id); err != nil {
			return err
		}
		names, err := q.CheckersBesides(store.IDs{u.person.ID})
		v.ID, v.Paper, v.Reference, v.Approvers = id.String(), paperOf(p, m), p.BankReference, someNames(ctx, names)
		return err
	})
	if err != nil {
		return err
	}
	if !atBank(p) {
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_cancellable"))
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments, Status: status}, templates.Cancellation(v))
}

// maxReason is what the bank takes as the reason for a cancellation.
const maxReason = 140

// createCancellation asks that the bill be taken back from the bank as a whole.
func (a *App) createCancellation(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.CancellationView{Key: f.key(), Reason: templates.Input{Value: f.raw("reason")}}
	reason := f.text("reason", required, maxLen(maxReason))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		v.Reason.Error, v.Errors = f.errorOf(ctx, "reason"), namedSummary(ctx, f)
		return a.cancellationPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	_, err = a.Teller.RequestCancellation(ctx, u.actor(), id, reason, v.Key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, billHref(id), text.Msg("presentment.cancellation_submitted"))
	case errors.Is(err, teller.ErrNotCancellable):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_cancellable"))
	case errors.Is(err, teller.ErrNoted):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.noted"))
	case errors.Is(err, teller.ErrKeyReused):
		v.Key, v.Refusal = newKey(), text.T(ctx, "presentment.refused.key")
		return a.cancellationPage(w, r, u, http.StatusConflict, v)
	}
	return err
}

// withdrawalRefusals are the reasons why something is not taken back.
var withdrawalRefusals = []refusal{
	{teller.ErrNotMaker, text.K("presentment.withdraw_not_yours"), http.StatusForbidden},
	{teller.ErrAlreadySent, text.K("presentment.withdraw_late"), http.StatusConflict},
	{teller.ErrNotPending, text.K("presentment.withdraw_decided"), http.StatusConflict},
	{store.ErrStale, text.K("presentment.withdraw_decided"), http.StatusConflict},
}

// createWithdrawal takes back what waits and has not left yet.
func (a *App) createWithdrawal(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	reason := f.paragraph("reason", maxLen(maxRemark))
	if err := f.check(); err != nil {
		return err
	}
	var i store.Instruction
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		i, err = q.Instruction(id)
		return err
	})
	if err != nil {
		return err
	}
	if !f.valid() {
		return a.withdrawalRefused(w, r, u, i, http.StatusUnprocessableEntity, f.errorOf(r.Context(), "reason"))
	}
	err = a.Teller.Withdraw(r.Context(), u.actor(), i.LeadID, reason)
	if why, ok := refusalIn(err, withdrawalRefusals); ok {
		return a.withdrawalRefused(w, r, u, i, why.status, why.in(r.Context()))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, subjectHref(i.Subject), text.Msg("presentment.withdrawn"))
}

func (a *App) withdrawalRefused(w http.ResponseWriter, r *http.Request, u user, i store.Instruction, status int, why string) error {
	if i.Subject.Kind() == "receipt" {
		return a.receiptPage(w, r, u, i.SubjectID(), status, presentmentSays{refusal: why})
	}
	if i.Subject.Kind() == "etax" {
		r.SetPathValue("id", i.SubjectID().String())
		return a.etaxPage(w, r, u, status, templates.EtaxView{Refusal: why})
	}
	if i.Subject.Kind() == "mandate" {
		return a.mandatePageOf(w, r, u, i.SubjectID(), status, templates.MandateView{Refusal: why})
	}
	if i.Subject.Kind() == "debit" {
		r.SetPathValue("id", i.SubjectID().String())
		return a.debitPage(w, r, u, i.SubjectID(), status, why)
	}
	if i.Subject.Kind() == "request" {
		return a.requestPage(w, r, u, i.SubjectID(), status, why)
	}
	if i.Subject.Kind() == "alert" {
		r.SetPathValue("id", i.SubjectID().String())
		return a.alertPage(w, r, u, status, alertSays{refusal: why})
	}
	return a.presentmentPage(w, r, u, i.SubjectID(), status, presentmentSays{refusal: why})
}
