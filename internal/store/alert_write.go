package store

import (
	"fmt"
	"time"
)

var (
	sqlInsertAlert = statement(`
		INSERT INTO alerts (id, merchant_id, rtp_reference, promptpay_id, sender_kind, sender_value, sender_name, amount_satang, reference1, reference2, message,
			expires_at, arrived_at, callback_id, suspicions)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING state`)
	sqlAlertAnswering = statement(`UPDATE alerts SET acknowledgement_id = $3 WHERE merchant_id = $1 AND id = $2 RETURNING state, answer`)
	// The trigger says how it stands; here is only seen to that it looks.
	sqlFollowAlert = statement(`
		UPDATE alerts a SET suspicions = a.suspicions FROM alert_standing((SELECT b FROM alerts b WHERE b.merchant_id = $1 AND b.id = $2)) AS n
		WHERE a.merchant_id = $1 AND a.id = $2 AND (a.state, a.answer) IS DISTINCT FROM (n.state, n.answer) RETURNING a.state, a.answer`)
	sqlAlertTold = statement(`
		UPDATE alerts SET bank_status = $3, told_callback_id = $4, told_inquiry_id = $5, paid_at = $6, payment_reference = $7
		WHERE merchant_id = $1 AND id = $2 RETURNING state, answer`)
	sqlJudgeAlert = statement(`UPDATE alerts SET suspicions = $3 WHERE merchant_id = $1 AND id = $2 AND suspicions <> $3::jsonb`)
	sqlAlertAsked = statement(`
		UPDATE alerts SET asks = asks + 1, ask_at = CASE WHEN $3 < 0 THEN NULL ELSE now() + $3 * interval '1 second' END
		WHERE merchant_id = $1 AND id = $2 AND state = 'unknown'`)
	sqlOverdueAlerts = statement(`
		SELECT a.id, a.merchant_id, '' AS tax_id FROM alerts a WHERE a.state IN ('open', 'received', 'will_pay') AND a.expires_at <= now()
		ORDER BY a.expires_at LIMIT $1 FOR UPDATE SKIP LOCKED`)
	sqlExpireAlert  = statement(`UPDATE alerts SET asks = asks WHERE merchant_id = $1 AND id = $2 RETURNING state, answer`)
	sqlEndingAlerts = statement(`
		SELECT a.id, a.merchant_id, '' AS tax_id FROM alerts a WHERE a.state IN ('open', 'received') AND a.warned_at IS NULL
			AND a.expires_at > now() AND a.expires_at < (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + interval '1 day') AT TIME ZONE 'Asia/Bangkok'
		ORDER BY a.expires_at LIMIT $1 FOR UPDATE SKIP LOCKED`)
	sqlWarnOfAlert     = statement(`UPDATE alerts SET warned_at = now() WHERE merchant_id = $1 AND id = $2`)
	sqlAlertsToAsk     = statement(`SELECT a.id, a.merchant_id, a.asks FROM alerts a WHERE a.state = 'unknown' AND a.ask_at <= now() ORDER BY a.ask_at LIMIT $1`)
	sqlAlertsToRejudge = statement(`
		SELECT ` + alertColumns + ` FROM alerts a WHERE a.merchant_id = $1 AND a.box = 'decide' ORDER BY a.expires_at, a.id LIMIT $2`)
)

// alertMoved is what the trail keeps of a move of an alert.
type alertMoved struct {
	State  string `db:"state" json:"state"`
	Answer string `db:"answer" json:"answer"`
}

// AddAlert stores an alert that a callback told of, which this transaction has
// read before: the schema looks for it.
func (t *Tx) AddAlert(a Alert) error {
	a.ExpiresAt, a.ArrivedAt = a.ExpiresAt.UTC().Truncate(time.Microsecond), a.ArrivedAt.UTC().Truncate(time.Microsecond)
	state, err := row[string](t.Query, sqlInsertAlert, a.ID, t.actor.Merchant, a.Reference, a.PromptPayID, a.SenderKind, a.SenderValue, a.SenderName, a.AmountSatang,
		a.Reference1, a.Reference2, a.Message, a.ExpiresAt, a.ArrivedAt, a.CallbackID, a.Suspicions)
	if err != nil {
		return fmt.Errorf("recording an alert: %w", err)
	}
	return t.Audit("alert.arrived", About("alert", a.ID), map[string]any{
		"rtp_reference": a.Reference, "promptpay_id": a.PromptPayID, "sender_kind": a.SenderKind, "sender_sha256": hashText(a.SenderValue), "sender_name": a.SenderName,
		"amount_satang": a.AmountSatang, "reference1": a.Reference1, "reference2": a.Reference2, "message": a.Message, "expires_at": a.ExpiresAt,
		"callback": a.CallbackID, "suspicions": a.Suspicions, "state": state,
	})
}

// AnswerAlert binds an alert to the instruction that answers it.
func (t *Tx) AnswerAlert(id, instruction ID, kind string) error {
	moved, err := row[alertMoved](t.Query, sqlAlertAnswering, t.actor.Merchant, id, instruction)
	if err != nil {
		return fmt.Errorf("answering an alert: %w", err)
	}
	return t.Audit("alert.answering", About("alert", id), map[string]any{"instruction": instruction, "kind": kind, "state": moved.State, "answer": moved.Answer})
}

