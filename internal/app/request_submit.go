package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// thaiDay is the day of an instant in Thailand, as the store keeps days.
func thaiDay(at time.Time) time.Time { return midnight(thai.Today(at)) }

// newRequestSubmission is the last look before a request goes to whoever
// approves it.
func (a *App) newRequestSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.requestSubmissionPage(w, r, u, http.StatusOK, templates.RequestSubmissionView{Key: newKey()})
}

func (a *App) requestSubmissionPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.RequestSubmissionView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var d store.PayRequest
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if d, err = q.Request(id); err != nil {
			return err
		}
		names, err := q.CheckersBesides(append(d.Editors, u.person.ID))
		if err != nil {
			return err
		}
		rules, err := q.RequestRules()
		if err != nil {
			return err
		}
		v.ID, v.Version, v.Paper, v.Approvers = id.String(), d.Version, requestPaper(ctx, d, a.Clock()), someNames(ctx, names)
		v.Obstacles = requestObstacles(ctx, d, rules, a.Clock())
		if v.Alike, err = requestsAlike(ctx, q, d); err != nil {
			return err
		}
		if v.Repeat.Value == "" {
			v.Repeat.Value = d.RepeatReason
		}
		v.Collisions, err = requestCollisions(ctx, q, d.ID)
		v.Blocked = len(v.Collisions) > 0 && rules.Collision == store.CollisionBlock
		return err
	})
	if err != nil {
		return err
	}
	if !d.Editable() {
		return a.seeOther(w, r, u, requestHref(id), text.Message{})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.RequestSubmission(v))
}

// requestObstacles are what would make the teller or the bank refuse the request
// as it is now. Each leads to where it is mended.
func requestObstacles(ctx context.Context, d store.PayRequest, rules store.RequestRules, now time.Time) []ui.FieldError {
	here := requestHref(d.ID) + "/edit"
	var found []ui.FieldError
	if !d.SenderActive {
		found = append(found, ui.FieldError{Field: here + "#sender", Message: text.T(ctx, "request.refused.sender")})
	}
	if field, why, bad := requestDayFault(d, now); bad {
		found = append(found, ui.FieldError{Field: here + "#" + field, Message: why.In(ctx)})
	}
	if d.AmountSatang < rules.MinSatang || d.AmountSatang > rules.MaxSatang {
		found = append(found, ui.FieldError{Field: here + "#amount", Message: text.T(ctx, "debits.error.limits",
			"min", text.Amount(rules.MinSatang), "max", text.Amount(rules.MaxSatang))})
	}
	return found
}

func requestsAlike(ctx context.Context, q *store.Query, r store.PayRequest) ([]templates.DebitLink, error) {
	alike, err := q.RequestsAlike(r)
	var links []templates.DebitLink
	for _, o := range alike {
		links = append(links, templates.DebitLink{Href: requestHref(o.ID), Label: o.ReceiverName + " · " + o.Reference, Status: requestStatus(ctx, o.State)})
	}
	return links, err
}

// requestCollisions say how else the same is collected, or was.
func requestCollisions(ctx context.Context, q *store.Query, id store.ID) ([]templates.DebitLink, error) {
	found, err := q.RequestCollisions(id)
	return collisionLinks(ctx, found), err
}

// createRequestSubmission asks for approval of the request in the version that
// was seen. Where there is one like it, it asks why both are right.
func (a *App) createRequestSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key, version := f.key(), f.hidden("version")
	repeat := f.paragraph("repeat_reason", maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.RequestSubmissionView{Key: newKey(), Repeat: templates.Input{Value: f.raw("repeat_reason"), Error: f.errorOf(ctx, "repeat_reason")}}
	if !f.valid() {
		return a.requestSubmissionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	if repeat != "" {
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			d, err := tx.Request(id)
			if err != nil || d.RepeatReason == repeat || !d.Editable() {
				return err
			}
			return tx.LetRequestRepeat(id, version, repeat)
		})
	}
	if err == nil {
		_, err = a.Teller.SubmitRequest(ctx, u.actor(), id, version, key)
	}
	switch {
	case err == nil:
		return a.seeOther(w, r, u, requestHref(id), text.Msg("request.submitted"))
	case errors.Is(err, teller.ErrNotEditable):
		return a.requestPage(w, r, u, id, http.StatusConflict, text.T(ctx, "debits.refused.submitted"))
	case errors.Is(err, teller.ErrDebitRepeats):
		v.Repeat.Error = text.T(ctx, "request.error.repeat_reason")
		return a.requestSubmissionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	for _, c := range requestRefusals {
		if errors.Is(err, c.reason) {
			v.Refusal = text.T(ctx, c.key)
			return a.requestSubmissionPage(w, r, u, c.status, v)
		}
	}
	return err
}

