package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"portal/internal/app/promptpay"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxSupplierExport is how many suppliers one file holds.
const maxSupplierExport = 20_000

// readSupplierQuery reads what is chosen on the list: what was typed, what that
// means, and whether those in use are meant.
func readSupplierQuery(f *form) (typed, words, state string) {
	typed = strings.TrimSpace(f.raw("q"))
	state = cmp.Or(f.choice("state", store.SupplierActive, store.SupplierArchived), store.SupplierActive)
	words = searchText(typed)
	if id, err := promptpay.Parse(typed); err == nil {
		words = id.Value
	}
	return typed, words, state
}

// supplierQuery is the part of the address that says it.
func supplierQuery(typed, state string) url.Values {
	v := url.Values{}
	if typed != "" {
		v.Set("q", typed)
	}
	if state != store.SupplierActive {
		v.Set("state", state)
	}
	return v
}

// exportSuppliers hands out the known senders of the filter as a file.
func (a *App) exportSuppliers(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	typed, words, state := readSupplierQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/suppliers", text.Msg("list.export_filter"))
	}
	var from store.SupplierCursor
	return handOutList(a, w, r, u, format, listExport[store.Supplier]{
		name: "suppliers", title: text.T(r.Context(), "alert.suppliers"), columns: supplierColumns, filter: supplierQuery(typed, state), most: maxSupplierExport,
		back: addressOf("/suppliers", supplierQuery(typed, state)),
		chunk: func(q *store.Query) ([]store.Supplier, bool, error) {
			rows, more, err := q.Suppliers(state, words, from, exportChunk)
			if len(rows) > 0 {
				last := rows[len(rows)-1]
				from = store.SupplierCursor{Name: last.SortName, ID: last.ID}
			}
			return rows, more, err
		},
	})
}

// supplierColumns are those of the file.
var supplierColumns = []sheetColumn[store.Supplier]{
	{text.K("alert.supplier.name"), func(_ context.Context, s store.Supplier) sheet.Cell { return sheet.Text(s.Name) }},
	{text.K("alert.sender_id"), func(_ context.Context, s store.Supplier) sheet.Cell {
		return sheet.Text(maskedProxy(s.ProxyKind, s.ProxyValue))
	}},
	{text.K("alert.supplier.buyer"), func(_ context.Context, s store.Supplier) sheet.Cell { return sheet.Text(orNothing(s.BuyerName)) }},
	{text.K("alert.supplier.note"), func(_ context.Context, s store.Supplier) sheet.Cell { return sheet.Text(s.Note) }},
	{text.K("alert.supplier.since"), func(_ context.Context, s store.Supplier) sheet.Cell { return sheet.Instant(s.CreatedAt) }},
}
