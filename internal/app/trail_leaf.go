package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
)

// showLeaf shows one leaf of the trail: a sentence, then field by field, then
// the bytes that are hashed, and whether they stand where they should.
func (a *App) showLeaf(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.leafPage(w, r, u, id, http.StatusOK)
}

func (a *App) leafPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int) error {
	ctx := r.Context()
	var v templates.LeafView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		l, err := q.Leaf(id)
		if err != nil {
			return err
		}
		names, err := q.NamesOf([]store.LeafRow{l})
		if err != nil {
			return err
		}
		revealed, err := a.revealedOf(q, u, r, id)
		if err != nil {
			return err
		}
		v = leafView(ctx, l, names, revealed)
		v.MayReveal = u.can(store.Auditor) || u.can(store.Admin)
		if l.Subject.Kind() == "exchange" {
			x, err := q.Exchange(l.Subject.ID())
			if err != nil {
				return err
			}
			shown := exchangeView(x)
			if err := unmask(q, &shown, x, revealed); err != nil {
				return err
			}
			v.Exchange = &shown
		}
		v.Proof, err = proofOf(q, id)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit, Status: status}, templates.Leaf(v))
}

func leafView(ctx context.Context, l store.LeafRow, names map[store.Subject]store.SubjectName, revealed string) templates.LeafView {
	v := templates.LeafView{
		ID: l.ID.String(), Row: trailRow(ctx, l, names), Action: l.Action, Subject: string(l.Subject), Address: l.Address, Request: l.Request,
		Session: l.Session, Hash: l.Hash(), Raw: indented(string(l.Bytes)), Revealed: revealed,
	}
	if revealed != revealRaw {
		shown := maskedJSON(v.Raw)
		v.RawMasked = shown != v.Raw
		v.Raw = shown
	}
	v.Fields, v.Changes = fieldsOf(ctx, l)
	v.Fields = hide(v.Fields, strings.TrimPrefix(revealed, revealField))
	if l.Person.Valid {
		v.PersonHref = personActsHref(l.Person.UUID)
	}
	if kind := l.Subject.Kind(); aboutKinds[kind] != "" {
		v.About = aboutHref(l.Subject)
	}
	if bill := billOf(l, names); bill != store.NoID {
		v.Bill = "/audit/presentments/" + bill.String()
	}
	return v
}

// noteOf is what a person wrote to go with what they did. Where no person
// acted, the reason is a code and not for reading.
func noteOf(l store.LeafRow) string {
	d := wordsOf(l)
	switch l.Action {
	case "instruction.rejected", "instruction.withdrawn", "presentment.cancellation_requested":
		return cmp.Or(d.Note, d.Reason)
	}
	return d.Note
}

// proofOf proves a leaf and checks the proof here and now. Nil means that no
// published checkpoint covers it yet.
func proofOf(q *store.Query, id store.ID) (*templates.LeafProof, error) {
	p, err := q.ProveLeaf(id)
	if errors.Is(err, store.ErrNotPublished) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := p.Holds()
	if errors.Is(err, store.ErrTrailBroken) {
		return &templates.LeafProof{Broken: true, Size: p.Size}, nil
	}
	if err != nil {
		return nil, err
	}
	return &templates.LeafProof{Size: c.Size, Signer: c.Origin, Root: c.Root.String(), Steps: len(p.Hashes)}, nil
}

// downloadProof hands out the proof of one leaf, the same that `portal audit
// prove` prints, and leaves a leaf that it did.
func (a *App) downloadProof(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var proof store.Proof
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.Leaf(id); err != nil {
			return err
		}
		if proof, err = tx.ProveLeaf(id); err != nil {
			return err
		}
		return tx.Audit("trail.proof_downloaded", store.About("leaf", id), map[string]any{"leaf": id, "index": proof.Index, "size": proof.Size})
	})
	if errors.Is(err, store.ErrNotPublished) {
		return a.leafPage(w, r, u, id, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(proof); err != nil {
		return fmt.Errorf("writing a proof: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="proof-%d.json"`, proof.Index))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body.Bytes()) // a caller that hung up is the only way this fails
	return nil
}
