package app

import (
	"cmp"
	"context"
	"errors"
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
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.importView(ctx, q, u, place)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: importKinds[intake.Kind(v.Kind)].area, Part: templates.ImportPart}, templates.Import(v))
}

func (a *App) importView(ctx context.Context, q *store.Query, u user, place importPlace) (v templates.ImportView, err error) {
	i, err := q.Import(place.id)
	if err != nil {
		return v, err
	}
	sums, err := q.ImportSums(i.ID)
	if err != nil {
		return v, err
	}
	v = templates.ImportView{
		Kind: i.Kind, ID: i.ID.String(), File: i.FileName, FileHref: "/files/" + i.FileID.String() + "?download=1", SHA256: i.FileSHA256, Format: i.Format, Rows: i.RowCount,
		By: i.CreatedByName, At: i.CreatedAt, State: i.State, Status: importStatus(ctx, i.Kind, i.State), MayMake: u.can(store.Maker), MayCheck: u.can(store.Checker),
		Good: sums[store.ImportGood].Items, GoodSatang: sums[store.ImportGood].TotalSatang, Faulty: sums[store.ImportFaulty].Items,
		Dropped: sums[store.ImportDropped].Items, Made: sums[store.ImportedItem].Items, MadeSatang: sums[store.ImportedItem].TotalSatang,
		Unchecked: sums[store.ImportUnchecked].Items,
	}
	if i.State != store.ImportMade && i.State != store.ImportDiscarded {
		switch same, err := q.ImportOfSameFile(i); {
		case err == nil:
			v.SameHref, v.SameBy, v.SameAt = importHref(same.ID), same.CreatedByName, same.CreatedAt
		case !errors.Is(err, store.ErrNotFound):
			return v, err
		}
	}
	if v.Working() || i.State == store.ImportRead || i.State == store.ImportDiscarded {
		return v, nil
	}
	if err := fillMade(ctx, q, i, &v); err != nil {
		return v, err
	}
	return v, a.fillImport(ctx, q, i, sums, place, &v)
}

// fillMade adds what became of that part of a list which was made.
func fillMade(ctx context.Context, q *store.Query, i store.Import, v *templates.ImportView) error {
	switch {
	case v.Made == 0:
	case i.Kind == store.ImportOfPayments:
		return fillOutcome(ctx, q, i.ID, v)
	case i.Kind == store.ImportOfBlocks:
		return fillBlocksMade(q, i.ID, v)
	case i.Kind == store.ImportOfBills && v.MayMake:
		untouched, err := q.UntouchedDrafts(i.ID, store.MaxBatch)
		v.Untouched, v.Key = len(untouched), newKey()
		return err
	}
	return nil
}

// fillImport adds the items of the chosen tab.
func (a *App) fillImport(ctx context.Context, q *store.Query, i store.Import, sums map[string]store.ImportSum, place importPlace, v *templates.ImportView) error {
	place.standing = cmp.Or(place.standing, firstTab(sums))
	v.Standing, v.After, v.Tabs = place.standing, place.after, importTabs(ctx, i, sums, place.standing)
	fill, size := plainItems, importPageSize
	if place.standing == store.ImportFaulty {
		fill, size = faultyItems, faultyPageSize
	}
	items, err := q.ImportItems(i.ID, place.standing, place.after, size+1)
	if err != nil {
		return err
	}
	if len(items) > size {
		items = items[:size]
		v.Pager.Next = importPlace{i.ID, place.standing, items[size-1].No}.href()
	}
	if place.after > 0 {
		v.Pager.First = importPlace{i.ID, place.standing, 0}.href()
	}
	v.Pager.Showing = text.T(ctx, "import.showing", "n", len(items), "total", text.Int(int64(sums[place.standing].Items)))
	if err := fill(ctx, q, i, items, v); err != nil || i.Kind != store.ImportOfPayments {
		return err
	}
	return a.fillPayments(q, i, items, v)
}

func importTabs(ctx context.Context, i store.Import, sums map[string]store.ImportSum, current string) (tabs []ui.Tab) {
	for _, standing := range []string{store.ImportFaulty, store.ImportGood, store.ImportDropped, store.ImportedItem} {
		n := sums[standing].Items
		if n == 0 && standing != current {
			continue
		}
		tabs = append(tabs, ui.Tab{
			Label: templates.ImportText(ctx, i.Kind, "standing_"+standing), Href: importPlace{id: i.ID, standing: standing}.href(),
			Count: text.Int(int64(n)), Current: standing == current,
		})
	}
	return tabs
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

// importSaid makes readable what tells an item from others, where that is more
// than one of its cells.
func importSaid(kind, number string) string {
	switch kind {
	case store.ImportOfDebits:
		return intake.DebitSaid(number)
	case store.ImportOfRequests:
		return intake.RequestSaid(number)
	case store.ImportOfBlocks:
		return intake.BlockSaid(number)
	}
	return ""
}

func plainItems(ctx context.Context, _ *store.Query, i store.Import, items []store.ImportItem, v *templates.ImportView) error {
	for _, b := range items {
		faults, err := faultsOf(b)
		if err != nil {
			return err
		}
		line := templates.ImportBill{No: b.No, Row: b.FirstRow, Number: b.Number, Buyer: b.BuyerName, AmountSatang: b.TotalSatang}
		line.Said = importSaid(i.Kind, b.Number)
		if b.BuyerID.Valid {
			line.Href = buyerHref(b.BuyerID.UUID)
		}
		if b.PaymentID.Valid {
			line.Href = paymentHref(b.PaymentID.UUID)
		}
		if b.PayerID.Valid {
			line.Href = payerHref(b.PayerID.UUID)
		}
		if b.DebitID.Valid {
			line.Href = debitHref(b.DebitID.UUID)
		}
		if b.RequestID.Valid {
			line.Href = requestHref(b.RequestID.UUID)
		}
		if b.BlockID.Valid {
			line.Href = blockHref(b.BlockID.UUID)
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

// faultyItems makes a form of each item, its faulty cells and folded away all
// others, and offers what mends many of them at once.
func faultyItems(ctx context.Context, q *store.Query, i store.Import, items []store.ImportItem, v *templates.ImportView) error {
	mends, err := q.ImportMends(i.ID)
	if err != nil {
		return err
	}
	for _, m := range mends {
		if m.Cells > 1 {
			v.Mends = append(v.Mends, templates.ImportMend{Rule: m.Rule, Field: m.Field, Kind: m.Kind, Cells: m.Cells, Column: columnName(ctx, intake.Field(m.Field))})
		}
	}
	rows, err := q.ImportRowsOfItems(i.ID, nosOf(items))
	if err != nil {
		return err
	}
	of := make(map[int][]store.ImportRow, len(items))
	for _, row := range rows {
		if !row.Dropped {
			of[row.ItemNo] = append(of[row.ItemNo], row)
		}
	}
	m := mappingOf(i)
	for _, b := range items {
		faults, err := faultsOf(b)
		if err != nil {
			return err
		}
		line := templates.ImportBill{No: b.No, Row: b.FirstRow, Number: b.Number, Buyer: b.BuyerName, AmountSatang: b.TotalSatang, Said: importSaid(i.Kind, b.Number)}
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
