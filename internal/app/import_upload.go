package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// maxSheet is the largest file. Ten thousand rows take about one megabyte.
const maxSheet = 8 << 20

// sheetRefusals are the reasons for which a file is not read.
var sheetRefusals = []struct {
	reason error
	word   string
}{
	{sheet.ErrEmpty, text.K("import.refused.empty")}, {sheet.ErrKind, text.K("import.refused.kind")}, {sheet.ErrHTML, text.K("import.refused.html")},
	{sheet.ErrOldExcel, text.K("import.refused.old")}, {sheet.ErrEncrypted, text.K("import.refused.encrypted")},
	{sheet.ErrMacros, text.K("import.refused.macros")}, {sheet.ErrBomb, text.K("import.refused.bomb")},
	{sheet.ErrDamaged, text.K("import.refused.damaged")}, {sheet.ErrEncoding, text.K("import.refused.encoding")},
	{sheet.ErrRows, text.K("import.refused.rows")}, {sheet.ErrColumns, text.K("import.refused.columns")},
	{sheet.ErrLongCell, text.K("import.refused.cell")}, {errNoFile, text.K("import.refused.none")},
	{errLargeSheet, text.K("import.refused.large")}, {errNoRows, text.K("import.refused.no_rows")},
}

var (
	errNoFile     = errors.New("no file was sent")
	errLargeSheet = errors.New("the file is too large")
	errNoRows     = errors.New("the sheet has no rows under its heading")
)

// newImport is where a file is chosen.
func (a *App) newImport(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	kind := readImportKind(f)
	if err := cmp.Or(f.check(), u.mayImport(kind)); err != nil {
		return err
	}
	return a.importNewPage(w, r, u, kind, "")
}

func (a *App) importNewPage(w http.ResponseWriter, r *http.Request, u user, kind intake.Kind, refusal string) error {
	ctx := r.Context()
	v := templates.ImportNewView{Kind: string(kind), Error: refusal}
	s := shell{Header: v.Header(ctx), Area: importKinds[kind].area}
	if refusal != "" {
		v.Errors, s.Status = []ui.FieldError{{Field: "file", Message: refusal}}, http.StatusUnprocessableEntity
	}
	return a.page(w, r, u, s, templates.ImportNew(v))
}

// sheetFile is a file that can be read, and what is known of it.
type sheetFile struct {
	kind                intake.Kind
	name, media, format string
	content             []byte
	heading             []string
	headingAt           int // its row, counted from 0
	rows                int
}

// createImport takes a file in, and says at once what its columns mean where
// there is nothing to ask.
func (a *App) createImport(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	kind := readImportKind(f)
	if err := cmp.Or(f.check(), u.mayImport(kind)); err != nil {
		return err
	}
	reader, err := r.MultipartReader()
	if err != nil {
		return &requestError{"not a multipart form"}
	}
	leave, err := a.uploads.take(r.Context(), uploadWait)
	if err != nil {
		return err
	}
	defer leave()
	file, err := receiveSheet(r, reader)
	if err == nil {
		file.kind = kind
		err = file.examine()
	}
	if refused := sheetRefusal(r.Context(), err); refused != "" {
		return a.importNewPage(w, r, u, kind, refused)
	}
	if err != nil {
		return err
	}
	i, err := a.storeImport(r, u, file)
	switch {
	case errors.Is(err, store.ErrUploadQuota):
		return a.importNewPage(w, r, u, kind, text.T(r.Context(), "document.quota"))
	case store.Violated(err, "imports_are_bounded"):
		return a.importNewPage(w, r, u, kind, text.T(r.Context(), "import.refused.many"))
	case err != nil:
		return err
	case i.State == store.ImportRead:
		return a.seeOther(w, r, u, importHref(i.ID)+"/columns", text.Message{})
	}
	if err := a.checkFor(r.Context(), u, i.ID); err != nil {
		return err
	}
	return a.seeOther(w, r, u, importHref(i.ID), text.Message{})
}

// sheetRefusal says why a file is not read; empty if that is not the file's
// fault.
func sheetRefusal(ctx context.Context, err error) string {
	for _, s := range sheetRefusals {
		if errors.Is(err, s.reason) {
			at, _ := errors.AsType[*sheet.CellError](err)
			if at == nil {
				at = &sheet.CellError{}
			}
			return text.T(ctx, s.word, "row", at.Row, "column", sheet.ColumnName(at.Column), "max", text.Int(importRows))
		}
	}
	return ""
}

