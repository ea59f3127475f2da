package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"time"
)

// Reasons why a document is refused.
var (
	ErrEmpty        = errors.New("file is empty")
	ErrTooLarge     = errors.New("file is too large")
	ErrNotPDF       = errors.New("file is not a PDF")
	ErrTruncated    = errors.New("PDF has no end mark")
	ErrDamaged      = errors.New("PDF cannot be read")
	ErrTooComplex   = errors.New("PDF takes too much time or memory to read")
	ErrNoPages      = errors.New("PDF has no pages")
	ErrTooManyPages = errors.New("PDF has too many pages")
	ErrEncrypted    = errors.New("PDF is encrypted")
	ErrScript       = errors.New("PDF contains a script")
	ErrLaunch       = errors.New("PDF starts a program")
	ErrEmbedded     = errors.New("PDF carries another file")
	ErrRichMedia    = errors.New("PDF contains sound, film or other active media")
	ErrXFA          = errors.New("PDF contains an XFA form")
	ErrAction       = errors.New("PDF acts by itself when opened or printed")
	ErrSecondFormat = errors.New("file is a PDF and something else at once")
)

// A Kind is what a document is by its content. The values are stored.
type Kind string

// PDF is the only kind taken so far.
const PDF Kind = "pdf"

// MediaType returns the type to store and serve a document of this kind under.
func (k Kind) MediaType() string {
	if k == PDF {
		return "application/pdf"
	}
	return "application/octet-stream"
}

// Extension returns the ending of file names of this kind, with its dot.
func (k Kind) Extension() string {
	if k == "" {
		return ""
	}
	return "." + string(k)
}

// Limits bound what one check may cost.
type Limits struct {
	MaxBytes int64
	MaxPages int
	// Timeout bounds the parsing once all bytes are there; a slow sender is
	// the server's business.
	Timeout time.Duration
}

// PresentmentLimits are the limits for a document attached to a presentment.
func PresentmentLimits() Limits {
	return Limits{MaxBytes: 5 << 20, MaxPages: 500, Timeout: 2 * time.Second}
}

// Result describes a document that passed.
type Result struct {
	Kind   Kind
	Bytes  int64
	SHA256 [sha256.Size]byte
	Pages  int
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
	if head := c.data.Bytes(); len(head) >= len(pdfMagic) && !bytes.HasPrefix(head, pdfMagic) {
		return 0, c.fail(ErrNotPDF)
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
	switch {
	case len(data) == 0:
		return Result{}, c.fail(ErrEmpty)
	case !bytes.HasPrefix(data, pdfMagic):
		return Result{}, c.fail(ErrNotPDF)
	}
	ctx, cancel := context.WithTimeout(ctx, c.limits.Timeout)
	defer cancel()
	pages, err := checkPDF(ctx, data, c.limits)
	if err != nil {
		return Result{}, c.fail(err)
	}
	r := Result{Kind: PDF, Bytes: int64(len(data)), Pages: pages}
	c.hash.Sum(r.SHA256[:0])
	return r, nil
}

// Check reads r to its end, or to the first reason for refusal, and judges
// what it read. An error of r itself comes back as it is.
func Check(ctx context.Context, r io.Reader, limits Limits) (Result, error) {
	c := NewChecker(limits)
	if _, err := io.Copy(c, r); err != nil {
		return Result{}, err
	}
	return c.Finish(ctx)
}
