package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// row reads one row by one statement that is a transaction of its own: one
// round trip. It is for the few look-ups that precede any actor. They only
// read, so that running one twice after a lost connection does no harm.
func (s *Store) row(ctx context.Context, dest any, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, connWait)
	defer cancel()
	err := s.stmts[query].GetContext(ctx, dest, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if _, answered := errors.AsType[*pq.Error](err); err != nil && !answered {
		return away(ctx, err)
	}
	return refused(err)
}

// SessionUser is everything a request needs to know about who asks. Rights are
// read anew by every request, so that taking them away works at once.
type SessionUser struct {
	Person
	// Session is the session's id, which may be written down; the token may not.
	Session ID
	// Merchant is the one the person chose to act for, or NoID.
	Merchant ID
	// Memberships are all of the person's; the chosen merchant may not be
	// among them any more.
	Memberships []Membership
	// Data is the session's own memory.
	Data []byte
	// Idle says that the session was last seen more than a minute ago, and
	// should be touched.
	Idle bool
	// Enrolled: the person has a second factor.
	Enrolled bool
	// DeviceSince is when the person was first seen in this browser; zero if
	// that is not known.
	DeviceSince time.Time
}

// Membership returns the person's place at the chosen merchant.
func (u SessionUser) Membership() (Membership, bool) {
	i := slices.IndexFunc(u.Memberships, func(m Membership) bool { return m.Merchant == u.Merchant })
	if i < 0 {
		return Membership{}, false
	}
	return u.Memberships[i], true
}

var sqlSessionUser = statement(`
	WITH found AS MATERIALIZED (
		SELECT s.id AS session_id, s.merchant_id, s.data, s.seen_at < now() - interval '1 minute' AS idle, s.device_id,
		       p.id AS person_id, p.name, p.lang, p.buddhist_era, p.theme, p.roomy,
		       set_config('portal.person', p.id::text, true) AS acting
		FROM sessions s JOIN people p ON p.id = s.person_id
		WHERE s.token_hash = $1 AND s.expires_at > now() AND s.seen_at > now() - $2::bigint * interval '1 second'
		  AND p.disabled_at IS NULL)
	SELECT session_id, merchant_id, data, idle, person_id, name, lang, buddhist_era, theme, roomy, ` + enrolledOf + `,
		(SELECT d.first_seen_at FROM devices d WHERE d.id = found.device_id AND d.person_id = found.acting::uuid) AS device_since, ` + membershipsOf + ` FROM found`)

// SessionUser returns who holds the token with this hash, in one round trip.
// ErrNotFound means that the session ended, was idle for longer than idle, or
// never was, or that its person has been disabled.
func (s *Store) SessionUser(ctx context.Context, tokenHash []byte, idle time.Duration) (SessionUser, error) {
	var row struct {
		Person
		Session     ID            `db:"session_id"`
		Merchant    uuid.NullUUID `db:"merchant_id"`
		Data        []byte        `db:"data"`
		Idle        bool          `db:"idle"`
		Enrolled    bool          `db:"enrolled"`
		DeviceSince sql.NullTime  `db:"device_since"`
		Memberships memberships   `db:"memberships"`
	}
	if err := s.row(ctx, &row, sqlSessionUser, tokenHash, int64(idle/time.Second)); err != nil {
		return SessionUser{}, err
	}
	return SessionUser{
		Person: row.Person, Session: row.Session, Merchant: row.Merchant.UUID, Memberships: row.Memberships,
		Data: row.Data, Idle: row.Idle, Enrolled: row.Enrolled, DeviceSince: row.DeviceSince.Time,
	}, nil
}

// NewSession is a session about to begin. Its id is the transaction's
// Actor.Session, its person and merchant are the Actor's too.
type NewSession struct {
	TokenHash []byte
	Data      []byte
	UserAgent string
	// Lifetime is how long it may last however busy it is.
	Lifetime time.Duration
	// Device is the browser it is in, or NoID.
	Device ID
	// Factor is what was shown besides the password, or "".
	Factor string
}

var (
	sqlInsertSession = statement(`
		INSERT INTO sessions (token_hash, id, person_id, merchant_id, data, address, user_agent, expires_at, device_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8::bigint * interval '1 second', $9)`)
	sqlDeleteExpiredSessions = statement(`
		DELETE FROM sessions WHERE expires_at < now()`)
)

