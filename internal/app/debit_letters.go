package app

import (
	"context"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// tellDebitPayer has a letter written to the payer of a failed debit.
func (a *App) tellDebitPayer(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	told := 0
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if _, err := tx.LockDebit(id); err != nil {
			return err
		}
		told, err = tx.MailFailedDebits(id)
		return err
	})
	switch {
	case err != nil && !store.Violated(err, "payer_is_told_once"):
		return err
	case told == 0:
		return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.not_told"))
	}
	return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.told"))
}

// tellDebitPayers has a letter written to the payer of each debit that was
// chosen among the failures, and was not told yet.
func (a *App) tellDebitPayers(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	f.key()
	chosen := f.list("id")
	f.flag("tell") // of the other button of the form
	if err := f.check(); err != nil {
		return err
	}
	ids, err := parsedIDs(chosen)
	if err != nil {
		return err
	}
	if len(ids) > failureRows {
		return &requestError{"more debits than the page offers"}
	}
	told := 0
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		told, err = tx.MailFailedDebits(ids...)
		return err
	})
	switch {
	case err != nil && !store.Violated(err, "payer_is_told_once"):
		return err
	case told == 0:
		return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.none_told"))
	}
	return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.many_told", "n", told))
}

// debitLetter says whether the payer of a failed debit was told, and whether
// this person may tell them.
func debitLetter(ctx context.Context, q *store.Query, u user, d store.Debit) (*templates.DebitLetter, error) {
	if d.State != store.DebitFailed {
		return nil, nil
	}
	p, err := q.Payer(d.PayerID)
	if err != nil {
		return nil, err
	}
	mails, err := q.PayerMailsAbout(store.About("debit", d.ID))
	if err != nil {
		return nil, err
	}
	l := templates.DebitLetter{NoAddress: p.Email == "", PayerHref: "/payers/" + d.PayerID.String()}
	open := true
	for _, m := range mails {
		row := payerMail(ctx, m)
		row.To = ""
		l.Mails = append(l.Mails, row)
		open = open && m.DeadAt != nil
	}
	l.MayTell = open && !l.NoAddress && u.can(store.Maker)
	return &l, nil
}

// payerMail is how far a mail to a payer has come.
func payerMail(ctx context.Context, l store.PayerMail) templates.MandateMail {
	row := templates.MandateMail{To: l.SendTo, At: l.CreatedAt, Status: ui.Status{Meaning: ui.Info, Label: text.T(ctx, "mandate.mail.waits")}}
	switch {
	case l.SentAt != nil:
		row.At, row.Status = *l.SentAt, ui.Status{Meaning: ui.Good, Label: text.T(ctx, "mandate.mail.sent")}
	case l.DeadAt != nil:
		row.At, row.Status = *l.DeadAt, ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "mandate.mail.dead")}
	}
	return row
}
