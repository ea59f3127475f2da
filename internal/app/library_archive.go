package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/archive"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newArchive says what the archive of a month would hold.
func (a *App) newArchive(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	month, ok := parseMonth(f.raw("month"))
	if f.raw("month") == "" {
		month, ok = a.thisMonth(), true
	}
	if err := f.check(); err != nil {
		return err
	}
	if !ok {
		return store.ErrNotFound
	}
	return a.archivePage(w, r, u, http.StatusOK, month)
}

func (a *App) archivePage(w http.ResponseWriter, r *http.Request, u user, status int, month time.Time) error {
	ctx := r.Context()
	v := templates.ArchiveView{Month: month.Format(monthForm), Name: text.Month(ctx, month), English: text.From(ctx).Lang == text.EN}
	var sum store.ArchiveSum
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		sum, err = q.ArchiveSum(store.MonthSpan(month))
		return err
	})
	if err != nil {
		return err
	}
	v.Entries, v.Files, v.Size, v.TooMuch = int(sum.Entries), int(sum.Files), text.Bytes(sum.Size), !sum.Fits()
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDocuments, Status: status}, templates.Archive(v))
}

// createArchive packs every file of a month's documents, leaves a leaf about it,
// and hands it out.
func (a *App) createArchive(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	month, ok := parseMonth(f.raw("month"))
	lang := f.choice("lang", "th", "en")
	if err := f.check(); err != nil {
		return err
	}
	if !ok {
		return store.ErrNotFound
	}
	ctx := writtenIn(r.Context(), lang)
	var files int
	err := a.handOut(w, r, u, handout{
		name: "documents-" + month.Format(monthForm) + ".zip", mediaType: "application/zip",
		fill: func(q *store.Query, to io.Writer) error {
			entries, err := q.ArchiveEntries(store.MonthSpan(month))
			if err != nil {
				return err
			}
			index := archiveIndex(ctx, u, month, a.Clock(), entries)
			files = len(entries)
			return archive.Write(to, index, func(id string, out io.Writer) error {
				file, err := uuid.Parse(id)
				if err != nil {
					return err
				}
				return q.WriteFile(file, out)
			})
		},
		leaf: func(tx *store.Tx, size int64, sum string) error {
			return tx.AuditArchive(store.Archived{Month: month.Format(monthForm), Files: files, Bytes: size, SHA256: sum})
		},
	})
	if errors.Is(err, store.ErrTooMany) {
		return a.archivePage(w, r, u, http.StatusConflict, month)
	}
	return err
}

// writtenIn has a file written in a language of its own.
func writtenIn(ctx context.Context, lang string) context.Context {
	locale := text.From(ctx)
	if l, ok := text.ParseLang(lang); ok {
		locale.Lang = l
	}
	return text.With(ctx, locale)
}

// archiveIndex says what is in the archive, in the language of ctx.
func archiveIndex(ctx context.Context, u user, month, now time.Time, entries []store.LibraryEntry) archive.Index {
	locale := text.From(ctx)
	ix := archive.Index{
		Look: sheet.Look{ISO: true}, Day: func(d time.Time) string { return text.Date(ctx, d) },
		Words: archive.Words{
			Lang: string(locale.Lang), Title: text.T(ctx, "library.index.title", "month", text.Month(ctx, month)),
			About: []string{
				merchantName(ctx, u.membership),
				text.T(ctx, "library.index.made", "person", u.person.Name, "at", text.DateTime(ctx, now)), text.N(ctx, "library.index.files", len(entries)),
			},
			Checked: text.T(ctx, "library.index.checked"),
		},
	}
	for _, name := range []string{"kind", "number", "on", "buyer", "tax_id", "standing", "file", "size", "hash", "kept"} {
		ix.Words.Heads = append(ix.Words.Heads, text.T(ctx, text.Prefix("library.head.")+name))
	}
	for _, e := range entries {
		ix.Files = append(ix.Files, archive.File{
			ID: e.FileID.String(), Folder: e.UsedIn + "s", Kind: text.T(ctx, text.Prefix("library.kind.")+e.Kind), Number: e.Number, On: e.OnDay, Buyer: e.BuyerName,
			TaxID: e.BuyerTaxID, Standing: text.T(ctx, text.Prefix("library.standing.")+e.Standing), Name: e.Name, Size: int64(e.Size), SHA256: e.SHA256,
			Kept: e.KeptUntil, Stored: e.UploadedAt,
		})
	}
	return ix
}
