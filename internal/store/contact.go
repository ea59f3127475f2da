package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// contact is a column of where somebody is reached. What it holds stands sealed
// in the column with _sealed behind its name, and its blind mark, by which it is
// found and compared, in the one with _mark. The column itself holds what
// releases before sealing wrote, until `portal keys reseal` seals it.
type contact struct {
	table, column string
	// marks is whose marks it has: what goes to a payer has that of the payer's
	// own address. alone: it has one before it is sealed, too.
	marks string
	alone bool
	kind  contactKind
	// subject and action are of the leaf that is left where it is sealed first.
	subject, action string
}

// contactKind is how a value is compared and masked.
type contactKind struct{ normal, mask func(string) string }

var (
	mailAddress = contactKind{strings.ToLower, maskMail}
	telephone   = contactKind{digitsOf, maskEnd}
)

var (
	buyerEmail      = contact{table: "buyers", column: "email", marks: "buyers.email", kind: mailAddress, subject: "buyer", action: "buyer.sealed"}
	buyerPhone      = contact{table: "buyers", column: "phone", marks: "buyers.phone", kind: telephone, subject: "buyer", action: "buyer.sealed"}
	payerEmail      = contact{table: "payers", column: "email", marks: "payers.email", kind: mailAddress, subject: "payer", action: "payer.sealed"}
	mandateSendTo   = contact{table: "mandates", column: "send_to", marks: "payers.email", alone: true, kind: mailAddress, subject: "mandate", action: "mandate.sealed"}
	payerMailSendTo = contact{table: "payer_mails", column: "send_to", marks: "payers.email", alone: true, kind: mailAddress}
)

// kept is a contact as it is written.
type kept struct {
	Clear      string
	Cell, Mark []byte
	Told       string // what the trail says of it
}

// into puts what is written into a row of jsonb_to_recordset.
func (k kept) into(row map[string]any, column string) {
	row[column], row[column+"_sealed"], row[column+"_mark"] = k.Clear, hexBytes(k.Cell), hexBytes(k.Mark)
}

// hexBytes is a bytea as JSON holds it.
func hexBytes(b []byte) any {
	if b == nil {
		return nil
	}
	return `\x` + hex.EncodeToString(b)
}

var errNoMarkKey = errors.New("no key of blind marks")

// mark is the blind mark of a value, other for every merchant and column; of an
// empty one there is none.
func (q *Query) mark(c contact, merchant ID, value string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	if len(q.store.markKey) == 0 {
		return nil, errNoMarkKey
	}
	h := hmac.New(sha256.New, q.store.markKey)
	h.Write([]byte("portal contact v1\x00"))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(c.marks))))
	h.Write([]byte(c.marks))
	h.Write(merchant[:])
	h.Write([]byte(c.kind.normal(strings.TrimSpace(value))))
	return h.Sum(nil)[:len(Mark{})], nil
}

// keep seals a value for its row.
func (t *Tx) keep(c contact, id ID, value string) (k kept, err error) {
	sealing, err := t.sealsContacts(c.table)
	if err != nil {
		return k, err
	}
	k.Clear, k.Told = value, value
	if value == "" || !sealing && !c.alone {
		return k, nil
	}
	if k.Mark, err = t.mark(c, t.actor.Merchant, value); err != nil {
		return k, fmt.Errorf("marking %s.%s: %w", c.table, c.column, err)
	}
	k.Told = c.kind.mask(value) + toldMark + hex.EncodeToString(k.Mark)
	if sealing {
		k.Clear = ""
		k.Cell, err = t.sealed(place{c.table, c.column, id.String(), t.actor.Merchant}, []byte(value))
	}
	return k, err
}

// told is what the trail says of a value.
func (t *Tx) told(c contact, value string) (string, error) {
	sealing, err := t.sealsContacts(c.table)
	if err != nil || value == "" || !sealing {
		return value, err
	}
	mark, err := t.mark(c, t.actor.Merchant, value)
	return c.kind.mask(value) + toldMark + hex.EncodeToString(mark), err
}

// toldMark stands between the masked form of a value and its mark.
const toldMark = " #"

// says is SQL for what the trail says of a value: its mark, or in leaves of
// earlier releases the value.
func (c contact) says() string {
	said := says(c.column)
	return `CASE WHEN ` + said + ` ~ '` + toldMark + `[0-9a-f]{32}$' THEN right(` + said + `, 32) ELSE ` + said + ` END`
}

// stands is SQL for the same of its row.
func (c contact) stands(alias string) string {
	return `coalesce(encode(` + alias + `.` + c.column + `_mark, 'hex'), ` + alias + `.` + c.column + `)`
}

// reveal opens a cell into value, where there is one.
func (q *Query) reveal(c contact, id ID, cell *string, value *string) error {
	if *cell == "" {
		return nil
	}
	plain, err := q.opened(place{c.table, c.column, id.String(), q.actor.Merchant}, []byte(*cell))
	if err != nil {
		return fmt.Errorf("opening %s.%s of %s: %w", c.table, c.column, id, err)
	}
	*value, *cell = string(plain), ""
	return nil
}

