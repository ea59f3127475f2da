package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/invoice"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// newReceiptSubmission is the last look before a receipt goes to whoever
// approves it.
func (a *App) newReceiptSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	return a.receiptSubmissionPage(w, r, u, http.StatusOK, newKey(), "")
}

func (a *App) receiptSubmissionPage(w http.ResponseWriter, r *http.Request, u user, status int, key, refusal string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.ReceiptSubmissionView{ID: id.String(), Key: key, Refusal: refusal}
	var found store.Receipt
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		if found, err = q.Receipt(id); err != nil {
			return err
		}
		names, err := q.CheckersBesides(append(found.Editors, u.person.ID))
		if err != nil {
			return err
		}
		bills, err := q.BillsToReceipt(found.Bills(), id)
		if err != nil {
			return err
		}
		v.Approvers, v.Version, v.Paper = someNames(ctx, names), found.Version, receiptPaper(ctx, found, m)
		v.Numbered = found.DocumentNumber != ""
		v.Obstacles = a.receiptObstacles(ctx, found, bills)
		closed, err := inClosedMonth(q, found.DocumentOn)
		if closed {
			v.Obstacles = append(v.Obstacles, ui.FieldError{Field: receiptHref(id) + "/edit#document_on", Message: text.T(ctx, "month.date_closed")})
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found.Editable() {
		return a.seeOther(w, r, u, receiptHref(id), text.Message{})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaReceipts, Status: status}, templates.ReceiptSubmission(v))
}

// receiptObstacles are what would make the bank, or the teller, refuse the
// receipt as it is today. Each leads to where it is mended.
func (a *App) receiptObstacles(ctx context.Context, r store.Receipt, bills []store.BillToReceipt) []ui.FieldError {
	here := receiptHref(r.ID)
	var found []ui.FieldError
	add := func(place string, m text.Message) {
		found = append(found, ui.FieldError{Field: here + place, Message: m.In(ctx)})
	}
	if r.Paper == "" && !r.Uploaded() {
		add("#documents", text.Msg("receipt.obstacle.paper"))
	}
	if fault := documentDayFault(thai.DayOf(r.DocumentOn), a.today()); fault != "" {
		add("/edit#document_on", text.Msg(fault))
	}
	settles := make(map[store.ID]int64, len(r.Lines))
	for _, l := range r.Lines {
		settles[l.PresentmentID.UUID] = l.AmountSatang
	}
	for _, b := range bills {
		switch {
		case !b.Receiptable():
			add("/edit#lines", text.Msg("receipt.error.bill_unpaid", "number", b.DocumentNumber))
		case b.BuyerTaxID != r.BuyerTaxID:
			add("/edit#lines", text.Msg("receipt.error.other_buyer", "number", b.DocumentNumber))
		case settles[b.ID] > b.LeftSatang():
			add("/edit#lines", text.Msg("receipt.error.over_bill", "number", b.DocumentNumber, "left", text.Amount(b.LeftSatang())))
		case r.DocumentType == receiptTaxInvoice && b.DocumentType != "380":
			add("/edit#type", text.Msg("receipt.error.tax_invoice_twice", "number", b.DocumentNumber))
		case r.DocumentType == receiptTaxInvoice && b.TaxInvoice != "":
			add("/edit#type", text.Msg("receipt.error.etax_twice", "number", b.DocumentNumber, "invoice", b.TaxInvoice))
		}
	}
	return found
}

// createReceiptSubmission asks for approval of the receipt in the version that
// was seen.
func (a *App) createReceiptSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	id, key, version, err := readSubmission(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	_, err = a.Teller.SubmitReceipt(ctx, u.actor(), id, version, key, a.DrawReceipt(ctx))
	switch letter, noLetter := errors.AsType[*invoice.LetterError](err); {
	case err == nil:
		return a.seeOther(w, r, u, receiptHref(id), text.Msg("receipt.submitted"))
	case noLetter:
		return a.receiptSubmissionPage(w, r, u, http.StatusUnprocessableEntity, newKey(), text.T(ctx, "document.no_letter", "letter", string(letter.Letter)))
	case errors.Is(err, teller.ErrNotEditable):
		return a.receiptPage(w, r, u, id, http.StatusConflict, presentmentSays{refusal: text.T(ctx, "receipt.refused.submitted")})
	case store.Violated(err, store.MonthIsOpen):
		return a.receiptSubmissionPage(w, r, u, http.StatusUnprocessableEntity, newKey(), "")
	}
	if why, ok := refusalIn(err, submissionRefusals); ok {
		return a.receiptSubmissionPage(w, r, u, why.status, newKey(), why.in(ctx))
	}
	return err
}

