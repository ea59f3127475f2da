package teller

import (
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// readDebit decides about one callback of the product directdebit: of a
// registration, or of a debit.
func readDebit(tx *store.Tx, c store.Callback, body []byte) (claim, error) {
	r := newClaim(tx, c, namedDebits, body)
	said, err := krungsri.ParseDebitCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		err = r.quarantine(reasonMalformed)
		return r, err
	}
	if said.Registration != nil {
		return readRegistration(tx, c, body, said.EventID, *said.Registration)
	}
	var at time.Time
	if said.Transaction != nil {
		d := said.Transaction
		r.BankReference, r.Status = d.TransactionID, string(d.Status)
		if d.ProcessedAt != nil {
			at = d.ProcessedAt.Time
		}
	}
	if !at.IsZero() {
		r.SaidAt = &at
	}
	r.EventKey = eventKey(said.EventID, r.BankReference, r.Status, at)
	switch {
	case said.Transaction != nil && said.Transaction.ScheduleID != "":
		return readRun(r, *said.Transaction)
	case said.Transaction != nil:
		return readTaken(r, *said.Transaction)
	}
	err = r.quarantine(reasonUnknown)
	return r, err
}
