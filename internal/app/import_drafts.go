package app

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"portal/internal/app/intake"
	"portal/internal/store"
	"portal/web/text"
)

// makeChunk is how many drafts, buyers or payments are made in one transaction.
const makeChunk = 250

// makeDrafts lets what is good of a list become drafts, buyers or payments. A
// second click finds them being made, and goes on with that.
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
		if none = good.Items == 0; none || i.State != store.ImportMapped {
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

// makeTries is how often some are tried again where somebody was quicker,
// before they are tried one by one; and how often one is.
const makeTries = 3

// makeFor makes as many as there is time for. What was made stays made:
// whoever comes next goes on from there.
func (a *App) makeFor(ctx context.Context, u user, id store.ID) error {
	tries := 0
	for until := a.Clock().Add(importPatience); !a.Clock().After(until); {
		more := true
		err := a.changeImport(ctx, u, id, func(tx *store.Tx, i store.Import) (err error) {
			switch {
			case tries < makeTries:
				more, err = a.makeSome(tx, i, makeChunk)
			case tries < 2*makeTries:
				more, err = a.makeSome(tx, i, 1)
			default:
				err = a.leaveOut(tx, i)
			}
			return err
		})
		if overtaken(err) {
			tries++ // somebody was quicker in this moment; the next look sees it
			continue
		}
		tries = min(tries, makeTries) // one by one, as long as this goes on
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// overtaken reports whether somebody made, or paid, the same meanwhile.
func overtaken(err error) bool {
	return errors.Is(err, store.ErrStale) || slices.ContainsFunc([]string{
		"presentment_number_is_unique", "known_buyer_is_unique", "payment_is_known_once", "bill_is_not_paid_twice", "books_are_open",
		"one_open_block",
	}, func(constraint string) bool { return store.Violated(err, constraint) })
}

// makeSome makes the next ones, each judged once more: a number may have
// been used meanwhile, or a day have passed.
func (a *App) makeSome(tx *store.Tx, i store.Import, most int) (more bool, err error) {
	if i.State != store.ImportMaking {
		return false, nil
	}
	items, err := tx.ImportItems(i.ID, store.ImportGood, 0, most)
	if err != nil {
		return false, err
	}
	if len(items) == 0 {
		return false, finishImport(tx, i)
	}
	list, err := a.checkItems(tx, i, nosOf(items))
	if err != nil {
		return false, err
	}
	good := slices.DeleteFunc(list, func(j judgedItem) bool { return j.Standing != store.ImportGood })
	if len(good) == 0 {
		return true, nil
	}
	made, err := importKinds[intake.Kind(i.Kind)].keep(tx, i, good)
	if err != nil {
		return false, err
	}
	nos := make([]int, len(good))
	for n, j := range good {
		nos[n] = j.No
	}
	return true, tx.ImportItemsBecame(i.ID, nos, made)
}

// leaveOut marks the next one as faulty: it looks good each time, and each time
// the schema refuses what is made of it.
func (a *App) leaveOut(tx *store.Tx, i store.Import) error {
	items, err := tx.ImportItems(i.ID, store.ImportGood, 0, 1)
	if err != nil || len(items) == 0 {
		return err
	}
	list, err := a.judgeItems(tx.Query, i, nosOf(items))
	if err != nil {
		return err
	}
	for n := range list {
		list[n].faults = append(list[n].faults, intake.Fault{Row: items[n].FirstRow, Rule: intake.Overtaken})
	}
	return keepChecks(tx, i.ID, list)
}

// keepDrafts makes a draft of each bill, and returns which they are.
func keepDrafts(tx *store.Tx, i store.Import, good []judgedItem) (made []store.ID, err error) {
	drafts := make([]store.Presentment, len(good))
	for n, j := range good {
		drafts[n] = draftOf(j)
		drafts[n].Editors = i.Editors
		made = append(made, drafts[n].ID)
	}
	return made, tx.AddPresentments(drafts)
}

// draftOf is the bill as a draft.
func draftOf(j judgedItem) store.Presentment {
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
	state, left := store.ImportMade, sums[store.ImportFaulty].Items
	if left > 0 {
		state = store.ImportMapped
	}
	return tx.FinishImport(i.ID, state, sums[store.ImportedItem], left)
}

// undoImport puts together the drafts that nobody has touched since, to be
// discarded as any other drafts are: looked at first, and restored if wanted.
func (a *App) undoImport(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideAll(w, r, u, "discard", importHref, text.K("import.nothing_untouched"), func(q *store.Query, id store.ID) ([]store.ID, error) {
		if _, err := q.Import(id); err != nil {
			return nil, err
		}
		return q.UntouchedDrafts(id, store.MaxBatch)
	})
}
