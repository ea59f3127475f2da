package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

const (
	// maxPayerExport is how many payers one file holds.
	maxPayerExport = 10_000
	payerChunk     = 500 // read at a time
)

// exportPayers writes the payers of the list into a file, leaves a leaf about
// it, and hands it out. The file is whole before the first byte leaves.
func (a *App) exportPayers(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	format := f.choice("format", "xlsx", "csv")
	values, err := url.ParseQuery(strings.TrimPrefix(f.raw("list"), "?"))
	if err != nil {
		return &requestError{"unreadable filter"}
	}
	list := formOf(values)
	at, _ := readPayerPlace(list)
	if err := f.check(); err != nil {
		return err
	}
	if err := list.check(); err != nil {
		return err
	}
	if format == "" {
		format = "xlsx"
	}
	ctx := r.Context()
	var file bytes.Buffer
	rows := 0
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		rows, err = writePayers(ctx, q, at, format == "xlsx", &file)
		return err
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(file.Bytes())
	made := store.Exported{Filter: "payers" + strings.TrimPrefix(at.href(store.PayerCursor{}), "/payers"), Format: format, Rows: rows, SHA256: hex.EncodeToString(sum[:])}
	if err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.AuditExport(made) }); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	if format == "xlsx" {
		h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	}
	h.Set("Content-Length", strconv.Itoa(file.Len()))
	name := "payers-" + a.Clock().In(thai.Bangkok).Format("20060102-1504") + "." + format
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, err = file.WriteTo(w)
	return err
}

// payerColumns are those of the file, each with its words and its value.
var payerColumns = []struct {
	label string
	cell  func(context.Context, store.PayerRow) sheet.Cell
}{
	{text.K("payer.field.code"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Code) }},
	{text.K("payer.field.name"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Name) }},
	{text.K("payer.field.name_en"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.NameEN) }},
	{text.K("payer.field.tax_id"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.TaxID) }},
	{text.K("payer.field.mobile"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Mobile) }},
	{text.K("payer.field.email"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Email) }},
	{text.K("payer.field.contact"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Contact) }},
	{text.K("payer.field.payday"), func(_ context.Context, p store.PayerRow) sheet.Cell {
		if p.Payday == nil {
			return sheet.Text("")
		}
		return sheet.Text(strconv.Itoa(*p.Payday))
	}},
	{text.K("payer.standing_label"), func(ctx context.Context, p store.PayerRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("payer.standing.")+payerStanding(p.MandateState)))
	}},
	{text.K("payer.account"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.DrawerAccount) }},
	{text.K("payer.field.note"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Note) }},
}

// writePayers writes the file, and says how many payers are in it.
func writePayers(ctx context.Context, q *store.Query, at payerPlace, xlsx bool, to *bytes.Buffer) (rows int, err error) {
	look := sheet.Look{Buddhist: text.From(ctx).BuddhistEra}
	var out rowWriter
	var end func() error
	if xlsx {
		book := sheet.NewBook(to, look)
		widths := make([]int, len(payerColumns))
		for n := range widths {
			widths[n] = 18
		}
		if out, err = book.Sheet(text.T(ctx, "payer.title"), true, widths...); err != nil {
			return 0, fmt.Errorf("beginning a sheet: %w", err)
		}
		end = book.Close
	} else {
		csv := sheet.NewCSV(to, look)
		out, end = csv, csv.Close
	}
	cells := make([]sheet.Cell, len(payerColumns))
	for n, c := range payerColumns {
		cells[n] = sheet.Text(text.T(ctx, c.label))
	}
	if err := out.Write(cells); err != nil {
		return 0, err
	}
	from := store.PayerCursor{}
	for more := true; more && rows < maxPayerExport; {
		var list []store.PayerRow
		if list, more, err = q.Payers(at.filter(from, payerChunk)); err != nil {
			return rows, err
		}
		for _, p := range list {
			for n, c := range payerColumns {
				cells[n] = c.cell(ctx, p)
			}
			if err := out.Write(cells); err != nil {
				return rows, err
			}
			rows++
		}
		if more {
			from = store.PlaceOfPayer(at.Sort, list[len(list)-1])
		}
	}
	return rows, end()
}
