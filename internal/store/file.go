package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lib/pq"
)

// File describes a stored document.
type File struct {
	ID         ID        `db:"id"`
	Name       string    `db:"name"`
	MediaType  string    `db:"media_type"`
	Size       int       `db:"size"`
	SHA256     []byte    `db:"sha256"`
	UploadedBy ID        `db:"uploaded_by"` // NoID: the bank made it
	UploadedAt time.Time `db:"uploaded_at"`
	Pages      int       `db:"pages"` // of a PDF; 0 for anything else
	Width      int       `db:"width"` // of a picture, in pixels
	Height     int       `db:"height"`
	Scan       string    `db:"scan"` // ScanNone or ScanClean

	UploadedByName string `db:"uploaded_by_name"` // read, never written
}

// What a scanner for viruses said of a file. One that found something leaves no
// file behind.
const (
	ScanNone  = "none"
	ScanClean = "clean"
)

// ErrUploadQuota: this person, or this merchant, has uploaded as much as an hour
// takes, or too much that belongs to nothing. The next full hour takes more.
var ErrUploadQuota = errors.New("enough was uploaded in this hour")

// chunkSize is how a file is cut: the figure at which neither the program nor
// Postgres holds more than a little of it in memory.
const chunkSize = 1 << 20

var (
	sqlInsertChunk = statement(`INSERT INTO file_chunks (file_id, merchant_id, no, data, seal) VALUES ($1, $2, $3, $4, $5)`)
	sqlInsertFile  = statement(`
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by, pages, width, height, scan)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	sqlFile = statement(`
		SELECT f.id, f.name, f.media_type, f.size, f.sha256, coalesce(f.uploaded_by, '00000000-0000-0000-0000-000000000000') AS uploaded_by,
			coalesce(p.name, '') AS uploaded_by_name, f.uploaded_at, f.pages, f.width, f.height, f.scan
		FROM files f LEFT JOIN people p ON p.id = f.uploaded_by WHERE f.merchant_id = $1 AND f.id = $2`)
	sqlFiles = statement(`
		SELECT f.id, f.name, f.media_type, f.size, f.sha256, f.uploaded_at FROM files f WHERE f.merchant_id = $1 AND f.id = ANY ($2) ORDER BY f.uploaded_at, f.id`)
	sqlChunk = statement(`SELECT data, seal FROM file_chunks WHERE merchant_id = $1 AND file_id = $2 AND no = $3`)
)

// FileWriter takes the bytes of a new file within a transaction, in chunks.
type FileWriter struct {
	tx     *Tx
	id     ID
	buffer []byte
	no     int
	size   int
}

// NewFile begins a file. Nothing of it is kept unless Finish is called and the
// transaction commits.
func (t *Tx) NewFile() *FileWriter {
	return &FileWriter{tx: t, id: NewID(), buffer: make([]byte, 0, chunkSize)}
}

// Write implements io.Writer.
func (w *FileWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), chunkSize-len(w.buffer))
		w.buffer = append(w.buffer, p[:n]...)
		p = p[n:]
		written += n
		if len(w.buffer) == chunkSize {
			if err := w.flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (w *FileWriter) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	seal, piece, err := w.tx.sealedPiece(w.id, w.no, w.buffer)
	if err != nil {
		return err
	}
	if _, err := w.tx.exec(sqlInsertChunk, w.id, w.tx.actor.Merchant, w.no, piece, seal); err != nil {
		return fmt.Errorf("storing a piece of a file: %w", err)
	}
	w.no++
	w.size += len(w.buffer)
	w.buffer = w.buffer[:0]
	return nil
}

func piecePlace(file ID, no int, merchant ID) place {
	return place{"file_chunks", "data", fmt.Sprintf("%s/%d", file, no), merchant}
}

// sealedPiece seals a piece of a file; without a key, or while an earlier
// release may still be serving, it stays as it is.
func (t *Tx) sealedPiece(file ID, no int, piece []byte) (seal, sealed []byte, err error) {
	if t.store.seal == nil {
		return nil, piece, nil
	}
	k, err := t.writingKey()
	if err != nil || k == nil {
		return nil, piece, err
	}
	seal, sealed = k.closePiece(piecePlace(file, no, t.actor.Merchant), piece)
	return seal, sealed, nil
}

// Finish records the file as f describes it: its clean name, type and hash,
// and what else is known. The rest of f is filled in.
func (w *FileWriter) Finish(f File) (File, error) {
	if err := w.flush(); err != nil {
		return File{}, err
	}
	a := w.tx.actor
	f.ID, f.Size, f.UploadedBy, f.UploadedAt = w.id, w.size, a.Person, w.tx.Now()
	if f.Scan == "" {
		f.Scan = ScanNone
	}
	_, err := w.tx.exec(sqlInsertFile, f.ID, a.Merchant, f.Name, f.MediaType, f.Size, f.SHA256, nullable(a.Person), f.Pages, f.Width, f.Height, f.Scan)
	if Violated(err, "uploads_within_quota") {
		return File{}, fmt.Errorf("%w: %w", ErrUploadQuota, err)
	}
	if err != nil {
		return File{}, fmt.Errorf("storing a file: %w", err)
	}
	return f, w.tx.Audit("file.uploaded", About("file", f.ID), map[string]any{
		"name": f.Name, "media_type": f.MediaType, "size": f.Size, "sha256": hex.EncodeToString(f.SHA256),
		"pages": f.Pages, "width": f.Width, "height": f.Height, "scan": f.Scan,
	})
}

// File describes a stored file.
func (q *Query) File(id ID) (File, error) {
	return row[File](q, sqlFile, q.actor.Merchant, id)
}

// Files describes those of these files that are still kept, without who brought
// them, the oldest first.
func (q *Query) Files(ids []ID) ([]File, error) {
	return rows[File](q, sqlFiles, q.actor.Merchant, pq.Array(ids))
}

// WriteFile copies the bytes of a file to w, a chunk at a time.
func (q *Query) WriteFile(id ID, w io.Writer) error {
	for no := 0; ; no++ {
		plain, err := q.FilePiece(id, no)
		if errors.Is(err, ErrNotFound) && no > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(plain); err != nil {
			return fmt.Errorf("writing a file out: %w", err)
		}
	}
}

// FilePiece is one chunk of a file, for whoever takes it away slowly; after the
// last comes ErrNotFound.
func (q *Query) FilePiece(id ID, no int) ([]byte, error) {
	piece, err := row[struct{ Data, Seal []byte }](q, sqlChunk, q.actor.Merchant, id, no)
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	plain, err := q.store.seal.openPiece(piecePlace(id, no, q.actor.Merchant), piece.Seal, piece.Data)
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	return plain, nil
}

// FileOpened records that the acting person opened a file.
func (s *Store) FileOpened(ctx context.Context, a Actor, f File) error {
	return s.Write(ctx, a, func(t *Tx) error {
		return t.Audit("file.opened", About("file", f.ID), map[string]any{"name": f.Name})
	})
}

var sqlOpenedFiles = statement(`
	SELECT DISTINCT split_part(subject, '/', 2)::uuid FROM audit_leaves
	WHERE merchant_id = $1 AND person_id = $2 AND at >= $3 AND action = 'file.opened'`)

// OpenedFiles returns the files that a person has opened since then.
func (q *Query) OpenedFiles(person ID, since time.Time) ([]ID, error) {
	return rows[ID](q, sqlOpenedFiles, q.actor.Merchant, person, since)
}
