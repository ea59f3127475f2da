package store

import "github.com/lib/pq"

// Trial is what instructions of the last days would have needed, all that
// would have needed the same taken together.
type Trial struct {
	Operation string `db:"operation"`
	Needed    int    `db:"needed"` // then
	Seats     Seats  `db:"seats"`  // under the rules that are tried
	Number    int    `db:"number"`
	Satang    int64  `db:"satang"`
	// Nobody is how many of them would have had too few different people, by who
	// works here today.
	Nobody int `db:"nobody"`
	// A few of them, those that nobody could have completed first.
	Examples IDs            `db:"examples"`
	Titles   pq.StringArray `db:"titles"`
}

// TrialLimit is how many instructions are tried at most, the latest. It keeps
// the worst merchant's trial to about a second.
const TrialLimit = 10000

// The totals of a day run on as they did then. What was rejected, withdrawn or
// late counts in its own turn only.
var sqlTrial = statement(`
	WITH recent AS (
		SELECT id, operation, maker_id, approvals_needed, amount_satang, new_buyer, title, submitted_at, state IN ('rejected', 'withdrawn', 'expired') AS ended
		FROM instructions WHERE merchant_id = $1 AND part = 0 AND submitted_at > now() - $3 * interval '1 day'
		ORDER BY submitted_at DESC, id DESC LIMIT $4
	), summed AS (
		SELECT id, operation, maker_id, approvals_needed, amount_satang, new_buyer, title, submitted_at, coalesce(sum(CASE WHEN ended THEN 0 ELSE amount_satang END) OVER maker, 0)::bigint + CASE WHEN ended THEN amount_satang ELSE 0 END AS by_maker,
			coalesce(sum(CASE WHEN ended THEN 0 ELSE amount_satang END) OVER merchant, 0)::bigint + CASE WHEN ended THEN amount_satang ELSE 0 END AS by_merchant
		FROM recent
		WINDOW maker AS (PARTITION BY operation, maker_id, (submitted_at AT TIME ZONE 'Asia/Bangkok')::date ORDER BY submitted_at, id),
			merchant AS (PARTITION BY operation, (submitted_at AT TIME ZONE 'Asia/Bangkok')::date ORDER BY submitted_at, id)
	), tried AS MATERIALIZED (
		SELECT id, operation, maker_id, approvals_needed, amount_satang, title, submitted_at, seats_asked($2::jsonb, 1::smallint, operation, amount_satang, new_buyer, by_maker, by_merchant) AS seats FROM summed
	), judged AS MATERIALIZED (
		SELECT k.operation, k.maker_id, k.seats, NOT seats_can_be_taken($1, k.seats, k.maker_id || ARRAY(
				SELECT m.person_id FROM memberships m WHERE m.merchant_id = $1 AND 'checker' = ANY (m.duties) AND NOT works_on($1, m.person_id, k.operation))) AS nobody
		FROM (SELECT DISTINCT operation, maker_id, seats FROM tried) k
	), ranked AS (
		SELECT t.id, t.operation, t.approvals_needed, t.amount_satang, t.title, t.seats, j.nobody, row_number() OVER (PARTITION BY t.operation, t.approvals_needed, t.seats ORDER BY j.nobody DESC, t.submitted_at DESC, t.id DESC) AS place
		FROM tried t JOIN judged j ON j.operation = t.operation AND j.maker_id = t.maker_id AND j.seats = t.seats
	)
	SELECT operation, approvals_needed AS needed, seats, count(*) AS number, sum(amount_satang)::bigint AS satang, count(*) FILTER (WHERE nobody) AS nobody,
		array_agg(id::text ORDER BY place) FILTER (WHERE place <= 3) AS examples, array_agg(title ORDER BY place) FILTER (WHERE place <= 3) AS titles
	FROM ranked GROUP BY operation, approvals_needed, seats
	ORDER BY count(*) FILTER (WHERE nobody) > 0 DESC, jsonb_array_length(seats), seats, operation, approvals_needed`)

// Try says what the instructions of the last days would have needed under
// these rules.
func (q *Query) Try(r Rules, days int) ([]Trial, error) {
	return rows[Trial](q, sqlTrial, q.actor.Merchant, r, days, TrialLimit)
}
