package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"time"

	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	// maxDocuments is how many files go with one bill.
	maxDocuments = 10
	// uploadLimit bounds one request: every file at its largest, and the
	// lines between them.
	uploadLimit = maxDocuments*5<<20 + 64<<10
	// maxUploads bounds how many files are taken in at a time: each is held in
	// memory while it is judged, and holds a connection to the database.
	maxUploads = 3
	// uploadWait is how long a file waits for its turn.
	uploadWait = 10 * time.Second
)

// errUploadTwice means that the database wanted a transaction repeated whose
// file has already been read from the network.
var errUploadTwice = fmt.Errorf("%w: the file was already read", store.ErrBusy)

// documentRefusals are the reasons for which a file is not taken.
var documentRefusals = []struct {
	reason error
	word   string
}{
	{upload.ErrEmpty, text.K("presentment.upload.empty")}, {upload.ErrTooLarge, text.K("presentment.upload.too_large")},
	{upload.ErrOtherKind, text.K("document.upload.other_kind")}, {upload.ErrTruncated, text.K("presentment.upload.truncated")},
	{upload.ErrDamaged, text.K("presentment.upload.damaged")}, {upload.ErrTooComplex, text.K("presentment.upload.complex")},
	{upload.ErrNoPages, text.K("presentment.upload.no_pages")}, {upload.ErrTooManyPages, text.K("presentment.upload.many_pages")},
	{upload.ErrEncrypted, text.K("presentment.upload.encrypted")}, {upload.ErrScript, text.K("presentment.upload.script")},
	{upload.ErrLaunch, text.K("presentment.upload.launch")}, {upload.ErrEmbedded, text.K("presentment.upload.embedded")},
	{upload.ErrRichMedia, text.K("presentment.upload.media")}, {upload.ErrXFA, text.K("presentment.upload.xfa")},
	{upload.ErrAction, text.K("presentment.upload.action")}, {upload.ErrSecondFormat, text.K("presentment.upload.second")},
	{upload.ErrManyPixels, text.K("document.upload.pixels")}, {upload.ErrAnimated, text.K("document.upload.animated")},
	{upload.ErrEncoding, text.K("document.upload.encoding")}, {upload.ErrDTD, text.K("document.upload.dtd")},
	{upload.ErrActiveXML, text.K("document.upload.active_xml")},
	{errVirus, text.K("document.upload.virus")}, {errUnscanned, text.K("document.upload.unscanned")},
	{store.ErrUploadQuota, text.K("document.upload.quota")},
	{errSameDocument, text.K("presentment.upload.twice")}, {errManyDocuments, text.K("presentment.upload.many")},
}

var (
	errSameDocument  = errors.New("the bill has this document already")
	errManyDocuments = errors.New("the bill has as many documents as it may")
	errVirus         = errors.New("the file carries a virus")
	errUnscanned     = errors.New("nobody could say whether the file carries a virus")
)

// attachment is where uploaded files go: a bill, a receipt, or what a buyer
// owes a certificate of.
type attachment struct {
	limits upload.Limits
	room   func(tx *store.Tx, sha256 []byte) error // nil where there is room for anything
	attach func(*store.Tx, store.File) error
}

// addDocuments takes files for a bill.
func (a *App) addDocuments(w http.ResponseWriter, r *http.Request, u user) error {
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	attached, refused, err := a.takeDocuments(r, u, attachment{
		limits: upload.PresentmentLimits(),
		room:   func(tx *store.Tx, sha256 []byte) error { return room(tx, p.ID, sha256) },
		attach: func(tx *store.Tx, f store.File) error { return tx.Attach(p.ID, f) },
	})
	switch {
	case errors.Is(err, store.ErrStale), store.Violated(err, "presentment_is_editable"):
		return a.billConflict(w, r, u, p.ID, text.Msg("presentment.refused.not_editable"))
	case err != nil:
		return err
	case len(refused) > 0:
		return a.presentmentPage(w, r, u, p.ID, http.StatusUnprocessableEntity, presentmentSays{uploads: refused})
	}
	return a.seeOther(w, r, u, billHref(p.ID)+"#documents", attachedMessage(attached))
}

// takeDocuments takes files as they come in, one after another. Each is stored
// and attached on its own, so that one bad file does not cost the good ones.
func (a *App) takeDocuments(r *http.Request, u user, to attachment) (attached int, refusals []ui.FieldError, err error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return 0, nil, &requestError{"not a multipart form"}
	}
	var refused []text.Message
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			err = notReceived(r, err)
		} else {
			err = a.takeDocument(r, u, to, part, &attached, &refused)
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			refused = append(refused, text.Msg("presentment.upload.together"))
			break
		}
		if err != nil {
			return attached, nil, err
		}
	}
	if attached == 0 && len(refused) == 0 {
		refused = append(refused, text.Msg("presentment.upload.none"))
	}
	for _, m := range refused {
		refusals = append(refusals, ui.FieldError{Field: "files", Message: m.In(r.Context())})
	}
	return attached, refusals, nil
}

