package app

import (
	"bytes"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portal/internal/app/teller"
	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates"
)

// showFile gives out a file of the merchant, and leaves a leaf of who opened
// it before the first byte goes out. With ?download the browser saves it.
func (a *App) showFile(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	disposition := "inline"
	if f.flag("download") {
		disposition = "attachment"
	}
	if err := f.check(); err != nil {
		return err
	}
	var file store.File
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if file, err = q.File(id); err != nil {
			return err
		}
		of, err := q.IDsOfFile(id)
		shows(r.Context(), of...)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.Store.FileOpened(r.Context(), u.actor(), file); err != nil {
		return err
	}
	mediaType := file.MediaType
	if disposition == "inline" && upload.KindOf(mediaType) == upload.XML {
		mediaType = "text/plain; charset=utf-8" // to be read, not interpreted
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(file.Size))
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": file.Name}))
	h.Set("Content-Security-Policy", policyFile)
	// Once the first byte is out there is no way to answer an error but to
	// break off, which the length tells the browser.
	return a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error { return q.WriteFile(id, w) })
}

const (
	// previewLimit is how much of an XML file its page shows.
	previewLimit = 256 << 10
	// billsOfFile is how many bills the page of a file names.
	billsOfFile = 20
)

// viewFile shows a file beside what is known of it. The browser fetches
// pictures and PDFs by themselves, which leaves the leaf; text stands in the
// page, so that showing it is opening it.
func (a *App) viewFile(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var file store.File
	var v templates.DocumentView
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if file, err = q.File(id); err != nil {
			return err
		}
		v, err = documentView(q, file)
		return err
	})
	if err != nil {
		return err
	}
	if v.Text != "" {
		if err := a.Store.FileOpened(r.Context(), u.actor(), file); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Security-Policy", policyPreview)
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments}, templates.Document(v))
}

func documentView(q *store.Query, f store.File) (templates.DocumentView, error) {
	var v templates.DocumentView
	bills, err := q.PresentmentsWith(f.SHA256, billsOfFile)
	if err != nil {
		return v, err
	}
	d := fileAsDocument(f)
	if len(bills) > 0 {
		p, err := q.Presentment(bills[0].PresentmentID)
		if err != nil {
			return v, err
		}
		for _, attached := range p.Documents {
			if attached.FileID == f.ID {
				d = attached
			}
		}
	}
	v.PaperDocument = paperDocument(d)
	for _, b := range bills {
		v.Bills = append(v.Bills, sameDocument(b))
	}
	if upload.KindOf(f.MediaType) == upload.XML {
		head := limited{limit: previewLimit}
		if err := q.WriteFile(f.ID, &head); err != nil && !errors.Is(err, errEnough) {
			return v, err
		}
		v.Text, v.Cut = strings.ToValidUTF8(head.String(), ""), f.Size > previewLimit
	}
	return v, nil
}

// fileAsDocument is a file as if it went with a bill.
func fileAsDocument(f store.File) store.PresentmentDocument {
	return store.PresentmentDocument{
		FileID: f.ID, Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256, UploadedAt: f.UploadedAt, UploadedByName: f.UploadedByName,
		Pages: f.Pages, Width: f.Width, Height: f.Height, Scan: f.Scan,
	}
}

var errEnough = errors.New("enough was read")

// limited keeps the head of what is written to it.
type limited struct {
	bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	room := l.limit - l.Len()
	if len(p) <= room {
		return l.Buffer.Write(p)
	}
	n, _ := l.Buffer.Write(p[:room]) // memory takes everything
	return n, errEnough
}

func paperDocument(d store.PresentmentDocument) templates.PaperDocument {
	return templates.PaperDocument{
		ID: d.FileID.String(), Name: d.Name, Kind: string(upload.KindOf(d.MediaType)), Size: d.Size, Pages: d.Pages, Width: d.Width, Height: d.Height,
		Scanned: d.Scan == store.ScanClean, SHA256: hex.EncodeToString(d.SHA256), By: d.UploadedByName, At: d.UploadedAt, Drawn: d.DrawnLanguage != "",
	}
}

func sameDocument(s store.SameDocument) templates.SameDocument {
	return templates.SameDocument{Number: s.DocumentNumber, Href: billHref(s.PresentmentID), State: s.State}
}

// markSame says of each document which other bills carry it.
func markSame(documents []templates.PaperDocument, same []store.SameDocument) {
	of := make(map[string][]templates.SameDocument)
	for _, s := range same {
		of[s.FileID.String()] = append(of[s.FileID.String()], sameDocument(s))
	}
	for n, d := range documents {
		documents[n].Same = of[d.ID]
	}
}

// attachedTo reads what an instruction with documents needs to be told beside
// its own bytes: the bill as it is stored, and where its documents are, too.
func attachedTo(q *store.Query, parts []store.Instruction) (p store.Presentment, same []store.SameDocument, err error) {
	if parts[0].Subject.Kind() == "receipt" {
		r, err := q.Receipt(parts[0].SubjectID())
		for _, d := range r.Documents {
			d.DrawnLanguage = d.Drawn
			p.Documents = append(p.Documents, d.PresentmentDocument)
		}
		return p, nil, err
	}
	if len(parts) < 2 {
		return p, nil, nil
	}
	if p, err = q.Presentment(parts[0].SubjectID()); err != nil {
		return p, nil, err
	}
	same, err = q.SameDocuments(p.ID)
	return p, same, err
}

// approvalDocument is a document as the bytes that will be sent say, with what
// the store knows of the same file.
func approvalDocument(q *store.Query, d teller.Document, p store.Presentment, same []store.SameDocument) (templates.PaperDocument, error) {
	n := slices.IndexFunc(p.Documents, func(s store.PresentmentDocument) bool { return s.FileID == d.FileID })
	var stored store.PresentmentDocument
	if n >= 0 {
		stored = p.Documents[n]
	} else { // taken off since; the instruction is history
		f, err := q.File(d.FileID)
		if err != nil {
			return templates.PaperDocument{}, err
		}
		stored = store.PresentmentDocument{FileID: f.ID, Pages: f.Pages, Width: f.Width, Height: f.Height, Scan: f.Scan}
	}
	v := paperDocument(stored)
	v.Name, v.Kind, v.Size, v.SHA256 = d.FileName, string(upload.KindOf(d.MediaType)), d.Size, d.SHA256
	marked := []templates.PaperDocument{v}
	markSame(marked, same)
	return marked[0], nil
}
