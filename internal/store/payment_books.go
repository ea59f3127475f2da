package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// BookDay is what was booked on one day that is not closed.
type BookDay struct {
	Day            time.Time `db:"day"`
	Payments       int       `db:"payments"`
	AmountSatang   int64     `db:"amount_satang"`
	Waiting        int       `db:"waiting"` // to be matched or set aside before the day can be closed
	WaitingSatang  int64     `db:"waiting_satang"`
	AsideSatang    int64     `db:"aside_satang"`
	AppliedSatang  int64     `db:"applied_satang"`
	WithheldSatang int64     `db:"withheld_satang"`
	FeeSatang      int64     `db:"fee_satang"`
}

// mostBookDays is how many days from the first open one a page adds up.
const mostBookDays = 62

var (
	sqlBookDays = statement(`
		WITH closed AS (SELECT coalesce(max(through), '-infinity') AS through FROM payment_closings WHERE merchant_id = $1),
		-- Books that nobody ever closes are shown from their oldest day on.
		bounds AS (
			SELECT c.through, least((SELECT min(p.booked_on) FROM payments p WHERE p.merchant_id = $1 AND p.booked_on > c.through),
				(SELECT min(m.booked_on) FROM payment_matches m WHERE m.merchant_id = $1 AND m.booked_on > c.through),
				(SELECT min(m.undone_on) FROM payment_matches m WHERE m.merchant_id = $1 AND m.undone_on > c.through)) + $2::integer AS before
			FROM closed c
		),
		came AS (
			SELECT p.booked_on AS day, count(*)::integer AS payments, sum(p.amount_satang)::bigint AS amount_satang,
				(count(*) FILTER (WHERE p.state IN ('waiting', 'part')))::integer AS waiting,
				coalesce(sum(p.amount_satang - p.applied_satang) FILTER (WHERE p.state IN ('waiting', 'part')), 0)::bigint AS waiting_satang,
				coalesce(sum(p.amount_satang - p.applied_satang) FILTER (WHERE p.state = 'aside'), 0)::bigint AS aside_satang
			FROM payments p, bounds b WHERE p.merchant_id = $1 AND p.booked_on > b.through AND p.booked_on < b.before GROUP BY p.booked_on
		), used AS (
			SELECT m.day, sum(m.applied)::bigint AS applied_satang, sum(m.withheld)::bigint AS withheld_satang, sum(m.fee)::bigint AS fee_satang FROM (
				SELECT m.booked_on AS day, m.applied_satang AS applied, m.withheld_satang AS withheld, m.fee_satang AS fee
				FROM payment_matches m, bounds b WHERE m.merchant_id = $1 AND m.booked_on > b.through AND m.booked_on < b.before
				UNION ALL
				SELECT m.undone_on, -m.applied_satang, -m.withheld_satang, -m.fee_satang
				FROM payment_matches m, bounds b WHERE m.merchant_id = $1 AND m.undone_on > b.through AND m.undone_on < b.before
			) m GROUP BY m.day
		)
		SELECT coalesce(c.day, u.day) AS day, coalesce(c.payments, 0) AS payments, coalesce(c.amount_satang, 0) AS amount_satang, coalesce(c.waiting, 0) AS waiting,
			coalesce(c.waiting_satang, 0) AS waiting_satang, coalesce(c.aside_satang, 0) AS aside_satang, coalesce(u.applied_satang, 0) AS applied_satang,
			coalesce(u.withheld_satang, 0) AS withheld_satang, coalesce(u.fee_satang, 0) AS fee_satang
		FROM came c FULL JOIN used u ON u.day = c.day ORDER BY 1`)
	sqlClosings = statement(`
		SELECT c.merchant_id, c.through, c.closed_by, p.name AS closed_by_name, c.closed_at, c.payments, c.amount_satang, c.applied_satang, c.withheld_satang,
			c.fee_satang, c.aside_satang
		FROM payment_closings c JOIN people p ON p.id = c.closed_by WHERE c.merchant_id = $1 AND c.through < $2 ORDER BY c.through DESC LIMIT $3`)
)

// BookDays lists the open days on which anything is booked, the oldest first,
// of two months at most.
func (q *Query) BookDays() ([]BookDay, error) {
	return rows[BookDay](q, sqlBookDays, q.actor.Merchant, mostBookDays)
}

// ClosedBooks is a closing with who closed.
type ClosedBooks struct {
	Closing
	ClosedByName string `db:"closed_by_name"`
}

// Closings lists closed books, the newest first, before a day unless it is zero.
func (q *Query) Closings(before time.Time, limit int) ([]ClosedBooks, error) {
	if before.IsZero() {
		before = lastDay
	}
	return rows[ClosedBooks](q, sqlClosings, q.actor.Merchant, before, limit)
}

// The states of a certificate of withheld tax.
const (
	CertificateAwaited  = "awaited"
	CertificateReceived = "received"
	CertificateWaived   = "waived"
)

// CertificateStates lists the states in the order of the list's tabs.
var CertificateStates = []string{CertificateAwaited, CertificateReceived, CertificateWaived}

