package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"portal/internal/store"
)

// check runs a check if one is due.
func (r *trail) check(o store.Checking) *store.TrailCheck {
	r.t.Helper()
	o.Keys = r.keys
	c, err := r.Store(store.Worker).CheckDue(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// always has what is new checked each time.
var always = store.Checking{Newest: time.Nanosecond}

func TestTheTrailIsCheckedFromWhereTheLastCheckEnded(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	if c := r.check(always); c != nil {
		t.Fatalf("an empty trail was checked: %+v", c)
	}
	r.o.Batch = 5
	r.sequence(r.write(12)...)
	first := r.check(always)
	if first == nil || first.Reach != store.CheckWhole || first.From != 0 || first.Size != 12 || !first.Sound() {
		t.Fatalf("the first check is %+v", first)
	}
	if c := r.check(always); c != nil {
		t.Errorf("nothing is new, and yet it was checked: %+v", c)
	}
	r.sequence(r.write(9)...)
	next := r.check(always)
	if next == nil || next.Reach != store.CheckNewest || next.From != 12 || next.Size != 21 || !next.Sound() {
		t.Fatalf("the next check is %+v", next)
	}
	if head, err := next.Signed(); err != nil || head.Size != 21 || head.Root.String() == "" {
		t.Errorf("it ends at the checkpoint %+v, %v", head, err)
	}
}

func TestAChangedLeafIsFoundAsSoonAsItIsLookedAt(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.sequence(r.write(10)...)
	r.check(always)
	r.tamper(`UPDATE audit_leaves SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"n":3', '"n":4'), 'UTF8') WHERE idx = 3`)
	r.sequence(r.write(10)...)
	if c := r.check(always); c == nil || !c.Sound() {
		t.Errorf("what is new holds, and yet: %+v", c)
	}
	whole := r.check(store.Checking{Whole: time.Nanosecond})
	if whole == nil || whole.Sound() || whole.Problems[0].Index != 3 || whole.Problems[0].Class != store.Changed {
		t.Fatalf("a check of everything says %+v", whole)
	}
	if c := r.check(always); c == nil || c.Reach != store.CheckWhole || c.Sound() {
		t.Errorf("after a bad check everything is looked at again until it holds: %+v", c)
	}
}

func TestATreeThatIsNotWhatItWasIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"hash":       `UPDATE audit_hashes SET hash = sha256(hash) WHERE i = (SELECT max(i) FROM audit_hashes)`,
		"tail":       `DELETE FROM audit_hashes WHERE i > 10`,
		"checkpoint": `UPDATE audit_checkpoints SET note = replace(note, '— ', '—  ')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTrail(t)
			r.sequence(r.write(8)...)
			r.check(always)
			r.tamper(sql, `UPDATE trail_checks SET size = size`) // the table is as it was
			r.tamper(`INSERT INTO audit_checkpoints SELECT size + 1, root, note, at, published_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1`)
			if c := r.check(always); c == nil || c.Sound() {
				t.Errorf("the check says %+v", c)
			}
		})
	}
}

func TestWhoeverAsksForACheckIsAnswered(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok := actor(shopID, nokID)
	ask := func() error {
		return r.web.Write(t.Context(), nok, func(tx *store.Tx) error { return tx.AskForCheck() })
	}
	r.sequence(r.write(3)...)
	r.check(always)
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); !store.Violated(err, store.CheckIsAskedFor) {
		t.Errorf("asking twice: %v", err)
	}
	r.sequence(r.newest())
	if c := r.check(store.Checking{}); c == nil || c.Reach != store.CheckWhole || !c.Sound() {
		t.Fatalf("the check asked for is %+v", c)
	}
	err := r.web.Read(t.Context(), nok, func(q *store.Query) error {
		if _, err := q.OpenCheckRequest(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the question is still open: %v", err)
		}
		list, err := q.TrailChecks(5)
		if len(list) != 2 || list[0].Reach != store.CheckWhole {
			t.Errorf("the checks are %+v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.sequence(r.newest())
	r.wantHeard("verification/")
	if err := ask(); err != nil {
		t.Errorf("asking anew: %v", err)
	}
}

func TestThePublicKeyIsMadeOfThePrivateOne(t *testing.T) {
	t.Parallel()
	private, public, err := store.NewTrailKey("portal.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	want, err := store.ParseTrailKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.TrailKeysOf(private)
	if err != nil || len(got) != 1 || got[0].Verifier.KeyHash() != want[0].Verifier.KeyHash() || got[0].Verifier.Name() != "portal.test/audit" {
		t.Errorf("%+v, %v", got, err)
	}
}

// wantHeard fails the test if a row of this kind does not agree with its leaf.
func (r *trail) wantHeard(kind string) {
	r.t.Helper()
	for _, p := range r.verify().Problems {
		if strings.HasPrefix(p.Message, kind) {
			r.t.Errorf("%s: %s", p.Class, p.Message)
		}
	}
}
