package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// A file's bytes are bound to it by its hash, which files re-reads.
var filesAgree = comparison{
	tables: []string{"files"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('file/' || f.id, l.about) AS subject, ` + unlike(`f.id`,
		`'was uploaded, but its row is gone'`, `'was never uploaded as far as the trail knows'`, `'was uploaded with another ' || `+fileFields.names()) + `
	FROM files f FULL JOIN (` + leavesOf("file", "uploaded") + `) l ON l.about = 'file/' || f.id
	WHERE f.id IS NULL OR l.about IS NULL OR ` + fileFields.differ() + ``),
}

var fileFields = fields{
	{"merchant", `f.merchant_id`, `l.merchant_id`},
	{"name", `f.name`, says("name")},
	{"media type", `f.media_type`, says("media_type")},
	{"size", `f.size::text`, says("size")},
	// Leaves from before these were written down do not say them.
	{"pages", `f.pages::text`, `coalesce(` + says("pages") + `, '0')`},
	{"pixels", `(f.width::text, f.height::text)`, `(coalesce(` + says("width") + `, '0'), coalesce(` + says("height") + `, '0'))`},
	{"scan", `f.scan`, `coalesce(` + says("scan") + `, 'none')`},
	{"hash", `encode(f.sha256, 'hex')`, says("sha256")},
	{"person", `f.uploaded_by`, `l.person_id`},
	{"time", `f.uploaded_at`, `l.at`},
}

// One statement and one pass: the driver hands rows over as they come, so no
// more than a chunk is in memory.
var sqlAllChunks = statement(`
	SELECT f.id, f.merchant_id, f.sha256, coalesce(c.no, 0), c.data, c.seal FROM files f LEFT JOIN file_chunks c ON c.file_id = f.id ORDER BY f.id, c.no`)

// files re-reads every stored file and compares it with its hash, which is that
// of what was uploaded, whatever it is sealed with.
func (w *walk) files() error {
	rows, err := w.q.stmt(sqlAllChunks).QueryContext(w.q.ctx)
	if err != nil {
		return fmt.Errorf("reading files: %w", busy(err))
	}
	defer func() { _ = rows.Close() }() // what went wrong is in Err
	var (
		file, at, merchant ID
		want, next         []byte
		data, seal         []byte
		no                 int
		opens              bool
		got                hash.Hash
	)
	check := func() {
		if got != nil && opens && !bytes.Equal(got.Sum(nil), want) {
			w.report.add(-1, Damaged, "File %s has the hash %s, but was uploaded with %s.", file, hex.EncodeToString(got.Sum(nil)), hex.EncodeToString(want))
		}
	}
	for rows.Next() {
		if err := rows.Scan(&at, &merchant, &next, &no, &data, &seal); err != nil {
			return fmt.Errorf("reading files: %w", err)
		}
		if got == nil || at != file {
			check()
			file, want, got, opens = at, next, sha256.New(), true
		}
		if seal != nil && w.q.store.seal == nil {
			return errors.New("documents are sealed: reading them needs PORTAL_SEAL_KEY")
		}
		plain, err := w.q.store.seal.openPiece(piecePlace(at, no, merchant), seal, data)
		if err != nil {
			opens = false
			w.report.add(-1, Damaged, "File %s does not open at its piece %d: it was changed, or its key is not in PORTAL_SEAL_KEY.", at, no)
			continue
		}
		_, _ = got.Write(plain) // a hash never fails
	}
	check()
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading files: %w", err)
	}
	return nil
}
