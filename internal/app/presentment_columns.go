package app

import (
	"context"
	"slices"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// billColumn is a column that the list may have and the export has.
type billColumn struct {
	name  string
	label string // key of its heading
	class string
	sort  store.PresentmentSort
	// usual columns are shown unless others were chosen, fixed ones always.
	usual, fixed bool
	wide         bool // read by wide filters only
	value        func(context.Context, store.PresentmentRow) string
	cell         func(context.Context, store.PresentmentRow) sheet.Cell
}

func satangColumn(name, label string, of func(store.PresentmentRow) int64) billColumn {
	return billColumn{
		name: name, label: label, class: "num", wide: true,
		value: func(_ context.Context, r store.PresentmentRow) string { return text.Amount(of(r)) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Satang(of(r)) },
	}
}

func textColumn(name, label string, of func(store.PresentmentRow) string) billColumn {
	return billColumn{
		name: name, label: label, class: "meta wide-only", wide: true,
		value: func(_ context.Context, r store.PresentmentRow) string { return of(r) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Text(of(r)) },
	}
}

// billColumns are all columns in the order in which they stand.
var billColumns = []billColumn{
	{
		name: "state", label: "presentment.state", class: "state", fixed: true,
		cell: func(ctx context.Context, r store.PresentmentRow) sheet.Cell {
			return sheet.Text(presentmentStatus(ctx, r.State).Label)
		},
	},
	{
		name: "buyer", label: "presentment.buyer", class: "lead", sort: store.SortByBuyer, fixed: true,
		cell: func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Text(r.BuyerName) },
	},
	{
		name: "decided", label: "list.decided", class: "meta wide-only", wide: true,
		value: func(ctx context.Context, r store.PresentmentRow) string { return decisionText(ctx, r) },
		cell:  func(ctx context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Text(decisionText(ctx, r)) },
	},
	textColumn("buyer_remark", "list.column.buyer_remark", func(r store.PresentmentRow) string { return r.BuyerRemark }),
	textColumn("tax_id", "presentment.tax_id", func(r store.PresentmentRow) string { return r.BuyerTaxID }),
	textColumn("branch", "presentment.branch", func(r store.PresentmentRow) string { return r.BuyerBranch }),
	{
		name: "number", label: "presentment.number", class: "meta", sort: store.SortByNumber, fixed: true,
		value: func(_ context.Context, r store.PresentmentRow) string { return r.DocumentNumber },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Text(r.DocumentNumber) },
	},
	{
		name: "type", label: "presentment.type", class: "meta wide-only", wide: true,
		value: func(ctx context.Context, r store.PresentmentRow) string {
			return text.T(ctx, text.Prefix("presentment.type.")+r.DocumentType)
		},
		cell: func(ctx context.Context, r store.PresentmentRow) sheet.Cell {
			return sheet.Text(text.T(ctx, text.Prefix("presentment.type.")+r.DocumentType))
		},
	},
	textColumn("order_reference", "list.column.order_reference", func(r store.PresentmentRow) string { return r.OrderReference }),
	textColumn("bank_reference", "presentment.bank_reference", func(r store.PresentmentRow) string { return r.BankReference }),
	textColumn("made_by", "list.column.made_by", func(r store.PresentmentRow) string { return r.CreatedByName }),
	textColumn("remark", "presentment.remark", func(r store.PresentmentRow) string { return r.Remark }),
	{
		name: "on", label: "presentment.on", class: "date wide-only", sort: store.SortByDate, usual: true,
		value: func(ctx context.Context, r store.PresentmentRow) string { return text.Date(ctx, r.DocumentOn) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Day(r.DocumentOn) },
	},
	{
		name: "due", label: "presentment.due", class: "date due", sort: store.SortByDue, usual: true,
		value: func(ctx context.Context, r store.PresentmentRow) string { return text.Date(ctx, r.DueOn) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Day(r.DueOn) },
	},
	{
		name: "since", label: "list.column.since", class: "date wide-only", sort: store.SortBySince, wide: true,
		value: func(ctx context.Context, r store.PresentmentRow) string { return text.When(ctx, r.StateSince) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Instant(r.StateSince) },
	},
	{
		name: "created", label: "list.column.created", class: "date wide-only", wide: true,
		value: func(ctx context.Context, r store.PresentmentRow) string { return text.When(ctx, r.CreatedAt) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Instant(r.CreatedAt) },
	},
	satangColumn("discount", "list.column.discount", func(r store.PresentmentRow) int64 { return r.DiscountSatang }),
	satangColumn("before_tax", "presentment.before_tax", func(r store.PresentmentRow) int64 { return r.BeforeTaxSatang }),
	satangColumn("vat", "list.column.vat", func(r store.PresentmentRow) int64 { return r.VATSatang }),
	satangColumn("wht", "list.column.wht", func(r store.PresentmentRow) int64 { return r.WHTSatang }),
	satangColumn("expected", "list.column.expected", store.PresentmentRow.ExpectedSatang),
	{
		name: "amount", label: "presentment.amount", class: "num amount", sort: store.SortByAmount, fixed: true,
		value: func(_ context.Context, r store.PresentmentRow) string { return text.Amount(r.TotalSatang) },
		cell:  func(_ context.Context, r store.PresentmentRow) sheet.Cell { return sheet.Satang(r.TotalSatang) },
	},
}

