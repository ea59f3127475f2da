package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"portal/internal/app/archive"
	"portal/internal/app/box"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// boxPage is how many entries stand on one page of a box, and are proven by one
// of its files: what is in memory at a time.
const boxPage = 1000

// packing is one box in the making.
type packing struct {
	maker *BoxMaker
	b     store.Box
	actor store.Actor
	at    time.Time

	out    *boxBytes
	box    *box.Writer
	source store.BoxSource
	index  box.Index
	// entries are those of a page that is not written yet: a box of one page has
	// them on its first.
	entries []box.Entry
	first   int64 // the place of the first of them
	span    [2]time.Time
	names   archive.Names
	packed  map[store.ID]bool // documents and exchanges
	pages   int
}

// pack writes the whole box. What is in it stands inside one checkpoint, which
// was published when it was begun, so that it needs no snapshot and may take
// its time: leaves are never changed. ctx is in the language of the box.
func (p *packing) pack(ctx context.Context) (err error) {
	p.out, p.names, p.packed = newBoxBytes(ctx, p), archive.Names{}, make(map[store.ID]bool)
	signed, err := p.begin(ctx)
	if err != nil {
		return err
	}
	if p.box, err = box.NewWriter(p.out, p.at); err != nil {
		return err
	}
	after := store.Gathered{}
	for {
		n, err := p.page(ctx, &after)
		if err != nil {
			return err
		}
		if n < boxPage {
			break
		}
	}
	if err := errors.Join(p.finishPages(ctx), p.box.AddCheckpoint(signed)); err != nil {
		return err
	}
	if err := p.seal(ctx); err != nil {
		return err
	}
	if err := p.out.flush(); err != nil {
		return err
	}
	return p.write(ctx, func(tx *store.Tx) error { return tx.BoxMade(p.b, p.out.size, p.out.sum.Sum(nil)) })
}

func (p *packing) read(ctx context.Context, f func(*store.Query) error) error {
	return p.maker.Store.Read(ctx, p.actor, f)
}

func (p *packing) write(ctx context.Context, f func(*store.Tx) error) error {
	return p.maker.Store.Write(ctx, p.actor, f)
}

