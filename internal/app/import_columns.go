package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// knownMapping is what a heading means: as somebody said last time, or as it
// can be recognised. Asks is whether a person has to look at it.
func knownMapping(q *store.Query, kind intake.Kind, heading []string) (m intake.Mapping, grouped, asks bool, err error) {
	last, err := q.ImportMapping(kind.Signature(heading))
	switch {
	case err == nil && len(last.Mapping) == len(heading):
		for _, f := range last.Mapping {
			m = append(m, intake.Field(f))
		}
		return m, last.Grouped, len(kind.Missing(m)) > 0, nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, false, false, err
	}
	m, asks = kind.Recognise(heading)
	return m, kind == intake.Bills, asks, nil
}

// mapImport says what the columns mean, and which rows make which bill or buyer.
func mapImport(tx *store.Tx, i store.Import, m intake.Mapping, grouped bool) error {
	kind := intake.Kind(i.Kind)
	grouped = grouped && kind == intake.Bills
	var rows []store.ImportRow
	var numbers []string
	for after := 0; ; {
		page, err := tx.ImportRows(i.ID, after, importChunk)
		if err != nil {
			return err
		}
		for _, row := range page {
			after = row.No
			numbers = append(numbers, kind.NumberIn(m, row.Cells))
			rows = append(rows, store.ImportRow{No: row.No}) // without its cells: there may be many
		}
		if len(page) < importChunk {
			break
		}
	}
	var items []store.ImportItem
	for n, no := range intake.Group(numbers, grouped) {
		rows[n].ItemNo = no
		if no > len(items) {
			items = append(items, store.ImportItem{No: no, Number: numbers[n], FirstRow: rows[n].No})
		}
	}
	i.Grouped, i.Mapping = grouped, make(store.Texts, len(m))
	for c, f := range m {
		i.Mapping[c] = string(f)
	}
	return tx.MapImport(i, kind.Signature(i.Heading), items, rows)
}

// importColumns asks what the columns mean.
func (a *App) importColumns(w http.ResponseWriter, r *http.Request, u user) error {
	i, err := a.importOf(r, u)
	if err != nil {
		return err
	}
	m, grouped := mappingOf(i), i.Grouped
	if i.State == store.ImportRead {
		err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
			m, grouped, _, err = knownMapping(q, intake.Kind(i.Kind), i.Heading)
			return err
		})
		if err != nil {
			return err
		}
	}
	return a.importColumnsPage(w, r, u, i, m, grouped, nil)
}

func (a *App) importColumnsPage(w http.ResponseWriter, r *http.Request, u user, i store.Import, m intake.Mapping, grouped bool, f *form) error {
	ctx := r.Context()
	var samples []store.ImportRow
	var made int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		sums, err := q.ImportSums(i.ID)
		if err != nil {
			return err
		}
		made = sums[store.ImportedItem].Items
		samples, err = q.ImportRows(i.ID, 0, 3)
		return err
	})
	if err != nil {
		return err
	}
	if !mappable(i, made) {
		return a.seeOther(w, r, u, importHref(i.ID), text.Msg("import.columns_fixed"))
	}
	v := templates.ImportColumnsView{Kind: i.Kind, ID: i.ID.String(), File: i.FileName, Grouped: grouped}
	kind := intake.Kind(i.Kind)
	for _, c := range kind.Columns() {
		v.Fields = append(v.Fields, ui.Option{Value: string(c.Field), Label: columnName(ctx, c.Field)})
	}
	for n, name := range i.Heading {
		column := templates.ImportColumn{Letter: sheet.ColumnName(n + 1), Heading: name, Field: string(m[n])}
		for _, row := range samples {
			if n < len(row.Cells) && row.Cells[n] != "" {
				column.Samples = append(column.Samples, shortened(row.Cells[n], 60))
			}
		}
		v.Columns = append(v.Columns, column)
	}
	for _, missing := range kind.Missing(m) {
		v.Missing = append(v.Missing, columnName(ctx, missing))
	}
	s := shell{Header: v.Header(ctx), Area: importKinds[kind].area}
	if f != nil {
		s.Status, v.Errors = http.StatusUnprocessableEntity, f.summary(ctx)
	}
	return a.page(w, r, u, s, templates.ImportColumns(v))
}

// mappable: once something was made of some rows, the meaning of columns stays.
func mappable(i store.Import, made int) bool {
	return i.State == store.ImportRead || i.State == store.ImportMapped && made == 0
}

// mapColumns stores what a person said the columns mean.
func (a *App) mapColumns(w http.ResponseWriter, r *http.Request, u user) error {
	i, err := a.importOf(r, u)
	if err != nil {
		return err
	}
	f := readForm(r)
	grouped := f.choice("grouped", "lines", "single") != "single"
	m := readMapping(r.Context(), f, i)
	if err := f.check(); err != nil {
		return err
	}
	for _, missing := range intake.Kind(i.Kind).Missing(m) {
		f.fail("", text.Msg("import.columns_missing", "field", columnName(r.Context(), missing)))
	}
	if !f.valid() {
		return a.importColumnsPage(w, r, u, i, m, grouped, f)
	}
	err = a.changeImport(r.Context(), u, i.ID, func(tx *store.Tx, i store.Import) error {
		sums, err := tx.ImportSums(i.ID)
		if err != nil {
			return err
		}
		if !mappable(i, sums[store.ImportedItem].Items) {
			return store.ErrStale
		}
		return mapImport(tx, i, m, grouped)
	})
	if err != nil {
		return err
	}
	if err := a.checkFor(r.Context(), u, i.ID); err != nil {
		return err
	}
	return a.seeOther(w, r, u, importHref(i.ID), text.Message{})
}

// readMapping reads what each column was said to mean. No two mean the same.
func readMapping(ctx context.Context, f *form, i store.Import) intake.Mapping {
	m := make(intake.Mapping, len(i.Heading))
	for n := range i.Heading {
		name := "column-" + strconv.Itoa(n+1)
		field := intake.Field(f.raw(name))
		switch _, known := intake.Kind(i.Kind).Column(field); {
		case field != "" && !known:
			f.broken = &requestError{"unknown meaning of a column"}
		case field != "" && slices.Contains(m, field):
			f.fail(name, text.Msg("import.columns_twice", "column", sheet.ColumnName(n+1), "field", columnName(ctx, field)))
		default:
			m[n] = field
		}
	}
	return m
}

// shortened is a text of at most so many characters, with a sign where it was
// cut. What is written above or below a letter stays with it.
func shortened(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	cut := most - 1
	for cut > 0 && unicode.IsMark(runes[cut]) {
		cut--
	}
	return strings.TrimRight(string(runes[:cut]), " ") + "…"
}
