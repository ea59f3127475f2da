package notify

import (
	"time"

	"portal/internal/store"
)

// kindOfMandate are the states of a mandate that people are told of.
var kindOfMandate = map[string]string{
	store.MandateActive: MandateRegistered, store.MandateRefused: MandateRefused, store.MandateSuspended: MandateEnded, store.MandateCancelled: MandateEnded, store.MandateExpired: MandateEnded,
}

// ofOneMove is how long after a mandate's move its leaf is written at most: both
// are of one transaction.
const ofOneMove = 5 * time.Second

// ofMandate tells whoever asked a payer for consent what became of it, and all
// makers of a mandate that only the bank's list told of. What the bank says once
// more is no news.
func ofMandate(tx *store.Tx, n store.News, d detail) ([]telling, error) {
	kind, ok := kindOfMandate[d.State]
	if !ok {
		return nil, nil
	}
	m, err := tx.Mandate(n.Subject.ID())
	if err != nil || m.State != d.State || n.At.Sub(m.StateSince).Abs() > ofOneMove {
		return nil, err
	}
	to := []store.ID{m.StartedBy.UUID}
	if !m.StartedBy.Valid {
		if to, err = tx.OnDuty(store.Maker); err != nil {
			return nil, err
		}
	}
	return []telling{{kind, n.Subject, store.Words{"title": m.PayerName + " · " + m.PayerCode}, to}}, nil
}

// ofScheduledDebit tells whoever made a schedule that the bank took nothing on
// one of its days.
func ofScheduledDebit(tx *store.Tx, n store.News, d detail) ([]telling, error) {
	if d.State != store.DebitFailed {
		return nil, nil
	}
	b, err := tx.Debit(n.Subject.ID())
	if err != nil || !b.ScheduleID.Valid {
		return nil, err
	}
	s, err := tx.Schedule(b.ScheduleID.UUID)
	return []telling{{DebitFailed, n.Subject, store.Words{"title": b.PayerName + " · " + b.Reference}, []store.ID{s.CreatedBy}}}, err
}
