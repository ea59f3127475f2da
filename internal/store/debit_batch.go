package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// DebitBatch is debits that are asked for and watched together: those that one
// list wants taken on one day, or retries of what failed.
type DebitBatch struct {
	ID            ID            `db:"id"`
	Name          string        `db:"name"`
	DebitOn       time.Time     `db:"debit_on"`
	ImportID      uuid.NullUUID `db:"import_id"`
	CreatedBy     ID            `db:"created_by"`
	CreatedByName string        `db:"created_by_name"`
	CreatedAt     time.Time     `db:"created_at"`
	Stage         string        `db:"stage"` // of a list: the state that it waits in first, or "done"
}

// debitBatchStage looks for what a batch waits for first.
const debitBatchStage = `coalesce((SELECT s.state FROM unnest(ARRAY['draft', 'submitted', 'sending', 'approved', 'unknown']) WITH ORDINALITY AS s (state, n)
	WHERE EXISTS (SELECT FROM debits d WHERE d.batch_id = b.id AND d.state = s.state) ORDER BY s.n LIMIT 1), 'done') AS stage`

const debitBatchColumns = `b.id, b.name, b.debit_on, b.import_id, b.created_by, p.name AS created_by_name, b.created_at
	FROM debit_batches b JOIN people p ON p.id = b.created_by`

