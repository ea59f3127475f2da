package store

import "time"

// LegAtBank is a schedule of the bank, of any merchant, with all that a run of
// it is recorded with and held against.
type LegAtBank struct {
	ID              ID     `db:"id"`
	MerchantID      ID     `db:"merchant_id"`
	ScheduleID      ID     `db:"schedule_id"`
	PayerID         ID     `db:"payer_id"`
	MandateID       ID     `db:"mandate_id"`
	PayerName       string `db:"payer_name"`
	PayerCode       string `db:"payer_code"`
	Reference       string `db:"reference"` // as the bank was asked with it
	AmountSatang    int64  `db:"amount_satang"`
	BankToken       string `db:"bank_token"`
	CreditorAccount string `db:"creditor_account"`
}

var (
	sqlLegAtBank = statement(`
		SELECT l.id, l.merchant_id, l.schedule_id, s.payer_id, s.mandate_id, s.payer_name, s.payer_code, c.terms ->> 'reference' AS reference, l.amount_satang,
			m.bank_token, m.creditor_account
		FROM schedule_legs l JOIN schedules s ON s.id = l.schedule_id JOIN schedule_changes c ON c.id = l.change_id JOIN mandates m ON m.id = s.mandate_id
		WHERE l.bank_reference = $1 AND l.bank_reference <> '' ORDER BY l.id LIMIT 2`)
	sqlRunOfDay = statement(`
		SELECT r.run_on FROM schedule_runs r WHERE r.merchant_id = $1 AND r.leg_id = $2 AND r.run_on <= $3 ORDER BY r.run_on DESC LIMIT 1`)
	sqlDebitOfRun = statement(`SELECT ` + debitColumns + ` FROM debits d WHERE d.merchant_id = $1 AND d.schedule_id = $2 AND d.run_on = $3`)
)

// LegAtBank finds the leg that the bank calls so. People can mistype a name, so
// that one which two legs have names neither.
func (q *Query) LegAtBank(name string) (LegAtBank, error) {
	found, err := rows[LegAtBank](q, sqlLegAtBank, name)
	if err != nil {
		return LegAtBank{}, err
	}
	if len(found) != 1 {
		return LegAtBank{}, ErrNotFound
	}
	return found[0], nil
}

// RunOfDay is the run of a leg that the bank did on a day: the last one up to
// then, since one that the bank cannot decide at once may be decided later.
func (q *Query) RunOfDay(leg ID, day time.Time) (time.Time, error) {
	return row[time.Time](q, sqlRunOfDay, q.actor.Merchant, leg, day)
}

// DebitOfRun is what is known to have come of a run, or ErrNotFound.
func (q *Query) DebitOfRun(schedule ID, on time.Time) (Debit, error) {
	return row[Debit](q, sqlDebitOfRun, q.actor.Merchant, schedule, on)
}