var requestRefusals = []struct {
	reason error
	key    string
	status int
}{
	{store.ErrStale, text.K("presentment.refused.stale"), http.StatusConflict},
	{teller.ErrKeyReused, text.K("presentment.refused.key"), http.StatusConflict},
	{teller.ErrSenderEnded, text.K("request.refused.sender"), http.StatusUnprocessableEntity},
	{teller.ErrOwnReceiver, text.K("request.error.own"), http.StatusUnprocessableEntity},
	{teller.ErrDebitLimits, text.K("debits.refused.limits"), http.StatusUnprocessableEntity},
	{teller.ErrRequestDays, text.K("request.refused.days"), http.StatusUnprocessableEntity},
	{teller.ErrCollides, text.K("debits.refused.collides"), http.StatusUnprocessableEntity},
	{teller.ErrStillRunning, text.K("request.refused.running"), http.StatusConflict},
}

// discardRequest puts a draft out of the way.
func (a *App) discardRequest(w http.ResponseWriter, r *http.Request, u user) error {
	return a.setRequestAside(w, r, u, (*store.Tx).DiscardRequest, text.Msg("request.discarded"))
}

// restoreRequest takes a discarded draft back.
func (a *App) restoreRequest(w http.ResponseWriter, r *http.Request, u user) error {
	return a.setRequestAside(w, r, u, (*store.Tx).RestoreRequest, text.Msg("request.restored"))
}

func (a *App) setRequestAside(w http.ResponseWriter, r *http.Request, u user, do func(*store.Tx, store.ID, int) error, said text.Message) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockRequest(id); err != nil {
			return err
		}
		return do(tx, id, version)
	})
	switch {
	case errors.Is(err, store.ErrStale):
		return a.requestPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "debits.refused.not_editable"))
	case store.Violated(err, "request_is_resent_once"):
		return a.requestPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "request.refused.resent"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, requestHref(id), said)
}

// askRequest asks the bank where a request stands.
func (a *App) askRequest(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Teller.AskRequest(r.Context(), u.actor(), id)
	switch {
	case errors.Is(err, store.ErrAsking):
		return a.seeOther(w, r, u, requestHref(id), text.Msg("debits.asking"))
	case errors.Is(err, teller.ErrNeverSent):
		return a.requestPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "debits.refused.never_sent"))
	case errors.Is(err, teller.ErrNotOnDuty):
		return &forbiddenError{maker | checker}
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, requestHref(id), text.Msg("debits.asked"))
}

// describeRequest shows an approver a request from the bytes that will be sent,
// with what the bank does with it at that time, and how else the same is
// collected.
func (a *App) describeRequest(ctx context.Context, q *store.Query, p teller.PayRequest, lead store.Instruction, v *templates.ApprovalView) error {
	now, err := q.Request(lead.SubjectID())
	if err != nil {
		return err
	}
	said := store.PayRequest{
		SenderKind: string(p.SenderKind), SenderValue: p.SenderValue, SenderLabel: now.SenderLabel, SenderActive: now.SenderActive,
		ReceiverKind: string(p.ReceiverKind), ReceiverValue: p.ReceiverValue, ReceiverName: p.ReceiverName, AmountSatang: int64(p.Amount), Reference: p.BillReference1,
		Reference2: p.BillReference2, Message: p.Message, InvoiceNumber: p.InvoiceNumber, PresentmentID: now.PresentmentID, SendAt: p.At, EndsOn: thaiDay(p.ExpiresAt.Time),
		RepeatReason: p.RepeatReason, State: now.State,
	}
	if p.On != nil {
		on := midnight(dayOf(*p.On))
		said.SendOn = &on
	}
	pending := lead.State == store.Pending
	v.Request = &templates.RequestApproval{Paper: requestPaper(ctx, said, a.Clock()), Pending: pending}
	v.Sentence = text.T(ctx, "request.approve_sentence", "receiver", p.ReceiverName, "id", promptpay.ID{Kind: p.ReceiverKind, Value: p.ReceiverValue}.Format(),
		"amount", text.Amount(int64(p.Amount)), "sends", sendingWords(ctx, said), "ends", text.BothEras(ctx, said.EndsOn))
	v.Lasting = text.T(ctx, "request.irreversible")
	if !pending {
		return nil
	}
	if v.Request.Collisions, err = requestCollisions(ctx, q, now.ID); err != nil {
		return err
	}
	v.Request.Alike, err = requestsAlike(ctx, q, now)
	return err
}
