package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/lib/pq"

	"portal/internal/devdb"
	"portal/internal/store"
)

// recovery is what a restore, or a drill of one, came to.
type recovery struct {
	Made      time.Time     `json:"made"`     // the backup
	Age       time.Duration `json:"age"`      // when it was restored
	Restore   time.Duration `json:"restore"`  // how long the data took
	Verify    time.Duration `json:"verify"`   // and the proof that they are whole
	Recovery  time.Duration `json:"recovery"` // all in all
	Lost      int64         `json:"lost"`     // leaves known to have been made after the backup
	LostKnown bool          `json:"lostKnown"`
	Opened    bool          `json:"opened"` // every sealed value was tried with PORTAL_SEAL_KEY
	Report    store.Report  `json:"report"`
	Problems  []string      `json:"problems"`
}

func (r recovery) sound() bool { return len(r.Problems) == 0 && r.Report.Sound() }

// restoring is where a backup goes, and what it is compared with.
type restoring struct {
	config
	from    string
	into    string // the address of an empty database
	live    string // of the one the backup was made of; empty if there is none
	anchors []string
	say     func(string, ...any)
}

// restore fills the empty database of the owner's address from a backup, and
// verifies what came.
func (p *program) restore(ctx context.Context, args []string) error {
	f := p.flags("restore")
	from := f.String("from", "", "the backup's folder")
	asJSON := f.Bool("json", false, "print what came of it as an object")
	anchors := anchorFlags(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *from == "" {
		return usageError("restore needs -from with the backup's folder")
	}
	c, err := p.toVerify("restore", false)
	if err != nil {
		return cannotVerify(err)
	}
	into, err := c.ownerDatabase()
	if err != nil {
		return cannotVerify(err)
	}
	r := restoring{config: c, from: *from, into: into, anchors: anchors.or(c.checkpointFile), say: p.say}
	came, err := r.run(ctx)
	if err != nil {
		return cannotVerify(err)
	}
	return p.tellRecovery(came, *asJSON)
}

// drill restores a backup into a database that it makes and drops again.
func (p *program) drill(ctx context.Context, args []string) (err error) {
	f := p.flags("drill")
	from := f.String("from", "", "the backup's folder")
	server := f.String("server", "", "an address on the server that takes the copy (default the owner's own, where it may make databases)")
	dev := f.Bool("dev", false, "of the running `portal dev` of this checkout")
	asJSON := f.Bool("json", false, "print what came of it as an object")
	keep := f.Bool("keep", false, "leave the restored database where it is")
	anchors := anchorFlags(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *from == "" {
		return usageError("drill needs -from with the backup's folder")
	}
	c, err := p.toVerify("drill", *dev)
	if err != nil {
		return cannotVerify(err)
	}
	live, _ := c.ownerDatabase() // a drill elsewhere needs none
	at := *server
	if at == "" {
		at = live
	}
	if at == "" {
		return cannotVerify(errors.New("DATABASE_OWNER_URL, DATABASE_URL or -server is needed: the copy has to go somewhere"))
	}
	scratch, drop, err := makeScratch(ctx, at)
	if err != nil {
		return cannotVerify(err)
	}
	if *keep {
		p.say("The copy stays in %s.", scratch.name)
	} else {
		defer func() { err = errors.Join(err, drop()) }()
	}
	r := restoring{config: c, from: *from, into: scratch.address, live: live, anchors: anchors.or(c.checkpointFile), say: p.say}
	came, err := r.run(ctx)
	if err != nil {
		return cannotVerify(err)
	}
	return p.tellRecovery(came, *asJSON)
}

func cannotVerify(err error) error {
	// What was made of a changed dump is worse than none, and that is known.
	if errors.Is(err, errDumpChanged) {
		return err
	}
	return &exitError{code: exitCannotVerify, text: err.Error()}
}

// run restores and compares.
func (r restoring) run(ctx context.Context) (recovery, error) {
	began := time.Now()
	m, err := readBackup(r.from)
	if err != nil {
		return recovery{}, err
	}
	if err := mustBeEmpty(ctx, r.into); err != nil {
		return recovery{}, err
	}
	r.say("Restoring %d bytes of %s …", m.Bytes, m.Database.At.Format(time.RFC3339))
	if err := r.fill(ctx, m); err != nil {
		return recovery{}, err
	}
	came := recovery{Made: m.Database.At, Age: began.Sub(m.Database.At), Restore: time.Since(began)}
	r.say("Verifying …")
	if err := r.compare(ctx, m, &came); err != nil {
		return came, err
	}
	came.Recovery = time.Since(began)
	came.Verify = came.Recovery - came.Restore
	return came, r.compareLive(ctx, m, &came)
}

func (r restoring) fill(ctx context.Context, m manifest) error {
	tools, err := devdb.FindTools(ctx, m.Database.Postgres/10000, r.say)
	if err != nil {
		return err
	}
	address, secret, err := withoutPassword(r.into)
	if err != nil {
		return err
	}
	return runTool(ctx, tools, secret, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname="+address, filepath.Join(r.from, dumpFile))
}

// compare holds what was restored against the manifest, and derives its audit
// trail again up to the checkpoints outside.
func (r restoring) compare(ctx context.Context, m manifest, came *recovery) (err error) {
	there := r.config
	there.databaseOwner = r.into
	restored, err := there.openSealedOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restored.Close()) }()
	var is store.Moment
	if err := restored.Read(ctx, store.Actor{}, func(q *store.Query) (err error) { is, err = q.Moment(); return err }); err != nil {
		return err
	}
	was := m.Database
	if is.Schema != was.Schema || is.Size != was.Size || is.Root != was.Root || is.Unnumbered != was.Unnumbered || is.Checkpoint != was.Checkpoint {
		came.Problems = append(came.Problems, fmt.Sprintf("What was restored is not what was backed up: schema %d, %d leaves, root %s and %d unnumbered, and it was schema %d, %d leaves, root %s and %d unnumbered.",
			is.Schema, is.Size, is.Root, is.Unnumbered, was.Schema, was.Size, was.Root, was.Unnumbered))
	}
	if came.Opened = len(r.sealKeys) > 0; came.Opened {
		// A backup whose key is lost is none.
		shut, err := restored.TryCells(ctx, operator("drill"), func(store.Resealed) {})
		if err != nil {
			return err
		}
		if len(shut) > 0 {
			came.Problems = append(came.Problems, fmt.Sprintf("%d sealed values do not open with PORTAL_SEAL_KEY, the first in %s: the key that sealed them is missing.", len(shut), shut[0].Column))
		}
	}
	v := store.Verification{Keys: r.checkpointKeys, Witnesses: r.witnessKeys, Files: came.Opened, UpTo: was.Size, Unsequenced: anAge, Unanswered: anAge}
	if was.Size > 0 {
		line, err := was.AnchorLine()
		if err != nil {
			return err
		}
		v.Anchors = append(v.Anchors, store.Anchor{Name: "the manifest", Lines: bytes.NewReader(line)})
	}
	for _, name := range r.anchors {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("open the published checkpoints: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		v.Anchors = append(v.Anchors, store.Anchor{Name: name, Lines: file})
	}
	if came.Report, err = store.Verify(ctx, restored, v); err != nil {
		return err
	}
	if len(r.anchors) > 0 {
		came.Lost, came.LostKnown = max(0, came.Report.Beyond-was.Size), true
	}
	return nil
}

// anAge is as old as a backup may be: what was under way when it was made has
// had no answer since.
const anAge = 20 * 365 * 24 * time.Hour

// compareLive asks the database that the backup was made of whether its trail
// still begins with that of the backup, and how far it has grown since.
func (r restoring) compareLive(ctx context.Context, m manifest, came *recovery) (err error) {
	if r.live == "" || r.live == r.into {
		return nil
	}
	live, err := store.Open(ctx, r.live, store.Owner, store.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, live.Close()) }()
	was := m.Database
	return live.Read(ctx, store.Actor{}, func(q *store.Query) error {
		now, err := q.Moment()
		if err != nil {
			return err
		}
		if now.Size < was.Size {
			came.Problems = append(came.Problems, fmt.Sprintf("The live trail has %d leaves and the backup %d: it was cut, or is of another portal.", now.Size, was.Size))
			return nil
		}
		root, err := q.RootAt(was.Size)
		if err != nil {
			return err
		}
		if root != was.Root {
			came.Problems = append(came.Problems, fmt.Sprintf("The live trail does not begin with the %d leaves of the backup: one of them was changed.", was.Size))
		}
		came.Lost, came.LostKnown = max(came.Lost, now.Size-was.Size+now.Unnumbered), true
		return nil
	})
}

func (p *program) tellRecovery(r recovery, asJSON bool) error {
	if asJSON {
		if err := p.printJSON(r); err != nil {
			return err
		}
	} else {
		p.printReport(r.Report)
		for _, problem := range r.Problems {
			fmt.Fprintln(p.stdout, problem)
		}
		if !r.Opened {
			fmt.Fprintln(p.stdout, "Documents and other sealed values were not opened, because PORTAL_SEAL_KEY is not set: a backup whose key is lost is none.")
		}
		fmt.Fprintf(p.stdout, "Recovery time: %s (restore %s, verify %s).\n", r.Recovery.Round(time.Millisecond), r.Restore.Round(time.Millisecond), r.Verify.Round(time.Millisecond))
		lost := "how many entries were made since is not known: name the published checkpoints with -anchor"
		if r.LostKnown {
			lost = fmt.Sprintf("%d entries of the audit trail were made since and are not in it", r.Lost)
		}
		fmt.Fprintf(p.stdout, "Recovery point: %s, %s before; %s.\n", r.Made.Format(time.RFC3339), r.Age.Round(time.Second), lost)
	}
	if !r.sound() {
		return &exitError{code: exitFailed}
	}
	return nil
}

// mustBeEmpty keeps a restore from being poured over what is there.
func mustBeEmpty(ctx context.Context, dsn string) (err error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return fmt.Errorf("connect to the database to fill: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`).Scan(&n); err != nil {
		return fmt.Errorf("look into the database to fill: %w", err)
	}
	if n > 0 {
		return errors.New("the database to restore into is not empty: make a new one, as docs/operations.md says, and never restore over what is there")
	}
	return nil
}

// scratch is a database that is made for a drill.
type scratch struct{ name, address string }

// makeScratch makes one that nobody else may enter, and returns what drops it.
func makeScratch(ctx context.Context, server string) (scratch, func() error, error) {
	u, err := url.Parse(server)
	if err != nil {
		return scratch{}, nil, errors.New("the server's address is not a URL") // the cause would print it
	}
	db, err := sql.Open("postgres", server)
	if err != nil {
		return scratch{}, nil, fmt.Errorf("connect to the server: %w", err)
	}
	s := scratch{name: fmt.Sprintf("portal_drill_%s_%d", time.Now().UTC().Format("20060102150405"), os.Getpid())}
	name := pq.QuoteIdentifier(s.name)
	for _, query := range []string{
		"CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
		"REVOKE ALL ON DATABASE " + name + " FROM PUBLIC",
	} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return scratch{}, nil, errors.Join(fmt.Errorf("make a database for the copy, which the owner may only with CREATEDB: %w", err), db.Close())
		}
	}
	u.Path = "/" + s.name
	s.address = u.String()
	return s, func() error {
		// Also after a drill that was interrupted.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, err := db.ExecContext(last, "DROP DATABASE "+name+" WITH (FORCE)")
		if err != nil {
			err = fmt.Errorf("drop the copy %s, which holds everything: %w", s.name, err)
		}
		return errors.Join(err, db.Close())
	}, nil
}
