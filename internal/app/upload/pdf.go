package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

var (
	pdfMagic   = []byte("%PDF-")
	pdfEnd     = []byte("%%EOF")
	whitespace = "\x00\t\n\f\r "
)

// Bounds on what a parsed document may unfold to. They hold memory below
// 64 MiB a file.
const (
	maxObjects    = 10_000
	maxEntries    = 50_000 // object numbers, many of which may be unused
	maxTokens     = 300_000
	maxJumpFactor = 4
	maxUnpacked   = 4 << 20
	maxDepth      = 64
)

// disableConfigDir keeps pdfcpu from writing a settings folder into HOME.
var disableConfigDir = sync.OnceFunc(api.DisableConfigDir)

// checkPDF returns the number of pages of a document that is nothing but a
// whole, harmless PDF. Our own scan comes first: it is linear, sees every
// byte, and bounds what the parser can be made to unpack.
func checkPDF(ctx context.Context, data []byte, limits Limits) (pages int, err error) {
	// The parser is foreign code fed with hostile input. What it trips over is
	// a damaged document, not a fault of the process.
	defer func() {
		if r := recover(); r != nil {
			pages, err = 0, fmt.Errorf("%w: parser: %v", ErrDamaged, r)
		}
	}()
	if !bytes.HasSuffix(bytes.TrimRight(data, whitespace), pdfEnd) {
		return 0, ErrTruncated
	}
	if hasSecondFormat(data) {
		return 0, ErrSecondFormat
	}
	scanned, err := scanPDF(data)
	if err != nil {
		return 0, err
	}
	doc, err := parsePDF(ctx, newMeter(scanned))
	if err != nil {
		return 0, err
	}
	if err := checkOpenAction(doc); err != nil {
		return 0, err
	}
	return countPages(doc, limits.MaxPages)
}

func parsePDF(ctx context.Context, r *meter) (*model.Context, error) {
	disableConfigDir()
	conf := model.NewDefaultConfiguration()
	conf.Cmd = model.VALIDATE
	conf.Offline = true
	conf.Limits.MaxStreamBytes = r.Size()
	conf.Limits.MaxDecodeBytes = maxUnpacked
	conf.Limits.MaxObjectCount = maxEntries
	conf.Limits.MaxObjectStreamCount = maxObjects
	conf.Limits.MaxObjectStreamFirst = maxUnpacked
	conf.Limits.MaxXRefEntries = maxEntries
	conf.Limits.MaxRecursionDepth = maxDepth
	doc, err := pdfcpu.ReadWithContext(ctx, r, conf)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrTooComplex, ctx.Err())
	case r.err != nil:
		return nil, r.err
	case errors.Is(err, pdfcpu.ErrEncrypted):
		return nil, ErrEncrypted
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return doc, nil
}

// checkOpenAction lets pass what real invoices do when opened: show a page at
// a certain size. Anything else needs a person to ask for it.
func checkOpenAction(doc *model.Context) error {
	catalog, err := doc.Catalog()
	if err != nil {
		return fmt.Errorf("%w: catalog: %w", ErrDamaged, err)
	}
	action, found := catalog.Find("OpenAction")
	if !found {
		return nil
	}
	action, err = doc.Dereference(action)
	if err != nil {
		return fmt.Errorf("%w: open action: %w", ErrDamaged, err)
	}
	d, ok := action.(types.Dict)
	if !ok {
		return nil // a destination: an array, or its name
	}
	kind, found := d.Find("S")
	if !found {
		return nil // a destination written as a dictionary
	}
	if kind, err = doc.Dereference(kind); err != nil || kind != types.Name("GoTo") {
		return ErrAction
	}
	if _, found := d.Find("Next"); found {
		return ErrAction
	}
	return nil
}

// countPages walks the page tree, because its own count can say anything.
func countPages(doc *model.Context, limit int) (int, error) {
	root, err := doc.Pages()
	if err != nil || root == nil {
		return 0, ErrNoPages
	}
	pages, nodes := 0, 0
	queue := []types.Object{*root}
	for len(queue) > 0 {
		node, err := doc.DereferenceDict(queue[0])
		if err != nil {
			return 0, fmt.Errorf("%w: page tree: %w", ErrDamaged, err)
		}
		queue = queue[1:]
		if nodes++; pages > limit || nodes > 4*limit+maxDepth {
			return 0, ErrTooManyPages // or a tree that bites its own tail
		}
		kids, inner := node.Find("Kids")
		if !inner {
			if len(node) > 0 {
				pages++
			}
			continue
		}
		list, err := doc.DereferenceArray(kids)
		if err != nil {
			return 0, fmt.Errorf("%w: page tree: %w", ErrDamaged, err)
		}
		if len(list) > 4*limit {
			return 0, ErrTooManyPages
		}
		queue = append(queue, list...)
	}
	switch {
	case pages == 0:
		return 0, ErrNoPages
	case pages > limit:
		return 0, ErrTooManyPages
	}
	return pages, nil
}