// FollowAlert gives an alert the state that follows from its instruction.
// Nothing to change is no error, and no leaf. Answered is what the bank was told
// just now, if it was.
func (t *Tx) FollowAlert(id ID) (answered string, err error) {
	before, err := t.AlertItself(id)
	if err != nil {
		return "", err
	}
	list, err := rows[alertMoved](t.Query, sqlFollowAlert, t.actor.Merchant, id)
	if err != nil {
		return "", fmt.Errorf("moving an alert: %w", err)
	}
	for _, moved := range list {
		if moved.Answer != before.Answer {
			answered = moved.Answer
		}
		if err := t.Audit("alert.moved", About("alert", id), moved); err != nil {
			return "", err
		}
	}
	return answered, nil
}

// AlertWord is what the bank says of an alert after it came.
type AlertWord struct {
	Status           string
	PaidAt           *time.Time
	PaymentReference string
	Callback         ID // or Inquiry
	Inquiry          ID
}

// AlertTold records the bank's word on an alert. The word itself is recorded
// before, in the same transaction: the schema looks for it.
func (t *Tx) AlertTold(id ID, w AlertWord) error {
	w.PaidAt = micro(w.PaidAt)
	moved, err := row[alertMoved](t.Query, sqlAlertTold, t.actor.Merchant, id, w.Status, nullable(w.Callback), nullable(w.Inquiry), w.PaidAt, w.PaymentReference)
	if err != nil {
		return fmt.Errorf("recording the bank's word on an alert: %w", err)
	}
	return t.Audit("alert.told", About("alert", id), map[string]any{
		"bank_status": w.Status, "source": sourceOf(nullable(w.Callback), nullable(w.Inquiry)), "paid_at": utc(w.PaidAt), "payment_reference": w.PaymentReference,
		"state": moved.State, "answer": moved.Answer,
	})
}

// JudgeAlert keeps what is odd about an alert by what is known now. A supplier
// must have been written before, in the same transaction.
func (t *Tx) JudgeAlert(id ID, s Suspicions) error {
	n, err := t.exec(sqlJudgeAlert, t.actor.Merchant, id, s)
	if err != nil {
		return fmt.Errorf("judging an alert: %w", err)
	}
	if n == 0 {
		return nil
	}
	return t.Audit("alert.judged", About("alert", id), map[string]any{"suspicions": s})
}

// AlertsToJudge are alerts that wait for a decision, what runs out first
// foremost.
func (q *Query) AlertsToJudge(limit int) ([]Alert, error) {
	return rows[Alert](q, sqlAlertsToRejudge, q.actor.Merchant, limit)
}

// AlertDue is an alert, of any merchant, that the worker has something to do about.
type AlertDue struct {
	ID         ID  `db:"id"`
	MerchantID ID  `db:"merchant_id"`
	Asks       int `db:"asks"`
}

// AlertsToAskAbout names alerts whose answer is unknown and whose turn it is to
// be asked about.
func (q *Query) AlertsToAskAbout(limit int) ([]AlertDue, error) {
	return rows[AlertDue](q, sqlAlertsToAsk, limit)
}

// AlertAsked notes that the bank was asked by itself, and is to be asked again
// after a while; below zero, never.
func (t *Tx) AlertAsked(id ID, again time.Duration) error {
	seconds := int64(-1)
	if again >= 0 {
		seconds = int64(again.Seconds())
	}
	if err := t.one(sqlAlertAsked, t.actor.Merchant, id, seconds); err != nil {
		return fmt.Errorf("asking about an alert: %w", err)
	}
	return t.Audit("alert.asked_about", About("alert", id), map[string]any{"again_seconds": seconds})
}

// alertsAtOnce is how many alerts one sweep looks after.
const alertsAtOnce = 200

// ExpireAlerts ends alerts, of any merchant, whose time is over, and returns how
// many.
func (t *Tx) ExpireAlerts() (int, error) {
	late, err := rows[Found](t.Query, sqlOverdueAlerts, alertsAtOnce)
	if err != nil {
		return 0, fmt.Errorf("finding alerts that ran out: %w", err)
	}
	for _, a := range late {
		moved, err := row[alertMoved](t.Query, sqlExpireAlert, a.MerchantID, a.ID)
		if err != nil {
			return 0, fmt.Errorf("ending an alert: %w", err)
		}
		if err := t.For(a.MerchantID).Audit("alert.expired", About("alert", a.ID), moved); err != nil {
			return 0, err
		}
	}
	return len(late), nil
}

// WarnOfAlerts notes which alerts, of any merchant, run out today undecided, so
// that people are told once, and returns how many.
func (t *Tx) WarnOfAlerts() (int, error) {
	ending, err := rows[Found](t.Query, sqlEndingAlerts, alertsAtOnce)
	if err != nil {
		return 0, fmt.Errorf("finding alerts that run out: %w", err)
	}
	for _, a := range ending {
		if err := t.one(sqlWarnOfAlert, a.MerchantID, a.ID); err != nil {
			return 0, fmt.Errorf("warning of an alert: %w", err)
		}
		if err := t.For(a.MerchantID).Audit("alert.ending", About("alert", a.ID), map[string]any{}); err != nil {
			return 0, err
		}
	}
	return len(ending), nil
}
