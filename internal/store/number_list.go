package store

import "time"

// SeriesStanding is a series with its pattern and next number for documents of
// a day, and the number it gave last.
type SeriesStanding struct {
	Series
	Pattern
	Next   string     `db:"next"`
	Last   *string    `db:"last"`
	LastOn *time.Time `db:"last_on"`
}

// Period is what was numbered in one period of a series.
type Period struct {
	Period string `db:"period"` // "", a year or a month of the common era
	First  string `db:"first"`
	Last   string `db:"last"`
	Given  int64  `db:"given"`
	Voided int64  `db:"voided"`
	// Missing is how many numbers between first and last no row explains: none,
	// unless somebody broke the database open.
	Missing int64 `db:"missing"`
}

var (
	sqlSeriesList = statement(`
		SELECT s.id, s.branch, s.kind, p.version, p.from_on, p.prefix, p.year, p.month, p.separator, p.digits, p.restarts, p.first_no,
			w.name AS set_by_name, p.set_at, series_number(p, $2, series_next(p, $2)) AS next, l.number AS last, l.on_day AS last_on
		FROM document_series s CROSS JOIN LATERAL series_pattern_on(s.id, $2) p LEFT JOIN people w ON w.id = p.set_by
			LEFT JOIN LATERAL (
				SELECT number, on_day FROM document_numbers d WHERE d.merchant_id = $1 AND d.series_id = s.id ORDER BY given_at DESC, id DESC LIMIT 1) l ON true
		WHERE s.merchant_id = $1 AND ($3::uuid IS NULL OR s.id = $3)
		ORDER BY s.branch, s.kind`)
	// The rows are the count: there is no other to disagree with them.
	sqlPeriods = statement(`
		SELECT c.period, f.number AS first, l.number AS last, c.given, c.voided, c.until - c.since + 1 - c.given AS missing
		FROM (SELECT period, min(n) AS since, max(n) AS until, count(*) AS given, count(voided_at) AS voided
			FROM document_numbers WHERE merchant_id = $1 AND series_id = $2 GROUP BY period) c
			JOIN document_numbers f ON f.series_id = $2 AND f.period = c.period AND f.n = c.since
			JOIN document_numbers l ON l.series_id = $2 AND l.period = c.period AND l.n = c.until
		ORDER BY c.period DESC`)
	sqlPatterns = statement(`
		SELECT p.version, p.from_on, p.prefix, p.year, p.month, p.separator, p.digits, p.restarts, p.first_no, w.name AS set_by_name, p.set_at
		FROM series_patterns p LEFT JOIN people w ON w.id = p.set_by WHERE p.merchant_id = $1 AND p.series_id = $2 ORDER BY p.version DESC`)
	sqlNumbers = statement(`
		SELECT ` + numberColumns + ` FROM document_numbers d JOIN document_series s ON s.id = d.series_id JOIN people g ON g.id = d.given_by
			LEFT JOIN people v ON v.id = d.voided_by
		WHERE d.merchant_id = $1 AND d.series_id = $2 AND (d.given_at, d.id) < ($3, $4)
		ORDER BY d.given_at DESC, d.id DESC LIMIT $5`)
	sqlNumbersVoided = statement(`
		SELECT ` + numberColumns + ` FROM document_numbers d JOIN document_series s ON s.id = d.series_id JOIN people g ON g.id = d.given_by
			LEFT JOIN people v ON v.id = d.voided_by
		WHERE d.merchant_id = $1 AND d.series_id = $2 AND (d.given_at, d.id) < ($3, $4) AND d.voided_at IS NOT NULL
		ORDER BY d.given_at DESC, d.id DESC LIMIT $5`)
	// $1 is the series, or an id of none yet: then the pattern begins a period.
	sqlNextUnder = statement(`
		SELECT series_next(p, $12) FROM (SELECT ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, now())::series_patterns AS p) x`)
	sqlLookOfNumber = statement(`
		SELECT series_number(($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, now())::series_patterns, $12, $13)`)
)

// AllSeries returns the merchant's series with where each stands for documents
// of that day.
func (q *Query) AllSeries(on time.Time) ([]SeriesStanding, error) {
	return rows[SeriesStanding](q, sqlSeriesList, q.actor.Merchant, on, nil)
}

// OneSeries returns a series with where it stands.
func (q *Query) OneSeries(id ID, on time.Time) (SeriesStanding, error) {
	return row[SeriesStanding](q, sqlSeriesList, q.actor.Merchant, on, id)
}

// Periods sums up what was numbered in a series, the newest period first.
func (q *Query) Periods(series ID) ([]Period, error) {
	return rows[Period](q, sqlPeriods, q.actor.Merchant, series)
}

// Patterns returns the patterns of a series, the newest first.
func (q *Query) Patterns(series ID) ([]Pattern, error) {
	return rows[Pattern](q, sqlPatterns, q.actor.Merchant, series)
}

// LookOfNumber returns the number that p gives the n-th document of a day.
func (q *Query) LookOfNumber(p Pattern, on time.Time, n int64) (string, error) {
	return row[string](q, sqlLookOfNumber, NewID(), q.actor.Merchant, p.Version, p.FromOn, p.Prefix, p.Year, p.Month, p.Separator, p.Digits,
		p.Restarts, p.FirstNo, on, n)
}

// NextUnder returns the next two numbers of a series, if p came to hold for the
// documents of a day. A series that there is not yet begins with p.
func (q *Query) NextUnder(series ID, p Pattern, on time.Time) (next [2]string, err error) {
	n, err := row[int64](q, sqlNextUnder, series, q.actor.Merchant, p.Version+1, p.FromOn, p.Prefix, p.Year, p.Month, p.Separator, p.Digits, p.Restarts,
		p.FirstNo, on)
	for i := range next {
		if err != nil {
			return next, err
		}
		next[i], err = q.LookOfNumber(p, on, n+int64(i))
	}
	return next, err
}

// NumberCursor is a place among the numbers of a series; zero is the newest.
type NumberCursor struct {
	At time.Time
	ID ID
}

// Numbers lists the numbers of a series, the newest first, only the voided ones
// if that is asked, and whether the list goes on.
func (q *Query) Numbers(series ID, voided bool, from NumberCursor, limit int) (list []DocumentNumber, more bool, err error) {
	if from.At.IsZero() {
		from = NumberCursor{At: lastDay, ID: lastID}
	}
	query := sqlNumbers
	if voided {
		query = sqlNumbersVoided
	}
	if list, err = rows[DocumentNumber](q, query, q.actor.Merchant, series, from.At, from.ID, limit+1); len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}
