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

// newDebitSubmission is the last look before a debit goes to whoever approves it.
func (a *App) newDebitSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.debitSubmissionPage(w, r, u, http.StatusOK, templates.DebitSubmissionView{Key: newKey()})
}

func (a *App) debitSubmissionPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.DebitSubmissionView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var d store.Debit
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if d, err = q.Debit(id); err != nil {
			return err
		}
		names, err := q.CheckersBesides(append(d.Editors, u.person.ID))
		if err != nil {
			return err
		}
		rules, err := q.DebitRules()
		if err != nil {
			return err
		}
		v.ID, v.Version, v.Paper, v.Approvers = id.String(), d.Version, debitPaper(d), someNames(ctx, names)
		v.Hours = text.T(ctx, "debits.hours", "from", rules.SendAt, "to", rules.CutOff)
		v.Obstacles = a.debitObstacles(ctx, q, d, rules)
		alike, err := q.DebitsAlike(d)
		if err != nil {
			return err
		}
		for _, o := range alike {
			v.Alike = append(v.Alike, templates.DebitLink{Href: debitHref(o.ID), Label: o.PayerName + " · " + o.Reference, Status: debitStatus(ctx, o.State)})
		}
		if v.Repeat.Value == "" {
			v.Repeat.Value = d.RepeatReason
		}
		v.Collisions, err = debitCollisions(ctx, q, d.ID)
		v.Blocked = len(v.Collisions) > 0 && rules.Collision == store.CollisionBlock
		return err
	})
	if err != nil {
		return err
	}
	if !d.Editable() {
		return a.seeOther(w, r, u, debitHref(id), text.Message{})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.DebitSubmission(v))
}

// debitObstacles are what would make the teller or the bank refuse the debit as
// it is today. Each leads to where it is mended.
func (a *App) debitObstacles(ctx context.Context, q *store.Query, d store.Debit, rules store.DebitRules) []ui.FieldError {
	here := debitHref(d.ID) + "/edit"
	var found []ui.FieldError
	if !d.MandateLive {
		found = append(found, ui.FieldError{Field: "/payers/" + d.PayerID.String(), Message: text.T(ctx, "debits.error.mandate", "name", d.PayerName)})
	}
	if why, bad := debitDayFault(q, thai.DayOf(d.DebitOn), a.today(), rules, a.Clock()); bad {
		found = append(found, ui.FieldError{Field: here + "#debit_on", Message: why.In(ctx)})
	}
	if d.AmountSatang < rules.MinSatang || d.AmountSatang > rules.MaxSatang {
		found = append(found, ui.FieldError{Field: here + "#amount", Message: text.T(ctx, "debits.error.limits",
			"min", text.Amount(rules.MinSatang), "max", text.Amount(rules.MaxSatang))})
	}
	return found
}

// debitCollisions say how else the same is collected, or was.
func debitCollisions(ctx context.Context, q *store.Query, id store.ID) ([]templates.DebitLink, error) {
	found, err := q.DebitCollisions(id)
	return collisionLinks(ctx, found), err
}

// collisionLinks lead to what collects the same, whatever it is.
func collisionLinks(ctx context.Context, found []store.Collision) (list []templates.DebitLink) {
	for _, c := range found {
		link := templates.DebitLink{Label: text.T(ctx, text.Prefix("debits.collides.")+c.Kind, "name", c.Name, "amount", text.Amount(c.Satang))}
		switch c.Kind {
		case store.CollidesDebit:
			link.Href, link.Status = debitHref(c.ID), debitStatus(ctx, c.State)
		case store.CollidesRequest:
			link.Href, link.Status = requestHref(c.ID), requestStatus(ctx, c.State)
		default:
			link.Href, link.Status = billHref(c.ID), presentmentStatus(ctx, c.State)
		}
		list = append(list, link)
	}
	return list
}

// createDebitSubmission asks for approval of the debit in the version that was
// seen. Where there is one like it, it asks why both are right.
func (a *App) createDebitSubmission(w http.ResponseWriter, r *http.Request, u user) error {
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
	v := templates.DebitSubmissionView{Key: newKey(), Repeat: templates.Input{Value: f.raw("repeat_reason"), Error: f.errorOf(ctx, "repeat_reason")}}
	if !f.valid() {
		return a.debitSubmissionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	if repeat != "" {
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			d, err := tx.Debit(id)
			if err != nil || d.RepeatReason == repeat || !d.Editable() {
				return err
			}
			return tx.LetDebitRepeat(id, version, repeat)
		})
	}
	if err == nil {
		_, err = a.Teller.SubmitDebit(ctx, u.actor(), id, version, key)
	}
	switch {
	case err == nil:
		return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.submitted"))
	case errors.Is(err, teller.ErrNotEditable):
		return a.debitPage(w, r, u, id, http.StatusConflict, text.T(ctx, "debits.refused.submitted"))
	case errors.Is(err, teller.ErrDebitRepeats):
		v.Repeat.Error = text.T(ctx, "debits.error.repeat_reason")
		return a.debitSubmissionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	for _, c := range debitRefusals {
		if errors.Is(err, c.reason) {
			v.Refusal = text.T(ctx, c.key)
			return a.debitSubmissionPage(w, r, u, c.status, v)
		}
	}
	return err
}

var debitRefusals = []struct {
	reason error
	key    string
	status int
}{
	{store.ErrStale, text.K("presentment.refused.stale"), http.StatusConflict},
	{teller.ErrKeyReused, text.K("presentment.refused.key"), http.StatusConflict},
	{teller.ErrMandateDead, text.K("debits.refused.mandate"), http.StatusUnprocessableEntity},
	{teller.ErrDebitLimits, text.K("debits.refused.limits"), http.StatusUnprocessableEntity},
	{teller.ErrDebitLate, text.K("debits.refused.late"), http.StatusUnprocessableEntity},
	{teller.ErrCollides, text.K("debits.refused.collides"), http.StatusUnprocessableEntity},
	{teller.ErrNotRetryable, text.K("debits.refused.retried"), http.StatusConflict},
}

// discardDebit puts a draft out of the way.
func (a *App) discardDebit(w http.ResponseWriter, r *http.Request, u user) error {
	return a.setDebitAside(w, r, u, (*store.Tx).DiscardDebit, text.Msg("debits.discarded"))
}

// restoreDebit takes a discarded draft back.
func (a *App) restoreDebit(w http.ResponseWriter, r *http.Request, u user) error {
	return a.setDebitAside(w, r, u, (*store.Tx).RestoreDebit, text.Msg("debits.restored"))
}

func (a *App) setDebitAside(w http.ResponseWriter, r *http.Request, u user, do func(*store.Tx, store.ID, int) error, said text.Message) error {
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
		if _, err := tx.LockDebit(id); err != nil {
			return err
		}
		return do(tx, id, version)
	})
	if errors.Is(err, store.ErrStale) {
		return a.debitPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "debits.refused.not_editable"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, debitHref(id), said)
}

// askDebit asks the bank what became of a debit.
func (a *App) askDebit(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Teller.AskDebit(r.Context(), u.actor(), id)
	switch {
	case errors.Is(err, store.ErrAsking):
		return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.asking"))
	case errors.Is(err, teller.ErrNeverSent):
		return a.debitPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "debits.refused.never_sent"))
	case errors.Is(err, teller.ErrNotOnDuty):
		return &forbiddenError{maker | checker}
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.asked"))
}
