package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// deciderList reads the JSON that a list builds for each of its rows.
type deciderList []Decider

// Scan implements sql.Scanner.
func (l *deciderList) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("deciders arrived as %T", src)
	}
	return json.Unmarshal(raw, l)
}

// How far the time of a waiting instruction has run, for reminders.
const (
	EarlyMark = ""
	HalfMark  = "half"
	LateMark  = "late" // nine tenths
)

// Mark is how far its time has run by now.
func (i InstructionRow) Mark(now time.Time) string {
	whole, gone := i.ExpiresAt.Sub(i.SubmittedAt), now.Sub(i.SubmittedAt)
	switch {
	case gone*10 >= whole*9:
		return LateMark
	case gone*2 >= whole:
		return HalfMark
	}
	return EarlyMark
}

// Missing are the approvals that are still to be given, in their order.
func (i InstructionRow) Missing() Seats {
	if i.Seats == nil {
		return nil
	}
	return i.Seats[min(i.ApprovalsGiven, len(i.Seats)):]
}

// withEverybody are all hats of merchant $1, besides those of the acting
// person.
const withEverybody = withHats + `, everybody AS MATERIALIZED (
	SELECT h.taker, h.holder, h.level, h.delegation_id, h.cap_satang, h.operations, p.name, CASE WHEN h.delegation_id IS NULL THEN '' ELSE b.name END AS for_name
	FROM hats_of($1) AS h JOIN people p ON p.id = h.taker JOIN people b ON b.id = h.holder)`

const (
	// missingSeats are what is left to be taken of instruction i, and barred
	// are the people who may take none of it.
	missingSeats = `seats_from(coalesce(i.seats, seats_of(jsonb_build_array(jsonb_build_object('people', i.approvals_needed, 'level', 1)), false)),
		(SELECT count(*) FROM approvals a WHERE a.instruction_id = i.id)::integer)`
	barred = `(SELECT array_agg(u.person ORDER BY u.person) FROM (
		SELECT x.person_id FROM instruction_authors x WHERE x.instruction_id = i.id
		UNION SELECT a.person_id FROM approvals a WHERE a.instruction_id = i.id
		UNION SELECT a.on_behalf_of FROM approvals a WHERE a.instruction_id = i.id AND a.on_behalf_of IS NOT NULL) AS u (person))`

	// waitingColumns are who a waiting instruction waits for, since when, and
	// whether it waits in vain.
	waitingColumns = `i.seats,
		CASE WHEN i.state = 'pending' THEN coalesce((SELECT json_agg(json_build_object('Name', h.name, 'ForName', h.for_name) ORDER BY h.delegation_id NULLS FIRST, h.name, h.taker)
			FROM everybody h WHERE ` + fitsHat + `), '[]') ELSE '[]' END AS waits_for,
		coalesce((SELECT max(a.at) FROM approvals a WHERE a.instruction_id = i.id), i.submitted_at) AS turn_since,
		i.state = 'pending' AND NOT seats_can_be_taken($1, ` + missingSeats + `, ` + barred + `) AS stuck`
)

var (
	sqlTrack = statement(withEverybody + `
		SELECT ` + instructionRowColumns + `, ` + waitingColumns + `, false AS mine, false AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.maker_id = $2 AND i.part = 0 AND (i.submitted_at, i.id) < ($3, $4)
		ORDER BY i.submitted_at DESC, i.id DESC LIMIT $5`)
	// Most that wait were made by the same few people and miss the same seats,
	// so that few questions are asked, however many wait.
	sqlStuck = statement(`
		WITH waiting AS MATERIALIZED (
			SELECT i.id, ` + missingSeats + ` AS missing, ` + barred + ` AS barred FROM (
				SELECT id, seats, approvals_needed FROM instructions WHERE merchant_id = $1 AND part = 0 AND state = 'pending'
				ORDER BY submitted_at, id LIMIT 1001) AS i
		), hopeless AS MATERIALIZED (
			SELECT k.missing, k.barred FROM (SELECT DISTINCT missing, barred FROM waiting) AS k WHERE NOT seats_can_be_taken($1, k.missing, k.barred)
		)
		SELECT ` + instructionRowColumns + `, i.seats, '[]'::json AS waits_for, i.submitted_at AS turn_since, true AS stuck, false AS mine, false AS proposed
		FROM waiting w JOIN hopeless h ON h.missing = w.missing AND h.barred = w.barred JOIN instructions i ON i.id = w.id JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 ORDER BY i.submitted_at, i.id LIMIT $2`)
)

// Track lists what the acting person asked for, the latest first, whatever
// became of it.
func (q *Query) Track(from InstructionCursor, limit int) (InstructionPage, error) {
	if from.At.IsZero() {
		from.At, from.ID = lastDay, lastID
	}
	list, err := rows[InstructionRow](q, sqlTrack, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1)
	return cut(list, limit), err
}

// StuckInstructions lists what waits in vain, the longest first: too few
// different people are left who may give the approvals that are missing. It
// looks at the thousand that have waited longest.
func (q *Query) StuckInstructions(limit int) ([]InstructionRow, error) {
	return rows[InstructionRow](q, sqlStuck, q.actor.Merchant, limit)
}

