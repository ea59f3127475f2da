package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// newReceipt is the form: empty, for a buyer that the address names, or filled
// in from the bills that it names.
func (a *App) newReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	query := readQuery(r)
	bills, buyer := query.list("bill"), query.id("buyer")
	if err := query.check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	f := emptyReceipt(ctx, today)
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		switch {
		case len(bills) > 0:
			ids, err := parsedIDs(bills)
			if err != nil {
				return err
			}
			found, err := q.BillsToReceipt(ids, store.NoID)
			if err != nil || len(found) == 0 {
				return errors.Join(err, store.ErrNotFound)
			}
			f = readReceiptForm(formOf(withSave(typedReceipt(ctx, ReceiptOf(found, today)))))
			return f.lookUp(q, store.NoID)
		case buyer != store.NoID:
			b, err := q.Buyer(buyer)
			f.receiptFor(b)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.receiptFormPage(w, r, u, http.StatusOK, f.view(ctx, today), nil)
}

// parsedIDs reads the ids of bills that an address or a form names, each once.
func parsedIDs(typed []string) (ids []store.ID, err error) {
	for _, s := range typed {
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, &requestError{"no id of a bill"}
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) > maxReceiptLines {
		return nil, &requestError{"too many bills"}
	}
	return ids, nil
}

func withSave(v url.Values) url.Values {
	v.Set("do", "save")
	return v
}

func emptyReceipt(ctx context.Context, today thai.Day) *receiptForm {
	day := typedDay(ctx, today).Value
	return readReceiptForm(formOf(url.Values{
		"version": {"0"}, "type": {receiptOnly}, "buyer_branch": {string(thai.HeadOffice)}, "document_on": {day}, "paid_on": {day}, "method": {"transfer"},
		"paper": {"th"}, "do": {"save"},
	}))
}

func (a *App) receiptFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.ReceiptFormView, editing *store.Receipt) error {
	ctx := r.Context()
	header := ui.Header{Title: text.T(ctx, "receipt.form_new"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "receipt.title"), Href: "/receipts"}}}
	v.Action, v.Back = "/receipts", "/receipts"
	if editing != nil {
		v.Action = receiptHref(editing.ID)
		v.Back = v.Action
		header.Title = text.T(ctx, "receipt.form_edit", "number", receiptName(ctx, *editing))
		header.Crumbs = append(header.Crumbs, ui.Crumb{Label: receiptName(ctx, *editing), Href: v.Back})
	}
	return a.page(w, r, u, shell{Header: header, Area: areaReceipts, Status: status, Part: templates.ReceiptLinesPart}, templates.ReceiptForm(v))
}

func receiptHref(id store.ID) string { return "/receipts/" + id.String() }

// receiptName is its number, or that it has none yet.
func receiptName(ctx context.Context, r store.Receipt) string {
	if r.DocumentNumber == "" {
		return text.T(ctx, "receipt.unnumbered")
	}
	return r.DocumentNumber
}

// judgedReceipt reads the form and, unless only its lines are rearranged, says
// what is wrong with it.
func (a *App) judgedReceipt(r *http.Request, u user, about store.ID) (*receiptForm, error) {
	f := readReceiptForm(readForm(r))
	var own string
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		own = m.TaxID
		return errors.Join(err, f.lookUp(q, about))
	})
	if err != nil {
		return nil, err
	}
	f.judge(a.today(), own)
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.rearranges() {
		f.faults = nil // nobody said that it was finished
	}
	return f, nil
}

func (a *App) receiptAgain(w http.ResponseWriter, r *http.Request, u user, f *receiptForm, editing *store.Receipt) error {
	status := http.StatusOK
	if !f.valid() {
		status = http.StatusUnprocessableEntity
	}
	return a.receiptFormPage(w, r, u, status, f.view(r.Context(), a.today()), editing)
}

// createReceipt stores a new draft.
func (a *App) createReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	f, err := a.judgedReceipt(r, u, store.NoID)
	if err != nil {
		return err
	}
	if f.rearranges() || !f.valid() {
		return a.receiptAgain(w, r, u, f, nil)
	}
	f.read.ID = store.NewID()
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.AddReceipt(f.read) }); err != nil {
		if closed, ok := monthClosed(err); ok {
			f.fail("document_on", closed)
			return a.receiptAgain(w, r, u, f, nil)
		}
		return err
	}
	return a.seeOther(w, r, u, receiptHref(f.read.ID), text.Msg("receipt.saved"))
}

