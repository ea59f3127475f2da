package store

import (
	"database/sql"
	"fmt"
)

// PoolStats is how the connections of a store are used.
func (s *Store) PoolStats() sql.DBStats { return s.db.Stats() }

// Backlog is what waits anywhere in the system, of all merchants together: how
// much of it, and for how many milliseconds the oldest of it has; -1 for
// what never was. Counts end at 10,000.
type Backlog struct {
	ToSend      int   `db:"to_send"` // approved and due, or put back by an attempt
	ToSendFor   int64 `db:"to_send_for"`
	OnTheWire   int   `db:"on_the_wire"` // in the hands of a worker
	Unclear     int   `db:"unclear"`     // asked of the bank, and nobody knows what came of it
	UnclearFor  int64 `db:"unclear_for"`
	ToRead      int   `db:"to_read"` // callbacks
	ToReadFor   int64 `db:"to_read_for"`
	ToMail      int   `db:"to_mail"` // mails that are due
	ToMailFor   int64 `db:"to_mail_for"`
	Unnumbered  int   `db:"unnumbered"` // leaves of the trail
	SealLag     int64 `db:"seal_lag"`   // of the oldest of them
	PublishLag  int64 `db:"publish_lag"`
	Checkpoint  int64 `db:"checkpoint"` // age of the newest that was published
	TrailSize   int64 `db:"trail_size"`
	Sound       bool  `db:"sound"` // what the last check of the trail found
	CheckedWhen int64 `db:"checked_when"`
	WholeWhen   int64 `db:"whole_when"`
}

// sqlBacklog reads only what partial indexes hold: what waits, not what was.
// An instruction that was tried before has waited since its first attempt,
// however often it is put off.
var sqlBacklog = statement(`
	WITH to_send AS (
		SELECT CASE WHEN i.attempt_no > 0 THEN (SELECT min(a.claimed_at) FROM attempts a WHERE a.instruction_id = i.id) ELSE greatest(i.state_since, i.not_before) END AS since
		FROM instructions i
		WHERE i.state = 'approved' AND (i.not_before <= now() OR i.attempt_no > 0)
			AND (i.part = 0 OR EXISTS (SELECT FROM instructions b WHERE b.lead_id = i.lead_id AND b.part = i.part - 1 AND b.state = 'done'))
		ORDER BY i.not_before, i.id LIMIT 10000
	), unclear AS (
		SELECT state_since AS since FROM instructions WHERE state = 'unknown' LIMIT 10000
	), to_read AS (
		SELECT received_at AS since FROM callbacks WHERE state = 'received' ORDER BY not_before, id LIMIT 10000
	), to_mail AS (
		SELECT created_at AS since FROM mails WHERE sent_at IS NULL AND dead_at IS NULL AND next_at <= now() ORDER BY next_at, id LIMIT 10000
	), unnumbered AS (
		SELECT at AS since FROM audit_leaves WHERE idx IS NULL ORDER BY at, id LIMIT 10000
	), published AS (
		SELECT size, published_at FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1
	), newest AS (
		SELECT size FROM audit_checkpoints ORDER BY size DESC LIMIT 1
	), checked AS (
		SELECT sound, ended_at FROM trail_checks ORDER BY ended_at DESC, id DESC LIMIT 1
	)
	SELECT (SELECT count(*) FROM to_send) AS to_send, coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(since)) * 1000)::bigint FROM to_send), 0) AS to_send_for,
		(SELECT count(*) FROM instructions WHERE state = 'sending') AS on_the_wire,
		(SELECT count(*) FROM unclear) AS unclear, coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(since)) * 1000)::bigint FROM unclear), 0) AS unclear_for,
		(SELECT count(*) FROM to_read) AS to_read, coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(since)) * 1000)::bigint FROM to_read), 0) AS to_read_for,
		(SELECT count(*) FROM to_mail) AS to_mail, coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(since)) * 1000)::bigint FROM to_mail), 0) AS to_mail_for,
		(SELECT count(*) FROM unnumbered) AS unnumbered, coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(since)) * 1000)::bigint FROM unnumbered), 0) AS seal_lag,
		coalesce((SELECT (extract(epoch FROM clock_timestamp() - min(c.at)) * 1000)::bigint FROM audit_checkpoints c
			WHERE c.published_at IS NULL AND c.size > coalesce((SELECT size FROM published), -1)), 0) AS publish_lag,
		coalesce((SELECT (extract(epoch FROM clock_timestamp() - published_at) * 1000)::bigint FROM published), -1) AS checkpoint,
		coalesce((SELECT size FROM newest), 0) AS trail_size,
		coalesce((SELECT sound FROM checked), true) AS sound, coalesce((SELECT (extract(epoch FROM clock_timestamp() - ended_at) * 1000)::bigint FROM checked), -1) AS checked_when,
		coalesce((SELECT (extract(epoch FROM clock_timestamp() - max(ended_at)) * 1000)::bigint FROM trail_checks WHERE reach = 'whole'), -1) AS whole_when`)

// Backlog reads what waits. Only the worker sees that of all merchants.
func (q *Query) Backlog() (Backlog, error) {
	b, err := row[Backlog](q, sqlBacklog)
	if err != nil {
		return b, fmt.Errorf("reading what waits: %w", err)
	}
	return b, nil
}
