package app

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// receiptQuery is what the address of the list says.
type receiptQuery struct {
	store.ReceiptFilter
	state string
	typed url.Values // the filter as it was typed, for showing it and for links
	view  string     // that it was opened as, if any
}

// values is the part of the address that says what is chosen.
func (q receiptQuery) values() url.Values {
	v := maps.Clone(q.typed)
	if q.Sort == store.SortByDate && !q.Ascending {
		v.Del("sort")
		v.Del("dir")
	}
	return v
}

var receiptQueryFields = []string{"q", "state", "tax_id", "from", "to", "amount_from", "amount_to", "sort", "dir"}

func readReceiptQuery(f *form, today thai.Day) receiptQuery {
	q := receiptQuery{typed: url.Values{}}
	for _, field := range receiptQueryFields {
		if v := f.raw(field); v != "" {
			q.typed.Set(field, v)
		}
	}
	q.Text = clip(strings.TrimSpace(f.raw("q")), 100)
	if q.state = f.choice("state", store.ReceiptStates...); q.state != "" {
		q.States = []string{q.state}
	}
	if typed := strings.TrimSpace(f.raw("tax_id")); typed != "" {
		id, err := thai.ParseTaxID(typed)
		if err != nil {
			f.fail("tax_id", text.Msg("presentment.error.tax_id_length"))
		}
		q.TaxID = string(id)
	}
	if d := f.day("from", today); !d.IsZero() {
		q.OnFrom = midnight(d)
	}
	if d := f.day("to", today); !d.IsZero() {
		q.OnTo = midnight(d)
	}
	amount := func(field string) *int64 {
		n := f.satang(field)
		if strings.TrimSpace(f.raw(field)) == "" {
			return nil
		}
		return &n // of a form that is not valid nothing is read
	}
	q.AmountFrom, q.AmountTo = amount("amount_from"), amount("amount_to")
	names := make([]string, len(store.ReceiptSorts))
	for i, s := range store.ReceiptSorts {
		names[i] = string(s)
	}
	q.Sort, q.Ascending = store.PresentmentSort(f.choice("sort", names...)), f.choice("dir", "asc", "desc") == "asc"
	if q.Sort == "" {
		q.Sort = store.SortByDate
	}
	q.From, q.Limit = readCursor(f, q.Sort), presentmentPageSize
	return q
}

