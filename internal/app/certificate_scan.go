package app

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

const (
	// scanLimit bounds a request with a scan: more than any scan that is taken,
	// so that a larger one is told that it is, instead of a broken line.
	scanLimit = 16 << 20
	// maxScanFields is how many fields stand before a scan, and maxScanField how
	// many bytes each may have.
	maxScanFields = 8
	maxScanField  = 8 << 10
)

// readScanForm reads a form whose last field is the scan of a paper: what
// stands before it, and the scan, or nil where none was chosen.
func readScanForm(r *http.Request) (*form, *multipart.Part, error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, nil, &requestError{"not a multipart form"}
	}
	values := url.Values{}
	for range maxScanFields {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return formOf(values), nil, nil
		case err != nil:
			return nil, nil, notReceived(r, err)
		case part.FormName() == "scan" && part.FileName() == "":
			continue // an empty choice
		case part.FormName() == "scan":
			return formOf(values), part, nil
		}
		value, err := io.ReadAll(io.LimitReader(received{part, r}, maxScanField))
		if err != nil {
			return nil, nil, err
		}
		values.Add(part.FormName(), string(value))
	}
	return nil, nil, &requestError{"too many fields"}
}

// takeScan stores the scan of a certificate and does with it what is to be
// done, or says at the field why not.
func (a *App) takeScan(r *http.Request, u user, f *form, scan *multipart.Part, attach func(*store.Tx, store.ID) error) error {
	refused, err := a.takeFile(r, u, attachment{
		limits: upload.ScanLimits(), attach: func(tx *store.Tx, file store.File) error { return attach(tx, file.ID) },
	}, scan)
	if err != nil || refused.Key == "" {
		return err
	}
	if refused.Key == "document.upload.other_kind" {
		refused.Key = text.K("certificate.upload.kind")
	}
	f.fail("scan", refused)
	return passOver(scan)
}

// passOver reads what is left of a file that is not taken: a browser that still
// sends shows no answer.
func passOver(scan *multipart.Part) error {
	_, err := io.Copy(io.Discard, scan)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil // the answer says so already
	}
	return err
}

// receiveCertificate records that a certificate came, with its scan if there is
// one.
func (a *App) receiveCertificate(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, scan, err := readScanForm(r)
	if err != nil {
		return err
	}
	v := templates.CertificateView{NumberTyped: f.raw("number"), OnTyped: f.raw("on"), NoteTyped: f.raw("note")}
	today := a.today()
	number, on, note := f.text("number", required, maxLen(35)), f.day("on", today, required), f.text("note", maxLen(maxPaymentNote))
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() && on.Compare(today) > 0 {
		f.fail("on", text.Msg("certificate.error.future"))
	}
	ctx := r.Context()
	receive := func(tx *store.Tx, file store.ID) error {
		return tx.ReceiveCertificate(match, number, midnight(on), file, note)
	}
	switch {
	case !f.valid() && scan != nil:
		f.fail("scan", text.Msg("certificate.error.choose_again"))
		err = passOver(scan)
	case !f.valid():
	case scan != nil:
		err = a.takeScan(r, u, f, scan, receive)
	default:
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return receive(tx, store.NoID) })
	}
	return a.certificateAnswer(w, r, u, match, f, err, v, text.Msg("certificate.received"))
}

// scanCertificate puts a scan beside a certificate that was taken in before.
func (a *App) scanCertificate(w http.ResponseWriter, r *http.Request, u user) error {
	match, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, scan, err := readScanForm(r)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	if scan == nil {
		f.fail("scan", text.Msg("presentment.upload.none"))
	} else {
		err = a.takeScan(r, u, f, scan, func(tx *store.Tx, file store.ID) error { return tx.ScanCertificate(match, file) })
	}
	return a.certificateAnswer(w, r, u, match, f, err, templates.CertificateView{}, text.Msg("certificate.scanned"))
}

// certificateAnswer is what follows on a form about a certificate.
func (a *App) certificateAnswer(w http.ResponseWriter, r *http.Request, u user, match store.ID, f *form, err error, v templates.CertificateView, said text.Message) error {
	ctx := r.Context()
	if store.Violated(err, store.CertificateIsOfItsTime) {
		f.fail("on", text.Msg("certificate.error.early"))
		err = nil
	}
	switch {
	case errors.Is(err, store.ErrStale):
		v.Refusal = text.T(ctx, "certificate.error.moved")
		return a.certificatePage(w, r, u, http.StatusConflict, v)
	case err != nil:
		return err
	case !f.valid():
		v.NumberError, v.OnError, v.NoteError, v.ScanError = f.errorOf(ctx, "number"), f.errorOf(ctx, "on"), f.errorOf(ctx, "note"), f.errorOf(ctx, "scan")
		v.Errors = f.summary(ctx)
		return a.certificatePage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	return a.seeOther(w, r, u, certificateHref(match), said)
}

// certificateScan is the scan as the certificate's page shows it.
func certificateScan(q *store.Query, id store.ID) (*templates.DocumentView, error) {
	file, err := q.File(id)
	if err != nil {
		return nil, err
	}
	return &templates.DocumentView{PaperDocument: paperDocument(fileAsDocument(file))}, nil
}