// receipt reads the receipt that the path names.
func (a *App) receipt(r *http.Request, u user) (store.Receipt, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return store.Receipt{}, err
	}
	var found store.Receipt
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		found, err = q.Receipt(id)
		return err
	})
	return found, err
}

// editReceipt is the form with what is stored.
func (a *App) editReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	found, err := a.receipt(r, u)
	if err != nil {
		return err
	}
	if !found.Editable() {
		return a.seeOther(w, r, u, receiptHref(found.ID), text.Message{})
	}
	ctx := r.Context()
	f := readReceiptForm(formOf(withSave(typedReceipt(ctx, found))))
	if err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return f.lookUp(q, found.ID) }); err != nil {
		return err
	}
	return a.receiptFormPage(w, r, u, http.StatusOK, f.view(ctx, a.today()), &found)
}

// updateReceipt stores the draft anew, unless somebody else has meanwhile: then
// it says so, keeps what was typed, and saving once more goes over it.
func (a *App) updateReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	found, err := a.receipt(r, u)
	if err != nil {
		return err
	}
	f, err := a.judgedReceipt(r, u, found.ID)
	if err != nil {
		return err
	}
	if f.rearranges() || !f.valid() {
		return a.receiptAgain(w, r, u, f, &found)
	}
	f.read.ID, f.read.Version = found.ID, f.version
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ChangeReceipt(f.read) })
	switch {
	case errors.Is(err, store.ErrStale):
		return a.receiptConflict(w, r, u, f)
	case err != nil:
		if closed, ok := monthClosed(err); ok {
			f.fail("document_on", closed)
			return a.receiptAgain(w, r, u, f, &found)
		}
		return err
	}
	return a.seeOther(w, r, u, receiptHref(found.ID), text.Msg("receipt.saved_changes"))
}

func (a *App) receiptConflict(w http.ResponseWriter, r *http.Request, u user, f *receiptForm) error {
	found, err := a.receipt(r, u)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if !found.Editable() {
		return a.receiptPage(w, r, u, found.ID, http.StatusConflict, presentmentSays{refusal: text.T(ctx, "receipt.refused.not_editable")})
	}
	f.version = found.Version
	v := f.view(ctx, a.today())
	v.Conflict = receiptDifferences(ctx, found, f.read)
	return a.receiptFormPage(w, r, u, http.StatusConflict, v, &found)
}

// receiptDifferences are the fields whose saved value is not the typed one.
func receiptDifferences(ctx context.Context, saved, typed store.Receipt) *templates.ReceiptConflict {
	c := &templates.ReceiptConflict{At: saved.EditedAt}
	compare := func(label, saved, typed string) {
		if saved != typed {
			c.Changes = append(c.Changes, templates.PresentmentChange{Field: label, Saved: saved, Typed: typed})
		}
	}
	compare(text.T(ctx, "receipt.type"), text.T(ctx, text.Prefix("receipt.kind.")+saved.DocumentType), text.T(ctx, text.Prefix("receipt.kind.")+typed.DocumentType))
	compare(text.T(ctx, "presentment.buyer_name"), saved.BuyerName, typed.BuyerName)
	compare(text.T(ctx, "presentment.tax_id"), saved.BuyerTaxID, typed.BuyerTaxID)
	compare(text.T(ctx, "presentment.branch"), saved.BuyerBranch, typed.BuyerBranch)
	compare(text.T(ctx, "presentment.address"), saved.BuyerAddress, typed.BuyerAddress)
	compare(text.T(ctx, "receipt.on"), text.Date(ctx, saved.DocumentOn), text.Date(ctx, typed.DocumentOn))
	compare(text.T(ctx, "receipt.paid_on"), text.Date(ctx, saved.PaidOn), text.Date(ctx, typed.PaidOn))
	compare(text.T(ctx, "receipt.method_label"), text.T(ctx, text.Prefix("receipt.method.")+saved.Method), text.T(ctx, text.Prefix("receipt.method.")+typed.Method))
	compare(text.T(ctx, "receipt.reference"), saved.PaymentReference, typed.PaymentReference)
	compare(text.T(ctx, "receipt.received"), text.Amount(saved.ReceivedSatang), text.Amount(typed.ReceivedSatang))
	compare(text.T(ctx, "receipt.withheld"), text.Amount(saved.WithheldSatang), text.Amount(typed.WithheldSatang))
	compare(text.T(ctx, "receipt.fee"), text.Amount(saved.FeeSatang), text.Amount(typed.FeeSatang))
	compare(text.T(ctx, "presentment.remark"), saved.Remark, typed.Remark)
	return c
}
