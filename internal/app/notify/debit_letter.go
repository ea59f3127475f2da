package notify

import (
	"context"
	"errors"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// debitLetter tells a payer of a debit that failed: what it was for, why in
// plain words, whether it is tried again, and whom to call. It names no account.
func debitLetter(ctx context.Context, q *store.Query, m store.PayerMail) (templates.LetterView, error) {
	var v templates.LetterView
	d, err := q.Debit(m.Subject.ID())
	if err != nil {
		return v, err
	}
	if d.State != store.DebitFailed {
		return v, &RefusedError{errors.New("the debit has not failed")}
	}
	o, err := q.Merchant()
	if err != nil {
		return v, err
	}
	rules, err := q.DebitRules()
	if err != nil {
		return v, err
	}
	again, err := tryAgain(ctx, q, d.ID)
	if err != nil {
		return v, err
	}
	on := text.LongDate(ctx, d.DebitOn)
	what := text.T(ctx, "debits.letter.body", "merchant", o.NameTH, "amount", text.Amount(d.AmountSatang), "on", on)
	if d.InvoiceNumber != "" {
		what = text.T(ctx, "debits.letter.body_invoice", "merchant", o.NameTH, "amount", text.Amount(d.AmountSatang), "on", on, "invoice", d.InvoiceNumber)
	}
	why := text.Prefix("debits.letter.why.") + d.FailureCode
	if !text.Has(why) {
		why = text.K("debits.letter.why_other")
	}
	call := text.T(ctx, "debits.letter.ask_person", "merchant", o.NameTH, "person", m.AskedBy)
	if rules.PayerContact != "" {
		call = text.T(ctx, "debits.letter.ask", "contact", rules.PayerContact)
	}
	return templates.LetterView{
		Title: text.T(ctx, "debits.letter.subject", "merchant", o.NameTH, "on", text.Date(ctx, d.DebitOn)), Hello: text.T(ctx, "debits.letter.hello", "name", d.PayerName),
		Body: []string{what, text.T(ctx, why), again}, After: []string{call}, Foot: text.T(ctx, "debits.letter.care"),
	}, nil
}

// tryAgain says what is known now about trying a failed debit again, and
// promises nothing that nobody has agreed to.
func tryAgain(ctx context.Context, q *store.Query, failed store.ID) (string, error) {
	id, err := q.RetryOf(failed)
	if errors.Is(err, store.ErrNotFound) {
		return text.T(ctx, "debits.letter.retry_none"), nil
	}
	if err != nil {
		return "", err
	}
	d, err := q.Debit(id)
	if err != nil {
		return "", err
	}
	on := text.LongDate(ctx, d.DebitOn)
	switch d.State {
	case store.DebitDraft, store.DebitSubmitted:
		return text.T(ctx, "debits.letter.retry_planned", "on", on), nil
	case store.DebitApproved, store.DebitSending:
		return text.T(ctx, "debits.letter.retry_agreed", "on", on), nil
	case store.DebitTaken:
		return text.T(ctx, "debits.letter.retry_taken", "on", on), nil
	}
	return text.T(ctx, "debits.letter.retry_none"), nil
}
