package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// sealedCell is one cell as it stands in the database.
type sealedCell struct {
	Row   string        `db:"row"` // its key; also where a batch goes on
	Whose uuid.NullUUID `db:"whose"`
	Cell  []byte        `db:"cell"`  // of a piece: what stands beside it; nil if that is not sealed
	Piece []byte        `db:"piece"` // of a piece of a file; of a contact, what stands in clear
	Extra []byte        `db:"extra"` // the hash of what was sealed, a password's lock, or that a factor counts
}

// sealedColumn is a column whose cells are sealed, and how each is found,
// opened and sealed again. Every one there is stands in sealedColumns.
type sealedColumn struct {
	Table, Column string

	count   string // how many cells each key has
	read    string // a batch of cells after $2 that do not begin with $1, at most $3
	take    string // the same, locked
	write   string // puts cells $2, with pieces or locks $3, into the rows $1
	first   string // before every row
	batch   int
	place   func(sealedCell) place
	hashed  bool // Extra is the hash of what was sealed
	pieces  bool
	contact *contact // it stands in clear until it is sealed, and has a mark
	// told leaves what the trail must know of one cell.
	told func(*Tx, sealedCell) error
}

const noRow = "00000000-0000-0000-0000-000000000000"

// cellSQL is how the statements of a column differ.
type cellSQL struct {
	table, cell      string
	row, after       string // the row's key as text, and the condition that it comes after $2
	order            string
	whose            string
	piece, extra     string // or NULL
	present, isInUse string // which rows have a cell, and that it begins with $1
	set, is          string // of the update: what is set from x, and how a row is found
}

// withStatements completes a column by the statements made of s.
func (c sealedColumn) withStatements(s cellSQL) sealedColumn {
	if s.isInUse == "" {
		s.isInUse = `substr(` + s.cell + `, 1, 5) = $1`
	}
	if s.present == "" {
		s.present = `length(` + s.cell + `) > 0` // an answer without a body has an empty one
	}
	c.count = statement(`
		SELECT CASE WHEN ` + s.cell + ` IS NULL THEN 'clear' WHEN get_byte(` + s.cell + `, 0) = 2 THEN encode(substr(` + s.cell + `, 2, 4), 'hex') ELSE 'nameless' END AS key,
			count(*) AS cells FROM ` + s.table + ` WHERE ` + s.present + ` GROUP BY 1`)
	batch := `
		SELECT ` + s.row + ` AS row, ` + s.whose + ` AS whose, ` + s.cell + ` AS cell, ` + s.piece + ` AS piece, ` + s.extra + ` AS extra
		FROM ` + s.table + ` WHERE ` + s.present + ` AND (` + s.isInUse + `) IS NOT TRUE AND ` + s.after + ` ORDER BY ` + s.order + ` LIMIT $3`
	c.read, c.take = statement(batch), statement(batch+` FOR UPDATE`)
	c.write = statement(`
		UPDATE ` + s.table + ` SET ` + s.set + ` FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS x (row, cell, more) WHERE ` + s.is)
	return c
}

func byID(table, column, whose, extra string) cellSQL {
	return cellSQL{
		table: table, cell: column, row: `id::text`, after: `id > $2::uuid`, order: `id`, whose: whose, piece: `NULL::bytea`, extra: extra,
		set: column + ` = x.cell`, is: `id = x.row::uuid`,
	}
}

