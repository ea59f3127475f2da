package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// DebitDay is what the bank said, when it was asked last, about all debits of a
// day.
type DebitDay struct {
	ID         ID         `db:"id"`
	OnDay      time.Time  `db:"on_day"`
	AskedAt    time.Time  `db:"asked_at"`
	AnsweredAt *time.Time `db:"answered_at"` // nil while pages are missing
	Page       int        `db:"page"`
	Number     int        `db:"number"`
	SumSatang  int64      `db:"sum_satang"` // of what was taken
}

// DebitDayRow is a debit as the bank lists it.
type DebitDayRow struct {
	TransactionID string        `db:"transaction_id"`
	Status        string        `db:"status"`
	AmountSatang  int64         `db:"amount_satang"`
	Reference     string        `db:"reference"`
	BankReference string        `db:"bank_reference"`
	ScheduleID    string        `db:"schedule_id"` // the bank's
	ProcessedAt   *time.Time    `db:"processed_at"`
	DebitID       uuid.NullUUID `db:"debit_id"`
}

const debitDayColumns = `y.id, y.on_day, y.asked_at, y.answered_at, y.page, y.number, y.sum_satang FROM debit_days y`

var (
	sqlDebitDay         = statement(`SELECT ` + debitDayColumns + ` WHERE y.merchant_id = $1 AND y.on_day = $2`)
	sqlDebitDayByID     = statement(`SELECT ` + debitDayColumns + ` WHERE y.merchant_id = $1 AND y.id = $2`)
	sqlInsertDebitDay   = statement(`INSERT INTO debit_days (id, merchant_id, on_day) VALUES ($1, $2, $3)`)
	sqlTouchDebitDay    = statement(`UPDATE debit_days SET asked_at = now(), answered_at = NULL, page = 0 WHERE merchant_id = $1 AND id = $2`)
	sqlEmptyDebitDay    = statement(`DELETE FROM debit_day_rows WHERE merchant_id = $1 AND day_id = $2`)
	sqlKeepDebitDayRows = statement(`
		INSERT INTO debit_day_rows (day_id, merchant_id, transaction_id, status, amount_satang, reference, bank_reference, schedule_id, processed_at, debit_id)
		SELECT $1, $2, r.transaction, r.status, r.amount, r.reference, r.bank_reference, r.schedule, r.processed, r.debit
		FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::uuid[])
			AS r (transaction, status, amount, reference, bank_reference, schedule, processed, debit)
		ON CONFLICT (day_id, transaction_id) DO NOTHING`)
	sqlDebitDayKept = statement(`
		UPDATE debit_days y SET page = $3, answered_at = CASE WHEN $4 THEN now() END, number = s.number, sum_satang = s.taken
		FROM (SELECT count(*) AS number, coalesce(sum(amount_satang) FILTER (WHERE status = 'SUCC'), 0)::bigint AS taken FROM debit_day_rows WHERE day_id = $2) s
		WHERE y.merchant_id = $1 AND y.id = $2`)
	// Yesterday is over, and by now what it was asked was decided.
	sqlMerchantsToAskDays = statement(`
		WITH night AS (
			SELECT (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + $1 * interval '1 hour') AT TIME ZONE 'Asia/Bangkok' AS since,
				(now() AT TIME ZONE 'Asia/Bangkok')::date - 1 AS yesterday
		)
		SELECT o.id FROM merchants o, night n
		WHERE now() >= n.since
			AND (EXISTS (SELECT FROM debits d WHERE d.merchant_id = o.id AND d.debit_on = n.yesterday AND d.state NOT IN ('draft', 'discarded'))
				OR EXISTS (SELECT FROM schedules s WHERE s.merchant_id = o.id AND s.state = 'active'))
			AND NOT EXISTS (SELECT FROM debit_days y WHERE y.merchant_id = o.id AND y.on_day = n.yesterday AND y.asked_at >= n.since)
		ORDER BY o.id`)
	// What we know and the bank does not say, and the other way round. Of a day
	// that was answered in whole.
	sqlDebitDayDifferences = statement(`
		SELECT coalesce(d.id, r.debit_id) AS debit_id, coalesce(d.payer_name, '') AS payer_name, coalesce(d.state, '') AS state, coalesce(d.amount_satang, 0) AS ours_satang,
			coalesce(r.status, '') AS status, coalesce(r.amount_satang, 0) AS bank_satang, coalesce(r.reference, d.reference) AS reference, coalesce(r.transaction_id, '') AS transaction_id
		FROM (SELECT id, payer_name, state, amount_satang, reference FROM debits WHERE merchant_id = $1 AND debit_on = $3 AND state IN ('taken', 'failed', 'unknown', 'sending')) d
			FULL JOIN (SELECT day_id, debit_id, status, amount_satang, reference, transaction_id, schedule_id FROM debit_day_rows WHERE merchant_id = $1 AND day_id = $2) r ON r.debit_id = d.id
		WHERE (d.id IS NULL OR r.day_id IS NULL AND d.state IN ('taken', 'unknown') OR d.amount_satang <> r.amount_satang
			OR (d.state = 'taken') <> (r.status = 'SUCC'))
			AND NOT (d.id IS NULL AND r.schedule_id <> '' AND r.status <> 'SUCC')
			AND NOT (d.id IS NOT NULL AND r.status = 'FAIL' AND EXISTS (
				SELECT FROM debit_day_rows o WHERE o.merchant_id = $1 AND o.day_id = $2 AND o.debit_id = d.id AND o.status = 'SUCC'))
		ORDER BY 7, 8 LIMIT $4`)
	sqlDebitDaySums = statement(`
		SELECT g.day::date AS on_day,
			coalesce(o.number, 0) AS taken, coalesce(o.sum_satang, 0)::bigint AS taken_satang, coalesce(o.failed, 0) AS failed, coalesce(o.unknown, 0) AS unknown,
			coalesce(p.number, 0) AS payments, coalesce(p.sum_satang, 0)::bigint AS payments_satang,
			y.answered_at, coalesce(b.number, 0) AS bank, coalesce(y.sum_satang, 0) AS bank_satang
		FROM generate_series($2::date, $3::date, interval '1 day') AS g (day)
			LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'taken') AS number, sum(amount_satang) FILTER (WHERE state = 'taken') AS sum_satang,
				count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state IN ('unknown', 'sending')) AS unknown
				FROM debits WHERE merchant_id = $1 AND debit_on = g.day::date) o ON true
			LEFT JOIN LATERAL (SELECT count(*) AS number, sum(amount_satang) AS sum_satang FROM payments WHERE merchant_id = $1 AND paid_on = g.day::date AND source = 'debit') p ON true
			LEFT JOIN debit_days y ON y.merchant_id = $1 AND y.on_day = g.day::date
			LEFT JOIN LATERAL (SELECT count(*) AS number FROM debit_day_rows r WHERE r.day_id = y.id AND r.status = 'SUCC') b ON true
		WHERE o.number + o.failed + o.unknown > 0 OR p.number > 0 OR y.id IS NOT NULL ORDER BY 1`)
)