var (
	sqlInsertDebitBatch = statement(`
		INSERT INTO debit_batches (id, merchant_id, name, debit_on, import_id, created_by) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlDebitBatch         = statement(`SELECT ` + debitBatchColumns + ` WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlDebitBatchOfImport = statement(`SELECT ` + debitBatchColumns + ` WHERE b.merchant_id = $1 AND b.import_id = $2 AND b.debit_on = $3`)
	sqlDebitBatches       = statement(`
		SELECT ` + debitBatchStage + `, ` + debitBatchColumns + ` WHERE b.merchant_id = $1 AND (b.debit_on, b.id) < ($2, $3) ORDER BY b.debit_on DESC, b.id DESC LIMIT $4`)
	sqlDebitBatchSums = statement(`
		SELECT d.state, count(*) AS number, sum(d.amount_satang)::bigint AS sum_satang FROM debits d WHERE d.merchant_id = $1 AND d.batch_id = $2 GROUP BY d.state`)
	sqlDebitsOfBatchIn = statement(`
		SELECT d.id FROM debits d WHERE d.merchant_id = $1 AND d.batch_id = $2 AND d.state = $3 ORDER BY d.id LIMIT $4`)
	sqlLeadsOfBatch = statement(`
		SELECT d.instruction_id FROM debits d WHERE d.merchant_id = $1 AND d.batch_id = $2 AND d.state = 'submitted' ORDER BY d.id LIMIT $3`)
	sqlDebitsToDecide = statement(`
		SELECT d.id, d.payer_name || ' · ' || d.reference AS title, d.amount_satang, d.version, d.state, d.mandate_id, mandate_is_live(d.mandate_id) AS live, d.debit_on,
			(d.repeat_reason = '' AND EXISTS (SELECT FROM debits o WHERE o.merchant_id = $1 AND o.payer_id = d.payer_id AND o.debit_on = d.debit_on
				AND o.amount_satang = d.amount_satang AND o.reference = d.reference AND o.id <> d.id AND o.state NOT IN ('draft', 'discarded', 'failed'))) AS repeats
		FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN debits d ON d.id = w.id WHERE d.merchant_id = $1 ORDER BY w.n`)
	sqlDebitTrouble = statement(`
		SELECT ` + debitColumns + ` FROM debits d WHERE d.merchant_id = $1 AND d.batch_id = $2 AND d.state IN ('failed', 'unknown') ORDER BY d.state DESC, d.id LIMIT $3`)
)

// AddDebitBatch stores a batch of the acting maker.
func (t *Tx) AddDebitBatch(b DebitBatch) error {
	if _, err := t.exec(sqlInsertDebitBatch, b.ID, t.actor.Merchant, b.Name, b.DebitOn, b.ImportID, t.actor.Person); err != nil {
		return fmt.Errorf("adding a batch of debits: %w", err)
	}
	return t.Audit("debitbatch.made", About("debitbatch", b.ID), map[string]any{
		"name": b.Name, "debit_on": b.DebitOn.Format(time.DateOnly), "import": b.ImportID,
	})
}

// DebitBatch returns one batch.
func (q *Query) DebitBatch(id ID) (DebitBatch, error) {
	return row[DebitBatch](q, sqlDebitBatch, q.actor.Merchant, id)
}

// DebitBatchOfImport returns the batch of what a list wants taken on a day.
func (q *Query) DebitBatchOfImport(list ID, on time.Time) (DebitBatch, error) {
	return row[DebitBatch](q, sqlDebitBatchOfImport, q.actor.Merchant, list, on)
}

// DebitBatchCursor is a place in the list of batches, which runs from the latest
// day back; zero is its beginning.
type DebitBatchCursor struct {
	On time.Time
	ID ID
}

// DebitBatches lists batches, the latest day first, and whether there are more.
func (q *Query) DebitBatches(from DebitBatchCursor, limit int) ([]DebitBatch, bool, error) {
	if from.On.IsZero() {
		from.On, from.ID = lastDay, lastID
	}
	list, err := rows[DebitBatch](q, sqlDebitBatches, q.actor.Merchant, from.On, from.ID, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// DebitBatchSums counts and adds up a batch by state.
func (q *Query) DebitBatchSums(id ID) (map[string]DebitSum, error) {
	found, err := rows[DebitSum](q, sqlDebitBatchSums, q.actor.Merchant, id)
	return sumsByState(found), err
}

// DebitsOfBatch are the ids of a batch's debits in a state.
func (q *Query) DebitsOfBatch(id ID, state string, limit int) ([]ID, error) {
	return rows[ID](q, sqlDebitsOfBatchIn, q.actor.Merchant, id, state, limit)
}

// LeadsOfDebitBatch are what waits for approval of a batch.
func (q *Query) LeadsOfDebitBatch(id ID, limit int) ([]ID, error) {
	return rows[ID](q, sqlLeadsOfBatch, q.actor.Merchant, id, limit)
}

// DebitTrouble lists what of a batch failed or is unknown.
func (q *Query) DebitTrouble(id ID, limit int) ([]Debit, error) {
	return rows[Debit](q, sqlDebitTrouble, q.actor.Merchant, id, limit)
}

// DebitToDecide is what it takes to say whether a debit may be asked for now.
type DebitToDecide struct {
	ID           ID        `db:"id"`
	Title        string    `db:"title"`
	AmountSatang int64     `db:"amount_satang"`
	Version      int       `db:"version"`
	State        string    `db:"state"`
	MandateID    ID        `db:"mandate_id"`
	Live         bool      `db:"live"`
	DebitOn      time.Time `db:"debit_on"`
	Repeats      bool      `db:"repeats"` // there is one like it, and nobody has said why
}

// DebitsToDecide returns debits in the order of their ids, each as it stands.
func (q *Query) DebitsToDecide(ids []ID) ([]DebitToDecide, error) {
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = id.String()
	}
	return rows[DebitToDecide](q, sqlDebitsToDecide, q.actor.Merchant, pq.Array(texts))
}

// FailureSum is how many debits failed for a reason in a span, and what became
// of trying them again.
type FailureSum struct {
	Code      string `db:"failure_code"`
	Number    int    `db:"number"`
	SumSatang int64  `db:"sum_satang"`
	Retried   int    `db:"retried"`
	Recovered int    `db:"recovered"`
}

// FailedDebit is a debit that failed and that nobody has tried again, whoever
// took it.
type FailedDebit struct {
	Debit
	Called  string `db:"called"` // as the payer is called now
	Payday  *int   `db:"payday"`
	Mailed  bool   `db:"mailed"`  // the payer has an address
	Retries int    `db:"retries"` // of its mandate within 31 days
	Live    bool   `db:"live"`
	Told    bool   `db:"told"` // a letter to the payer waits, or went
}

var (
	sqlFailureSums = statement(`
		SELECT d.failure_code, count(*) AS number, sum(d.amount_satang)::bigint AS sum_satang, count(r.id) AS retried, count(r.id) FILTER (WHERE r.state = 'taken') AS recovered
		FROM debits d LEFT JOIN debits r ON r.retry_of = d.id AND r.state <> 'discarded'
		WHERE d.merchant_id = $1 AND d.state = 'failed' AND d.debit_on BETWEEN $2 AND $3 GROUP BY d.failure_code ORDER BY 2 DESC, 1`)
	sqlFailedDebits = statement(`
		SELECT ` + debitColumns + `, p.name AS called, p.payday, p.email <> '' OR p.email_sealed IS NOT NULL AS mailed, mandate_is_live(d.mandate_id) AS live,
			EXISTS (SELECT FROM payer_mails m WHERE m.merchant_id = $1 AND m.subject = 'debit/' || d.id AND m.kind = 'debit_failed' AND m.dead_at IS NULL) AS told,
			(SELECT count(*) FROM debits r WHERE r.merchant_id = $1 AND r.mandate_id = d.mandate_id AND r.retry_of IS NOT NULL AND r.state <> 'discarded'
				AND r.debit_on > (now() AT TIME ZONE 'Asia/Bangkok')::date - 31) AS retries
		FROM debits d JOIN payers p ON p.id = d.payer_id
		WHERE d.merchant_id = $1 AND d.state = 'failed' AND d.debit_on >= $2
			AND NOT EXISTS (SELECT FROM debits r WHERE r.retry_of = d.id AND r.state <> 'discarded')
		ORDER BY d.debit_on DESC, d.id DESC LIMIT $3`)
)

// FailureSums adds up what failed in a span by reason.
func (q *Query) FailureSums(from, to time.Time) ([]FailureSum, error) {
	return rows[FailureSum](q, sqlFailureSums, q.actor.Merchant, from, to)
}

// FailedDebits lists what failed since a day and was not tried again.
func (q *Query) FailedDebits(since time.Time, limit int) ([]FailedDebit, error) {
	return rows[FailedDebit](q, sqlFailedDebits, q.actor.Merchant, since, limit)
}