// href is the list with one thing changed; pages begin anew.
func (q receiptQuery) href(changes ...string) string {
	v := url.Values{}
	maps.Copy(v, q.typed)
	if q.view != "" {
		v.Set("view", q.view)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	if len(v) == 0 {
		return "/receipts"
	}
	return "/receipts?" + v.Encode()
}

// listReceipts shows a page of the receipts that are filtered, in order.
func (a *App) listReceipts(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	query := readReceiptQuery(f, a.today())
	query.view = f.raw("view")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.ReceiptListView{
		Query: f.raw("q"), State: query.state, TaxID: f.raw("tax_id"), From: f.raw("from"), To: f.raw("to"), AmountFrom: f.raw("amount_from"),
		AmountTo: f.raw("amount_to"), Sort: string(query.Sort), Direction: f.raw("dir"), MayMake: u.can(store.Maker), Errors: f.summary(ctx),
		Filtered: len(query.typed) > 0 && query.typed.Encode() != url.Values{"state": {query.state}}.Encode(),
	}
	status := http.StatusOK
	var list []store.ReceiptRow
	var more bool
	var due store.WorkLine
	var views listViews
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if views, err = a.viewsOf(q, u, store.ListOfReceipts, query.values(), query.view); err != nil || !f.valid() {
			return err
		}
		if due, err = q.WorkReceipts(); err != nil {
			return err
		}
		list, more, err = q.Receipts(query.ReceiptFilter)
		return err
	})
	if err != nil {
		return err
	}
	if href, ok := a.opening(views, r); ok {
		return a.seeOther(w, r, u, href, text.Message{})
	}
	if !f.valid() {
		status = http.StatusUnprocessableEntity
	}
	v.Missing, v.Filter = due.Number, query.typed.Encode()
	v.MissingText = countText(due.Number)
	for _, state := range append([]string{""}, store.ReceiptStates...) {
		label := text.T(ctx, "receipt.all")
		if state != "" {
			label = text.T(ctx, text.Prefix("receipt.state.")+state)
		}
		href := query.href("view", "", "state", state)
		if views.view.ID != store.NoID { // what it stands for is no part of another tab
			href = receiptQuery{}.href("state", state)
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, Href: href, Current: state == query.state})
	}
	v.Tabs, v.Views, v.All = a.viewTabs(views, v.Tabs), views.panel(u), views.bare()
	fillReceiptRows(ctx, &v, query, list, more)
	header := ui.Header{Title: text.T(ctx, "receipt.title"), Actions: []templ.Component{ui.Button{Label: text.T(ctx, "number.title"), Emphasis: ui.Quiet, Href: "/numbers"}}}
	if v.MayMake {
		header.Primary = ui.Button{Label: text.T(ctx, "receipt.new"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/receipts/new"}
	}
	return a.page(w, r, u, shell{Header: header, Area: areaReceipts, Status: status, Part: templates.ReceiptListPart}, templates.ReceiptList(v))
}

func fillReceiptRows(ctx context.Context, v *templates.ReceiptListView, query receiptQuery, list []store.ReceiptRow, more bool) {
	for _, r := range list {
		number := r.DocumentNumber
		if number == "" {
			number = text.T(ctx, "receipt.unnumbered")
		}
		v.Rows = append(v.Rows, templates.ReceiptRow{
			Href: receiptHref(r.ID), Number: number, Buyer: r.BuyerName, On: r.DocumentOn, Bills: r.Bills, Status: receiptStatus(ctx, r.State),
			WithheldSatang: r.WithheldSatang, TotalSatang: r.TotalSatang,
		})
		v.SumSatang += r.TotalSatang
	}
	for _, c := range []struct {
		label, class string
		sort         store.PresentmentSort
	}{
		{"receipt.column.buyer", "lead", store.SortByBuyer}, {"receipt.column.number", "meta", store.SortByNumber}, {"receipt.column.bills", "meta wide-only", ""},
		{"receipt.column.on", "date", store.SortByDate}, {"receipt.column.state", "state", ""}, {"receipt.column.withheld", "num wide-only", ""},
		{"receipt.column.amount", "num amount", store.SortByAmount},
	} {
		col := ui.Col{Label: text.T(ctx, text.Prefix(c.label)), Class: c.class}
		if c.sort != "" {
			direction := "asc"
			if c.sort == query.Sort && query.Ascending {
				direction = "desc"
			}
			col.Sort = query.href("sort", string(c.sort), "dir", direction)
			if c.sort == query.Sort {
				col.Order = map[bool]string{true: "ascending", false: "descending"}[query.Ascending]
			}
		}
		v.Cols = append(v.Cols, col)
	}
	if len(list) == 0 {
		return
	}
	mark := func(r store.ReceiptRow) string {
		c := query.Sort.PlaceOfReceipt(r)
		return c.Place + "_" + c.ID.String()
	}
	back := query.From.Back
	if more || back {
		v.Pager.Next = query.href("after", mark(list[len(list)-1]))
	}
	if query.From.ID != store.NoID && (more || !back) {
		v.Pager.Previous = query.href("before", mark(list[0]))
	}
	if query.From.ID != store.NoID {
		v.Pager.First = query.href()
	}
}

// missingReceipts lists the bills that are paid and not receipted in full.
func (a *App) missingReceipts(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	at := cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.ReceiptsMissingView{MayMake: u.can(store.Maker)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		due, err := q.WorkReceipts()
		if err != nil {
			return err
		}
		v.Count = countText(due.Number)
		list, more, err := q.ReceiptDues(store.ReceiptDueCursor(at), presentmentPageSize)
		if err != nil {
			return err
		}
		for _, d := range list {
			row := templates.ReceiptDueRow{
				ID: d.ID.String(), Href: "/presentments/" + d.ID.String(), Number: d.DocumentNumber, Buyer: d.BuyerName, PaidAt: d.PaidAt,
				Days: max(0, int(a.Clock().Sub(d.PaidAt)/(24*time.Hour))), LeftSatang: d.LeftSatang, TotalSatang: d.TotalSatang,
			}
			if d.Draft != nil {
				row.Draft = "/receipts/" + *d.Draft
			}
			v.Rows = append(v.Rows, row)
		}
		if more {
			last := list[len(list)-1]
			v.Pager.Next = addressAfter("/receipts/missing", nil, last.PaidAt, last.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !at.At.IsZero() {
		v.Pager.First = "/receipts/missing"
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaReceipts}, templates.ReceiptsMissing(v))
}

// createReceiptDrafts makes drafts over the bills that were chosen: one for
// each, or one for all bills of a buyer. A bill that has a draft already, or
// needs none, gets none, so that a second press makes nothing twice.
func (a *App) createReceiptDrafts(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	for _, field := range []string{"key", "kind"} { // of the list's own batches
		f.raw(field)
	}
	mode := f.choice("mode", "each", "buyer")
	ids, err := a.chosenIDs(r.Context(), u, f)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	switch {
	case len(ids) == 0:
		return a.seeOther(w, r, u, "/receipts/missing", text.Msg("receipt.none_chosen"))
	case len(ids) > maxReceiptLines:
		return a.seeOther(w, r, u, "/receipts/missing", text.Msg("receipt.error.many_lines", "max", maxReceiptLines))
	}
	var made []store.Receipt
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		made, err = a.draftReceipts(tx, ids, mode == "buyer")
		return err
	})
	switch {
	case err != nil:
		return err
	case len(made) == 0:
		return a.seeOther(w, r, u, "/receipts/missing", text.Msg("receipt.none_made"))
	case len(made) == 1:
		return a.seeOther(w, r, u, receiptHref(made[0].ID), text.Msg("receipt.saved"))
	}
	return a.seeOther(w, r, u, "/receipts?state=draft", text.Msg("receipt.drafts_made", "n", len(made)))
}

func (a *App) draftReceipts(tx *store.Tx, ids []store.ID, perBuyer bool) (made []store.Receipt, err error) {
	// Two people who press at once take turns over each bill.
	for _, id := range slices.SortedFunc(slices.Values(ids), func(a, b store.ID) int { return strings.Compare(a.String(), b.String()) }) {
		if _, err := tx.LockPresentment(id); err != nil {
			return nil, err
		}
	}
	bills, err := tx.BillsToReceipt(ids, store.NoID)
	if err != nil {
		return nil, err
	}
	groups, order := map[string][]store.BillToReceipt{}, []string{}
	for _, b := range bills {
		receipts, err := tx.ReceiptsOfBill(b.ID)
		if err != nil {
			return nil, err
		}
		drafted := slices.ContainsFunc(receipts, func(r store.ReceiptOfBill) bool {
			return r.State == store.ReceiptDraft || r.State == store.ReceiptRefused
		})
		if drafted || !b.Receiptable() || b.LeftSatang() <= 0 {
			continue
		}
		key := b.ID.String()
		if perBuyer {
			// Bills that were tax invoices themselves go on a receipt of their own.
			key = b.BuyerTaxID + "/" + b.BuyerBranch + "/" + typeFor([]store.BillToReceipt{b})
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], b)
	}
	for _, key := range order {
		r := ReceiptOf(groups[key], a.today())
		if err := tx.AddReceipt(r); err != nil {
			return nil, err
		}
		made = append(made, r)
	}
	return made, nil
}
