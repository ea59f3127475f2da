package store

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// How far back a check of the trail reaches.
const (
	CheckWhole  = "whole"  // from the first leaf on
	CheckNewest = "newest" // from where the last sound check ended
)

// TrailCheck is what a worker found when it derived the trail again: leaves,
// tree, checkpoints and the guards of the database. It compares no rows and no
// files; `portal audit verify` does.
type TrailCheck struct {
	ID         ID        `db:"id"`
	Reach      string    `db:"reach"`
	BeganAt    time.Time `db:"began_at"`
	EndedAt    time.Time `db:"ended_at"`
	From       int64     `db:"from_size"`
	Size       int64     `db:"size"`
	Root       []byte    `db:"root"`
	Checkpoint string    `db:"checkpoint"` // the signed text
	Problems   []Problem `db:"-"`

	Found []byte `db:"problems"` // Problems as JSON
}

// Sound reports that nothing is wrong with what was checked.
func (c TrailCheck) Sound() bool { return len(c.Problems) == 0 }

// Signed is the checkpoint up to which it was checked.
func (c TrailCheck) Signed() (Checkpoint, error) { return parseCheckpoint(c.Checkpoint) }

const trailCheckColumns = `id, reach, began_at, ended_at, from_size, size, root, checkpoint, problems`