// SignIn begins a session for the acting person and clears away what expired.
func (t *Tx) SignIn(n NewSession) error {
	if _, err := t.exec(sqlDeleteExpiredSessions); err != nil {
		return err
	}
	a := t.actor
	_, err := t.exec(sqlInsertSession, n.TokenHash, a.Session, a.Person, nullable(a.Merchant), n.Data, a.Address, n.UserAgent, int64(n.Lifetime/time.Second), nullable(n.Device))
	if err != nil {
		return err
	}
	return t.Audit("person.signed_in", About("person", a.Person), struct {
		UserAgent string `json:"user_agent"`
		Factor    string `json:"factor,omitempty"`
	}{n.UserAgent, n.Factor})
}

// ResetAsked leaves a trace of somebody who asked for a link to set a new
// password. The person is NoID when nobody has the address.
func (t *Tx) ResetAsked(person ID, hint string) error {
	return t.Audit("person.reset_asked", About("person", person), map[string]any{"email": hint})
}

// SignInFailed leaves a trace of a refused sign-in. The person is NoID when
// nobody has the address; hint is the address made unreadable.
func (t *Tx) SignInFailed(person ID, hint string) error {
	return t.Audit("person.sign_in_failed", About("person", person), map[string]any{"email": hint})
}

var sqlTouchSession = statement(`
	UPDATE sessions SET seen_at = now() WHERE token_hash = $1 AND seen_at < now() - interval '1 minute'`)

// TouchSession keeps a session from running idle.
func (t *Tx) TouchSession(tokenHash []byte) error {
	_, err := t.exec(sqlTouchSession, tokenHash)
	return err
}

var sqlSetSessionData = statement(`
	UPDATE sessions SET data = $2 WHERE token_hash = $1`)

// SetSessionData replaces a session's memory. ErrStale means it has ended.
func (t *Tx) SetSessionData(tokenHash, data []byte) error {
	return t.one(sqlSetSessionData, tokenHash, data)
}

var sqlRenewSession = statement(`
	UPDATE sessions SET token_hash = $2, merchant_id = $3, data = $4 WHERE token_hash = $1 AND person_id = $5`)

// SwitchMerchant moves the acting person's session to a merchant and gives it
// a new token; the old one is worthless from then on. ErrNotFound means that
// the person has no place at that merchant.
func (t *Tx) SwitchMerchant(oldHash, newHash []byte, merchant ID, data []byte) error {
	var member bool
	if err := t.get(&member, sqlIsMember, merchant, t.actor.Person); err != nil {
		return err
	}
	if err := t.one(sqlRenewSession, oldHash, newHash, merchant, data, t.actor.Person); err != nil {
		return err
	}
	return t.Audit("person.merchant_switched", About("person", t.actor.Person), map[string]any{"to": merchant})
}

var sqlReplaceToken = statement(`
	UPDATE sessions SET token_hash = $2, data = $3 WHERE token_hash = $1 AND person_id = $4`)

// RenewSession gives the acting person's session a new token, because they have
// proven who they are by means of how; the old one is worthless from then on.
func (t *Tx) RenewSession(oldHash, newHash, data []byte, how string) error {
	if err := t.one(sqlReplaceToken, oldHash, newHash, data, t.actor.Person); err != nil {
		return err
	}
	return t.Audit("person.proved", About("person", t.actor.Person), map[string]any{"factor": how})
}

var sqlIsMember = statement(`
	SELECT true FROM memberships WHERE merchant_id = $1 AND person_id = $2`)

var (
	sqlDeleteSession = statement(`
		DELETE FROM sessions WHERE token_hash = $1 RETURNING person_id`)
	sqlDeleteSessionByID = statement(`
		DELETE FROM sessions WHERE id = $1 AND person_id = $2`)
	sqlDeleteOtherSessions = statement(`
		DELETE FROM sessions WHERE person_id = $1 AND token_hash IS DISTINCT FROM $2`)
)

// SignOut ends the session with this token, whosever it is: to hold the token
// is to be that person. Ending it twice is no error.
func (t *Tx) SignOut(tokenHash []byte) error {
	var person ID
	err := t.get(&person, sqlDeleteSession, tokenHash)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.Audit("person.signed_out", About("person", person), struct{}{})
}

// EndSession ends one of the acting person's sessions by its id. ErrNotFound
// means it is not theirs or has ended.
func (t *Tx) EndSession(id ID) error {
	n, err := t.exec(sqlDeleteSessionByID, id, t.actor.Person)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return t.Audit("person.session_ended", About("person", t.actor.Person), map[string]any{"session": id})
}

// EndOtherSessions ends all sessions of a person but the one whose token has
// the hash keep, which may be nil.
func (t *Tx) EndOtherSessions(person ID, keep []byte) error {
	n, err := t.exec(sqlDeleteOtherSessions, person, keep)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("person.sessions_ended", About("person", person), map[string]any{"sessions": n})
}

