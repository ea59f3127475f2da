package app

import (
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// openingsShown is how many openings the page of a file names at once.
const openingsShown = 20

// showDocument shows a file beside what it goes with, until when it is kept, and
// who opened it.
func (a *App) showDocument(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	from := cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	var file store.File
	var v templates.LibraryFileView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if file, err = q.File(id); err != nil {
			return err
		}
		if v.DocumentView, err = documentView(q, file); err != nil {
			return err
		}
		uses, err := q.UsesOfFile(id)
		if err != nil {
			return err
		}
		for _, e := range uses {
			row := libraryRow(ctx, e, a.today())
			if !a.opens(u, parentOf(e.UsedIn)) {
				row.UsedHref = "" // that area is not built or not for this person
			}
			v.Uses = append(v.Uses, row)
			if e.Standing != store.LibraryDraft && e.KeptUntil.After(v.Kept) {
				v.Kept, v.Held = e.KeptUntil, e.Held
			}
		}
		hold, held, err := q.HoldOfFile(id)
		if err != nil {
			return err
		}
		if held {
			v.Hold = text.T(ctx, "retention.held_body", "reason", hold.Reason)
		}
		openings, more, err := q.OpeningsOfFile(id, from, openingsShown)
		for _, o := range openings {
			v.Openings = append(v.Openings, templates.LibraryOpening{At: o.At, Person: o.Person})
		}
		if more {
			last := openings[len(openings)-1]
			v.Pager.Next = addressAfter("/documents/"+id.String(), nil, last.At, last.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !from.At.IsZero() {
		v.Pager.First = "/documents/" + id.String()
	}
	if v.Text != "" {
		if err := a.Store.FileOpened(ctx, u.actor(), file); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Security-Policy", policyPreview)
	header := v.Header(ctx)
	header.Crumbs = []ui.Crumb{{Label: text.T(ctx, "library.title"), Href: "/documents"}}
	return a.page(w, r, u, shell{Header: header, Area: areaDocuments}, templates.LibraryFile(v))
}

// parentOf is the list of the documents of a use.
func parentOf(used string) string {
	switch used {
	case store.UsedInReceipt:
		return "/receipts"
	case store.UsedInEtax:
		return "/etax"
	case store.UsedInCertificate:
		return "/payments/certificates"
	}
	return "/presentments"
}