var (
	sqlTrailChecks = statement(`SELECT ` + trailCheckColumns + ` FROM trail_checks ORDER BY ended_at DESC, id DESC LIMIT $1`)
	sqlLastSound   = statement(`SELECT ` + trailCheckColumns + ` FROM trail_checks WHERE sound ORDER BY ended_at DESC, id DESC LIMIT 1`)
	sqlLastWhole   = statement(`SELECT ` + trailCheckColumns + ` FROM trail_checks WHERE reach = 'whole' ORDER BY ended_at DESC LIMIT 1`)
	sqlAddCheck    = statement(`
		INSERT INTO trail_checks (id, reach, began_at, from_size, size, root, checkpoint, problems) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	sqlNewestNote = statement(`SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1`)
	sqlNoteOfSize = statement(`SELECT note FROM audit_checkpoints WHERE size = $1`)
)

// TrailChecks returns the newest checks.
func (q *Query) TrailChecks(limit int) ([]TrailCheck, error) {
	list, err := rows[TrailCheck](q, sqlTrailChecks, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the checks of the trail: %w", err)
	}
	for n := range list {
		if err := list[n].read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// WholeCheck is the newest check from the first leaf on, or ErrNotFound.
func (q *Query) WholeCheck() (TrailCheck, error) { return q.trailCheck(sqlLastWhole) }

func (q *Query) trailCheck(sql string) (TrailCheck, error) {
	c, err := row[TrailCheck](q, sql)
	if err != nil {
		return c, err
	}
	return c, c.read()
}

func (c *TrailCheck) read() error {
	if err := json.Unmarshal(c.Found, &c.Problems); err != nil {
		return fmt.Errorf("reading check %s of the trail: %w", c.ID, err)
	}
	return nil
}

// CheckRequest is that somebody wants the whole trail checked.
type CheckRequest struct {
	ID       ID            `db:"id"`
	Merchant ID            `db:"merchant_id"`
	AskedBy  string        `db:"asked_by"`
	AskedAt  time.Time     `db:"asked_at"`
	CheckID  uuid.NullUUID `db:"check_id"`
}

const checkRequestColumns = `r.id, r.merchant_id, (SELECT name FROM people p WHERE p.id = r.asked_by) AS asked_by, r.asked_at, r.check_id FROM trail_check_requests r`

var (
	sqlAskForCheck   = statement(`INSERT INTO trail_check_requests (id, merchant_id, asked_by) VALUES ($1, $2, $3)`)
	sqlOpenRequest   = statement(`SELECT ` + checkRequestColumns + ` WHERE r.merchant_id = $1 AND r.check_id IS NULL`)
	sqlOpenRequests  = statement(`SELECT ` + checkRequestColumns + ` WHERE r.check_id IS NULL ORDER BY r.asked_at LIMIT 1000`)
	sqlAnswerRequest = statement(`UPDATE trail_check_requests SET check_id = $2 WHERE id = $1 AND check_id IS NULL`)
)

// CheckIsAskedFor is the constraint that refuses to ask while a question of the
// merchant's is open.
const CheckIsAskedFor = "one_check_is_asked_for"

// AskForCheck asks a worker to check the whole trail.
func (t *Tx) AskForCheck() error {
	id := NewID()
	if _, err := t.exec(sqlAskForCheck, id, t.actor.Merchant, t.actor.Person); err != nil {
		return err
	}
	return t.Audit("trail.check_asked", About("verification", id), map[string]any{})
}

// OpenCheckRequest is the question of the merchant's that waits, or ErrNotFound.
func (q *Query) OpenCheckRequest() (CheckRequest, error) {
	return row[CheckRequest](q, sqlOpenRequest, q.actor.Merchant)
}

// Checking says how KeepChecked works.
type Checking struct {
	Keys TrailKeys
	// Newest is how often what is new is checked, Whole how often everything
	// is; 0 means 10 minutes and a day.
	Newest, Whole time.Duration
	// Poll is how often it looks whether somebody asked; 0 means 3 seconds.
	Poll time.Duration
	Log  *slog.Logger
}

func (o *Checking) complete() error {
	if len(o.Keys) == 0 {
		return errors.New("the audit trail cannot be checked without its public key")
	}
	for _, d := range []struct {
		given *time.Duration
		usual time.Duration
	}{{&o.Newest, 10 * time.Minute}, {&o.Whole, 24 * time.Hour}, {&o.Poll, 3 * time.Second}} {
		if *d.given == 0 {
			*d.given = d.usual
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// KeepChecked checks the trail until ctx is done: what is new every few
// minutes, everything once a day, and whenever somebody asks. The store must be
// the worker's. What it finds is in the table; a trail that does not hold is
// also logged as an error each time.
func (s *Store) KeepChecked(ctx context.Context, o Checking) error {
	if err := o.complete(); err != nil {
		return err
	}
	poll := time.NewTicker(o.Poll)
	defer poll.Stop()
	for {
		check, err := s.CheckDue(ctx, o)
		switch {
		case ctx.Err() != nil:
			return nil // it was asked to stop
		case err != nil:
			o.Log.WarnContext(ctx, "the audit trail could not be checked", "error", err)
		case check != nil && !check.Sound():
			o.Log.ErrorContext(ctx, "the audit trail does not hold", "check", check.ID, "first", check.Problems[0].Message)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// checkLock keeps two workers from checking at a time.
const checkLock = 7_221_049

// CheckDue checks the trail if that is due, and answers whoever asked. It
// returns nil when nothing was due, or another worker is at it.
func (s *Store) CheckDue(ctx context.Context, o Checking) (*TrailCheck, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	var open []CheckRequest
	var made *TrailCheck
	err := s.Read(ctx, Actor{}, func(q *Query) error {
		var mine bool
		if err := q.get(&mine, sqlTryCheckLock, checkLock); err != nil || !mine {
			return err
		}
		due, reach, err := q.dueCheck(o)
		if err != nil || reach == "" {
			return err
		}
		check, err := q.checkTrail(o.Keys, reach)
		open, made = due, &check
		return err
	})
	if err != nil || made == nil {
		return nil, err
	}
	return made, s.keepCheck(ctx, *made, open)
}

var (
	sqlTryCheckLock = statement(`SELECT pg_try_advisory_xact_lock($1)`)
	sqlCheckTimes   = statement(`
		SELECT coalesce((SELECT max(ended_at) FROM trail_checks WHERE reach = 'whole') < now() - $1 * interval '1 microsecond', true) AS whole,
			coalesce((SELECT max(ended_at) FROM trail_checks) < now() - $2 * interval '1 microsecond', false) AS newest,
			coalesce((SELECT size FROM trail_checks ORDER BY ended_at DESC, id DESC LIMIT 1), 0) AS checked,
			coalesce((SELECT NOT sound FROM trail_checks ORDER BY ended_at DESC, id DESC LIMIT 1), false) AS doubtful,
			coalesce((SELECT size FROM audit_checkpoints ORDER BY size DESC LIMIT 1), 0) AS size`)
)

// dueCheck says what is to be checked now, if anything, and who waits for it.
func (q *Query) dueCheck(o Checking) (open []CheckRequest, reach string, err error) {
	if open, err = rows[CheckRequest](q, sqlOpenRequests); err != nil {
		return nil, "", fmt.Errorf("reading who wants a check: %w", err)
	}
	var last struct {
		Whole, Newest, Doubtful bool
		Checked, Size           int64
	}
	if err := q.get(&last, sqlCheckTimes, o.Whole.Microseconds(), o.Newest.Microseconds()); err != nil {
		return nil, "", fmt.Errorf("reading when the trail was checked: %w", err)
	}
	switch {
	case len(open) > 0, last.Whole && last.Size > 0:
		return open, CheckWhole, nil
	case !last.Newest:
		return open, "", nil
	case last.Doubtful:
		// What is wrong must not pass from sight because what came later is right.
		return open, CheckWhole, nil
	case last.Size != last.Checked:
		return open, CheckNewest, nil
	}
	return open, "", nil
}

// keepCheck writes down what was found and answers those who asked.
func (s *Store) keepCheck(ctx context.Context, c TrailCheck, open []CheckRequest) error {
	return s.Write(ctx, Actor{}, func(t *Tx) error {
		found, err := json.Marshal(c.Problems)
		if err != nil {
			return fmt.Errorf("writing down a check: %w", err)
		}
		if _, err := t.exec(sqlAddCheck, c.ID, c.Reach, c.BeganAt, c.From, c.Size, c.Root, c.Checkpoint, string(found)); err != nil {
			return fmt.Errorf("writing down a check: %w", err)
		}
		for _, r := range open {
			n, err := t.exec(sqlAnswerRequest, r.ID, c.ID)
			if err != nil {
				return fmt.Errorf("answering whoever wanted a check: %w", err)
			}
			if n == 0 {
				continue // another worker's check came first
			}
			err = t.For(r.Merchant).Audit("trail.check_answered", About("verification", r.ID), map[string]any{
				"check": c.ID, "size": c.Size, "problems": len(c.Problems),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// checkTrail derives the trail again, as far back as reach says.
func (q *Query) checkTrail(keys TrailKeys, reach string) (TrailCheck, error) {
	c := TrailCheck{ID: NewID(), Reach: reach}
	if _, err := q.tx.ExecContext(q.ctx, `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return c, fmt.Errorf("preparing to check: %w", err)
	}
	var r Report
	v := Verification{Keys: keys, Witnesses: q.store.witnesses}
	if err := v.complete(); err != nil {
		return c, err
	}
	w := &walk{Verification: v, q: q, report: &r, read: -1, readers: 1}
	if reach == CheckNewest {
		var err error
		if c.From, err = w.continueFrom(); err != nil {
			return c, err
		}
	}
	began, err := row[time.Time](q, sqlNow)
	if err != nil {
		return c, err
	}
	c.BeganAt = began
	for _, check := range []func() error{w.leaves, w.guards} {
		if err := check(); err != nil {
			return c, err
		}
	}
	r.sort()
	c.Size, c.Root, c.Problems = w.tree.size, r.Root[:], append([]Problem{}, r.Problems...)
	err = q.get(&c.Checkpoint, sqlNewestNote)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return c, err
}