// OpenSession is a session as its owner sees it.
type OpenSession struct {
	ID        ID        `db:"id"`
	Device    string    `db:"device"` // the name its owner gave the browser, or ""
	Address   string    `db:"address"`
	UserAgent string    `db:"user_agent"`
	CreatedAt time.Time `db:"created_at"`
	SeenAt    time.Time `db:"seen_at"`
}

var sqlOpenSessions = statement(`
	SELECT s.id, s.address, s.user_agent, s.created_at, s.seen_at,
		coalesce((SELECT d.name FROM devices d WHERE d.id = s.device_id AND d.person_id = s.person_id), '') AS device
	FROM sessions s WHERE s.person_id = $1 AND s.expires_at > now() AND s.seen_at > now() - $2::bigint * interval '1 second'
	ORDER BY s.seen_at DESC, s.id LIMIT 50`)

// OpenSessions returns the acting person's sessions that have not run idle,
// the latest first.
func (q *Query) OpenSessions(idle time.Duration) ([]OpenSession, error) {
	var open []OpenSession
	err := q.all(&open, sqlOpenSessions, q.actor.Person, int64(idle/time.Second))
	return open, err
}

// GuessLimit allows so many failed sign-ins for one account or network within
// a length of time.
type GuessLimit struct {
	Bucket string
	Most   int
	Within time.Duration
}

// Guess is a reserved attempt at a password.
type Guess struct {
	buckets []string
	at      time.Time
}

// TooManyGuessesError refuses another attempt at a password for a while.
type TooManyGuessesError struct{ Wait time.Duration }

// Error implements error.
func (e *TooManyGuessesError) Error() string {
	return fmt.Sprintf("too many failed sign-ins, wait %s", e.Wait)
}

var (
	sqlLockBucket = statement(`
		SELECT pg_advisory_xact_lock(hashtextextended($1, 7221043))`)
	sqlCountGuesses = statement(`
		SELECT count(*) AS made,
		       ceil(extract(epoch FROM coalesce(min(at), clock_timestamp()) + $2::bigint * interval '1 second' - clock_timestamp()))::bigint AS wait
		FROM sign_in_failures WHERE bucket = $1 AND at > clock_timestamp() - $2::bigint * interval '1 second'`)
	sqlInsertGuess = statement(`
		WITH reserved AS MATERIALIZED (SELECT clock_timestamp() AS at)
		INSERT INTO sign_in_failures (bucket, at) SELECT b.bucket, reserved.at FROM unnest($1::text[]) AS b (bucket), reserved
		RETURNING at`)
	sqlDeleteGuess = statement(`
		DELETE FROM sign_in_failures WHERE bucket = ANY ($1) AND at = $2`)
	sqlDeleteOldGuesses = statement(`
		DELETE FROM sign_in_failures WHERE at < now() - interval '1 day'`)
)

// ReserveGuess counts an attempt at a password as failed before it is checked,
// so that attempts side by side cannot outrun the limits. It returns a
// *TooManyGuessesError, and counts nothing, when a limit has been reached.
func (t *Tx) ReserveGuess(limits ...GuessLimit) (Guess, error) {
	// One order for everybody, so that two sign-ins never wait for each other.
	limits = slices.SortedFunc(slices.Values(limits), func(a, b GuessLimit) int { return strings.Compare(a.Bucket, b.Bucket) })
	g := Guess{buckets: make([]string, len(limits))}
	for i, l := range limits {
		g.buckets[i] = l.Bucket
		if _, err := t.exec(sqlLockBucket, l.Bucket); err != nil {
			return Guess{}, err
		}
		var count struct {
			Made int   `db:"made"`
			Wait int64 `db:"wait"`
		}
		if err := t.get(&count, sqlCountGuesses, l.Bucket, int64(l.Within/time.Second)); err != nil {
			return Guess{}, err
		}
		if count.Made >= l.Most {
			return Guess{}, &TooManyGuessesError{Wait: time.Duration(count.Wait) * time.Second}
		}
	}
	err := t.get(&g.at, sqlInsertGuess, pq.Array(g.buckets))
	return g, err
}

// ForgiveGuess takes back a reserved attempt that turned out right, and clears
// away counts of days gone by.
func (t *Tx) ForgiveGuess(g Guess) error {
	if _, err := t.exec(sqlDeleteGuess, pq.Array(g.buckets), g.at); err != nil {
		return err
	}
	_, err := t.exec(sqlDeleteOldGuesses)
	return err
}