// knownColumns are those of the names that there are, in their order, or the
// usual ones when none was chosen.
func knownColumns(names []string) []string {
	var known []string
	for _, c := range billColumns {
		if c.fixed || slices.Contains(names, c.name) || c.usual && len(names) == 0 {
			known = append(known, c.name)
		}
	}
	return known
}

func wideColumns(names []string) bool {
	return slices.ContainsFunc(billColumns, func(c billColumn) bool { return c.wide && slices.Contains(names, c.name) })
}

func columnsNamed(names []string) (columns []billColumn) {
	for _, c := range billColumns {
		if slices.Contains(names, c.name) {
			columns = append(columns, c)
		}
	}
	return columns
}

// billCols are the heads of the list.
func billCols(ctx context.Context, l billList) []ui.Col {
	var cols []ui.Col
	for _, c := range columnsNamed(l.columns) {
		col := ui.Col{Label: text.T(ctx, text.Prefix(c.label)), Class: c.class}
		if c.class == "lead" {
			col.Class = ""
		}
		if c.sort != "" {
			col.Sort = l.place.sorted(c.sort)
			if l.place.Sort == c.sort {
				col.Order = dirOf(l.place.Ascending)
			}
		}
		if c.name == "amount" {
			col.Unit = text.T(ctx, "ui.unit_baht")
		}
		cols = append(cols, col)
	}
	return cols
}

// decisionText is what the buyer decided, and when; empty while they have not.
func decisionText(ctx context.Context, r store.PresentmentRow) string {
	if r.BuyerDecision == "" {
		return ""
	}
	return buyerStatus(ctx, r.BuyerDecision).Label
}

// rowStatus is the badge of a row: what its buyer decided, once they have.
func rowStatus(ctx context.Context, r store.PresentmentRow) ui.Status {
	return billStatus(ctx, store.Presentment{State: r.State, BuyerDecision: r.BuyerDecision})
}

func billRow(ctx context.Context, columns []billColumn, r store.PresentmentRow) templates.PresentmentRow {
	row := templates.PresentmentRow{
		ID: r.ID.String(), Buyer: r.BuyerName, Number: r.DocumentNumber, Status: rowStatus(ctx, r), Cells: make([]templates.PresentmentCell, 0, len(columns)),
	}
	for _, c := range columns {
		if c.value == nil {
			continue
		}
		cell := templates.PresentmentCell{Class: c.class, Value: c.value(ctx, r)}
		if c.name == "due" {
			cell.Label = text.T(ctx, c.label)
		}
		if left := r.PartLeftSatang(); c.name == "amount" && left > 0 {
			cell.Note = text.T(ctx, "list.part_left", "amount", text.Amount(left))
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}
