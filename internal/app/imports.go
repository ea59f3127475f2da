package app

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	importPageSize = 50
	// importRows is how many rows one file may have.
	importRows = 10_000
)

// importKind is what differs with what the rows of a file are.
type importKind struct {
	area    area
	product store.Product
	// compare holds what a list has against what there is.
	compare func(*store.Query, store.Import, []judgedItem) error
	// keep makes what is good of a list, and returns what became of it.
	keep func(*store.Tx, store.Import, []judgedItem) ([]store.ID, error)
}

var importKinds = map[intake.Kind]importKind{
	intake.Bills:    {areaPresentments, store.Papers, compareBills, keepDrafts},
	intake.Buyers:   {areaBuyers, store.Papers, compareBuyers, keepBuyers},
	intake.Payments: {areaPayments, store.Papers, comparePayments, keepPayments},
	intake.Payers:   {areaDebits, store.Debits, comparePayers, keepPayers},
	intake.Debits:   {areaDebits, store.Debits, compareDebits, keepDebits},
	intake.Requests: {areaAlerts, store.Requests, compareRequests, keepRequests},
	intake.Blocks:   {areaAlerts, store.Alerts, compareBlocks, keepBlocks},
}

// mayImport refuses whoever makes for other products than the list's.
func (u user) mayImport(kind intake.Kind) error {
	if !u.membership.WorksOn(importKinds[kind].product) {
		return errOtherProducts
	}
	return nil
}

// readImportKind reads of what kind a file is to be: of bills, unless it says so.
func readImportKind(f *form) intake.Kind {
	kinds := make([]string, len(intake.Kinds))
	for n, k := range intake.Kinds {
		kinds[n] = string(k)
	}
	return intake.Kind(cmp.Or(f.choice("kind", kinds...), string(intake.Bills)))
}

// listImports shows the merchant's imports, the newest first.
func (a *App) listImports(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	before := f.id("before")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	var list []store.Import
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		list, err = q.Imports(before, importPageSize+1)
		return err
	})
	if err != nil {
		return err
	}
	v := templates.ImportListView{MayMake: u.can(store.Maker)}
	if len(list) > importPageSize {
		list = list[:importPageSize]
		v.Pager.Next = "/imports?before=" + list[importPageSize-1].ID.String()
	}
	if before != uuid.Nil {
		v.Pager.First = "/imports"
	}
	for _, i := range list {
		v.Rows = append(v.Rows, templates.ImportRow{
			Href: importHref(i.ID), Name: i.FileName, Rows: i.RowCount, Kind: text.T(ctx, text.Prefix("import.kind.")+i.Kind), Status: importStatus(ctx, i.Kind, i.State), By: i.CreatedByName, At: i.CreatedAt,
		})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments}, templates.ImportList(v))
}

func importHref(id store.ID) string { return "/imports/" + id.String() }

var importMeanings = map[string]ui.Meaning{
	store.ImportRead: ui.Warning, store.ImportMapped: ui.Warning, store.ImportMaking: ui.Info, store.ImportMade: ui.Good, store.ImportDiscarded: ui.Neutral,
}

func importStatus(ctx context.Context, kind, state string) ui.Status {
	return ui.Status{Meaning: importMeanings[state], Label: templates.ImportText(ctx, kind, "state_"+state)}
}

// importOf reads the import that the path names.
func (a *App) importOf(r *http.Request, u user) (i store.Import, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return i, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		i, err = q.Import(id)
		return err
	})
	return i, err
}

// changeImport does something to an import while nobody else does.
func (a *App) changeImport(ctx context.Context, u user, id store.ID, do func(tx *store.Tx, i store.Import) error) error {
	return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockImport(id); err != nil {
			return err
		}
		i, err := tx.Import(id)
		if err != nil {
			return err
		}
		if err := u.mayImport(intake.Kind(i.Kind)); err != nil {
			return err
		}
		return do(tx, i)
	})
}

// discardImport gives a list up; what was made of it stays.
func (a *App) discardImport(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.changeImport(r.Context(), u, id, func(tx *store.Tx, i store.Import) error {
		if i.State == store.ImportDiscarded {
			return nil // a second click
		}
		return tx.DiscardImport(id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/imports", text.Msg("import.discarded"))
}

// importForm gives out the empty table to fill in, in the reader's language.
func (a *App) importForm(w http.ResponseWriter, r *http.Request, _ user) error {
	f := readQuery(r)
	format, kind := f.choice("format", "xlsx", "csv"), readImportKind(f)
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	form := sheet.Form{Name: templates.ImportText(ctx, string(kind), "sheet"), HelpName: text.T(ctx, "import.form.help_sheet"), Rows: importRows}
	form.HelpHeading = []string{
		text.T(ctx, "import.form.column"), text.T(ctx, "import.form.needed"), text.T(ctx, "import.form.meaning"), text.T(ctx, "import.form.example"),
	}
	for _, c := range kind.Columns() {
		column := sheet.FormColumn{Name: columnName(ctx, c.Field), Example: c.Example, Choices: choicesOf(ctx, c), Width: 18}
		if c.Field == kind.Columns()[0].Field {
			column.Example = templates.ImportText(ctx, string(kind), "example")
		}
		needed := text.T(ctx, "import.form.optional")
		if c.Required {
			needed = text.T(ctx, "import.form.required")
		}
		form.Columns = append(form.Columns, column)
		form.Help = append(form.Help, []string{column.Name, needed, text.T(ctx, text.Prefix("import.help.")+string(c.Field)), column.Example})
	}
	var file bytes.Buffer
	write := form.WriteXLSX
	if format == "csv" {
		write = form.WriteCSV
	} else {
		format = "xlsx"
	}
	if err := write(&file); err != nil {
		return err
	}
	saveAs(w, templates.ImportText(ctx, string(kind), "form_file")+"."+format, mediaTypes[format], int64(file.Len()))
	_, err := file.WriteTo(w)
	return err
}

// choicesOf is what may stand in a column, in words of the reader's language
// where it has such.
func choicesOf(ctx context.Context, c intake.Column) []string {
	if c.Field != intake.BlockReason {
		return c.Values
	}
	var words []string
	for _, o := range blockReasons(ctx) {
		words = append(words, o.Label)
	}
	return words
}

// columnName is a field in the reader's language, as the heading of a column.
func columnName(ctx context.Context, f intake.Field) string {
	for _, k := range intake.Kinds {
		if c, ok := k.Column(f); ok && text.From(ctx).Lang == text.TH {
			return c.Thai
		} else if ok {
			return c.English
		}
	}
	return "–"
}

// importPlace is what is chosen on the page of one import.
type importPlace struct {
	id       store.ID
	standing string
	after    int
}

func (p importPlace) href() string {
	query := url.Values{}
	if p.standing != "" {
		query.Set("standing", p.standing)
	}
	if p.after > 0 {
		query.Set("after", strconv.Itoa(p.after))
	}
	return addressOf(importHref(p.id), query)
}

// readImportPlace reads which bills of an import are to be shown.
func readImportPlace(f *form, id store.ID) importPlace {
	p := importPlace{id: id, standing: f.choice("standing", store.ImportFaulty, store.ImportGood, store.ImportDropped, store.ImportedItem)}
	if after := f.raw("after"); after != "" {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 || n > importRows {
			f.broken = &requestError{"no such place in the list"}
		}
		p.after = n
	}
	return p
}
