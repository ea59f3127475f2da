package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"slices"
	"time"
)

// Reasons why a document is refused.
var (
	ErrEmpty        = errors.New("file is empty")
	ErrTooLarge     = errors.New("file is too large")
	ErrOtherKind    = errors.New("file is none of the kinds that are taken")
	ErrTruncated    = errors.New("file has no end")
	ErrDamaged      = errors.New("file cannot be read")
	ErrTooComplex   = errors.New("file takes too much time or memory to read")
	ErrNoPages      = errors.New("PDF has no pages")
	ErrTooManyPages = errors.New("PDF has too many pages")
	ErrEncrypted    = errors.New("PDF is encrypted")
	ErrScript       = errors.New("PDF contains a script")
	ErrLaunch       = errors.New("PDF starts a program")
	ErrEmbedded     = errors.New("PDF carries another file")
	ErrRichMedia    = errors.New("PDF contains sound, film or other active media")
	ErrXFA          = errors.New("PDF contains an XFA form")
	ErrAction       = errors.New("PDF acts by itself when opened or printed")
	ErrSecondFormat = errors.New("file is two things at once")
	ErrManyPixels   = errors.New("picture has too many pixels")
	ErrAnimated     = errors.New("picture moves")
	ErrEncoding     = errors.New("XML is not in UTF-8")
	ErrDTD          = errors.New("XML declares a document type or entities")
	ErrActiveXML    = errors.New("XML would be run or drawn as a page by a browser")
)

// Limits bound what one check may cost.
type Limits struct {
	Kinds     []Kind // that are taken
	MaxBytes  int64
	MaxPages  int
	MaxPixels int64
	// Timeout bounds the parsing once all bytes are there; a slow sender is
	// the server's business.
	Timeout time.Duration
}

// PresentmentLimits are the limits for a document attached to a presentment.
func PresentmentLimits() Limits {
	return Limits{Kinds: Kinds, MaxBytes: 5 << 20, MaxPages: 500, MaxPixels: 25_000_000, Timeout: 2 * time.Second}
}

// ScanLimits are the limits for the scan of a paper: as above, but it is a
// picture of something, which data is not.
func ScanLimits() Limits {
	l := PresentmentLimits()
	l.Kinds = []Kind{PDF, PNG, JPEG}
	return l
}

// Result describes a document that passed. Pages are counted of a PDF only,
// width and height are those of a picture.
type Result struct {
	Kind          Kind
	Bytes         int64
	SHA256        [sha256.Size]byte
	Pages         int
	Width, Height int
}

// A Checker is written to chunk by chunk and gives its verdict in Finish. It
// keeps the document in memory until then, so the number of uploads at a time
// is to be bounded by the caller. The zero Checker is not usable, and a
// Checker must not be shared between goroutines.
type Checker struct {
	limits Limits
	data   bytes.Buffer
	hash   hash.Hash
	err    error
}

// NewChecker returns a Checker for one document.
func NewChecker(limits Limits) *Checker {
	return &Checker{limits: limits, hash: sha256.New()}
}

// Write takes the next chunk. It fails as soon as the document is certain to
// be refused, so that an upload of gigabytes ends early, and keeps failing
// with the same reason.
func (c *Checker) Write(chunk []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if int64(c.data.Len())+int64(len(chunk)) > c.limits.MaxBytes {
		return 0, c.fail(ErrTooLarge)
	}
	c.data.Write(chunk)
	c.hash.Write(chunk)
	if head := c.data.Bytes(); len(head) >= sniffed && len(bytes.TrimSpace(head)) > len(bom) && !slices.Contains(c.limits.Kinds, kindOf(head)) {
		return 0, c.fail(ErrOtherKind)
	}
	return len(chunk), nil
}

// fail remembers the reason and lets go of the bytes.
func (c *Checker) fail(reason error) error {
	c.err = reason
	c.data = bytes.Buffer{}
	return reason
}

// Finish judges the whole document. It ends early with ErrTooComplex when ctx
// ends or the limits' timeout passes.
func (c *Checker) Finish(ctx context.Context) (Result, error) {
	if c.err != nil {
		return Result{}, c.err
	}
	data := c.data.Bytes()
	if len(data) == 0 {
		return Result{}, c.fail(ErrEmpty)
	}
	ctx, cancel := context.WithTimeout(ctx, c.limits.Timeout)
	defer cancel()
	r, err := judge(ctx, data, c.limits)
	if err != nil {
		return Result{}, c.fail(err)
	}
	r.Bytes = int64(len(data))
	c.hash.Sum(r.SHA256[:0])
	return r, nil
}

func judge(ctx context.Context, data []byte, limits Limits) (r Result, err error) {
	r.Kind = kindOf(data)
	if !slices.Contains(limits.Kinds, r.Kind) {
		return r, ErrOtherKind
	}
	switch r.Kind {
	case PDF:
		r.Pages, err = checkPDF(ctx, data, limits)
	case PNG:
		r.Width, r.Height, err = checkPNG(ctx, data, limits)
	case JPEG:
		r.Width, r.Height, err = checkJPEG(ctx, data, limits)
	case XML:
		err = checkXML(ctx, data)
	}
	return r, err
}

// Content is the document that was judged. It is empty unless it passed.
func (c *Checker) Content() io.Reader { return bytes.NewReader(c.data.Bytes()) }

// Check reads r to its end, or to the first reason for refusal, and judges
// what it read. An error of r itself comes back as it is.
func Check(ctx context.Context, r io.Reader, limits Limits) (Result, error) {
	c := NewChecker(limits)
	if _, err := io.Copy(c, r); err != nil {
		return Result{}, err
	}
	return c.Finish(ctx)
}