// begin waits until all that was there when the box was asked for is published,
// and finds out what to pack, and how much that is.
func (p *packing) begin(ctx context.Context) (signed string, err error) {
	var asked store.ID
	err = p.read(ctx, func(q *store.Query) error {
		if asked, err = q.BoxAsked(p.b.ID); err != nil {
			return err
		}
		merchant, err := q.Merchant()
		if err != nil {
			return err
		}
		p.startIndex(ctx, merchant)
		if p.b.About != "" {
			p.source.Subjects, err = q.SubjectsAround(p.b.About)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if p.source.Size, signed, err = p.published(ctx, asked); err != nil {
		return "", err
	}
	p.source.From, p.source.To = daysOfBox(p.b)
	err = p.read(ctx, func(q *store.Query) error {
		p.b.Whole, err = q.CountForBox(p.source, maxBoxLeaves+1)
		return err
	})
	if err == nil && p.b.Whole > maxBoxLeaves {
		err = store.ErrTooMany
	}
	return signed, err
}

// forEver is later than anything in a box.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// daysOfBox is from when and until when a box has what happened.
func daysOfBox(b store.Box) (from, to time.Time) {
	to = forEver
	if b.Month != nil {
		from = time.Date(b.Month.Year(), b.Month.Month(), 1, 0, 0, 0, 0, thai.Bangkok)
		to = from.AddDate(0, 1, 0)
	}
	if b.From != nil {
		first, last := startOf(thai.DayOf(*b.From)), startOf(thai.DayOf(*b.Until).AddDays(1))
		if first.After(from) {
			from = first
		}
		if last.Before(to) {
			to = last
		}
	}
	return from, to
}

// published waits for a checkpoint that covers the leaf.
func (p *packing) published(ctx context.Context, leaf store.ID) (size int64, signed string, err error) {
	patience := p.maker.Patience
	if patience == 0 {
		patience = 10 * time.Second
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		err := p.read(ctx, func(q *store.Query) (err error) {
			size, signed, err = q.BoxCheckpoint(leaf)
			return err
		})
		if !errors.Is(err, store.ErrNotPublished) {
			return size, signed, err
		}
		select {
		case <-poll.C:
		case <-waiting.Done():
			return 0, "", fmt.Errorf("waiting for the trail: %w", err)
		}
	}
}

// page packs the next leaves: what people read of them, their proof, and the
// documents and exchanges that come up for the first time. It returns how many
// there were.
func (p *packing) page(ctx context.Context, after *store.Gathered) (int, error) {
	var g gathered
	err := p.read(ctx, func(q *store.Query) error {
		leaves, err := q.GatherForBox(p.source, *after, boxPage)
		if err != nil {
			return err
		}
		g, err = p.gather(q, leaves)
		g.fresh = len(leaves)
		return err
	})
	if err != nil || g.fresh == 0 {
		return 0, err
	}
	last := g.leaves[g.fresh-1]
	*after = store.Gathered{At: last.At, ID: last.ID}
	if err := p.flushPage(ctx); err != nil {
		return 0, err
	}
	p.pages++
	p.entries, p.first, p.span = g.entries(ctx), p.b.Done+1, [2]time.Time{g.leaves[0].At, last.At}
	if err := p.box.AddProof(g.proof); err != nil {
		return 0, err
	}
	if err := p.documents(ctx, g.files); err != nil {
		return 0, err
	}
	if err := p.exchanges(ctx, g.exchanges); err != nil {
		return 0, err
	}
	p.b.Done += int64(g.fresh)
	p.b.Entries += int64(len(g.leaves))
	return g.fresh, p.write(ctx, func(tx *store.Tx) error { return tx.HoldBox(p.b) })
}

// documents packs files, each under its own name.
func (p *packing) documents(ctx context.Context, files []store.File) error {
	folder := "documents"
	if p.pages > 1 { // many of the same name take their time to be told apart
		folder = fmt.Sprintf("documents/%04d", p.pages)
	}
	for _, f := range files {
		at := p.names.Place(folder, f.Name)
		err := p.box.Add(box.File{Name: at, Upload: f.ID.String()}, func(to io.Writer) error { return p.document(ctx, f.ID, to) })
		if err != nil {
			return err
		}
		p.index.Documents = append(p.index.Documents, box.Link{Name: f.Name, File: at})
	}
	return nil
}

// document copies a file, holding no transaction while the box is written.
func (p *packing) document(ctx context.Context, id store.ID, to io.Writer) error {
	for no := 0; ; no++ {
		var piece []byte
		err := p.read(ctx, func(q *store.Query) (err error) {
			piece, err = q.FilePiece(id, no)
			return err
		})
		if errors.Is(err, store.ErrNotFound) && no > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := to.Write(piece); err != nil {
			return err
		}
	}
}

// exchanges packs what went over the wire, masked as on the screens.
func (p *packing) exchanges(ctx context.Context, list []store.Exchange) error {
	if len(list) == 0 {
		return nil
	}
	shown := make([]any, len(list))
	for n, x := range list {
		shown[n] = exchangeView(x)
	}
	at := fmt.Sprintf("exchanges/%04d.json", p.pages)
	if err := p.box.Add(box.File{Name: at}, func(to io.Writer) error { return writeIndented(to, shown) }); err != nil {
		return err
	}
	name := text.DateTime(ctx, list[0].BeganAt) + " · " + operationName(ctx, list[0].Operation)
	if len(list) > 1 {
		name = text.N(ctx, "trail.box.exchanges_of", len(list), "from", text.DateTime(ctx, list[0].BeganAt), "to", text.DateTime(ctx, list[len(list)-1].BeganAt))
	}
	p.index.Exchanges = append(p.index.Exchanges, box.Link{Name: name, File: at})
	return nil
}

// seal packs the manifest, has a leaf vouch for it, and packs the proof of that.
func (p *packing) seal(ctx context.Context) error {
	sum, err := p.box.Seal(box.Manifest{
		Box: p.b.ID.String(), MadeAt: p.at.UTC().Format(time.RFC3339), About: p.b.Name, Entries: p.b.Entries,
		Keys: linesOf(p.maker.TrailKeys), Witnesses: linesOf(p.maker.WitnessKeys),
	})
	if err != nil {
		return err
	}
	var leaf store.ID
	err = p.write(ctx, func(tx *store.Tx) (err error) {
		leaf, err = tx.SealBox(p.b, sum)
		return err
	})
	if err != nil {
		return err
	}
	size, signed, err := p.published(ctx, leaf)
	if err != nil {
		return err
	}
	var proof store.Proof
	err = p.read(ctx, func(q *store.Query) (err error) {
		proof, err = q.ProveAt(leaf, size, signed)
		return err
	})
	if err != nil {
		return err
	}
	return p.box.Prove(proof)
}
