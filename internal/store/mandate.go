package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a mandate.
const (
	MandateWaiting   = "waiting"   // asked for; the payer has not agreed yet
	MandateActive    = "active"    // the bank says that the payer has agreed
	MandateRefused   = "refused"   // the payer or the bank said no
	MandateCancelled = "cancelled" // ended, by us or by the payer
	MandateExpired   = "expired"   // nobody took it up in time, or its day is over
	MandateSuspended = "suspended" // cannot be used for now
	MandateAbandoned = "abandoned" // we gave the registration up
)

// MandateStates lists the states as the list offers them.
var MandateStates = []string{MandateActive, MandateWaiting, MandateSuspended, MandateRefused, MandateExpired, MandateCancelled, MandateAbandoned}

// How a mandate is registered.
const (
	ByConsent  = "consent"  // on the bank's page, from the browser in front of us
	ByDeepLink = "deeplink" // in the bank's app, by a link
	AtBank     = "bank"     // at the bank itself, which told us of it
)

// Mandate is one registration of a payer's account, from the wish to its end.
type Mandate struct {
	ID              ID            `db:"id"`
	PayerID         ID            `db:"payer_id"`
	Reference       string        `db:"reference"` // ours, by which the bank's list tells this registration
	Channel         string        `db:"channel"`
	CreditorAccount string        `db:"creditor_account"`
	State           string        `db:"state"`
	StateSince      time.Time     `db:"state_since"`
	Cause           string        `db:"cause"`
	StartedBy       uuid.NullUUID `db:"started_by"`
	StartedAt       time.Time     `db:"started_at"`
	TermsVersion    string        `db:"terms_version"`
	SendTo          string        `db:"send_to"`
	ContextID       string        `db:"context_id"`
	JourneyID       string        `db:"journey_id"`
	Link            string        `db:"link"` // to the bank's page or app, once it gave one
	LinkExpiresAt   *time.Time    `db:"link_expires_at"`
	BankToken       string        `db:"bank_token"`
	DrawerAccount   string        `db:"drawer_account"`
	DrawerName      string        `db:"drawer_name"`
	BankChannel     string        `db:"bank_channel"`
	BankStatus      string        `db:"bank_status"`
	BankSaidAt      *time.Time    `db:"bank_said_at"`
	BankAskedAt     *time.Time    `db:"bank_asked_at"`
	RegisteredAt    *time.Time    `db:"registered_at"`
	ExpiresOn       *time.Time    `db:"expires_on"`
	ConsentCallback uuid.NullUUID `db:"consent_callback_id"`
	ConsentInquiry  uuid.NullUUID `db:"consent_inquiry_id"`
	CallbackID      uuid.NullUUID `db:"callback_id"`
	InquiryID       uuid.NullUUID `db:"inquiry_id"`
	CancellationID  uuid.NullUUID `db:"cancellation_id"`
	// Of the payer, and of whoever started it.
	PayerCode     string `db:"payer_code"`
	PayerName     string `db:"payer_name"`
	StartedByName string `db:"started_by_name"`
	// Live: money may be taken under it now.
	Live bool `db:"live"`
	// The cell of SendTo, until it is opened.
	SendToSealed string `db:"send_to_sealed"`
}

func (m *Mandate) reveal(q *Query) error {
	return q.reveal(mandateSendTo, m.ID, &m.SendToSealed, &m.SendTo)
}

// InForce reports whether the bank counts it as standing.
func (m Mandate) InForce() bool { return m.State == MandateActive || m.State == MandateSuspended }

const mandateColumns = `m.id, m.payer_id, m.reference, m.channel, m.creditor_account, m.state, m.state_since, m.cause, m.started_by, m.started_at,
	m.terms_version, m.send_to, m.context_id, m.journey_id, m.link, m.link_expires_at, m.bank_token, m.drawer_account, m.drawer_name, m.bank_channel,
	m.bank_status, m.bank_said_at, m.bank_asked_at, m.registered_at, m.expires_on, m.consent_callback_id, m.consent_inquiry_id, m.callback_id, m.inquiry_id,
	m.cancellation_id, p.code AS payer_code, p.name AS payer_name, coalesce(s.name, '') AS started_by_name,
	m.state = 'active' AND mandate_is_live(m.id) AS live, coalesce(m.send_to_sealed, '') AS send_to_sealed`

// mandateEnds is true of what stands, but only up to a day.
const mandateEnds = `m.state IN ('active', 'suspended') AND m.expires_on IS NOT NULL`