// sealedColumns are all columns whose cells are sealed. A column that is not
// here would be left behind with its old key, so a test holds them against the
// database.
var sealedColumns = []sealedColumn{
	sealedColumn{Table: "exchanges", Column: "body_sealed", first: noRow, batch: 200, hashed: true,
		place: func(c sealedCell) place { return place{"exchanges", "body", c.Row, c.Whose.UUID} },
	}.withStatements(byID("exchanges", "body_sealed", "merchant_id", "body_hash")),
	sealedColumn{Table: "exchange_results", Column: "body_sealed", first: noRow, batch: 200, hashed: true,
		place: func(c sealedCell) place { return place{"exchange_results", "body", c.Row, c.Whose.UUID} },
	}.withStatements(cellSQL{
		table: "exchange_results", cell: "body_sealed", row: `exchange_id::text`, after: `exchange_id > $2::uuid`, order: `exchange_id`,
		whose: "merchant_id", piece: `NULL::bytea`, extra: "body_hash", set: `body_sealed = x.cell`, is: `exchange_id = x.row::uuid`,
	}),
	sealedColumn{Table: "callbacks", Column: "body_sealed", first: noRow, batch: 200, hashed: true,
		place: func(c sealedCell) place { return place{"callbacks", "body", c.Row, NoID} },
	}.withStatements(byID("callbacks", "body_sealed", "NULL::uuid", "body_hash")),
	sealedColumn{Table: "file_chunks", Column: "seal", first: noRow + "/-1", batch: 8, pieces: true, place: pieceOf}.withStatements(cellSQL{
		table: "file_chunks", cell: "seal", row: `file_id || '/' || no`, order: `file_id, no`,
		after: `(file_id, no) > (split_part($2, '/', 1)::uuid, split_part($2, '/', 2)::smallint)`,
		whose: "merchant_id", piece: "data", extra: `NULL::bytea`, present: "true",
		set: `seal = x.cell, data = x.more`, is: `(file_id, no) = (split_part(x.row, '/', 1)::uuid, split_part(x.row, '/', 2)::smallint)`,
	}),
	sealedColumn{Table: "box_pieces", Column: "seal", first: noRow + "/-1/-1", batch: 8, pieces: true,
		place: func(c sealedCell) place { return place{"box_pieces", "data", c.Row, c.Whose.UUID} },
	}.withStatements(cellSQL{
		table: "box_pieces", cell: "seal", row: `box_id || '/' || attempt || '/' || no`, order: `box_id, attempt, no`,
		after: `(box_id, attempt, no) > (split_part($2, '/', 1)::uuid, split_part($2, '/', 2)::smallint, split_part($2, '/', 3)::integer)`,
		whose: "merchant_id", piece: "data", extra: `NULL::bytea`, present: "true",
		set: `seal = x.cell, data = x.more`,
		is:  `(box_id, attempt, no) = (split_part(x.row, '/', 1)::uuid, split_part(x.row, '/', 2)::smallint, split_part(x.row, '/', 3)::integer)`,
	}),
	sealedColumn{Table: "factors", Column: "key", first: noRow, batch: 50, told: tellSealedFactor,
		place: func(c sealedCell) place { return place{"factors", "key", c.Row, c.Whose.UUID} },
	}.withStatements(cellSQL{
		table: "factors", cell: "key", row: `id::text`, after: `id > $2::uuid`, order: `id`, whose: "person_id", piece: `NULL::bytea`,
		extra: `CASE WHEN confirmed_at IS NOT NULL THEN '\x01'::bytea END`, present: `kind = 'totp'`, set: `key = x.cell`, is: `id = x.row::uuid`,
	}),
	sealedColumn{Table: "etax_documents", Column: "password_sealed", first: noRow, batch: 200, place: passwordOf}.withStatements(cellSQL{
		table: "etax_documents", cell: "password_sealed", row: `id::text`, after: `id > $2::uuid`, order: `id`, whose: "merchant_id", piece: `NULL::bytea`,
		extra: "password_lock", set: `password_sealed = x.cell, password_lock = coalesce(password_lock, sha256(password_sealed))`, is: `id = x.row::uuid`,
	}),
	sealedColumn{Table: "consent_returns", Column: "code_sealed", batch: 200,
		place: func(c sealedCell) place { return place{"consent_returns", "code", c.Row, c.Whose.UUID} },
	}.withStatements(cellSQL{
		table: "consent_returns", cell: "code_sealed", row: `encode(nonce_hash, 'hex')`, after: `nonce_hash > decode($2, 'hex')`, order: `nonce_hash`,
		whose: "merchant_id", piece: `NULL::bytea`, extra: `NULL::bytea`, set: `code_sealed = x.cell`, is: `nonce_hash = decode(x.row, 'hex')`,
	}),
	sealedColumn{Table: "bank_credentials", Column: "secrets_sealed", first: noRow, batch: 50, told: tellSealedCredentials,
		place: func(c sealedCell) place { return place{"bank_credentials", "secrets", c.Row, c.Whose.UUID} },
	}.withStatements(byID("bank_credentials", "secrets_sealed", "merchant_id", "NULL::bytea")),
	sealedColumn{Table: "callback_secrets", Column: "secret_sealed", first: noRow, batch: 50, told: tellSealedCallbackSecret,
		place: func(c sealedCell) place { return place{"callback_secrets", "secret", c.Row, c.Whose.UUID} },
	}.withStatements(byID("callback_secrets", "secret_sealed", "merchant_id", "NULL::bytea")),
	contactColumn(buyerEmail), contactColumn(buyerPhone), contactColumn(payerEmail), contactColumn(mandateSendTo), contactColumn(payerMailSendTo),
}