// receiveSheet reads the one file of the form into memory, whose size is
// bounded and whose turns are counted.
func receiveSheet(r *http.Request, reader *multipart.Reader) (*sheetFile, error) {
	var file *sheetFile
	for {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF) && file == nil:
			return nil, errNoFile
		case errors.Is(err, io.EOF):
			return file, nil
		case err != nil:
			return nil, largeSheet(notReceived(r, err))
		case part.FormName() != "file" || file != nil:
			return nil, &requestError{"unknown field " + clip(part.FormName(), 60)}
		case part.FileName() == "":
			continue // an empty choice
		}
		content, err := io.ReadAll(io.LimitReader(received{part, r}, maxSheet+1))
		if err != nil {
			return nil, largeSheet(err)
		}
		if len(content) > maxSheet {
			return nil, errLargeSheet
		}
		file = &sheetFile{name: part.FileName(), content: content}
	}
}

func largeSheet(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errLargeSheet
	}
	return err
}

// examine reads the whole file once, so that nothing is stored of one that
// cannot be read to its end.
func (f *sheetFile) examine() error {
	if err := f.findHeading(); err != nil {
		return err
	}
	err := f.each(func(sheet.Row) error {
		f.rows++
		return nil
	})
	switch {
	case err != nil:
		return err
	case f.rows == 0:
		return errNoRows
	case f.rows > importRows:
		return sheet.ErrRows
	}
	kind := "csv" // whatever its encoding
	if f.format == "XLSX" {
		kind = "xlsx"
	}
	f.media, f.name = mediaTypes[kind], upload.CleanFileName(f.name, upload.Kind(kind))
	return nil
}

// mostAbove is in how many rows a heading is looked for.
const mostAbove = 30

// findHeading finds the row that heads the table.
func (f *sheetFile) findHeading() error {
	if f.kind != intake.Payments {
		return nil
	}
	var first [][]string
	err := f.read(func(row sheet.Row) error {
		if first = append(first, row.Cells); len(first) == mostAbove {
			return io.EOF
		}
		return nil
	})
	f.headingAt = f.kind.HeadingAt(first)
	return err
}

// each calls do for every row but the heading and the template's example.
func (f *sheetFile) each(do func(sheet.Row) error) error {
	n := -1
	f.heading = nil
	return f.read(func(row sheet.Row) error {
		n++
		switch {
		case n < f.headingAt:
			return nil
		case f.heading == nil:
			f.heading = row.Cells
			return nil
		case intake.IsExample(row.Cells):
			return nil
		}
		return do(row)
	})
}

// read calls do for every row, until it has seen enough and says io.EOF.
func (f *sheetFile) read(do func(sheet.Row) error) (err error) {
	r, err := sheet.Open(bytes.NewReader(f.content), int64(len(f.content)), sheet.Limits(importRows))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f.format = r.Format
	for {
		row, err := r.Next()
		if err == nil {
			err = do(row)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// importChunk is how many rows or bills are written at a time.
const importChunk = 500

// storeImport keeps the file, its rows, and what its columns mean if that is
// known.
func (a *App) storeImport(r *http.Request, u user, f *sheetFile) (i store.Import, err error) {
	hash := sha256.Sum256(f.content)
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		out := tx.NewFile()
		if _, err := out.Write(f.content); err != nil {
			return err
		}
		kept, err := out.Finish(store.File{Name: f.name, MediaType: f.media, SHA256: hash[:]})
		if err != nil {
			return err
		}
		i = store.Import{ID: store.NewID(), Kind: string(f.kind), Format: f.format, Heading: f.heading, RowCount: f.rows, State: store.ImportRead}
		if err := tx.AddImport(i, kept); err != nil {
			return err
		}
		if err := addRows(tx, i.ID, f); err != nil {
			return err
		}
		mapping, grouped, asks, err := knownMapping(tx.Query, f.kind, f.heading)
		if err != nil || asks {
			return err
		}
		i.State = store.ImportMapped
		return mapImport(tx, i, mapping, grouped)
	})
	return i, err
}

func addRows(tx *store.Tx, id store.ID, f *sheetFile) error {
	var chunk []store.ImportRow
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		err := tx.AddImportRows(id, chunk)
		chunk = chunk[:0]
		return err
	}
	err := f.each(func(row sheet.Row) error {
		cells := make(store.Texts, len(row.Cells))
		for c, cell := range row.Cells {
			cells[c] = strings.ReplaceAll(cell, "\x00", "") // Postgres takes none
		}
		if chunk = append(chunk, store.ImportRow{No: row.Number, Cells: cells}); len(chunk) < importChunk {
			return nil
		}
		return flush()
	})
	return errors.Join(err, flush())
}