func attachedMessage(n int) text.Message {
	if n == 1 {
		return text.Msg("presentment.document_attached")
	}
	return text.Msg("presentment.documents_attached", "n", n)
}

// takeDocument stores one part of the form, or adds the reason why not.
func (a *App) takeDocument(r *http.Request, u user, to attachment, part *multipart.Part, attached *int, refused *[]text.Message) error {
	defer func() { _ = part.Close() }()
	if part.FormName() != "files" {
		return &requestError{"unknown field " + clip(part.FormName(), 60)}
	}
	if part.FileName() == "" {
		return nil // an empty choice
	}
	why, err := a.takeFile(r, u, to, part)
	switch {
	case err != nil:
		return err
	case why.Key != "":
		*refused = append(*refused, why)
	default:
		*attached++
	}
	return nil
}

// takeFile stores one file when its turn comes. A reason why it was not taken
// is empty where it was.
func (a *App) takeFile(r *http.Request, u user, to attachment, part *multipart.Part) (refused text.Message, err error) {
	leave, err := a.uploads.take(r.Context(), uploadWait)
	if err != nil {
		return refused, err
	}
	defer leave()
	err = a.storeDocument(r, u, to, part)
	for _, d := range documentRefusals {
		if errors.Is(err, d.reason) {
			return text.Msg(d.word, "name", upload.CleanFileName(part.FileName(), "")), nil
		}
	}
	return refused, err
}

// storeDocument streams a file into the judge and into the store side by side,
// in one transaction that ends well only if the judge is content.
func (a *App) storeDocument(r *http.Request, u user, to attachment, part *multipart.Part) error {
	read := false
	return a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if read {
			return errUploadTwice
		}
		read = true
		judge, file := upload.NewChecker(to.limits), tx.NewFile()
		if _, err := io.Copy(io.MultiWriter(judge, file), received{part, r}); err != nil {
			return err
		}
		result, err := judge.Finish(r.Context())
		if err != nil {
			return err
		}
		scan, err := a.scan(r.Context(), judge.Content())
		if err != nil {
			return err
		}
		if to.room != nil {
			if err := to.room(tx, result.SHA256[:]); err != nil {
				return err
			}
		}
		f, err := file.Finish(store.File{
			Name: upload.CleanFileName(part.FileName(), result.Kind), MediaType: result.Kind.MediaType(), SHA256: result.SHA256[:],
			Pages: result.Pages, Width: result.Width, Height: result.Height, Scan: scan,
		})
		if err != nil {
			return err
		}
		return to.attach(tx, f)
	})
}

// scan asks the scanner, if there is one. Where it cannot say, nothing is taken.
func (a *App) scan(ctx context.Context, content io.Reader) (string, error) {
	if a.Scanner == nil {
		return store.ScanNone, nil
	}
	switch found, err := a.Scanner.Scan(ctx, content); {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		a.Log.WarnContext(ctx, "the virus scanner does not answer", "error", err)
		return "", errUnscanned
	case found != "":
		a.Log.WarnContext(ctx, "a virus was offered", "found", found)
		return "", errVirus
	}
	return store.ScanClean, nil
}

// received reads a part of r and says of an error that it came from outside.
type received struct {
	io.Reader
	r *http.Request
}

func (p received) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = notReceived(p.r, err)
	}
	return n, err
}

// notReceived is why the body of r could not be read on: it is too large, its
// sender has gone away, or it is no form.
func notReceived(r *http.Request, err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	if gone := r.Context().Err(); gone != nil {
		return gone
	}
	return &requestError{"the form breaks off"}
}

// room refuses a document that the bill has already, or has no room for.
// Others who attach at the same time wait for their turn.
func room(tx *store.Tx, presentment store.ID, sha256 []byte) error {
	if _, err := tx.LockPresentment(presentment); err != nil {
		return err
	}
	p, err := tx.Presentment(presentment)
	if err != nil {
		return err
	}
	switch {
	case slices.ContainsFunc(p.Documents, func(d store.PresentmentDocument) bool { return slices.Equal(d.SHA256, sha256) }):
		return errSameDocument
	case len(p.Documents) >= maxDocuments:
		return errManyDocuments
	}
	return nil
}