// marksOf are the marks that what somebody typed would have as a whole, had it
// been kept in one of the columns.
func (q *Query) marksOf(typed string, columns ...contact) (pq.ByteaArray, error) {
	marks := pq.ByteaArray{}
	typed = strings.TrimSpace(typed)
	for _, c := range columns {
		if c.kind.looksLike(typed) && len(q.store.markKey) > 0 {
			m, err := q.mark(c, q.actor.Merchant, typed)
			if err != nil {
				return nil, err
			}
			marks = append(marks, m)
		}
	}
	return marks, nil
}

// looksLike reports whether a whole value of the kind may have been typed.
func (k contactKind) looksLike(typed string) bool {
	if strings.Contains(typed, "@") {
		return k.normal("A") == "a" // letters count in mail addresses only
	}
	return k.normal("A") == "" && len(digitsOf(typed)) >= 7 && !strings.ContainsFunc(typed, func(r rune) bool { return unicode.IsLetter(r) && r < 0x0E00 })
}

// digitsOf is a telephone number as it is compared: its digits, those of Thailand
// as they are dialled there.
func digitsOf(number string) string {
	var digits strings.Builder
	for _, r := range number {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r >= '๐' && r <= '๙':
			digits.WriteRune('0' + r - '๐')
		}
	}
	if home, abroad := strings.CutPrefix(digits.String(), "66"); abroad && strings.HasPrefix(strings.TrimSpace(number), "+") {
		return "0" + strings.TrimPrefix(home, "0")
	}
	return digits.String()
}

func maskMail(address string) string {
	name, host, _ := strings.Cut(address, "@")
	return strings.Repeat("x", min(len([]rune(name)), 8)) + "@" + host
}

func maskEnd(number string) string {
	runes := []rune(number)
	shown := min(3, len(runes)/3)
	return strings.Repeat("x", min(len(runes)-shown, 12)) + string(runes[len(runes)-shown:])
}

// contactColumn is how the cells of a contact are sealed again, and what stands
// in clear for the first time.
func contactColumn(c contact) sealedColumn {
	cell, mark := c.column+"_sealed", c.column+"_mark"
	return sealedColumn{Table: c.table, Column: cell, first: noRow, batch: 200, contact: &c,
		place: func(s sealedCell) place { return place{c.table, c.column, s.Row, s.Whose.UUID} },
	}.withStatements(cellSQL{
		table: c.table, cell: cell, row: `id::text`, after: `id > $2::uuid`, order: `id`, whose: "merchant_id",
		piece: `convert_to(` + c.column + `, 'UTF8')`, extra: mark, present: `(` + cell + ` IS NOT NULL OR ` + c.column + ` <> '')`,
		set: cell + ` = x.cell, ` + mark + ` = x.more, ` + c.column + ` = ''`, is: `id = x.row::uuid`,
	})
}

// openContact opens a cell, and holds it against its mark.
func (q *Query) openContact(c sealedColumn, cell sealedCell) ([]byte, error) {
	if cell.Cell == nil {
		return cell.Piece, nil // in clear
	}
	plain, err := q.opened(c.place(cell), cell.Cell)
	if err != nil {
		return nil, err
	}
	mark, err := q.mark(*c.contact, cell.Whose.UUID, string(plain))
	if err == nil && !bytes.Equal(mark, cell.Extra) {
		err = fmt.Errorf("%w: it has another's mark", ErrSealed)
	}
	return plain, err
}

// tellSealedContact says in the trail by which mark a value is known that stood
// in clear, so that the row goes on agreeing with its leaves.
func (t *Tx) tellSealedContact(c contact, cell sealedCell, plain []byte) error {
	if c.action == "" {
		return nil
	}
	id, err := uuid.Parse(cell.Row)
	if err != nil {
		return fmt.Errorf("sealing %s.%s: %w", c.table, c.column, err)
	}
	return t.For(cell.Whose.UUID).Audit(c.action, About(c.subject, id), map[string]any{
		c.column: c.kind.mask(string(plain)) + toldMark + hex.EncodeToString(cell.Piece),
	})
}

var sqlSealContacts = statement(`INSERT INTO sealed_contacts (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`)

// sealContacts has what a table is given from now on sealed.
func (t *Tx) sealContacts(table string) error {
	// Marks of another key than the other processes have would find nothing.
	marks, err := row[string](t.Query, sqlTakeUpMarks, KeyID(t.store.markKey))
	if err == nil && marks != KeyID(t.store.markKey) {
		err = ErrMarkKey
	}
	if err != nil {
		return fmt.Errorf("sealing the contacts of %s: %w", table, err)
	}
	n, err := t.exec(sqlSealContacts, pq.Array([]string{table}))
	if err != nil {
		return fmt.Errorf("sealing the contacts of %s: %w", table, err)
	}
	t.store.seal.writing.Store(nil)
	if n == 0 {
		return nil
	}
	return t.Audit("seal_key.contacts_sealed", Subject("seal_key/"+table), map[string]any{"table": table})
}