var sqlNow = statement(`SELECT now()`)

// continueFrom sets the walk to where the last sound check ended, if the tree
// still begins as it did then. Where it does not, that is a finding and the
// walk begins at the first leaf.
func (w *walk) continueFrom() (int64, error) {
	last, err := w.q.trailCheck(sqlLastSound)
	if errors.Is(err, ErrNotFound) || err == nil && last.Size == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the last check: %w", err)
	}
	tree, root, err := loadTree(last.Size, w.q.storedHashes)
	broken := errors.Is(err, ErrTrailBroken)
	if err != nil && !broken {
		return 0, err
	}
	if broken || root != tlog.Hash(last.Root) {
		w.report.add(0, Hashed, "The tree of the first %d leaves is not what it was at the last check.", last.Size)
		return 0, nil
	}
	var text string
	err = w.q.get(&text, sqlNoteOfSize, last.Size)
	if errors.Is(err, ErrNotFound) {
		w.report.add(last.Size, Rooted, "The checkpoint of %d leaves, at which the last check ended, is gone.", last.Size)
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the checkpoint of the last check: %w", err)
	}
	head, malformed := parseCheckpoint(text)
	if malformed != nil || text != last.Checkpoint {
		w.report.add(last.Size, Rooted, "The checkpoint of %d leaves is not what it was at the last check.", last.Size)
		return 0, nil //nolint:nilerr // one that cannot be read is a finding
	}
	w.tree, w.from, w.read, w.good = tree, last.Size, last.Size, last.Size
	w.previous, w.newest = head.Hash(), last.Size
	return last.Size, nil
}

// TrailKeysOf are the public keys that belong to a private one, for a process
// that signs and was given no public key.
func TrailKeysOf(private string) (TrailKeys, error) {
	text, err := PublicTrailKey(private)
	if err != nil {
		return nil, err
	}
	return ParseTrailKeys(text)
}

// PublicTrailKey is the public key that belongs to a private one, as
// ParseTrailKeys reads it.
func PublicTrailKey(private string) (string, error) {
	name, seed, err := seedOf(private)
	if err != nil {
		return "", err
	}
	public, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("reading the key that signs checkpoints: it has no public key")
	}
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return "", fmt.Errorf("reading the key that signs checkpoints: %w", err)
	}
	return text, nil
}

// seedOf is the name and the seed of a private key that note made.
func seedOf(private string) (name string, seed []byte, err error) {
	signer, err := ParseTrailSigner(private)
	if err != nil {
		return "", nil, err
	}
	// PRIVATE+KEY+name+hash+key, the last of which may have a plus in it.
	fields := strings.SplitN(strings.TrimSpace(private), "+", 5)
	key, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	// The first byte names the algorithm, of which note has this one.
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", nil, errors.New("reading the key that signs checkpoints: it is not of the kind that note makes")
	}
	return signer.Name(), key[1:], nil
}
