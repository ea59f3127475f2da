package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"portal/internal/app/buyer"
	"portal/internal/app/intake"
	"portal/internal/app/payer"
	"portal/internal/store"
	"portal/web/text"
)

// importPatience is how long one request goes on with a list. The page then
// shows how far it has come and asks for more.
const importPatience = 2 * time.Second

// rulesOf are what the rows of an import are judged by.
func (a *App) rulesOf(q *store.Query, i store.Import) (intake.Rules, error) {
	m, err := q.Merchant()
	return intake.Rules{Mapping: mappingOf(i), Today: a.today(), Own: m.TaxID, Now: a.Clock()}, err
}

// mappingOf is what the columns of an import mean.
func mappingOf(i store.Import) intake.Mapping {
	m := make(intake.Mapping, len(i.Mapping))
	for c, f := range i.Mapping {
		m[c] = intake.Field(f)
	}
	return m
}

// checkFor checks as many items as there is time for, some in a transaction.
func (a *App) checkFor(ctx context.Context, u user, id store.ID) error {
	for until := a.Clock().Add(importPatience); !a.Clock().After(until); {
		more := false
		err := a.changeImport(ctx, u, id, func(tx *store.Tx, i store.Import) error {
			if i.State != store.ImportMapped {
				return nil
			}
			items, err := tx.ImportItems(id, store.ImportUnchecked, 0, importChunk)
			if err != nil || len(items) == 0 {
				return err
			}
			more = true
			_, err = a.checkItems(tx, i, nosOf(items))
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func nosOf(items []store.ImportItem) []int {
	nos := make([]int, len(items))
	for n, i := range items {
		nos[n] = i.No
	}
	return nos
}

// judgedItem is a bill, a buyer or a payment of the list, as its rows say it.
type judgedItem struct {
	store.ImportItem
	bill    intake.Bill
	buyer   store.Buyer
	known   *store.Buyer // who has its tax id and branch in the directory
	payment intake.Payment
	payer   store.Payer
	debit   intake.Debit
	request intake.Request
	asks    store.PayRequest // what the row becomes, once it was held against what there is
	blocked intake.Block
	ours    store.ID // our id that a sender is blocked for, and who answers for it
	owner   store.ID
	rows    []intake.Row
	faults  []intake.Fault
	// renumbered: its number is no longer what the list says.
	renumbered bool
}

// judgeItems reads bills or buyers from their rows. Those that are dropped or
// made are left out.
func (a *App) judgeItems(q *store.Query, i store.Import, nos []int) ([]judgedItem, error) {
	rules, err := a.rulesOf(q, i)
	if err != nil {
		return nil, err
	}
	items, err := q.ImportItemsByNo(i.ID, nos)
	if err != nil {
		return nil, err
	}
	rows, err := q.ImportRowsOfItems(i.ID, nos)
	if err != nil {
		return nil, err
	}
	of := make(map[int][]intake.Row, len(items))
	for _, row := range rows {
		if !row.Dropped {
			of[row.ItemNo] = append(of[row.ItemNo], intake.Row{No: row.No, Cells: row.Cells})
		}
	}
	var list []judgedItem
	for _, item := range items {
		if item.Standing == store.ImportDropped || item.Standing == store.ImportedItem {
			continue
		}
		j := judgedItem{ImportItem: item, rows: of[item.No]}
		if len(j.rows) > 0 {
			j.judge(rules, intake.Kind(i.Kind))
		}
		list = append(list, j)
	}
	return list, nil
}

// judge reads the item from its rows.
func (j *judgedItem) judge(rules intake.Rules, kind intake.Kind) {
	first, field := j.rows[0], intake.BuyerName
	switch kind {
	case intake.Buyers:
		var details buyer.Details
		details, j.faults = rules.JudgeBuyer(first)
		j.buyer, field = buyerOf(details), buyer.FieldName
		j.BuyerName = j.buyer.Name
	case intake.Payments:
		j.payment, j.faults = rules.JudgePayment(first)
		j.BuyerName, j.TotalSatang, field = nameOfPayment(j.payment), j.payment.AmountSatang, intake.Payer
	case intake.Payers:
		var details payer.Details
		details, j.faults = rules.JudgePayer(first)
		j.payer, field = payerOf(details), payer.FieldName
		j.BuyerName = j.payer.Name
	case intake.Debits:
		j.debit, j.faults = rules.JudgeDebit(first)
		j.TotalSatang, field = j.debit.AmountSatang, intake.PayerCode
	case intake.Requests:
		j.request, j.faults = rules.JudgeRequest(first)
		j.BuyerName, j.TotalSatang, field = j.request.Name, j.request.AmountSatang, intake.ReceiverName
	case intake.Blocks:
		j.blocked, j.faults = rules.JudgeBlock(first)
		j.BuyerName, field = j.blocked.Name, intake.BlockName
	case intake.Bills:
		j.bill, j.faults = rules.Judge(j.rows)
		j.BuyerName, j.TotalSatang = j.bill.BuyerName, j.bill.Totals.TotalSatang
	}
	if j.BuyerName == "" {
		j.BuyerName = shortened(rules.Mapping.Cell(first.Cells, field), intake.MaxName)
	}
	number := kind.NumberIn(rules.Mapping, first.Cells)
	j.renumbered, j.Number = number != j.Number, number
}

// checkItems judges items and keeps how they stand: by themselves first, then
// against each other, against what was made before and the buyers we know.
func (a *App) checkItems(tx *store.Tx, i store.Import, nos []int) ([]judgedItem, error) {
	list, err := a.judgeItems(tx.Query, i, nos)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(j judgedItem) bool { return j.renumbered }) {
		// They are compared by what stands in the list.
		if err := keepChecks(tx, i.ID, list); err != nil {
			return nil, err
		}
	}
	if err := compareWithin(tx.Query, i, list); err != nil {
		return nil, err
	}
	if err := importKinds[intake.Kind(i.Kind)].compare(tx.Query, i, list); err != nil {
		return nil, err
	}
	return list, keepChecks(tx, i.ID, list)
}

// compareWithin finds numbers that the list has had before.
func compareWithin(q *store.Query, i store.Import, list []judgedItem) error {
	var numbers []string
	for _, j := range list {
		numbers = append(numbers, j.Number)
	}
	places, err := q.ImportFirsts(i.ID, numbers)
	if err != nil {
		return err
	}
	firsts := make(map[string]store.ImportPlace, len(places))
	for _, p := range places {
		firsts[p.Number] = p
	}
	twice := intake.Fault{Field: intake.Number, Rule: intake.NumberTwice}
	if i.Kind == store.ImportOfBuyers {
		twice = intake.Fault{Field: buyer.FieldTaxID, Rule: intake.BuyerTwice}
	}
	if i.Kind == store.ImportOfPayers {
		twice = intake.Fault{Field: payer.FieldCode, Rule: intake.PayerTwice}
	}
	if i.Kind == store.ImportOfDebits {
		twice = intake.Fault{Field: intake.PayerCode, Rule: intake.DebitTwice}
	}
	if i.Kind == store.ImportOfRequests {
		twice = intake.Fault{Field: intake.RequestReference, Rule: intake.RequestTwice}
	}
	if i.Kind == store.ImportOfBlocks {
		twice = intake.Fault{Field: intake.BlockSender, Rule: intake.BlockTwice}
	}
	for n := range list {
		j := &list[n]
		first := firsts[j.Number]
		if len(j.rows) == 0 || j.Number == "" || first.No == 0 || first.No >= j.No {
			continue
		}
		if i.Kind == store.ImportOfPayments {
			if !intake.PassedOver(j.faults) {
				j.faults = append(j.faults, withinPayments(*j, first))
			}
			continue
		}
		at := twice
		at.Row, at.Value, at.Words = j.rows[0].No, j.Number, map[string]string{"row": strconv.Itoa(first.Row)}
		j.faults = append(j.faults, at)
	}
	return nil
}

// compareBills holds bills against those there are, and the buyers we know.
func compareBills(q *store.Query, _ store.Import, list []judgedItem) error {
	var numbers, taxIDs []string
	for _, j := range list {
		numbers = append(numbers, j.Number)
		if j.bill.TaxID != "" {
			taxIDs = append(taxIDs, j.bill.TaxID)
		}
	}
	taken, err := q.TakenNumbers(numbers)
	if err != nil {
		return err
	}
	known, err := q.KnownTaxIDs(taxIDs)
	if err != nil {
		return err
	}
	for n := range list {
		j := &list[n]
		if len(j.rows) == 0 {
			continue
		}
		at := intake.Fault{Row: j.rows[0].No, Field: intake.Number, Rule: intake.NumberTaken, Value: j.Number}
		if j.Number != "" && slices.Contains(taken, j.Number) {
			j.faults = slices.DeleteFunc(j.faults, func(f intake.Fault) bool { return f.Rule == intake.NumberTwice })
			j.faults = append(j.faults, at)
		}
		if j.bill.TaxID != "" && !slices.Contains(known, j.bill.TaxID) && !intake.Hinder(j.faults) {
			j.faults = append(j.faults, intake.Fault{Row: j.rows[0].No, Field: intake.TaxID, Rule: intake.BuyerUnknown, Value: j.bill.TaxID, Note: true})
		}
	}
	return nil
}

// keepChecks stores how items stand by their faults, and says it in list.
func keepChecks(tx *store.Tx, id store.ID, list []judgedItem) error {
	if len(list) == 0 {
		return nil
	}
	items := make([]store.ImportItem, len(list))
	for n := range list {
		j := &list[n]
		switch {
		case len(j.rows) == 0, intake.PassedOver(j.faults): // its last row was dropped
			j.Standing = store.ImportDropped
		case intake.Hinder(j.faults):
			j.Standing = store.ImportFaulty
		default:
			j.Standing = store.ImportGood
		}
		if j.faults == nil {
			j.faults = []intake.Fault{}
		}
		raw, err := json.Marshal(j.faults)
		if err != nil {
			return fmt.Errorf("keeping faults: %w", err)
		}
		j.Faults = raw
		items[n] = j.ImportItem
	}
	return tx.KeepImportChecks(id, items)
}

// continueImport goes on with what a list is being put through. The page asks
// for it by itself; without scripts there is a button.
func (a *App) continueImport(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	i, err := a.importOf(r, u)
	if err != nil {
		return err
	}
	switch i.State {
	case store.ImportMapped:
		err = a.checkFor(r.Context(), u, id)
	case store.ImportMaking:
		err = a.makeFor(r.Context(), u, id)
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, importHref(id), text.Message{})
}
