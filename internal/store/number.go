package store

import (
	"errors"
	"fmt"
	"time"
)

// NumberedKinds are the kinds of document that the portal numbers, by ETDA's
// codes, in the order people know them.
var NumberedKinds = []string{"T01", "T03", "388", "T02", "T04", "80", "81", "T07"}

// Series is all numbers of one kind of document of one branch.
type Series struct {
	ID     ID     `db:"id"`
	Branch string `db:"branch"`
	Kind   string `db:"kind"`
}

// Pattern is how the numbers of a series look, from a day on. The number of the
// n-th document of a period is prefix, year, month, separator and n in at least
// so many digits.
type Pattern struct {
	Version   int       `db:"version"`
	FromOn    time.Time `db:"from_on"` // the first day of documents it holds for
	Prefix    string    `db:"prefix"`
	Year      string    `db:"year"` // "", "BBBB" or "BB" of the Buddhist era, "CCCC" or "CC" of the common one
	Month     bool      `db:"month"`
	Separator string    `db:"separator"`
	Digits    int       `db:"digits"`
	Restarts  string    `db:"restarts"` // "never", "year" or "month"
	FirstNo   int       `db:"first_no"` // of the first period that it numbers
	SetByName *string   `db:"set_by_name"`
	SetAt     time.Time `db:"set_at"`
}

// Why a number was voided.
const (
	VoidDiscarded = "discarded" // its document was discarded
	VoidChanged   = "changed"   // its document became of another kind or period
	VoidTaken     = "taken"     // somebody else, such as the bank, has it already
)

// DocumentNumber is a number that was given, and what became of it.
type DocumentNumber struct {
	ID           ID         `db:"id"`
	SeriesID     ID         `db:"series_id"`
	Kind         string     `db:"kind"`
	Branch       string     `db:"branch"`
	OnDay        time.Time  `db:"on_day"`
	Period       string     `db:"period"`
	N            int64      `db:"n"`
	Number       string     `db:"number"`
	Subject      Subject    `db:"subject"`
	GivenAt      time.Time  `db:"given_at"`
	GivenByName  string     `db:"given_by_name"`
	VoidedAt     *time.Time `db:"voided_at"`
	VoidedByName *string    `db:"voided_by_name"`
	VoidCause    *string    `db:"void_cause"`
	VoidNote     string     `db:"void_note"`
}

// Errors of numbering.
var (
	// ErrNumberTaken: the next number of the series is given already, in
	// another series of the merchant. An administrator changes one pattern.
	ErrNumberTaken = errors.New("the next number is taken by another series")
	// ErrNoPattern: the document's day is before the first pattern of its series.
	ErrNoPattern = errors.New("the series has no pattern for that day")
)

const numberColumns = `d.id, d.series_id, s.kind, s.branch, d.on_day, d.period, d.n, d.number, d.subject, d.given_at, g.name AS given_by_name,
	d.voided_at, v.name AS voided_by_name, d.void_cause, d.void_note`

var (
	sqlNumberOf = statement(`
		SELECT ` + numberColumns + ` FROM document_numbers d JOIN document_series s ON s.id = d.series_id JOIN people g ON g.id = d.given_by
			LEFT JOIN people v ON v.id = d.voided_by
		WHERE d.merchant_id = $1 AND d.subject = $2 AND d.voided_at IS NULL`)
	sqlAddSeries = statement(`
		INSERT INTO document_series (id, merchant_id, branch, kind) VALUES ($1, $2, $3, $4) ON CONFLICT ON CONSTRAINT series_is_unique DO NOTHING`)
	sqlBeginPattern = statement(`
		INSERT INTO series_patterns (series_id, merchant_id, version, from_on, prefix, year, month, separator, digits, restarts, first_no, set_by)
		SELECT s.id, s.merchant_id, b.version, b.from_on, b.prefix, b.year, b.month, b.separator, b.digits, b.restarts, b.first_no, acting_person()
		FROM document_series s, series_begins(s) b WHERE s.merchant_id = $1 AND s.id = $2
		RETURNING version, from_on, prefix, year, month, separator, digits, restarts, first_no, set_at`)
	sqlSeriesOf = statement(`SELECT id, branch, kind FROM document_series WHERE merchant_id = $1 AND branch = $2 AND kind = $3`)
	// What the day's period is, to see whether a number that was given before
	// still fits.
	sqlPeriodOn = statement(`
		SELECT series_period(p, $3) FROM series_pattern_on($2, $3) p WHERE p.merchant_id = $1`)
	sqlGiveNumber = statement(`
		INSERT INTO document_numbers (id, merchant_id, series_id, on_day, subject) VALUES ($1, $2, $3, $4, $5) RETURNING number, n, period, pattern_version`)
	sqlVoidNumber = statement(`
		UPDATE document_numbers SET voided_at = now(), voided_by = $3, void_cause = $4, void_note = $5
		WHERE merchant_id = $1 AND subject = $2 AND voided_at IS NULL RETURNING id, number`)
)

// NumberOf returns the number that a document bears, if it has one.
func (q *Query) NumberOf(about Subject) (DocumentNumber, bool, error) {
	return found(row[DocumentNumber](q, sqlNumberOf, q.actor.Merchant, about))
}

