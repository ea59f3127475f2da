package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"portal/internal/app/intake"
	"portal/internal/store"
	"portal/web/text"
)

// importPatience is how long one request goes on with a list. The page then
// shows how far it has come and asks for more.
const importPatience = 2 * time.Second

// rulesOf are what the rows of an import are judged by.
func (a *App) rulesOf(q *store.Query, i store.Import) (intake.Rules, error) {
	m, err := q.Merchant()
	rules := intake.Rules{Mapping: make(intake.Mapping, len(i.Mapping)), Today: a.today(), Own: m.TaxID}
	for c, f := range i.Mapping {
		rules.Mapping[c] = intake.Field(f)
	}
	return rules, err
}

// checkFor checks as many bills as there is time for, some in a transaction.
func (a *App) checkFor(ctx context.Context, u user, id store.ID) error {
	for until := a.Clock().Add(importPatience); !a.Clock().After(until); {
		more := false
		err := a.changeImport(ctx, u, id, func(tx *store.Tx, i store.Import) error {
			if i.State != store.ImportMapped {
				return nil
			}
			bills, err := tx.ImportBills(id, store.ImportUnchecked, 0, importChunk)
			if err != nil || len(bills) == 0 {
				return err
			}
			more = true
			_, err = a.checkBills(tx, i, nosOf(bills))
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func nosOf(bills []store.ImportBill) []int {
	nos := make([]int, len(bills))
	for n, b := range bills {
		nos[n] = b.No
	}
	return nos
}

// judgedBill is a bill of the list, as its rows say it.
type judgedBill struct {
	store.ImportBill
	bill   intake.Bill
	rows   []intake.Row
	faults []intake.Fault
	// renumbered: its number is no longer what the list says.
	renumbered bool
}

// judgeBills reads bills from their rows. Those that are dropped or made are
// left out.
func (a *App) judgeBills(q *store.Query, i store.Import, nos []int) ([]judgedBill, error) {
	rules, err := a.rulesOf(q, i)
	if err != nil {
		return nil, err
	}
	bills, err := q.ImportBillsByNo(i.ID, nos)
	if err != nil {
		return nil, err
	}
	rows, err := q.ImportRowsOfBills(i.ID, nos)
	if err != nil {
		return nil, err
	}
	of := make(map[int][]intake.Row, len(bills))
	for _, row := range rows {
		if !row.Dropped {
			of[row.BillNo] = append(of[row.BillNo], intake.Row{No: row.No, Cells: row.Cells})
		}
	}
	var list []judgedBill
	for _, b := range bills {
		if b.Standing == store.ImportDropped || b.Standing == store.ImportedBill {
			continue
		}
		j := judgedBill{ImportBill: b, rows: of[b.No]}
		if len(j.rows) == 0 {
			list = append(list, j)
			continue
		}
		j.bill, j.faults = rules.Judge(j.rows)
		number := intake.NumberOf(rules.Mapping.Cell(j.rows[0].Cells, intake.Number))
		j.renumbered, j.DocumentNumber = number != j.DocumentNumber, number
		j.BuyerName, j.TotalSatang = j.bill.BuyerName, j.bill.Totals.TotalSatang
		if j.BuyerName == "" {
			j.BuyerName = clip(rules.Mapping.Cell(j.rows[0].Cells, intake.BuyerName), intake.MaxName)
		}
		list = append(list, j)
	}
	return list, nil
}

// checkBills judges bills and keeps how they stand: by themselves first, then
// against each other, against what was made before and the buyers we know.
func (a *App) checkBills(tx *store.Tx, i store.Import, nos []int) ([]judgedBill, error) {
	list, err := a.judgeBills(tx.Query, i, nos)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(j judgedBill) bool { return j.renumbered }) {
		// They are compared by what stands in the list.
		if err := keepChecks(tx, i.ID, list); err != nil {
			return nil, err
		}
	}
	if err := compareBills(tx.Query, i.ID, list); err != nil {
		return nil, err
	}
	return list, keepChecks(tx, i.ID, list)
}

// compareBills adds the faults that can only be seen beside other bills.
func compareBills(q *store.Query, id store.ID, list []judgedBill) error {
	var numbers, taxIDs []string
	for _, j := range list {
		numbers = append(numbers, j.DocumentNumber)
		if j.bill.TaxID != "" {
			taxIDs = append(taxIDs, j.bill.TaxID)
		}
	}
	places, err := q.ImportFirsts(id, numbers)
	if err != nil {
		return err
	}
	firsts := make(map[string]store.ImportPlace, len(places))
	for _, p := range places {
		firsts[p.Number] = p
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
		at := intake.Fault{Row: j.rows[0].No, Field: intake.Number, Value: j.DocumentNumber}
		switch first := firsts[j.DocumentNumber]; {
		case j.DocumentNumber == "":
		case slices.Contains(taken, j.DocumentNumber):
			at.Rule = intake.NumberTaken
			j.faults = append(j.faults, at)
		case first.No != 0 && first.No < j.No:
			at.Rule, at.Words = intake.NumberTwice, map[string]string{"row": strconv.Itoa(first.Row)}
			j.faults = append(j.faults, at)
		}
		if j.bill.TaxID != "" && !slices.Contains(known, j.bill.TaxID) && !intake.Hinder(j.faults) {
			j.faults = append(j.faults, intake.Fault{Row: j.rows[0].No, Field: intake.TaxID, Rule: intake.BuyerUnknown, Value: j.bill.TaxID, Note: true})
		}
	}
	return nil
}

// keepChecks stores how bills stand by their faults, and says it in list.
func keepChecks(tx *store.Tx, id store.ID, list []judgedBill) error {
	if len(list) == 0 {
		return nil
	}
	bills := make([]store.ImportBill, len(list))
	for n := range list {
		j := &list[n]
		switch {
		case len(j.rows) == 0: // its last row was dropped
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
		bills[n] = j.ImportBill
	}
	return tx.KeepImportChecks(id, bills)
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
