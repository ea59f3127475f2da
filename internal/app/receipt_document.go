package app

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"portal/internal/app/invoice"
	"portal/internal/app/thai"
	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/text"
)

// addReceiptDocuments takes files for a receipt.
func (a *App) addReceiptDocuments(w http.ResponseWriter, r *http.Request, u user) error {
	found, err := a.receipt(r, u)
	if err != nil {
		return err
	}
	attached, refused, err := a.takeDocuments(r, u, attachment{
		limits: upload.PresentmentLimits(),
		room:   func(tx *store.Tx, sha256 []byte) error { return receiptRoom(tx, found.ID, sha256) },
		attach: func(tx *store.Tx, f store.File) error { return tx.AttachToReceipt(found.ID, f) },
	})
	switch {
	case errors.Is(err, store.ErrStale), store.Violated(err, "receipt_is_editable"):
		return a.receiptPage(w, r, u, found.ID, http.StatusConflict, presentmentSays{refusal: text.T(r.Context(), "receipt.refused.not_editable")})
	case err != nil:
		return err
	case len(refused) > 0:
		return a.receiptPage(w, r, u, found.ID, http.StatusUnprocessableEntity, presentmentSays{uploads: refused})
	}
	return a.seeOther(w, r, u, receiptHref(found.ID)+"#documents", attachedMessage(attached))
}

// receiptRoom refuses a document that the receipt has already, or has no room
// for, the paper that will be drawn counted.
func receiptRoom(tx *store.Tx, id store.ID, sha256 []byte) error {
	if _, err := tx.LockReceipt(id); err != nil {
		return err
	}
	r, err := tx.Receipt(id)
	if err != nil {
		return err
	}
	switch {
	case slices.ContainsFunc(r.Documents, func(d store.ReceiptDocument) bool { return slices.Equal(d.SHA256, sha256) }):
		return errSameDocument
	case len(r.Documents) >= maxDocuments-1:
		return errManyDocuments
	}
	return nil
}

// removeReceiptDocument takes a file off a draft.
func (a *App) removeReceiptDocument(w http.ResponseWriter, r *http.Request, u user) error {
	found, err := a.receipt(r, u)
	if err != nil {
		return err
	}
	file, err := pathID(r, "file")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	if !found.Editable() {
		return a.receiptPage(w, r, u, found.ID, http.StatusConflict, presentmentSays{refusal: text.T(r.Context(), "receipt.refused.not_editable")})
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.DetachFromReceipt(found.ID, file) })
	if err != nil && !errors.Is(err, store.ErrStale) {
		return err
	}
	return a.seeOther(w, r, u, receiptHref(found.ID)+"#documents", text.Msg("presentment.document_removed"))
}

// DrawReceipt is what the teller calls once a receipt has its number: it draws
// the paper that bears it, so that it is part of what is approved.
func (a *App) DrawReceipt(ctx context.Context) func(*store.Tx, store.Receipt) error {
	return func(tx *store.Tx, r store.Receipt) error {
		if r.Paper == "" {
			return nil
		}
		m, err := tx.Merchant()
		if err != nil {
			return err
		}
		v := receiptDrawing(r, m)
		if v.Logo, err = a.logos.of(tx.Query, &m); err != nil {
			return err
		}
		v.Trial = a.Trial
		paper, err := invoice.DrawReceipt(v)
		if err != nil {
			return err
		}
		f, err := storeDrawn(ctx, tx, r.DocumentNumber, paper, func([]byte) error { return nil })
		if err != nil {
			return err
		}
		return tx.AttachPaper(r, f, r.Paper)
	}
}

// receiptDrawing is a stored receipt as the paper that is drawn of it.
func receiptDrawing(r store.Receipt, m store.Merchant) invoice.Receipt {
	v := invoice.Receipt{
		Type: r.DocumentType, Number: r.DocumentNumber, On: thai.DayOf(r.DocumentOn), PaidOn: thai.DayOf(r.PaidOn), Method: r.Method,
		Reference: r.PaymentReference, Language: invoice.Language(r.Paper),
		Seller:     invoice.Party{Name: m.NameTH, Name2: m.NameEN, TaxID: m.TaxID, Branch: m.Branch, Address: m.Address},
		Buyer:      invoice.Party{Name: r.BuyerName, TaxID: r.BuyerTaxID, Branch: r.BuyerBranch, Address: r.BuyerAddress},
		VATPercent: r.VATRate, VATSatang: r.VATSatang, TotalSatang: r.TotalSatang, WithheldSatang: r.WithheldSatang, FeeSatang: r.FeeSatang,
		ReceivedSatang: r.ReceivedSatang, Remark: r.Remark,
	}
	if v.Language == invoice.English && m.NameEN != "" {
		v.Seller.Name, v.Seller.Name2 = m.NameEN, m.NameTH
	}
	for _, l := range r.Lines {
		v.Lines = append(v.Lines, invoice.ReceiptLine{
			Bill: l.BillNumber, Description: l.Description, AmountSatang: l.AmountSatang, WithheldSatang: l.WithheldSatang,
		})
	}
	return v
}
