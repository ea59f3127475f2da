package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lib/pq"
)

var (
	sqlAttach = statement(`
		INSERT INTO presentment_documents (presentment_id, merchant_id, file_id, position, drawn_from, drawn_language)
		SELECT $2, $1, $3, coalesce(max(position), 0) + 1, $4, $5 FROM presentment_documents WHERE presentment_id = $2`)
	sqlOrderDocuments = statement(`
		UPDATE presentment_documents d SET position = o.place
		FROM unnest($3::uuid[]) WITH ORDINALITY AS o (file, place)
		WHERE d.merchant_id = $1 AND d.presentment_id = $2 AND d.file_id = o.file
		  AND cardinality($3::uuid[]) = (SELECT count(*) FROM presentment_documents WHERE merchant_id = $1 AND presentment_id = $2)`)
	sqlDetach = statement(`DELETE FROM presentment_documents WHERE merchant_id = $1 AND presentment_id = $2 AND file_id = $3`)
)

// Drawing is what a document that the portal drew itself was drawn from.
type Drawing struct {
	From     []byte // ContentDigest of the presentment, then
	Language string // "th", "en" or "both"
}

// Attach adds a stored file to an editable presentment.
func (t *Tx) Attach(presentment ID, f File) error { return t.attach(presentment, f, Drawing{}) }

// AttachDrawn adds a file that the portal drew from the presentment itself.
// There is at most one: the one before must have been detached.
func (t *Tx) AttachDrawn(presentment ID, f File, d Drawing) error { return t.attach(presentment, f, d) }

func (t *Tx) attach(presentment ID, f File, d Drawing) error {
	if err := t.one(sqlTouchPresentment, t.actor.Merchant, presentment, t.actor.Person); err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	if _, err := t.exec(sqlAttach, t.actor.Merchant, presentment, f.ID, append([]byte{}, d.From...), d.Language); err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	detail := map[string]any{"file": f.ID, "name": f.Name, "size": f.Size, "sha256": hex.EncodeToString(f.SHA256)}
	if len(d.From) > 0 {
		detail["drawn_from"], detail["drawn_language"] = hex.EncodeToString(d.From), d.Language
	}
	return t.Audit("presentment.document_attached", About("presentment", presentment), detail)
}

// Detach takes a file off an editable presentment. The file itself stays.
func (t *Tx) Detach(presentment, file ID) error {
	if err := t.one(sqlTouchPresentment, t.actor.Merchant, presentment, t.actor.Person); err != nil {
		return fmt.Errorf("detaching: %w", err)
	}
	if err := t.one(sqlDetach, t.actor.Merchant, presentment, file); err != nil {
		return fmt.Errorf("detaching: %w", err)
	}
	return t.Audit("presentment.document_removed", About("presentment", presentment), map[string]any{"file": file})
}

// OrderDocuments puts the documents of an editable presentment in this order,
// in which they are approved and sent. ErrStale means that they are others.
func (t *Tx) OrderDocuments(presentment ID, files []ID) error {
	if err := t.one(sqlTouchPresentment, t.actor.Merchant, presentment, t.actor.Person); err != nil {
		return fmt.Errorf("ordering documents: %w", err)
	}
	moved, err := t.exec(sqlOrderDocuments, t.actor.Merchant, presentment, pq.Array(files))
	if err != nil {
		return fmt.Errorf("ordering documents: %w", err)
	}
	if moved != int64(len(files)) {
		return fmt.Errorf("ordering documents: %w", ErrStale)
	}
	return t.Audit("presentment.documents_ordered", About("presentment", presentment), map[string]any{"files": files})
}

// ContentDigest identifies what a presentment of this seller says, without its
// documents and its progress: what is drawn from it is right as long as this
// stays the same.
func (p Presentment) ContentDigest(m Merchant) ([]byte, error) {
	seller := map[string]any{
		"name_th": m.NameTH, "name_en": m.NameEN, "tax_id": m.TaxID, "branch": m.Branch, "address": m.Address, "account_number": m.AccountNumber,
	}
	if len(m.LogoHash) > 0 {
		seller["logo_sha256"] = hex.EncodeToString(m.LogoHash)
	}
	content, err := json.Marshal(map[string]any{"presentment": presentmentDetail(p), "seller": seller})
	if err != nil {
		return nil, fmt.Errorf("digest of a presentment: %w", err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// Drawn returns the document that the portal drew, if there is one.
func (p Presentment) Drawn() (PresentmentDocument, bool) {
	i := slices.IndexFunc(p.Documents, func(d PresentmentDocument) bool { return len(d.DrawnFrom) > 0 })
	if i < 0 {
		return PresentmentDocument{}, false
	}
	return p.Documents[i], true
}

// DrawnOtherwise reports whether the document that the portal drew says
// something else than the presentment does now.
func (p Presentment) DrawnOtherwise(m Merchant) (bool, error) {
	d, drawn := p.Drawn()
	if !drawn {
		return false, nil
	}
	now, err := p.ContentDigest(m)
	return !bytes.Equal(d.DrawnFrom, now), err
}

// SameDocument says that a document of one presentment is, byte for byte, with
// another one, too.
type SameDocument struct {
	FileID         ID     `db:"file_id"` // of the presentment that was asked about
	PresentmentID  ID     `db:"presentment_id"`
	DocumentNumber string `db:"document_number"`
	State          string `db:"state"`
}

// sameShown is how many other presentments are named of each document.
const sameShown = 3

var sqlSameDocuments = statement(`
	SELECT d.file_id, o.presentment_id, o.document_number, o.state
	FROM presentment_documents d JOIN files f ON f.id = d.file_id AND f.merchant_id = $1 CROSS JOIN LATERAL (
		SELECT p.id AS presentment_id, p.document_number, p.state
		FROM files g JOIN presentment_documents e ON e.merchant_id = $1 AND e.file_id = g.id JOIN presentments p ON p.id = e.presentment_id
		WHERE g.merchant_id = $1 AND g.sha256 = f.sha256 AND p.merchant_id = $1 AND p.id <> $2 AND p.state NOT IN ('cancelled', 'discarded')
		ORDER BY g.id DESC LIMIT $3) o
	WHERE d.merchant_id = $1 AND d.presentment_id = $2
	ORDER BY d.position`)

// SameDocuments returns the presentments that are neither cancelled nor
// discarded and carry a document of this one: of each document the few that got
// it last.
func (q *Query) SameDocuments(presentment ID) ([]SameDocument, error) {
	return rows[SameDocument](q, sqlSameDocuments, q.actor.Merchant, presentment, sameShown)
}

var sqlPresentmentsWith = statement(`
	SELECT e.file_id, p.id AS presentment_id, p.document_number, p.state
	FROM files g JOIN presentment_documents e ON e.merchant_id = $1 AND e.file_id = g.id JOIN presentments p ON p.id = e.presentment_id
	WHERE g.merchant_id = $1 AND g.sha256 = $2 AND p.merchant_id = $1
	ORDER BY g.id DESC LIMIT $3`)

// PresentmentsWith returns the presentments that got a document of this content
// last, at most limit of them.
func (q *Query) PresentmentsWith(sha256 []byte, limit int) ([]SameDocument, error) {
	return rows[SameDocument](q, sqlPresentmentsWith, q.actor.Merchant, sha256, limit)
}