// Certificate is what a buyer who withheld tax owes, or gave.
type Certificate struct {
	MatchID        ID            `db:"match_id"`
	PresentmentID  ID            `db:"presentment_id"`
	BuyerTaxID     string        `db:"buyer_tax_id"`
	WithheldSatang int64         `db:"withheld_satang"`
	WithheldOn     time.Time     `db:"withheld_on"`
	State          string        `db:"state"`
	Number         string        `db:"certificate_no"`
	On             *time.Time    `db:"certificate_on"`
	FileID         uuid.NullUUID `db:"file_id"`
	Note           string        `db:"note"`
	AskedTimes     int           `db:"asked_times"`
	AskedAt        *time.Time    `db:"asked_at"`
	ChangedByName  *string       `db:"changed_by_name"`
	ChangedAt      time.Time     `db:"changed_at"`
	// Of the bill.
	DocumentNumber  string    `db:"document_number"`
	DocumentOn      time.Time `db:"document_on"`
	BuyerName       string    `db:"buyer_name"`
	BuyerBranch     string    `db:"buyer_branch"`
	BuyerAddress    string    `db:"buyer_address"`
	BeforeTaxSatang int64     `db:"before_tax_satang"`
}

const certificateColumns = `c.match_id, c.presentment_id, c.buyer_tax_id, c.withheld_satang, c.withheld_on, c.state, c.certificate_no, c.certificate_on, c.file_id,
	c.note, c.asked_times, c.asked_at, p.name AS changed_by_name, c.changed_at,
	b.document_number, b.document_on, b.buyer_name, b.buyer_branch, b.buyer_address, b.before_tax_satang
	FROM withholding_certificates c JOIN presentments b ON b.id = c.presentment_id LEFT JOIN people p ON p.id = c.changed_by`

// CertificateCursor is a place in the list, which runs by age. The zero cursor
// is its beginning.
type CertificateCursor struct {
	On time.Time
	ID ID
}

var (
	sqlCertificate  = statement(`SELECT ` + certificateColumns + ` WHERE c.merchant_id = $1 AND c.match_id = $2`)
	sqlCertificates = statement(`
		SELECT ` + certificateColumns + ` WHERE c.merchant_id = $1 AND c.state = $2 AND (c.withheld_on, c.match_id) > ($3, $4)
		ORDER BY c.withheld_on, c.match_id LIMIT $5`)
	sqlCertificatesOfBuyer = statement(`
		SELECT ` + certificateColumns + ` WHERE c.merchant_id = $1 AND c.buyer_tax_id = $2 AND c.state = 'awaited' ORDER BY c.withheld_on, c.match_id LIMIT $3`)
	sqlCertificateAges = statement(`
		SELECT CASE WHEN $2::date - c.withheld_on <= 30 THEN 0 WHEN $2::date - c.withheld_on <= 60 THEN 1 WHEN $2::date - c.withheld_on <= 90 THEN 2 ELSE 3 END AS age,
			count(*)::integer AS number, sum(c.withheld_satang)::bigint AS sum_satang
		FROM (SELECT withheld_on, withheld_satang FROM withholding_certificates WHERE merchant_id = $1 AND state = 'awaited' ORDER BY withheld_on LIMIT 10000) c
		GROUP BY 1 ORDER BY 1`)
	sqlCountCertificates = statement(`
		SELECT s.state, (SELECT count(*) FROM (SELECT FROM withholding_certificates c WHERE c.merchant_id = $1 AND c.state = s.state LIMIT 1001) l)::integer AS number
		FROM unnest($2::text[]) AS s (state)`)
)

// Certificate reads one, by the match that withheld.
func (q *Query) Certificate(match ID) (Certificate, error) {
	return row[Certificate](q, sqlCertificate, q.actor.Merchant, match)
}

// Certificates lists certificates in a state, the longest awaited first; one
// more than limit tells that there are others.
func (q *Query) Certificates(state string, after CertificateCursor, limit int) ([]Certificate, error) {
	if after.On.IsZero() {
		after.On = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return rows[Certificate](q, sqlCertificates, q.actor.Merchant, state, after.On, after.ID, limit+1)
}

// CertificatesOwedBy lists what a buyer owes, the oldest first.
func (q *Query) CertificatesOwedBy(taxID string, limit int) ([]Certificate, error) {
	return rows[Certificate](q, sqlCertificatesOfBuyer, q.actor.Merchant, taxID, limit)
}

// CertificateAge is how many certificates are awaited for so long: up to 30
// days, 60, 90, or longer, counted from 0.
type CertificateAge struct {
	Age       int   `db:"age"`
	Number    int   `db:"number"`
	SumSatang int64 `db:"sum_satang"`
}

// CertificateAges adds up what is awaited by its age on the given day, of the
// ten thousand oldest at most.
func (q *Query) CertificateAges(today time.Time) ([]CertificateAge, error) {
	return rows[CertificateAge](q, sqlCertificateAges, q.actor.Merchant, today)
}

// CountCertificates counts certificates by state, each up to CountLimit+1.
func (q *Query) CountCertificates() (map[string]int, error) {
	found, err := rows[struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}](q, sqlCountCertificates, q.actor.Merchant, pq.Array(CertificateStates))
	counts := make(map[string]int, len(found))
	for _, c := range found {
		counts[c.State] = c.Number
	}
	return counts, err
}
