package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

var (
	sqlInsertMandate = statement(`
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, send_to, send_to_sealed, send_to_mark)
		VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, $10, $11)`)
	sqlAdoptMandate = statement(`
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, drawer_account,
			drawer_name, bank_channel, bank_status, bank_said_at, bank_asked_at, registered_at, expires_on, inquiry_id, consent_inquiry_id)
		VALUES ($1, $2, $3, $4, 'bank', $5, $6, $7, '', $8, $9, $10, $11, $12, $13, $14, $13, $15, $16, $16)`)
	sqlLockMandate     = statement(`SELECT state FROM mandates WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlMandatePrepared = statement(`
		UPDATE mandates SET context_id = $3, journey_id = CASE WHEN $4 = '' THEN journey_id ELSE $4 END, link = $5, link_expires_at = $6, bank_asked_at = $7, cause = ''
		WHERE merchant_id = $1 AND id = $2 AND state = 'waiting'`)
	sqlMandateTold = statement(`
		UPDATE mandates SET state = $3, cause = $4, bank_status = $5, bank_token = CASE WHEN $6 = '' THEN bank_token ELSE $6 END,
			journey_id = CASE WHEN journey_id = '' THEN $7 ELSE journey_id END,
			drawer_account = CASE WHEN $8 = '' THEN drawer_account ELSE $8 END, drawer_name = CASE WHEN $9 = '' THEN drawer_name ELSE $9 END,
			bank_channel = CASE WHEN $10 = '' THEN bank_channel ELSE $10 END, expires_on = coalesce($11, expires_on), bank_said_at = $12,
			bank_asked_at = coalesce($13, bank_asked_at), callback_id = $14, inquiry_id = $15,
			registered_at = coalesce(registered_at, $16), consent_callback_id = CASE WHEN registered_at IS NULL AND $16 IS NOT NULL THEN $14 ELSE consent_callback_id END,
			consent_inquiry_id = CASE WHEN registered_at IS NULL AND $16 IS NOT NULL THEN $15 ELSE consent_inquiry_id END
		WHERE merchant_id = $1 AND id = $2`)
	sqlMandateCause    = statement(`UPDATE mandates SET cause = $3 WHERE merchant_id = $1 AND id = $2 AND cause <> $3`)
	sqlMoveMandate     = statement(`UPDATE mandates SET state = $3, cause = $4 WHERE merchant_id = $1 AND id = $2 AND state <> $3`)
	sqlMandateToCancel = statement(`UPDATE mandates SET cancellation_id = $3 WHERE merchant_id = $1 AND id = $2`)
	sqlMandateEnded    = statement(`
		UPDATE mandates SET state = 'cancelled', cause = 'by_us', bank_status = 'CANC', bank_said_at = now()
		WHERE merchant_id = $1 AND id = $2 AND state <> 'cancelled'`)
	sqlOverdueMandates = statement(`
		SELECT m.id, m.merchant_id, '' AS tax_id FROM mandates m WHERE m.state = 'waiting' AND m.link_expires_at < now() ORDER BY m.link_expires_at LIMIT 100 FOR UPDATE SKIP LOCKED`)
)

// StartMandate stores a registration that the acting person begins.
func (t *Tx) StartMandate(m Mandate) error {
	to, err := t.keep(mandateSendTo, m.ID, m.SendTo)
	if err != nil {
		return err
	}
	_, err = t.exec(sqlInsertMandate, m.ID, t.actor.Merchant, m.PayerID, m.Reference, m.Channel, m.CreditorAccount, t.actor.Person, m.TermsVersion,
		to.Clear, to.Cell, to.Mark)
	if err != nil {
		return fmt.Errorf("starting a registration: %w", err)
	}
	m.State, m.StartedBy, m.SendTo = MandateWaiting, nullable(t.actor.Person), to.Told
	return t.Audit("mandate.started", About("mandate", m.ID), mandateDetail(m))
}

// AdoptMandate stores a mandate that the bank's list told of. The difference
// that shows it must have been adopted before, in the same transaction.
func (t *Tx) AdoptMandate(m Mandate) error {
	m.BankSaidAt, m.BankAskedAt, m.Channel, m.TermsVersion = micro(m.BankSaidAt), micro(m.BankAskedAt), AtBank, ""
	_, err := t.exec(sqlAdoptMandate, m.ID, t.actor.Merchant, m.PayerID, m.Reference, m.CreditorAccount, m.State, t.actor.Person, m.BankToken, m.DrawerAccount,
		m.DrawerName, m.BankChannel, m.BankStatus, m.BankSaidAt, m.BankAskedAt, m.ExpiresOn, m.InquiryID)
	if err != nil {
		return fmt.Errorf("adopting a mandate: %w", err)
	}
	m.StartedBy, m.RegisteredAt, m.ConsentInquiry = nullable(t.actor.Person), m.BankSaidAt, m.InquiryID
	return t.Audit("mandate.adopted", About("mandate", m.ID), mandateDetail(m))
}

// mandateDetail is all that the trail says of a mandate as it begins. Later
// leaves repeat what they change under the same names.
func mandateDetail(m Mandate) map[string]any {
	return map[string]any{
		"payer": m.PayerID, "reference": m.Reference, "channel": m.Channel, "creditor_account": m.CreditorAccount, "terms": m.TermsVersion, "send_to": m.SendTo,
		"state": m.State, "bank_status": m.BankStatus, "bank_token": m.BankToken, "journey": m.JourneyID, "context": m.ContextID, "link_sha256": hashText(m.Link),
		"drawer_account": m.DrawerAccount, "drawer_name": m.DrawerName, "registered_at": utc(m.RegisteredAt), "expires_on": onDay(m.ExpiresOn),
		"consent": sourceOf(m.ConsentCallback, m.ConsentInquiry), "source": sourceOf(m.CallbackID, m.InquiryID), "instruction": nil,
	}
}

// sourceOf names the bank's word that something stands on.
func sourceOf(callback, inquiry uuid.NullUUID) string {
	switch {
	case callback.Valid:
		return string(About("callback", callback.UUID))
	case inquiry.Valid:
		return string(About("inquiry", inquiry.UUID))
	}
	return ""
}

// micro cuts a time to what the database keeps of it.
func micro(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	return new(at.UTC().Truncate(time.Microsecond))
}

func utc(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UTC()
}

func onDay(on *time.Time) any {
	if on == nil {
		return nil
	}
	return on.Format(time.DateOnly)
}

// LockMandate makes changes to one mandate take turns, and returns its state.
func (t *Tx) LockMandate(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockMandate, t.actor.Merchant, id)
}

// MandateLink is what the bank opened for a registration.
type MandateLink struct {
	ContextID string
	JourneyID string
	Link      string
	ExpiresAt time.Time
}

// MandatePrepared records what the bank opened for a registration that waits.
func (t *Tx) MandatePrepared(id ID, l MandateLink) error {
	expires := l.ExpiresAt.UTC().Truncate(time.Microsecond)
	if err := t.one(sqlMandatePrepared, t.actor.Merchant, id, l.ContextID, l.JourneyID, l.Link, expires, t.began.At); err != nil {
		return fmt.Errorf("preparing a registration: %w", err)
	}
	detail := map[string]any{"context": l.ContextID, "link_sha256": hashText(l.Link), "link_expires_at": expires}
	if l.JourneyID != "" {
		detail["journey"] = l.JourneyID
	}
	return t.Audit("mandate.prepared", About("mandate", id), detail)
}

// MandateWord is what the bank says of a mandate. What it leaves out stays as
// it was known.
type MandateWord struct {
	Status        string // the bank's
	State         string // ours, that follows
	Cause         string
	Token         string
	JourneyID     string
	DrawerAccount string
	DrawerName    string
	BankChannel   string
	ExpiresOn     *time.Time
	SaidAt        time.Time
	AskedAt       *time.Time // nil for what it told unasked
	ConsentedAt   *time.Time // the first time that it says the payer has agreed
	Callback      ID         // or Inquiry
	Inquiry       ID
}

// MandateTold records the bank's word on a mandate and the state that follows
// from it. The word itself is recorded before, in the same transaction: the
// schema looks for it.
func (t *Tx) MandateTold(m Mandate, w MandateWord) error {
	w.ConsentedAt, w.SaidAt, w.AskedAt = micro(w.ConsentedAt), w.SaidAt.UTC().Truncate(time.Microsecond), micro(w.AskedAt)
	err := t.one(sqlMandateTold, t.actor.Merchant, m.ID, w.State, w.Cause, w.Status, w.Token, w.JourneyID, w.DrawerAccount, w.DrawerName, w.BankChannel,
		w.ExpiresOn, w.SaidAt, w.AskedAt, nullable(w.Callback), nullable(w.Inquiry), w.ConsentedAt)
	if err != nil {
		return fmt.Errorf("recording the bank's word on a mandate: %w", err)
	}
	source := sourceOf(nullable(w.Callback), nullable(w.Inquiry))
	detail := map[string]any{"state": w.State, "cause": w.Cause, "bank_status": w.Status, "said_at": w.SaidAt, "source": source}
	for key, value := range map[string]string{"bank_token": w.Token, "drawer_account": w.DrawerAccount, "drawer_name": w.DrawerName, "bank_channel": w.BankChannel} {
		if value != "" {
			detail[key] = value
		}
	}
	if m.JourneyID == "" && w.JourneyID != "" {
		detail["journey"] = w.JourneyID
	}
	if w.ExpiresOn != nil {
		detail["expires_on"] = onDay(w.ExpiresOn)
	}
	if m.RegisteredAt == nil && w.ConsentedAt != nil {
		detail["registered_at"], detail["consent"] = w.ConsentedAt, source
	}
	return t.Audit("mandate.told", About("mandate", m.ID), detail)
}

// MandateStuck notes why a registration does not get on; it stays in its state.
func (t *Tx) MandateStuck(id ID, cause string) error {
	n, err := t.exec(sqlMandateCause, t.actor.Merchant, id, cause)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("mandate.stuck", About("mandate", id), map[string]any{"cause": cause})
}

// AbandonMandate gives a registration up that waits for the payer.
func (t *Tx) AbandonMandate(id ID, why string) error {
	return t.moveMandate(id, MandateAbandoned, "", "mandate.abandoned", why)
}

// RefuseMandate records that the payer came back from the bank's page with a no.
func (t *Tx) RefuseMandate(id ID, cause string) error {
	return t.moveMandate(id, MandateRefused, cause, "mandate.refused", "")
}

func (t *Tx) moveMandate(id ID, state, cause, action, why string) error {
	if err := t.one(sqlMoveMandate, t.actor.Merchant, id, state, cause); err != nil {
		return fmt.Errorf("moving a mandate: %w", err)
	}
	return t.Audit(action, About("mandate", id), map[string]any{"state": state, "cause": cause, "why": why})
}

// ExpireMandates ends registrations, of any merchant, whose link has run out,
// and returns how many.
func (t *Tx) ExpireMandates() (int, error) {
	late, err := rows[Found](t.Query, sqlOverdueMandates)
	if err != nil {
		return 0, fmt.Errorf("finding registrations that ran out: %w", err)
	}
	for _, m := range late {
		if err := t.For(m.MerchantID).moveMandate(m.ID, MandateExpired, "link_over", "mandate.expired", ""); err != nil {
			return 0, err
		}
	}
	return len(late), nil
}

// MandateCancelling binds a mandate to the instruction that asks to end it.
func (t *Tx) MandateCancelling(id, instruction ID, reason string) error {
	if err := t.one(sqlMandateToCancel, t.actor.Merchant, id, instruction); err != nil {
		return fmt.Errorf("cancelling a mandate: %w", err)
	}
	return t.Audit("mandate.cancellation_requested", About("mandate", id), map[string]any{"instruction": instruction, "reason": reason})
}

// MandateCancelled ends a mandate whose cancellation the bank has carried out.
// One that has ended already is no error.
func (t *Tx) MandateCancelled(id ID) error {
	n, err := t.exec(sqlMandateEnded, t.actor.Merchant, id)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("mandate.cancelled", About("mandate", id), map[string]any{"state": MandateCancelled, "cause": "by_us", "bank_status": "CANC"})
}

var sqlMerchantsToCompare = statement(`
	SELECT o.id FROM merchants o
	WHERE EXISTS (SELECT FROM mandates m WHERE m.merchant_id = o.id)
		AND now() >= (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + $1 * interval '1 hour') AT TIME ZONE 'Asia/Bangkok'
		AND NOT EXISTS (SELECT FROM inquiries q WHERE q.merchant_id = o.id AND q.subject = 'merchant/' || o.id
			AND q.asked_at >= (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + $1 * interval '1 hour') AT TIME ZONE 'Asia/Bangkok')
	ORDER BY o.id`)

var sqlMandatesOver = statement(`
	SELECT m.id FROM mandates m
	WHERE m.merchant_id = $1 AND m.state IN ('active', 'suspended') AND m.expires_on < (now() AT TIME ZONE 'Asia/Bangkok')::date
		AND NOT EXISTS (SELECT FROM inquiries q WHERE q.merchant_id = $1 AND q.subject = 'mandate/' || m.id AND q.state IN ('waiting', 'asking'))
	ORDER BY m.expires_on, m.id LIMIT 1000`)

// MandatesOver are the acting merchant's mandates whose last day is over, while
// the bank has neither said that they have ended nor is being asked.
func (q *Query) MandatesOver() ([]ID, error) {
	return rows[ID](q, sqlMandatesOver, q.actor.Merchant)
}

// MerchantsToCompare are the merchants whose mandates were not compared with the
// bank's list since the given hour of today in Bangkok, once it has come.
func (q *Query) MerchantsToCompare(hour int) ([]ID, error) {
	return rows[ID](q, sqlMerchantsToCompare, hour)
}