func pieceOf(c sealedCell) place { return place{"file_chunks", "data", c.Row, c.Whose.UUID} }

func passwordOf(c sealedCell) place {
	id, err := uuid.Parse(c.Row)
	if err != nil {
		return place{} // nothing opens there
	}
	return etaxPassword{Sealed: c.Cell, Kept: c.Extra}.place(id, c.Whose.UUID)
}

// open opens a cell and holds it against the hash or mark that is known of it.
func (c sealedColumn) open(q *Query, cell sealedCell) (plain []byte, err error) {
	s := q.store.seal
	switch {
	case c.pieces:
		return s.openPiece(c.place(cell), cell.Cell, cell.Piece)
	case c.contact != nil:
		return q.openContact(c, cell)
	}
	if plain, err = s.open(c.place(cell), cell.Cell); err != nil || !c.hashed {
		return plain, err
	}
	if sum := sha256.Sum256(plain); !bytes.Equal(sum[:], cell.Extra) {
		return nil, fmt.Errorf("%w: it is not what its hash says", ErrSealed)
	}
	return plain, nil
}

// closeAgain seals a cell with key k, where it opens again.
func (c sealedColumn) closeAgain(k *sealKey, cell sealedCell, plain []byte) sealedCell {
	again := cell
	if c.pieces {
		again.Cell, again.Piece = k.closePiece(c.place(cell), plain)
		return again
	}
	if c.Table == "etax_documents" && again.Extra == nil {
		first := sha256.Sum256(cell.Cell)
		again.Extra = first[:]
	}
	again.Cell = k.close(c.place(again), plain)
	return again
}

// put writes cells back.
func (c sealedColumn) put(t *Tx, cells []sealedCell) error {
	if len(cells) == 0 {
		return nil
	}
	var list []string
	var sealed, more [][]byte
	for _, cell := range cells {
		list, sealed, more = append(list, cell.Row), append(sealed, cell.Cell), append(more, cell.Piece)
	}
	n, err := t.exec(c.write, pq.Array(list), pq.ByteaArray(sealed), pq.ByteaArray(more))
	if err == nil && n != int64(len(cells)) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("sealing %s again: %w", c.Table, err)
	}
	return nil
}

// tellSealedFactor says in the trail which bytes a person's app has now, since
// the leaf of its beginning says which it had.
func tellSealedFactor(t *Tx, cell sealedCell) error {
	id, err := uuid.Parse(cell.Row)
	if err != nil {
		return fmt.Errorf("sealing a factor again: %w", err)
	}
	return t.Audit("person.factor_sealed_again", About("person", cell.Whose.UUID), map[string]any{
		"factor": id, "kind": TOTP, "key_sha256": hashText(string(cell.Cell)), "counts": cell.Extra != nil,
	})
}

func tellSealedCredentials(t *Tx, cell sealedCell) error {
	id, err := uuid.Parse(cell.Row)
	if err != nil {
		return fmt.Errorf("sealing credentials again: %w", err)
	}
	return t.For(cell.Whose.UUID).Audit("bank_credentials.sealed_again", About("bank_credentials", id), struct{}{})
}

func tellSealedCallbackSecret(t *Tx, cell sealedCell) error {
	id, err := uuid.Parse(cell.Row)
	if err != nil {
		return fmt.Errorf("sealing a callback secret again: %w", err)
	}
	return t.For(cell.Whose.UUID).Audit("callback_secret.sealed_again", About("callback_secret", id), struct{}{})
}

// SealedColumns names the columns whose cells are sealed.
func SealedColumns() []string {
	var names []string
	for _, c := range sealedColumns {
		names = append(names, strings.Join([]string{c.Table, c.Column}, "."))
	}
	return names
}