// DebitDayByID returns one day.
func (q *Query) DebitDayByID(id ID) (DebitDay, error) {
	return row[DebitDay](q, sqlDebitDayByID, q.actor.Merchant, id)
}

// DebitDay returns what the bank said of a day, or ErrNotFound.
func (q *Query) DebitDay(on time.Time) (DebitDay, error) {
	return row[DebitDay](q, sqlDebitDay, q.actor.Merchant, on)
}

// DebitDayToAsk is the day about to be asked about, empty again.
func (t *Tx) DebitDayToAsk(on time.Time) (ID, error) {
	d, err := t.DebitDay(on)
	if errors.Is(err, ErrNotFound) {
		d.ID = NewID()
		if _, err := t.exec(sqlInsertDebitDay, d.ID, t.actor.Merchant, on); err != nil {
			return NoID, fmt.Errorf("asking about a day: %w", err)
		}
	} else if err != nil {
		return NoID, err
	} else if err := t.one(sqlTouchDebitDay, t.actor.Merchant, d.ID); err != nil {
		return NoID, fmt.Errorf("asking about a day: %w", err)
	}
	return d.ID, t.Audit("debitday.asked", About("debitday", d.ID), map[string]any{"on_day": on.Format(time.DateOnly)})
}

// MerchantsToAskDays are the merchants whom the bank debits for, and whose
// yesterday it was not asked about since the given hour of today in Bangkok, once
// that has come.
func (q *Query) MerchantsToAskDays(hour int) ([]ID, error) {
	return rows[ID](q, sqlMerchantsToAskDays, hour)
}

