package app

import (
	"errors"
	"net/http"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// errNotAlike means that a bill cannot be made again as it was: the law knows
// a rate of it no more, or its number cannot be counted on.
var errNotAlike = errors.New("the bill cannot be made again as it was")

// draftLike is a new draft with the content of another bill: dated today, due
// after the same time, at the rates of today and with the next free number.
// Its documents are not taken along, and it is not stored yet.
func draftLike(q *store.Query, id store.ID, today thai.Day) (store.Presentment, error) {
	old, err := q.Presentment(id)
	if err != nil {
		return old, err
	}
	p := store.Presentment{
		ID: store.NewID(), CopiedFrom: old.ID, DocumentType: old.DocumentType, DocumentOn: midnight(today), CreditDays: old.CreditDays,
		BuyerName: old.BuyerName, BuyerTaxID: old.BuyerTaxID, BuyerBranch: old.BuyerBranch, BuyerAddress: old.BuyerAddress,
		Remark: old.Remark, OrderReference: old.OrderReference,
	}
	p.DueOn = p.DocumentOn.Add(old.DueOn.Sub(old.DocumentOn))
	sums := sumsOf(old)
	totals, err := sums.Total(today)
	if err != nil {
		return p, errors.Join(errNotAlike, err)
	}
	keepTotals(&p, sums, totals)
	p.DocumentNumber, err = nextNumber(q, old.DocumentNumber)
	return p, err
}

// nearNumbers is how far after a number the next free one is looked for. When so
// many in a row are taken, the bill is an old one of a long series.
const nearNumbers = 200

// nextNumber is the first free number after the given one, or of a long series
// the one after its last.
func nextNumber(q *store.Query, number string) (string, error) {
	near := bill.NextNumbers(number, nearNumbers)
	next, err := q.FreeNumber(near)
	if !errors.Is(err, store.ErrNotFound) || len(near) == 0 {
		return next, notAlike(err)
	}
	last, err := q.LastNumber(near[len(near)-1], bill.LastNumber(number))
	if err != nil {
		return "", notAlike(err)
	}
	next, err = q.FreeNumber(bill.NextNumbers(last, nearNumbers))
	return next, notAlike(err)
}

func notAlike(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errNotAlike
	}
	return err
}

// copyPresentment makes a draft like the bill and opens it for editing.
func (a *App) copyPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	var p store.Presentment
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if p, err = draftLike(tx.Query, id, a.today()); err != nil {
			return err
		}
		return tx.AddPresentment(p)
	})
	switch {
	case errors.Is(err, errNotAlike):
		return a.billConflict(w, r, u, id, text.Msg("form.refused.copy"))
	case store.Violated(err, "presentment_number_is_unique"):
		return a.billConflict(w, r, u, id, text.Msg("form.refused.copy_number"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, billHref(p.ID)+"/edit", text.Msg("form.copied", "number", p.DocumentNumber))
}
