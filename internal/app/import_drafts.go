package app

import (
	"context"
	"net/http"

	"portal/internal/store"
	"portal/web/text"
)

// makeChunk is how many drafts are made in one transaction.
const makeChunk = 250

// makeDrafts lets the good bills of a list become drafts. A second click finds
// them being made, and goes on with that.
func (a *App) makeDrafts(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	none := false
	err = a.changeImport(r.Context(), u, id, func(tx *store.Tx, i store.Import) error {
		none = false
		if i.State == store.ImportMaking || i.State == store.ImportMade {
			return nil // a second click
		}
		sums, err := tx.ImportSums(id)
		if err != nil {
			return err
		}
		good := sums[store.ImportGood]
		if none = good.Bills == 0; none || i.State != store.ImportMapped {
			return nil
		}
		return tx.ConfirmImport(id, good)
	})
	if err != nil {
		return err
	}
	if none {
		return a.seeOther(w, r, u, importHref(id), text.Msg("import.nothing_good"))
	}
	if err := a.makeFor(r.Context(), u, id); err != nil {
		return err
	}
	return a.seeOther(w, r, u, importHref(id), text.Message{})
}

// makeFor makes as many drafts as there is time for. What was made stays made:
// whoever comes next goes on from there.
func (a *App) makeFor(ctx context.Context, u user, id store.ID) error {
	for until := a.Clock().Add(importPatience); !a.Clock().After(until); {
		more := true
		err := a.changeImport(ctx, u, id, func(tx *store.Tx, i store.Import) (err error) {
			more, err = a.makeSome(tx, i)
			return err
		})
		if store.Violated(err, "presentment_number_is_unique") {
			continue // somebody used a number in this moment; the next look sees it
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// makeSome makes the next drafts, each judged once more: a number may have
// been used meanwhile, or a day have passed.
func (a *App) makeSome(tx *store.Tx, i store.Import) (more bool, err error) {
	if i.State != store.ImportMaking {
		return false, nil
	}
	bills, err := tx.ImportBills(i.ID, store.ImportGood, 0, makeChunk)
	if err != nil {
		return false, err
	}
	if len(bills) == 0 {
		return false, finishImport(tx, i)
	}
	list, err := a.checkBills(tx, i, nosOf(bills))
	if err != nil {
		return false, err
	}
	var drafts []store.Presentment
	var nos []int
	var ids []store.ID
	for _, j := range list {
		if j.Standing != store.ImportGood {
			continue
		}
		p := draftOf(j)
		p.Editors = i.Editors
		drafts, nos, ids = append(drafts, p), append(nos, j.No), append(ids, p.ID)
	}
	if len(drafts) == 0 {
		return true, nil
	}
	if err := tx.AddPresentments(drafts); err != nil {
		return false, err
	}
	return true, tx.ImportBillsBecame(i.ID, nos, ids)
}

// draftOf is the bill as a draft.
func draftOf(j judgedBill) store.Presentment {
	b := j.bill
	p := store.Presentment{
		ID: store.NewID(), DocumentType: b.Type, DocumentNumber: b.Number, DocumentOn: midnight(b.On), DueOn: midnight(b.Due),
		BuyerName: b.BuyerName, BuyerTaxID: b.TaxID, BuyerBranch: b.Branch, BuyerAddress: b.Address, Remark: b.Remark, OrderReference: b.Order,
	}
	keepTotals(&p, b.Asked, b.Totals)
	return p
}

// finishImport ends the making. What is still faulty can be mended and made
// later.
func finishImport(tx *store.Tx, i store.Import) error {
	sums, err := tx.ImportSums(i.ID)
	if err != nil {
		return err
	}
	state, left := store.ImportMade, sums[store.ImportFaulty].Bills
	if left > 0 {
		state = store.ImportMapped
	}
	return tx.FinishImport(i.ID, state, sums[store.ImportedBill], left)
}
