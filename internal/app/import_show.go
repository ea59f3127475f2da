package app

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"portal/internal/app/intake"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	// faultyPageSize is how many faulty bills a page has: each is a form.
	faultyPageSize = 20
	// maxWholeRows is up to how many rows of a bill all cells can be edited.
	maxWholeRows = 20
)

// showImport shows where a list stands: being checked, to be mended, or made.
func (a *App) showImport(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	place := readImportPlace(f, id)
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.ImportView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		i, err := q.Import(id)
		if err != nil {
			return err
		}
		sums, err := q.ImportSums(id)
		if err != nil {
			return err
		}
		v = importView(ctx, u, i, sums)
		if same, err := q.ImportOfSameFile(i); err == nil && i.State != store.ImportMade && i.State != store.ImportDiscarded {
			v.SameHref, v.SameBy, v.SameAt = importHref(same.ID), same.CreatedByName, same.CreatedAt
		}
		if v.Working() || i.State == store.ImportRead || i.State == store.ImportDiscarded {
			return nil
		}
		if v.Made > 0 && v.MayMake && i.Kind == store.ImportOfBills {
			untouched, err := q.UntouchedDrafts(id, store.MaxBatch)
			if err != nil {
				return err
			}
			v.Untouched, v.Key = len(untouched), newKey()
		}
		if i.Kind == store.ImportOfPayments && v.Made > 0 {
			if err := fillOutcome(ctx, q, id, &v); err != nil {
				return err
			}
		}
		return a.fillImport(ctx, q, i, sums, place, &v)
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: importArea(intake.Kind(v.Kind)), Part: templates.ImportPart}, templates.Import(v))
}

func importView(ctx context.Context, u user, i store.Import, sums map[string]store.ImportSum) templates.ImportView {
	v := templates.ImportView{
		Kind: i.Kind, ID: i.ID.String(), File: i.FileName, FileHref: "/files/" + i.FileID.String() + "?download=1", SHA256: i.FileSHA256, Format: i.Format, Rows: i.RowCount,
		By: i.CreatedByName, At: i.CreatedAt, State: i.State, Status: importStatus(ctx, i.Kind, i.State), MayMake: u.can(store.Maker),
		Good: sums[store.ImportGood].Items, GoodSatang: sums[store.ImportGood].TotalSatang, Faulty: sums[store.ImportFaulty].Items,
		Dropped: sums[store.ImportDropped].Items, Made: sums[store.ImportedItem].Items, MadeSatang: sums[store.ImportedItem].TotalSatang,
		Unchecked: sums[store.ImportUnchecked].Items,
	}
	return v
}

// fillImport adds the bills of the chosen tab.
func (a *App) fillImport(ctx context.Context, q *store.Query, i store.Import, sums map[string]store.ImportSum, place importPlace, v *templates.ImportView) error {
	if place.standing == "" {
		place.standing = firstTab(sums)
	}
	v.Standing, v.After = place.standing, place.after
	for _, standing := range []string{store.ImportFaulty, store.ImportGood, store.ImportDropped, store.ImportedItem} {
		n := sums[standing].Items
		if n == 0 && standing != place.standing {
			continue
		}
		at := importPlace{id: i.ID, standing: standing}
		v.Tabs = append(v.Tabs, ui.Tab{
			Label: templates.ImportText(ctx, i.Kind, "standing_"+standing), Href: at.href(), Count: text.Int(int64(n)), Current: standing == place.standing,
		})
	}
	size := importPageSize
	if place.standing == store.ImportFaulty {
		size = faultyPageSize
	}
	bills, err := q.ImportItems(i.ID, place.standing, place.after, size+1)
	if err != nil {
		return err
	}
	if len(bills) > size {
		bills = bills[:size]
		v.Pager.Next = importPlace{i.ID, place.standing, bills[size-1].No}.href()
	}
	if place.after > 0 {
		v.Pager.First = importPlace{i.ID, place.standing, 0}.href()
	}
	v.Pager.Showing = text.T(ctx, "import.showing", "n", len(bills), "total", text.Int(int64(sums[place.standing].Items)))
	if place.standing != store.ImportFaulty {
		if err := plainBills(ctx, bills, v); err != nil || i.Kind != store.ImportOfPayments {
			return err
		}
		return a.fillPayments(q, i, bills, v)
	}
	mends, err := q.ImportMends(i.ID)
	if err != nil {
		return err
	}
	for _, m := range mends {
		if m.Cells > 1 {
			v.Mends = append(v.Mends, templates.ImportMend{Rule: m.Rule, Field: m.Field, Kind: m.Kind, Cells: m.Cells, Column: columnName(ctx, intake.Field(m.Field))})
		}
	}
	if err := faultyBills(ctx, q, i, bills, v); err != nil || i.Kind != store.ImportOfPayments {
		return err
	}
	return a.fillPayments(q, i, bills, v)
}