const mandateTables = ` FROM mandates m JOIN payers p ON p.id = m.payer_id AND p.merchant_id = m.merchant_id LEFT JOIN people s ON s.id = m.started_by `

var (
	sqlMandate         = statement(`SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND m.id = $2`)
	sqlMandatesOfPayer = statement(`
		SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND m.payer_id = $2 ORDER BY m.id DESC LIMIT $3`)
	sqlMandateInForce = statement(`
		SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND m.payer_id = $2 AND m.state IN ('active', 'suspended') AND m.creditor_account = $3`)
	sqlActiveMandates = statement(`
		SELECT ` + mandateColumns + mandateTables + `
		WHERE m.merchant_id = $1 AND m.payer_id = ANY ($2::uuid[]) AND m.state IN ('active', 'suspended') AND m.creditor_account = $3 ORDER BY m.id`)
	sqlMandateIsLive  = statement(`SELECT mandate_is_live($1)`)
	sqlMandatesNewest = statement(`
		SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3`)
	sqlMandatesInState = statement(`
		SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND m.state = $4 AND m.id < $2 ORDER BY m.id DESC LIMIT $3`)
	// By their last day, the first to end first: also those whose day is over
	// while the bank has not said so yet.
	sqlMandatesEnding = statement(`
		SELECT ` + mandateColumns + mandateTables + `
		WHERE m.merchant_id = $1 AND ` + mandateEnds + ` AND m.expires_on <= $4
			AND (m.expires_on, m.id) > ($5, $2)
			AND ($6 = '' OR m.payer_id = ANY (ARRAY(SELECT f.payer_id FROM payers_matching($6, 'active', '', 'new', '', '00000000-0000-0000-0000-000000000000', 1001, $7) f)))
		ORDER BY m.expires_on, m.id LIMIT $3`)
	// By what is known of the payer; a mandate's own names are few.
	sqlMandatesMatching = statement(`
		SELECT ` + mandateColumns + mandateTables + `
		WHERE m.merchant_id = $1 AND m.id < $2 AND ($4 = '' OR m.state = $4) AND m.payer_id = ANY (ARRAY(
			SELECT f.payer_id FROM payers_matching($5, 'active', '', 'new', '', '00000000-0000-0000-0000-000000000000', 1001, $6) f
			UNION ALL SELECT f.payer_id FROM payers_matching($5, 'archived', '', 'new', '', '00000000-0000-0000-0000-000000000000', 1001, $6) f))
		ORDER BY m.id DESC LIMIT $3`)
	sqlMandateNamed = statement(`
		SELECT ` + mandateColumns + mandateTables + `
		WHERE m.merchant_id = $1 AND (m.reference = upper($2) OR m.bank_token <> '' AND m.bank_token = $2 OR m.journey_id <> '' AND m.journey_id = $2) ORDER BY m.id DESC LIMIT 2`)
	sqlMandatesCounted = statement(`
		SELECT s.state, (SELECT count(*) FROM (
			SELECT FROM mandates m WHERE m.merchant_id = $1 AND m.state = s.state LIMIT 1001) counted) AS number
		FROM unnest($2::text[]) AS s(state)
		UNION ALL SELECT 'ending', (SELECT count(*) FROM (
			SELECT FROM mandates m WHERE m.merchant_id = $1 AND ` + mandateEnds + ` AND m.expires_on <= $3 LIMIT 1001) counted)`)
	sqlMandatesAtBank = statement(`
		SELECT m.id, m.merchant_id, o.tax_id FROM mandates m JOIN merchants o ON o.id = m.merchant_id
		WHERE m.bank_token <> '' AND m.bank_token = $1 OR m.journey_id <> '' AND m.journey_id = $2 ORDER BY m.id LIMIT 10`)
	sqlMandateByReference = statement(`
		SELECT m.id, m.merchant_id, o.tax_id FROM mandates m JOIN merchants o ON o.id = m.merchant_id JOIN payers p ON p.id = m.payer_id
		WHERE m.reference = $1 AND p.code = $2 AND m.bank_token = '' ORDER BY m.id LIMIT 2`)
	sqlMandatesOnTheWire = statement(`
		SELECT EXISTS (SELECT FROM inquiries WHERE state IN ('waiting', 'asking') AND operation IN ('mandate.deeplink', 'consent.prepare', 'consent.retrieve'))`)
)