// AllotNumber gives a document of a kind and a branch, dated on that day, the
// next number of its series. A document that bears one of that series and
// period keeps it, so that what is submitted again stays the same; one of
// another kind, branch or period is voided first. A series that was never used
// begins with its usual pattern.
//
// It belongs into the transaction that submits the document: until that ends,
// nobody else gets a number of the series.
func (t *Tx) AllotNumber(kind, branch string, on time.Time, about Subject) (string, error) {
	s, err := t.seriesFor(kind, branch)
	if err != nil {
		return "", err
	}
	has, ok, err := t.NumberOf(about)
	if err != nil {
		return "", err
	}
	if ok {
		period, err := row[string](t.Query, sqlPeriodOn, t.actor.Merchant, s.ID, on)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", fmt.Errorf("numbering: %w", err)
		}
		if has.SeriesID == s.ID && has.Period == period {
			return has.Number, nil
		}
		if err := t.VoidNumber(about, VoidChanged, ""); err != nil {
			return "", err
		}
	}
	id := NewID()
	given, err := row[struct {
		Number  string `db:"number" json:"number"`
		N       int64  `db:"n" json:"n"`
		Period  string `db:"period" json:"period"`
		Version int    `db:"pattern_version" json:"pattern_version"`
	}](t.Query, sqlGiveNumber, id, t.actor.Merchant, s.ID, on, about)
	switch {
	case Violated(err, "number_is_unique"):
		return "", fmt.Errorf("numbering: %w: %w", ErrNumberTaken, err)
	case Violated(err, "series_has_a_pattern"):
		return "", fmt.Errorf("numbering: %w: %w", ErrNoPattern, err)
	case err != nil:
		return "", fmt.Errorf("numbering: %w", err)
	}
	return given.Number, t.Audit("number.given", About("number", id), map[string]any{
		"number": given.Number, "n": given.N, "period": given.Period, "series": s.ID, "pattern_version": given.Version,
		"on": on.Format("2006-01-02"), "subject": about,
	})
}

// VoidNumber marks the number of a document as not used, for a cause and in the
// words of the acting person. It stays for ever, and nothing else ever gets it.
// ErrStale means that the document bears none.
func (t *Tx) VoidNumber(about Subject, cause, note string) error {
	voided, err := row[struct {
		ID     ID     `db:"id"`
		Number string `db:"number"`
	}](t.Query, sqlVoidNumber, t.actor.Merchant, about, t.actor.Person, cause, note)
	if errors.Is(err, ErrNotFound) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("voiding a number: %w", err)
	}
	return t.Audit("number.voided", About("number", voided.ID), map[string]any{
		"number": voided.Number, "cause": cause, "note": note, "subject": about,
	})
}

// seriesFor returns the series, after making it if there is none yet.
func (t *Tx) seriesFor(kind, branch string) (Series, error) {
	s, err := row[Series](t.Query, sqlSeriesOf, t.actor.Merchant, branch, kind)
	if !errors.Is(err, ErrNotFound) {
		return s, err
	}
	s, made, err := t.addSeries(kind, branch)
	if err != nil || !made {
		return s, err
	}
	p, err := row[Pattern](t.Query, sqlBeginPattern, t.actor.Merchant, s.ID)
	if err != nil {
		return s, fmt.Errorf("beginning a series: %w", err)
	}
	return s, t.Audit("series.added", About("series", s.ID), patternDetail(s, p))
}

// addSeries makes a series without a pattern, unless somebody did just now.
func (t *Tx) addSeries(kind, branch string) (Series, bool, error) {
	s := Series{ID: NewID(), Branch: branch, Kind: kind}
	n, err := t.exec(sqlAddSeries, s.ID, t.actor.Merchant, branch, kind)
	if err != nil {
		return s, false, fmt.Errorf("adding a series: %w", err)
	}
	if n == 0 {
		s, err = row[Series](t.Query, sqlSeriesOf, t.actor.Merchant, branch, kind)
	}
	return s, n == 1, err
}

func patternDetail(s Series, p Pattern) map[string]any {
	return map[string]any{
		"branch": s.Branch, "kind": s.Kind, "version": p.Version, "from_on": p.FromOn.Format("2006-01-02"), "prefix": p.Prefix, "year": p.Year,
		"month": p.Month, "separator": p.Separator, "digits": p.Digits, "restarts": p.Restarts, "first_no": p.FirstNo,
	}
}

var sqlSetPattern = statement(`
	INSERT INTO series_patterns (series_id, merchant_id, version, from_on, prefix, year, month, separator, digits, restarts, first_no, set_by)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)

// AddSeries makes a series that is numbered after p from its first document on.
// Violated series_is_unique means that there is one.
func (t *Tx) AddSeries(kind, branch string, p Pattern) (ID, error) {
	s, made, err := t.addSeries(kind, branch)
	if err == nil && !made {
		err = &ConstraintError{Name: "series_is_unique", Err: errors.New("the branch has one of this kind")}
	}
	if err != nil {
		return NoID, err
	}
	p.Version, p.FromOn = 1, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	return s.ID, t.setPattern("series.added", s, p)
}

// SetPattern makes p hold for documents dated from its day on. p.Version is the
// one it follows; ErrStale means that there is a newer one. A violated
// pattern_never_applies_backwards means that a document of a later day is
// numbered, and pattern_gives_new_numbers that its first number is given.
func (t *Tx) SetPattern(s Series, p Pattern) error {
	p.Version++
	err := t.setPattern("series.changed", s, p)
	if Violated(err, "pattern_versions_count_up") {
		return fmt.Errorf("%w: %w", ErrStale, err)
	}
	return err
}

func (t *Tx) setPattern(action string, s Series, p Pattern) error {
	_, err := t.exec(sqlSetPattern, s.ID, t.actor.Merchant, p.Version, p.FromOn, p.Prefix, p.Year, p.Month, p.Separator, p.Digits, p.Restarts, p.FirstNo,
		t.actor.Person)
	if err != nil {
		return fmt.Errorf("setting a pattern: %w", err)
	}
	return t.Audit(action, About("series", s.ID), patternDetail(s, p))
}
