package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// people is a merchant with one person, in a database of its own.
type people struct {
	*storetest.DB
	web      *store.Store
	owner    *store.Store
	merchant store.ID
	other    store.ID
	person   store.ID
}

func newPeople(t *testing.T) *people {
	t.Helper()
	db := storetest.New(t)
	p := &people{DB: db, web: db.Store(store.Web), owner: db.Store(store.Owner)}
	p.own(t, store.Actor{}, func(tx *store.Tx) error {
		var err error
		if p.merchant, err = tx.AddMerchant(aMerchant("ร้านหนึ่ง", "One")); err != nil {
			return err
		}
		if p.other, err = tx.AddMerchant(aMerchant("ร้านสอง", "Two")); err != nil {
			return err
		}
		p.person, err = tx.AddPerson(store.NewPerson{Name: "สมชาย", Email: "Somchai@Example.com", PasswordHash: "hash"})
		if err != nil {
			return err
		}
		return tx.GrantDuties(p.merchant, p.person, store.Maker, store.Auditor)
	})
	return p
}

func aMerchant(th, en string) store.Merchant {
	return store.Merchant{NameTH: th, NameEN: en, TaxID: "0105536000013", Branch: "00000", Address: "Bangkok", AccountNumber: "0011234567"}
}

func (p *people) own(t *testing.T, a store.Actor, f func(*store.Tx) error) {
	t.Helper()
	if err := p.owner.Write(t.Context(), a, f); err != nil {
		t.Fatal(err)
	}
}

func (p *people) signIn(t *testing.T, token string) store.Actor {
	t.Helper()
	a := store.Actor{Merchant: p.merchant, Person: p.person, Session: store.NewID().String(), Request: "r", Address: "192.0.2.1"}
	err := p.web.Write(t.Context(), a, func(tx *store.Tx) error {
		return tx.SignIn(store.NewSession{TokenHash: []byte(token), Data: []byte("{}"), UserAgent: "test", Lifetime: time.Hour})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAccountIsFoundWithItsMembershipsWhateverTheCaseOfTheAddress(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	got, err := p.web.Account(t.Context(), "SOMCHAI@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := store.Account{
		Person:       store.Person{ID: p.person, Name: "สมชาย", Preferences: store.Preferences{Lang: "th", BuddhistEra: true, Theme: "system"}},
		Email:        "somchai@example.com",
		PasswordHash: "hash",
		Memberships:  []store.Membership{{Merchant: p.merchant, NameTH: "ร้านหนึ่ง", NameEN: "One", Duties: store.Duties{store.Maker, store.Auditor}, Products: []store.Product{}}},
	}
	if len(got.Memberships) == 1 && got.Memberships[0].DecidesFrom.IsZero() {
		t.Error("nobody can tell from when their say counts")
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Membership{}, "DecidesFrom")); diff != "" {
		t.Error(diff)
	}
	if _, err := p.web.Account(t.Context(), "nobody@example.com"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown address gave %v", err)
	}
}

func TestSessionUserSeesRightsAsTheyAreNow(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := p.signIn(t, "token")
	u, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := u.Membership(); !ok || !m.Duties.Has(store.Maker) || u.Session.String() != a.Session || u.Merchant != p.merchant {
		t.Errorf("signed in as %+v", u)
	}
	p.own(t, store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(p.merchant, p.person, store.Checker) })
	if u, err = p.web.SessionUser(t.Context(), []byte("token"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if m, _ := u.Membership(); m.Duties.Has(store.Maker) || !m.Duties.Has(store.Checker) {
		t.Errorf("after the change the duties are %v", m.Duties)
	}
	p.own(t, store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(p.merchant, p.person) })
	if u, err = p.web.SessionUser(t.Context(), []byte("token"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if m, ok := u.Membership(); ok {
		t.Errorf("after the membership ended there is still %+v", m)
	}
	p.own(t, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(p.person, true) })
	if _, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a disabled person's session gave %v", err)
	}
}

func TestStrangerCannotMoveAnothersSession(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.signIn(t, "token")
	if _, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour); err != nil {
		t.Fatal(err)
	}
	stranger := store.Actor{Person: store.NewID(), Merchant: p.other}
	err := p.web.Write(t.Context(), stranger, func(tx *store.Tx) error {
		return tx.SwitchMerchant([]byte("token"), []byte("stolen"), p.merchant, nil)
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stranger switching another's session got %v", err)
	}
}

func TestSessionEndsWhenIdleWhenOldAndWhenSignedOut(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *people, store.Actor){
		"idle": func(_ *testing.T, p *people, _ store.Actor) {
			p.Exec("UPDATE sessions SET seen_at = seen_at - interval '61 minutes'")
		},
		"old": func(_ *testing.T, p *people, _ store.Actor) {
			p.Exec("UPDATE sessions SET expires_at = now() - interval '1 second'")
		},
		"signed out": func(t *testing.T, p *people, a store.Actor) {
			if err := p.web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.SignOut([]byte("token")) }); err != nil {
				t.Fatal(err)
			}
		},
		"password changed": func(t *testing.T, p *people, a store.Actor) {
			if err := p.web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.ChangePassword(p.person, "new", nil) }); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t)
			a := p.signIn(t, "token")
			end(t, p, a)
			if _, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the session gave %v", err)
			}
		})
	}
}

func TestTouchingASessionWritesAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := p.signIn(t, "token")
	idle := func() bool {
		t.Helper()
		u, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return u.Idle
	}
	if idle() {
		t.Error("a fresh session wants to be touched")
	}
	p.Exec("UPDATE sessions SET seen_at = seen_at - interval '61 seconds'")
	if !idle() {
		t.Error("after a minute the session does not want to be touched")
	}
	if err := p.web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.TouchSession([]byte("token")) }); err != nil {
		t.Fatal(err)
	}
	if idle() {
		t.Error("a touched session wants to be touched")
	}
}

func TestSwitchingMerchantsNeedsAMembershipAndChangesTheToken(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := p.signIn(t, "token")
	switchTo := func(merchant store.ID) error {
		return p.web.Write(t.Context(), a, func(tx *store.Tx) error {
			return tx.SwitchMerchant([]byte("token"), []byte("next"), merchant, []byte("{}"))
		})
	}
	if err := switchTo(p.other); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("switching to a stranger's merchant gave %v", err)
	}
	p.own(t, store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(p.other, p.person, store.Checker) })
	if err := switchTo(p.other); err != nil {
		t.Fatal(err)
	}
	if _, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old token gave %v", err)
	}
	u, err := p.web.SessionUser(t.Context(), []byte("next"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if u.Merchant != p.other {
		t.Errorf("acting for %v", u.Merchant)
	}
}

func TestGuessesSideBySideDoNotOutrunTheLimit(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for round := range 40 {
		limits := []store.GuessLimit{
			{Bucket: fmt.Sprint("network ", round), Most: 7, Within: time.Hour}, {Bucket: fmt.Sprint("account ", round), Most: 5, Within: time.Hour},
		}
		var allowed atomic.Int32
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 8 {
			wg.Go(func() {
				<-start
				err := p.web.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error {
					_, err := tx.ReserveGuess(limits...)
					return err
				})
				tooMany, ok := errors.AsType[*store.TooManyGuessesError](err)
				switch {
				case err == nil:
					allowed.Add(1)
				case !ok || tooMany.Wait <= 0 || tooMany.Wait > time.Hour:
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if allowed.Load() != 5 {
			t.Errorf("%d guesses were allowed", allowed.Load())
		}
	}
}

func TestARightPasswordGivesItsGuessBack(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	limit := store.GuessLimit{Bucket: "account", Most: 1, Within: time.Hour}
	for range 3 {
		err := p.web.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error {
			g, err := tx.ReserveGuess(limit)
			if err != nil {
				return err
			}
			return tx.ForgiveGuess(g)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWebRoleMayNotMakePeopleOrHandOutDuties(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := store.Actor{Merchant: p.merchant, Person: p.person}
	for name, f := range map[string]func(*store.Tx) error{
		"merchant": func(tx *store.Tx) error { _, err := tx.AddMerchant(aMerchant("x", "x")); return err },
		"person": func(tx *store.Tx) error {
			_, err := tx.AddPerson(store.NewPerson{Name: "x", Email: "x@example.com"})
			return err
		},
		"duties":  func(tx *store.Tx) error { return tx.GrantDuties(p.merchant, p.person, store.Checker) },
		"disable": func(tx *store.Tx) error { return tx.DisablePerson(p.person, true) },
		"policy": func(tx *store.Tx) error {
			_, err := tx.SetPolicy(p.merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 60})
			return err
		},
	} {
		if err := p.web.Write(t.Context(), a, f); err == nil {
			t.Errorf("the web role may write: %s", name)
		}
	}
}

func TestAdministratorCannotBeChecker(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	err := p.owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		return tx.GrantDuties(p.merchant, p.person, store.Admin, store.Checker)
	})
	if !store.Violated(err, "administrator_does_not_approve") {
		t.Errorf("got %v", err)
	}
}

func TestNewestPolicyIsInForce(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for _, n := range []int{1, 2} {
		p.own(t, store.Actor{}, func(tx *store.Tx) error {
			_, err := tx.SetPolicy(p.merchant, store.Policy{ApprovalsNeeded: n, ValidSeconds: 3600})
			return err
		})
	}
	err := p.web.Read(t.Context(), store.Actor{Merchant: p.merchant}, func(q *store.Query) error {
		got, err := q.Policy()
		if diff := cmp.Diff(store.Policy{Version: 2, ApprovalsNeeded: 2, ValidSeconds: 3600}, got); diff != "" {
			t.Error(diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPreferencesAndOpenSessionsAreThePersonsOwn(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	a := p.signIn(t, "token")
	p.signIn(t, "second")
	want := store.Preferences{Lang: "en", Theme: "dark"}
	if err := p.web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.SetPreferences(want) }); err != nil {
		t.Fatal(err)
	}
	u, err := p.web.SessionUser(t.Context(), []byte("token"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, u.Preferences); diff != "" {
		t.Error(diff)
	}
	stranger := store.Actor{Person: store.NewID(), Merchant: p.merchant}
	err = p.web.Write(t.Context(), stranger, func(tx *store.Tx) error { return tx.EndSession(u.Session) })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stranger ending the session got %v", err)
	}
	if err := p.web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.EndOtherSessions(p.person, []byte("token")) }); err != nil {
		t.Fatal(err)
	}
	err = p.web.Read(t.Context(), a, func(q *store.Query) error {
		open, err := q.OpenSessions(time.Hour)
		if len(open) != 1 || !bytes.Equal(open[0].ID[:], u.Session[:]) {
			t.Errorf("open sessions: %+v", open)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
