package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// cellName is the name of the input for a cell.
func cellName(row int, f intake.Field) string { return "c-" + strconv.Itoa(row) + "-" + string(f) }

// mendBill takes what somebody typed over the cells of one bill, or drops the
// bill or a row of it, and judges it again.
func (a *App) mendBill(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	place := readImportPlace(f, id)
	no, do := f.hidden("no"), f.raw("do")
	if f.broken != nil {
		return f.broken
	}
	var after store.ImportItem
	var kind intake.Kind
	err = a.changeImport(r.Context(), u, id, func(tx *store.Tx, i store.Import) error {
		items, err := tx.ImportItemsByNo(id, []int{no})
		if err != nil {
			return err
		}
		kind = intake.Kind(i.Kind)
		switch {
		case i.State != store.ImportMapped:
			return store.ErrStale
		case len(items) == 0:
			return store.ErrNotFound
		case items[0].Standing == store.ImportedItem:
			return store.ErrStale
		}
		if err := a.mend(tx, i, items[0], f, do); err != nil {
			return err
		}
		items, err = tx.ImportItemsByNo(id, []int{no})
		if err == nil {
			after = items[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, place.href(), mendedMessage(kind, after))
}

func mendedMessage(kind intake.Kind, b store.ImportItem) text.Message {
	called := b.Number
	if kind == intake.Debits || kind == intake.Requests {
		called = b.BuyerName // what tells their rows apart is nothing to read
	}
	switch b.Standing {
	case store.ImportGood:
		return text.Msg("import.mended", "number", called)
	case store.ImportDropped:
		return text.Msg("import.dropped", "number", called)
	}
	return text.Msg("import.still_faulty", "number", called)
}

// mend does what the pressed button says to one bill.
func (a *App) mend(tx *store.Tx, i store.Import, b store.ImportItem, f *form, do string) error {
	rows, err := tx.ImportRowsOfItems(i.ID, []int{b.No})
	if err != nil {
		return err
	}
	rules, err := a.rulesOf(tx.Query, i)
	if err != nil {
		return err
	}
	for n := range rows {
		for _, field := range rules.Mapping {
			if name := cellName(rows[n].No, field); field != "" && f.values.Has(name) {
				rows[n].Cells = rules.Mapping.Set(rows[n].Cells, field, typedCell(f.raw(name)))
			}
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	if err := press(tx, i.ID, b, rules.Mapping, rows, do); err != nil {
		return err
	}
	if err := tx.ChangeImportRows(i.ID, rows); err != nil {
		return err
	}
	b.Standing = store.ImportUnchecked
	if do == "drop" {
		b.Standing = store.ImportDropped
	}
	if err := tx.KeepImportChecks(i.ID, []store.ImportItem{b}); err != nil {
		return err
	}
	number := intake.Kind(i.Kind).NumberIn(rules.Mapping, rows[0].Cells)
	return a.checkAlike(tx, i, b.No, b.Number, number)
}

// press does to the rows of a bill what a button says.
func press(tx *store.Tx, id store.ID, b store.ImportItem, m intake.Mapping, rows []store.ImportRow, do string) error {
	switch verb, at, _ := strings.Cut(do, " "); verb {
	case "save", "drop", "restore":
		return nil
	case "drop-row":
		n := slices.IndexFunc(rows, func(r store.ImportRow) bool { return strconv.Itoa(r.No) == at })
		if n < 0 {
			return &requestError{"no such row"}
		}
		rows[n].Dropped = true
		return nil
	case "fix":
		return applyFix(tx, id, b, m, rows, at)
	}
	return &requestError{"unknown button"}
}

// typedCell is what somebody typed into a cell, as a file would have it.
func typedCell(s string) string {
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > sheet.Limits(0).CellRunes {
		return string(runes[:sheet.Limits(0).CellRunes])
	}
	return s
}

// checkAlike judges a bill again, and those that have or had its number: one
// of them may have become the first.
func (a *App) checkAlike(tx *store.Tx, i store.Import, no int, numbers ...string) error {
	nos, err := tx.ImportItemsOfNumbers(i.ID, numbers)
	if err != nil {
		return err
	}
	if !slices.Contains(nos, no) {
		nos = append(nos, no)
	}
	_, err = a.checkItems(tx, i, nos)
	return err
}

// faultsOf reads the faults that were stored with a bill.
func faultsOf(b store.ImportItem) (faults []intake.Fault, err error) {
	if err = json.Unmarshal(b.Faults, &faults); err != nil {
		err = fmt.Errorf("reading the faults of a bill: %w", err)
	}
	return faults, err
}

// applyFix puts the mend of one fault into its cell; which names fault and
// mend by their numbers.
func applyFix(tx *store.Tx, id store.ID, b store.ImportItem, m intake.Mapping, rows []store.ImportRow, which string) error {
	faults, err := faultsOf(b)
	if err != nil {
		return err
	}
	for nf, fault := range faults {
		for nx, fix := range fault.Fixes {
			if fixName(nf, nx) != which {
				continue
			}
			if fix.Kind == intake.FixUpdate {
				return letGoOver(tx, id, []int{b.No}, []string{fix.Value})
			}
			return setCell(m, rows, fault, fix.Value)
		}
	}
	return store.ErrStale // it was mended meanwhile
}

// letGoOver lets items replace the versions of known buyers that were shown.
func letGoOver(tx *store.Tx, id store.ID, nos []int, shown []string) error {
	versions := make([]int, len(shown))
	for n, v := range shown {
		var err error
		if versions[n], err = strconv.Atoi(v); err != nil {
			return fmt.Errorf("reading a version: %w", err)
		}
	}
	return tx.LetImportGoOver(id, nos, versions)
}

func fixName(fault, fix int) string { return strconv.Itoa(fault) + "-" + strconv.Itoa(fix) }

func setCell(m intake.Mapping, rows []store.ImportRow, fault intake.Fault, value string) error {
	n := slices.IndexFunc(rows, func(r store.ImportRow) bool { return r.No == fault.Row })
	if n < 0 {
		return store.ErrStale
	}
	rows[n].Cells = m.Set(rows[n].Cells, fault.Field, value)
	return nil
}

// mendAlike applies one mend to every cell that offers it.
func (a *App) mendAlike(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	rule, field, kind := readAlike(f)
	if err := f.check(); err != nil {
		return err
	}
	pattern, err := json.Marshal([]map[string]any{{"rule": rule, "field": field, "fixes": []map[string]string{{"kind": kind}}}})
	if err != nil {
		return err
	}
	mended := 0
	for after, more := 0, true; more; {
		var items []store.ImportItem
		var n int
		err := a.changeImport(r.Context(), u, id, func(tx *store.Tx, i store.Import) (err error) {
			if i.State != store.ImportMapped {
				return store.ErrStale
			}
			items, err = tx.ImportItemsWithFault(id, string(pattern), after, importChunk)
			if n = 0; err != nil || len(items) == 0 {
				return err
			}
			n, err = a.mendChunk(tx, i, items, func(fault intake.Fault, fix intake.Fix) bool {
				return string(fault.Rule) == rule && string(fault.Field) == field && string(fix.Kind) == kind
			})
			return err
		})
		if err != nil {
			return err
		}
		// Not before: what is tried again begins at the same place.
		if more = len(items) == importChunk; more {
			after = items[len(items)-1].No
		}
		mended += n
	}
	return a.seeOther(w, r, u, importHref(id), text.Msg("import.mended_alike", "n", mended))
}

// readAlike reads which mend of which fault in which column is meant.
func readAlike(f *form) (rule, field, kind string) {
	var rules, fields, kinds []string
	for _, rule := range intake.AllRules {
		rules = append(rules, string(rule))
	}
	for _, k := range intake.Kinds {
		for _, c := range k.Columns() {
			fields = append(fields, string(c.Field))
		}
	}
	for _, k := range intake.FixKinds {
		kinds = append(kinds, string(k))
	}
	return f.choice("rule", rules...), f.choice("field", fields...), f.choice("kind", kinds...)
}

func (a *App) mendChunk(tx *store.Tx, i store.Import, items []store.ImportItem, suits func(intake.Fault, intake.Fix) bool) (mended int, err error) {
	rules, err := a.rulesOf(tx.Query, i)
	if err != nil {
		return 0, err
	}
	rows, err := tx.ImportRowsOfItems(i.ID, nosOf(items))
	if err != nil {
		return 0, err
	}
	var over []int
	var shown []string
	for _, b := range items {
		faults, err := faultsOf(b)
		if err != nil {
			return 0, err
		}
		for _, fault := range faults {
			for _, fix := range fault.Fixes {
				if !suits(fault, fix) {
					continue
				}
				mended++
				if fix.Kind == intake.FixUpdate {
					over, shown = append(over, b.No), append(shown, fix.Value)
				} else if err := setCell(rules.Mapping, rows, fault, fix.Value); err != nil {
					return 0, err
				}
			}
		}
	}
	if err := tx.ChangeImportRows(i.ID, rows); err != nil {
		return 0, err
	}
	if err := letGoOver(tx, i.ID, over, shown); err != nil {
		return 0, err
	}
	_, err = a.checkItems(tx, i, nosOf(items))
	return mended, err
}