// Mandate returns one mandate.
func (q *Query) Mandate(id ID) (Mandate, error) {
	return row[Mandate](q, sqlMandate, q.actor.Merchant, id)
}

// MandatesOfPayer lists a payer's mandates, the newest first.
func (q *Query) MandatesOfPayer(payer ID, limit int) ([]Mandate, error) {
	return rows[Mandate](q, sqlMandatesOfPayer, q.actor.Merchant, payer, limit)
}

// ActiveMandate returns the payer's mandate that stands for collecting into an
// account of ours, of which there is at most one. Whether money may be taken
// under it just now is its Live. ErrNotFound means that there is none.
func (q *Query) ActiveMandate(payer ID, creditorAccount string) (Mandate, error) {
	return row[Mandate](q, sqlMandateInForce, q.actor.Merchant, payer, creditorAccount)
}

// ActiveMandates is ActiveMandate for many payers: who is missing has none.
func (q *Query) ActiveMandates(payers []ID, creditorAccount string) (map[ID]Mandate, error) {
	list, err := rows[Mandate](q, sqlActiveMandates, q.actor.Merchant, pq.Array(idTexts(payers)), creditorAccount)
	if err != nil {
		return nil, err
	}
	of := make(map[ID]Mandate, len(list))
	for _, m := range list {
		of[m.PayerID] = m
	}
	return of, nil
}

// MandateIsLive reports whether money may be taken under a mandate now.
func (q *Query) MandateIsLive(id ID) (bool, error) { return row[bool](q, sqlMandateIsLive, id) }

// MandatesEnding selects, where a state could stand, the mandates whose last day
// is near or over.
const MandatesEnding = "ending"

// MandateFilter selects a page of the list, which runs from the newest.
type MandateFilter struct {
	State string    // any unless given
	Ends  time.Time // of those that are ending: the last day that is near
	Text  string    // of the payer, or one of the mandate's own names
	From  ID        // the last of the page before
	After time.Time // its last day, of those that are ending
	Limit int
}

// Mandates returns a page of the list, and whether it goes on.
func (q *Query) Mandates(f MandateFilter) (list []Mandate, more bool, err error) {
	from := f.From
	if from == NoID {
		from = uuid.Max
	}
	marks, err := q.marksOf(f.Text, payerEmail)
	if err != nil {
		return nil, false, err
	}
	switch {
	case f.State == MandatesEnding:
		list, err = rows[Mandate](q, sqlMandatesEnding, q.actor.Merchant, f.From, f.Limit+1, f.Ends, f.After, f.Text, marks)
	case f.Text != "":
		if f.From == NoID {
			if list, err = rows[Mandate](q, sqlMandateNamed, q.actor.Merchant, f.Text); err != nil || len(list) > 0 {
				return list, false, err
			}
		}
		list, err = rows[Mandate](q, sqlMandatesMatching, q.actor.Merchant, from, f.Limit+1, f.State, f.Text, marks)
	case f.State != "":
		list, err = rows[Mandate](q, sqlMandatesInState, q.actor.Merchant, from, f.Limit+1, f.State)
	default:
		list, err = rows[Mandate](q, sqlMandatesNewest, q.actor.Merchant, from, f.Limit+1)
	}
	if len(list) > f.Limit {
		return list[:f.Limit], true, err
	}
	return list, false, err
}

// CountMandates counts mandates by state, and those that end until a day, each
// up to CountLimit+1.
func (q *Query) CountMandates(ends time.Time) (map[string]int, error) {
	var found []struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}
	if err := q.all(&found, sqlMandatesCounted, q.actor.Merchant, pq.Array(MandateStates), ends); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, c := range found {
		counts[c.State] = c.Number
	}
	return counts, nil
}

// MandatesAtBank finds the mandates, of any merchant, that the bank calls by
// this token or this journey.
func (q *Query) MandatesAtBank(token, journey string) ([]Found, error) {
	return rows[Found](q, sqlMandatesAtBank, token, journey)
}

// MandatesByReference finds registrations, of any merchant, by the two
// references that the bank was given for them.
func (q *Query) MandatesByReference(reference, payerCode string) ([]Found, error) {
	return rows[Found](q, sqlMandateByReference, reference, payerCode)
}

// MandatesOnTheWire reports whether the bank's answer to any registration is
// still awaited, so that it may know a name that we do not know yet.
func (q *Query) MandatesOnTheWire() (bool, error) { return row[bool](q, sqlMandatesOnTheWire) }
