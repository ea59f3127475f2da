package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"github.com/lib/pq"
)

// comparison finds rows that do not agree with what the trail says of them.
// Its statement gives the index of the leaf concerned, or -1, and the row's
// subject.
type comparison struct {
	class   Class
	message string // about the subject
	sql     string
}

const payloadOfLeaf = `convert_from(l.bytes, 'UTF8')::json #>> '{detail,payload_hash}'`

// forgotten are attempts that are open for longer than $1 seconds.
var forgotten = comparison{Unanswered, "%s was being sent, and nobody recorded what became of it.", statement(`
		SELECT coalesce((SELECT min(idx) FROM audit_leaves l WHERE l.subject = 'instruction/' || a.instruction_id AND l.action = 'instruction.sending'), -1) AS idx,
			'instruction/' || a.instruction_id AS subject
		FROM attempts a WHERE a.outcome IS NULL AND greatest(a.claimed_at, a.deadline) < now() - $1 * interval '1 second'`)}

var comparisons = []comparison{
	{Vanished, "%s was submitted, but its row is gone.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM audit_leaves l
		WHERE l.action = 'instruction.submitted' AND NOT EXISTS (SELECT FROM instructions i WHERE 'instruction/' || i.id = l.subject)`)},
	{Vanished, "%s was begun, but its row is gone.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM audit_leaves l
		WHERE l.action = 'exchange.began' AND NOT EXISTS (SELECT FROM exchanges x WHERE 'exchange/' || x.id = l.subject)`)},
	{Vanished, "%s was answered, but the answer's row is gone.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM audit_leaves l
		WHERE l.action = 'exchange.ended' AND NOT EXISTS (SELECT FROM exchange_results x WHERE 'exchange/' || x.exchange_id = l.subject)`)},
	{Contradicts, "%s holds another payload than its leaf.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM instructions i JOIN audit_leaves l ON l.subject = 'instruction/' || i.id
		WHERE ` + payloadOfLeaf + ` <> encode(sha256(i.payload), 'hex')`)},
	{Unaudited, "%s was never submitted as far as the trail knows.", statement(`
		SELECT -1 AS idx, 'instruction/' || i.id AS subject FROM instructions i
		WHERE NOT EXISTS (SELECT FROM audit_leaves l
			WHERE l.subject = 'instruction/' || i.id AND l.action = 'instruction.submitted' AND ` + payloadOfLeaf + ` IS NOT NULL)`)},
	{Unaudited, "%s has an approval that its approver left no leaf of.", statement(`
		SELECT -1 AS idx, 'instruction/' || a.instruction_id AS subject FROM approvals a
		WHERE NOT EXISTS (SELECT FROM audit_leaves l
			WHERE l.subject = 'instruction/' || a.instruction_id AND l.person_id = a.person_id AND l.at = a.at)`)},
	{Unaudited, "%s was attempted without a leaf.", statement(`
		SELECT -1 AS idx, 'instruction/' || a.instruction_id AS subject FROM attempts a
		WHERE NOT EXISTS (SELECT FROM audit_leaves l
			WHERE l.subject = 'instruction/' || a.instruction_id AND l.action = 'instruction.sending'
			  AND convert_from(l.bytes, 'UTF8')::json #>> '{detail,attempt}' = a.id::text)`)},
	{Unaudited, "%s moved at a time of which it has no leaf.", statement(`
		SELECT -1 AS idx, 'instruction/' || m.instruction_id AS subject FROM instruction_moves m
		WHERE NOT EXISTS (SELECT FROM audit_leaves l WHERE l.subject = 'instruction/' || m.instruction_id AND l.at = m.at)`)},
	{Contradicts, "%s is in another state than its last move led to.", statement(`
		SELECT -1 AS idx, 'instruction/' || i.id AS subject FROM instructions i
		WHERE i.state IS DISTINCT FROM
			(SELECT m.to_state FROM instruction_moves m WHERE m.instruction_id = i.id ORDER BY m.seq DESC LIMIT 1)`)},
	{Contradicts, "%s holds another request than its leaf.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM exchanges x JOIN audit_leaves l ON l.subject = 'exchange/' || x.id AND l.action = 'exchange.began'
		WHERE convert_from(l.bytes, 'UTF8')::json #>> '{detail,body_sha256}' <> encode(x.body_hash, 'hex')`)},
	{Contradicts, "%s holds another answer than its leaf.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM exchange_results x JOIN audit_leaves l ON l.subject = 'exchange/' || x.exchange_id AND l.action = 'exchange.ended'
		WHERE convert_from(l.bytes, 'UTF8')::json #>> '{detail,body_sha256}' <> encode(x.body_hash, 'hex')`)},
	{Contradicts, "%s has another hash than its leaf.", statement(`
		SELECT coalesce(l.idx, -1) AS idx, l.subject FROM files f JOIN audit_leaves l ON l.subject = 'file/' || f.id AND l.action = 'file.uploaded'
		WHERE convert_from(l.bytes, 'UTF8')::json #>> '{detail,sha256}' <> encode(f.sha256, 'hex')`)},
}

type finding struct {
	Idx     int64
	Subject string
}

var (
	sqlAuditedTables = statement(`SELECT name, kind, id_column FROM audited_tables ORDER BY name`)
	sqlUnanswered    = statement(`
		SELECT count(*) FROM exchanges x WHERE x.began_at < now() - $1 * interval '1 second'
		  AND NOT EXISTS (SELECT FROM exchange_results r WHERE r.exchange_id = x.id)`)
)

// rows compares the tables with the trail.
func (w *walk) rows() error {
	age := int64(w.Unanswered.Seconds())
	if err := w.q.get(&w.report.Unanswered, sqlUnanswered, age); err != nil {
		return fmt.Errorf("counting requests without an answer: %w", err)
	}
	if err := w.compare(forgotten, age); err != nil {
		return err
	}
	for _, c := range comparisons {
		if err := w.compare(c); err != nil {
			return err
		}
	}
	return w.unaudited()
}

func (w *walk) compare(c comparison, args ...any) error {
	var found []finding
	if err := w.attempt(func() error { return w.q.all(&found, c.sql, args...) }); err != nil {
		return err
	}
	for _, f := range found {
		w.report.add(f.Idx, c.class, c.message, f.Subject)
	}
	return nil
}

// unaudited finds rows that no leaf speaks of.
func (w *walk) unaudited() error {
	var tables []struct {
		Name, Kind string
		IDColumn   string `db:"id_column"`
	}
	if err := w.q.all(&tables, sqlAuditedTables); err != nil {
		return fmt.Errorf("listing audited tables: %w", err)
	}
	for _, t := range tables {
		var subjects []string
		err := w.attempt(func() error {
			return w.q.tx.SelectContext(w.q.ctx, &subjects, fmt.Sprintf(`
				SELECT DISTINCT %[1]s || t.%[2]s FROM %[3]s t
				WHERE NOT EXISTS (SELECT FROM audit_leaves l WHERE l.subject = %[1]s || t.%[2]s) LIMIT 1000`,
				pq.QuoteLiteral(t.Kind+"/"), pq.QuoteIdentifier(t.IDColumn), pq.QuoteIdentifier(t.Name)))
		})
		if err != nil {
			return err
		}
		for _, s := range subjects {
			w.report.add(-1, Unaudited, "%s has a row in %s, but no leaf.", s, t.Name)
		}
	}
	return nil
}

// attempt runs a comparison that a tampered row may make impossible, such as
// a leaf that is not JSON; that is a finding, and the others go on.
func (w *walk) attempt(f func() error) error {
	if _, err := w.q.tx.ExecContext(w.q.ctx, `SAVEPOINT comparison`); err != nil {
		return fmt.Errorf("comparing rows with leaves: %w", err)
	}
	err := f()
	if refused, ok := errors.AsType[*pq.Error](err); ok {
		w.report.add(-1, Contradicts, "Rows could not be compared with their leaves: %s.", refused.Message)
		_, err = w.q.tx.ExecContext(w.q.ctx, `ROLLBACK TO SAVEPOINT comparison`)
	}
	if err != nil {
		return fmt.Errorf("comparing rows with leaves: %w", err)
	}
	return nil
}

// One statement and one pass: the driver hands rows over as they come, so no
// more than a chunk is in memory.
var sqlAllChunks = statement(`
	SELECT f.id, f.sha256, c.data FROM files f LEFT JOIN file_chunks c ON c.file_id = f.id ORDER BY f.id, c.no`)

// files re-reads every stored file and compares it with its hash.
func (w *walk) files() error {
	rows, err := w.q.stmt(sqlAllChunks).QueryContext(w.q.ctx)
	if err != nil {
		return fmt.Errorf("reading files: %w", busy(err))
	}
	defer func() { _ = rows.Close() }() // what went wrong is in Err
	var (
		file, at   ID
		want, next []byte
		data       []byte
		got        hash.Hash
	)
	check := func() {
		if got != nil && !bytes.Equal(got.Sum(nil), want) {
			w.report.add(-1, Damaged, "File %s has the hash %s, but was uploaded with %s.", file, hex.EncodeToString(got.Sum(nil)), hex.EncodeToString(want))
		}
	}
	for rows.Next() {
		if err := rows.Scan(&at, &next, &data); err != nil {
			return fmt.Errorf("reading files: %w", err)
		}
		if got == nil || at != file {
			check()
			file, want, got = at, next, sha256.New()
		}
		_, _ = got.Write(data) // a hash never fails
	}
	check()
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading files: %w", err)
	}
	return nil
}