// KeepDebitDay keeps a page of what the bank said of a day; the first takes the
// place of what it said before.
func (t *Tx) KeepDebitDay(id ID, page int, list []DebitDayRow, last bool) error {
	if page == 1 {
		if _, err := t.exec(sqlEmptyDebitDay, t.actor.Merchant, id); err != nil {
			return fmt.Errorf("keeping a day: %w", err)
		}
	}
	var ids, statuses, references, names, schedules []string
	var amounts []int64
	var processed []*time.Time
	var debits []uuid.NullUUID
	for _, r := range list {
		ids, statuses, references, names, schedules = append(ids, r.TransactionID), append(statuses, r.Status), append(references, r.Reference), append(names, r.BankReference), append(schedules, r.ScheduleID)
		amounts, processed, debits = append(amounts, r.AmountSatang), append(processed, r.ProcessedAt), append(debits, r.DebitID)
	}
	if _, err := t.exec(sqlKeepDebitDayRows, id, t.actor.Merchant, pq.Array(ids), pq.Array(statuses), pq.Array(amounts), pq.Array(references), pq.Array(names),
		pq.Array(schedules), pq.Array(processed), pq.Array(debits)); err != nil {
		return fmt.Errorf("keeping a day: %w", err)
	}
	if err := t.one(sqlDebitDayKept, t.actor.Merchant, id, page, last); err != nil {
		return fmt.Errorf("keeping a day: %w", err)
	}
	return t.Audit("debitday.answered", About("debitday", id), map[string]any{"page": page, "rows": len(list), "last": last})
}

// DebitDifference is where the bank's list of a day and our own do not agree.
type DebitDifference struct {
	DebitID       uuid.NullUUID `db:"debit_id"`
	PayerName     string        `db:"payer_name"`
	State         string        `db:"state"` // ours; empty where we know nothing of it
	OursSatang    int64         `db:"ours_satang"`
	Status        string        `db:"status"` // the bank's; empty where its list does not have it
	BankSatang    int64         `db:"bank_satang"`
	Reference     string        `db:"reference"`
	TransactionID string        `db:"transaction_id"`
}

// DebitDayDifferences lists them.
func (q *Query) DebitDayDifferences(d DebitDay, limit int) ([]DebitDifference, error) {
	return rows[DebitDifference](q, sqlDebitDayDifferences, q.actor.Merchant, d.ID, d.OnDay, limit)
}

// DebitDaySum is a day of a month: what we say was taken, what came into the
// payments of it, and what the bank says, if it was asked.
type DebitDaySum struct {
	OnDay          time.Time  `db:"on_day"`
	Taken          int        `db:"taken"`
	TakenSatang    int64      `db:"taken_satang"`
	Failed         int        `db:"failed"`
	Unknown        int        `db:"unknown"`
	Payments       int        `db:"payments"`
	PaymentsSatang int64      `db:"payments_satang"`
	AnsweredAt     *time.Time `db:"answered_at"`
	Bank           int        `db:"bank"`
	BankSatang     int64      `db:"bank_satang"`
}

// Agrees reports whether all that is known of the day is the same.
func (s DebitDaySum) Agrees() bool {
	return s.Unknown == 0 && s.Taken == s.Payments && s.TakenSatang == s.PaymentsSatang &&
		(s.AnsweredAt == nil || s.Bank == s.Taken && s.BankSatang == s.TakenSatang)
}

// DebitDaySums lists the days of a span on which there was anything.
func (q *Query) DebitDaySums(from, to time.Time) ([]DebitDaySum, error) {
	return rows[DebitDaySum](q, sqlDebitDaySums, q.actor.Merchant, from, to)
}
