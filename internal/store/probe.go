package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The states of a probe.
const (
	ProbeWaiting = "waiting"
	ProbeAsking  = "asking"
	ProbeEnded   = "ended"
)

// Probe is a call that an administrator makes from the list of the bank's
// operations, to the stand-in bank and never to the real one. Nothing in the
// portal follows from its answer.
type Probe struct {
	ID          ID              `db:"id"`
	MerchantID  ID              `db:"merchant_id"`
	Operation   string          `db:"operation"`
	Body        json.RawMessage `db:"body"`
	AskedBy     ID              `db:"asked_by"`
	AskedByName string          `db:"asked_by_name"`
	AskedAt     time.Time       `db:"asked_at"`
	State       string          `db:"state"`
	ExchangeID  uuid.NullUUID   `db:"exchange_id"` // named before it is sent
	Came        string          `db:"came"`        // as of an exchange: done, refused, unknown, not_sent
}

const probeColumns = `t.id, t.merchant_id, t.operation, t.body, t.asked_by, p.name AS asked_by_name, t.asked_at, t.state, t.exchange_id, t.came
	FROM probes t JOIN people p ON p.id = t.asked_by`

var (
	sqlInsertProbe     = statement(`INSERT INTO probes (id, merchant_id, operation, body, asked_by) VALUES ($1, $2, $3, $4, $5)`)
	sqlProbe           = statement(`SELECT ` + probeColumns + ` WHERE t.merchant_id = $1 AND t.id = $2`)
	sqlProbeOfExchange = statement(`SELECT ` + probeColumns + ` WHERE t.merchant_id = $1 AND t.exchange_id = $2`)
	sqlNextProbe       = statement(`SELECT ` + probeColumns + ` WHERE t.state = 'waiting' AND EXISTS (SELECT FROM stand_in_bank) ORDER BY t.asked_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED`)
	sqlTakeProbe       = statement(`UPDATE probes SET state = 'asking', exchange_id = $2, deadline = now() + $3 * interval '1 second' WHERE id = $1 AND state = 'waiting'`)
	sqlEndProbe        = statement(`UPDATE probes SET state = 'ended', ended_at = now(), came = $2 WHERE id = $1 AND state = 'asking'`)
	sqlLostProbes      = statement(`SELECT ` + probeColumns + ` WHERE t.state = 'asking' AND t.deadline < now() LIMIT 20 FOR UPDATE OF t SKIP LOCKED`)
)

// ErrRealBank means that something was to be tried out in an installation whose
// bank is no stand-in, as far as the database knows.
var ErrRealBank = errors.New("the bank of this installation is no stand-in")

// AskProbe has the acting administrator ask for a probe. ErrAsking means that
// one of theirs is still open.
func (t *Tx) AskProbe(operation string, body []byte) (ID, error) {
	id := NewID()
	_, err := t.exec(sqlInsertProbe, id, t.actor.Merchant, operation, body, t.actor.Person)
	if Violated(err, "one_open_probe") {
		return NoID, fmt.Errorf("%w: %w", ErrAsking, err)
	}
	if Violated(err, "probe_goes_to_a_stand_in") {
		return NoID, fmt.Errorf("%w: %w", ErrRealBank, err)
	}
	if err != nil {
		return NoID, fmt.Errorf("asking for a probe: %w", err)
	}
	return id, t.Audit("probe.asked", About("probe", id), map[string]any{"operation": operation, "body_sha256": hashText(string(body))})
}

// Probe returns one probe.
func (q *Query) Probe(id ID) (Probe, error) {
	return row[Probe](q, sqlProbe, q.actor.Merchant, id)
}

// ProbeOfExchange is the probe that an exchange was made for, or ErrNotFound.
func (q *Query) ProbeOfExchange(exchange ID) (Probe, error) {
	return row[Probe](q, sqlProbeOfExchange, q.actor.Merchant, exchange)
}

// NextProbe takes the probe, of any merchant, whose turn it is, and names the
// exchange that it makes. ErrNotFound means that none waits.
func (t *Tx) NextProbe(lease time.Duration) (Probe, error) {
	next, err := row[Probe](t.Query, sqlNextProbe)
	if err != nil {
		return next, err
	}
	next.ExchangeID = NullID(NewID())
	if err := t.one(sqlTakeProbe, next.ID, next.ExchangeID, lease.Seconds()); err != nil {
		return next, fmt.Errorf("taking a probe: %w", err)
	}
	return next, t.For(next.MerchantID).Audit("probe.asking", About("probe", next.ID), map[string]any{"exchange": next.ExchangeID})
}

// EndProbe records what came of a probe. It is ErrStale when somebody else has
// done so.
func (t *Tx) EndProbe(id ID, came string) error {
	if err := t.one(sqlEndProbe, id, came); err != nil {
		return fmt.Errorf("ending a probe: %w", err)
	}
	return t.Audit("probe.ended", About("probe", id), map[string]any{"came": came})
}

// EndLostProbes ends the probes, of any merchant, whose worker is gone: what
// became of the question nobody knows, and whoever asked may ask again.
func (t *Tx) EndLostProbes() error {
	lost, err := rows[Probe](t.Query, sqlLostProbes)
	for _, l := range lost {
		if errs := t.For(l.MerchantID).EndProbe(l.ID, "unknown"); errs != nil {
			err = errors.Join(err, errs)
		}
	}
	return err
}