// firstTab is where a reader begins: with what is to be mended.
func firstTab(sums map[string]store.ImportSum) string {
	for _, standing := range []string{store.ImportFaulty, store.ImportGood, store.ImportedItem} {
		if sums[standing].Items > 0 {
			return standing
		}
	}
	return store.ImportGood
}

func plainBills(ctx context.Context, bills []store.ImportItem, v *templates.ImportView) error {
	for _, b := range bills {
		faults, err := faultsOf(b)
		if err != nil {
			return err
		}
		line := templates.ImportBill{No: b.No, Row: b.FirstRow, Number: b.Number, Buyer: b.BuyerName, AmountSatang: b.TotalSatang}
		if b.BuyerID.Valid {
			line.Href = buyerHref(b.BuyerID.UUID)
		}
		if b.PaymentID.Valid {
			line.Href = paymentHref(b.PaymentID.UUID)
		}
		if b.PresentmentID.Valid {
			line.Href = billHref(b.PresentmentID.UUID)
		}
		for _, f := range faults {
			if f.Note {
				line.Notes = append(line.Notes, faultWords(ctx, f))
				line.Changes = append(line.Changes, buyerChanges(ctx, f.Changes)...)
			}
		}
		v.Bills = append(v.Bills, line)
	}
	return nil
}

// faultyBills makes a form of each bill: its faulty cells, and folded away all
// others.
func faultyBills(ctx context.Context, q *store.Query, i store.Import, bills []store.ImportItem, v *templates.ImportView) error {
	rows, err := q.ImportRowsOfItems(i.ID, nosOf(bills))
	if err != nil {
		return err
	}
	of := make(map[int][]store.ImportRow, len(bills))
	for _, row := range rows {
		if !row.Dropped {
			of[row.ItemNo] = append(of[row.ItemNo], row)
		}
	}
	m := mappingOf(i)
	for _, b := range bills {
		faults, err := faultsOf(b)
		if err != nil {
			return err
		}
		line := templates.ImportBill{No: b.No, Row: b.FirstRow, Number: b.Number, Buyer: b.BuyerName, AmountSatang: b.TotalSatang}
		shown := make(map[string]bool)
		for nf, f := range faults {
			line.Faults = append(line.Faults, faultView(ctx, nf, f, m, of[b.No], shown))
		}
		if len(of[b.No]) <= maxWholeRows {
			for _, row := range of[b.No] {
				line.Others = append(line.Others, otherCells(ctx, intake.Kind(i.Kind), row, m, len(of[b.No]) > 1, shown))
			}
		}
		v.Bills = append(v.Bills, line)
	}
	return nil
}

func faultView(ctx context.Context, nf int, f intake.Fault, m intake.Mapping, rows []store.ImportRow, shown map[string]bool) templates.ImportFault {
	name := cellName(f.Row, f.Field)
	v := templates.ImportFault{Row: f.Row, Column: columnName(ctx, f.Field), Message: faultWords(ctx, f), Rule: string(f.Rule), Changes: buyerChanges(ctx, f.Changes)}
	for _, row := range rows {
		// A cell with two faults has one input.
		if row.No == f.Row && !shown[name] && f.Rule != intake.BuyerKnown && slices.Contains(m, f.Field) {
			v.Name, v.Value, shown[name] = name, m.Cell(row.Cells, f.Field), true
		}
	}
	for nx, fix := range f.Fixes {
		v.Fixes = append(v.Fixes, templates.ImportFix{Value: "fix " + fixName(nf, nx), Kind: string(fix.Kind), To: fix.Value})
	}
	return v
}

func otherCells(ctx context.Context, kind intake.Kind, row store.ImportRow, m intake.Mapping, many bool, shown map[string]bool) templates.ImportCells {
	v := templates.ImportCells{Row: row.No, MayDrop: many}
	for _, c := range kind.Columns() {
		if name := cellName(row.No, c.Field); slices.Contains(m, c.Field) && !shown[name] {
			v.Cells = append(v.Cells, templates.ImportCell{Name: name, Label: columnName(ctx, c.Field), Value: m.Cell(row.Cells, c.Field)})
		}
	}
	return v
}

// faultWords says in the reader's language what is wrong and what to do.
func faultWords(ctx context.Context, f intake.Fault) string {
	pairs := []any{"value", f.Value}
	for name, value := range f.Words {
		switch name {
		case "entered", "computed":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				value = text.Amount(n)
			}
		case "day":
			if d, err := time.Parse(time.DateOnly, value); err == nil {
				value = text.Date(ctx, d)
			}
		}
		pairs = append(pairs, name, value)
	}
	return text.T(ctx, text.Prefix("import.fault.")+string(f.Rule), pairs...)
}