// numberReceipt gives a draft its number before it is submitted, to be printed
// on the paper that somebody uploads.
func (a *App) numberReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockReceipt(id); err != nil {
			return err
		}
		found, err := tx.Receipt(id)
		if err == nil && !found.Editable() {
			err = store.ErrStale
		}
		if err == nil {
			_, err = tx.NumberReceipt(found)
		}
		return err
	})
	return a.receiptChanged(w, r, u, id, err, text.Msg("receipt.numbered"))
}

// renumberReceipt voids the number of a refused receipt, because the bank has
// it from elsewhere, so that it gets the next one.
func (a *App) renumberReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	note := f.paragraph("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.receiptPage(w, r, u, id, http.StatusUnprocessableEntity, presentmentSays{refusal: text.T(ctx, "receipt.refused.note")})
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		state, err := tx.LockReceipt(id)
		if err == nil && state != store.ReceiptRefused {
			err = store.ErrStale
		}
		if err != nil {
			return err
		}
		return tx.RenumberReceipt(id, note)
	})
	return a.receiptChanged(w, r, u, id, err, text.Msg("receipt.renumbered"))
}

// discardReceipt puts a receipt that the bank never had out of the way.
func (a *App) discardReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	note, version := f.paragraph("note", required, maxLen(300)), f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.receiptPage(w, r, u, id, http.StatusUnprocessableEntity, presentmentSays{refusal: text.T(ctx, "receipt.refused.note")})
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockReceipt(id); err != nil {
			return err
		}
		return tx.DiscardReceipt(id, version, note)
	})
	return a.receiptChanged(w, r, u, id, err, text.Msg("receipt.discarded"))
}

// restoreReceipt makes a draft of what was discarded.
func (a *App) restoreReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockReceipt(id); err != nil {
			return err
		}
		return tx.RestoreReceipt(id)
	})
	if errors.Is(err, store.ErrStale) {
		return a.receiptPage(w, r, u, id, http.StatusConflict, presentmentSays{refusal: text.T(r.Context(), "presentment.refused.not_discarded")})
	}
	return a.receiptChanged(w, r, u, id, err, text.Msg("presentment.restored"))
}

// resendPapers asks for approval to send the papers once more that the bank has
// not got.
func (a *App) resendPapers(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key := f.key()
	if err := f.check(); err != nil {
		return err
	}
	switch _, err = a.Teller.ResendPapers(r.Context(), u.actor(), id, key); {
	case errors.Is(err, teller.ErrNothingMissing):
		return a.receiptPage(w, r, u, id, http.StatusConflict, presentmentSays{refusal: text.T(r.Context(), "receipt.refused.nothing_missing")})
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, receiptHref(id), text.Msg("receipt.submitted"))
}

// changeRefusals are the reasons why a receipt is not changed.
var changeRefusals = []refusal{
	{store.ErrStale, text.K("receipt.refused.not_editable"), http.StatusConflict},
	{store.ErrNumberTaken, text.K("receipt.refused.number_taken"), http.StatusConflict},
	{store.ErrNoPattern, text.K("receipt.refused.no_pattern"), http.StatusConflict},
}

// receiptChanged is what follows on a change of a receipt.
func (a *App) receiptChanged(w http.ResponseWriter, r *http.Request, u user, id store.ID, err error, said text.Message) error {
	if why, ok := refusalIn(err, changeRefusals); ok {
		return a.receiptPage(w, r, u, id, why.status, presentmentSays{refusal: why.in(r.Context())})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, receiptHref(id), said)
}