// BatchLead is a waiting instruction as a batch of decisions must know it.
type BatchLead struct {
	ID           ID        `db:"id"`
	Title        string    `db:"title"`
	BuyerName    string    `db:"buyer_name"`
	AmountSatang int64     `db:"amount_satang"`
	State        string    `db:"state"`
	ExpiresAt    time.Time `db:"expires_at"`
	Fingerprint  []byte    `db:"fingerprint"` // of all parts
	Verdict      string    `db:"verdict"`     // see Standing
	MakerID      ID        `db:"maker_id"`
	NewBuyer     bool      `db:"new_buyer"`
	Usual
}

// Outlier reports whether the amount is far above the buyer's usual.
func (l BatchLead) Outlier() bool { return l.Usual.Outlier(l.AmountSatang) }

// Usual is what the buyer of a bill was billed of late: at most the last ten
// bills besides that one.
type Usual struct {
	Bills      int   `db:"usual_bills"`
	MeanSatang int64 `db:"usual_satang"`
	MostSatang int64 `db:"most_satang"`
}

// An amount is worth a word when it is more than the buyer was billed before,
// and so many times the mean of it. A bill or two make no habit, so that it
// takes more to stand out from them.
const (
	habit          = 3 // bills
	timesOfHabit   = 3
	timesOfHearsay = 10
)

// Outlier reports whether an amount is far above it.
func (u Usual) Outlier(satang int64) bool {
	times := int64(timesOfHabit)
	if u.Bills < habit {
		times = timesOfHearsay
	}
	return u.Bills > 0 && satang > u.MostSatang && satang/times > u.MeanSatang
}

const (
	usualColumns = `u.usual_bills, u.usual_satang, u.most_satang`
	// usualOfBill is the Usual of bill p.
	usualOfBill = `CROSS JOIN LATERAL (
		SELECT count(*) AS usual_bills, coalesce(avg(b.total_satang), 0)::bigint AS usual_satang, coalesce(max(b.total_satang), 0) AS most_satang FROM (
			SELECT o.total_satang FROM presentments o
			WHERE o.merchant_id = p.merchant_id AND o.buyer_tax_id = p.buyer_tax_id AND o.bank_reference <> '' AND o.id <> p.id
			ORDER BY o.document_on DESC LIMIT 10) AS b) AS u`
)

var sqlBatchLeads = statement(`
	SELECT i.id, i.title, coalesce(p.buyer_name, d.payer_name, y.name, '') AS buyer_name, i.amount_satang, i.state, i.expires_at, h.verdict, i.maker_id, i.new_buyer,
		` + usualColumns + `,
		(SELECT sha256(string_agg(uuid_send(x.id) || x.payload_hash, '' ORDER BY x.part)) FROM instructions x WHERE x.lead_id = i.id) AS fingerprint
	FROM unnest($3::uuid[]) WITH ORDINALITY AS w (id, n) JOIN instructions i ON i.id = w.id AND i.part = 0
		CROSS JOIN LATERAL hat_for(i, $2) AS h
		LEFT JOIN presentments p ON p.merchant_id = i.merchant_id AND i.subject LIKE 'presentment/%' AND p.id = split_part(i.subject, '/', 2)::uuid
		LEFT JOIN debits d ON d.merchant_id = i.merchant_id AND i.subject LIKE 'debit/%' AND d.id = split_part(i.subject, '/', 2)::uuid
		LEFT JOIN schedules s ON s.merchant_id = i.merchant_id AND i.subject LIKE 'schedule/%' AND s.id = split_part(i.subject, '/', 2)::uuid
		LEFT JOIN payers y ON y.merchant_id = i.merchant_id AND y.id = s.payer_id
		` + usualOfBill + `
	WHERE i.merchant_id = $1 ORDER BY w.n`)

// BatchLeads returns the leads with these ids in this order, as they stand to
// the acting person.
func (q *Query) BatchLeads(ids []ID) ([]BatchLead, error) {
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = id.String()
	}
	return rows[BatchLead](q, sqlBatchLeads, q.actor.Merchant, q.actor.Person, pq.Array(texts))
}

var sqlLastEntry = statement(`
	SELECT ` + instructionColumns + ` FROM instructions i JOIN people m ON m.id = i.maker_id
	WHERE i.merchant_id = $1 AND i.id = (
		SELECT p.entry_id FROM presentments p WHERE p.merchant_id = $1 AND p.buyer_tax_id = $2 AND p.bank_reference <> '' AND p.id <> $3
		ORDER BY p.document_on DESC LIMIT 1)`)

// LastEntry is what presented the last bill of a buyer that is at the bank,
// besides the given bill, or ErrNotFound.
func (q *Query) LastEntry(taxID string, besides ID) (Instruction, error) {
	return row[Instruction](q, sqlLastEntry, q.actor.Merchant, taxID, besides)
}

var sqlUsual = statement(`SELECT ` + usualColumns + ` FROM presentments p ` + usualOfBill + ` WHERE p.merchant_id = $1 AND p.id = $2`)

// Usual is what the buyer of a bill was billed of late.
func (q *Query) Usual(bill ID) (Usual, error) {
	return row[Usual](q, sqlUsual, q.actor.Merchant, bill)
}
