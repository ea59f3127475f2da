package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/store"
)

// TestNothingIsApprovedOnceTheRightToIsGone: W3. A checker has the page of an
// approval open; while they send it, their duty is taken away, or they are shut
// out. Either may be first; once the change is
// committed nothing of theirs is committed any more.
func TestNothingIsApprovedOnceTheRightToIsGone(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	rounds := 8
	if long {
		rounds = 500
	}
	checker := w.Person(apptest.Checker)
	changes := []struct {
		name       string
		take, give func() error
	}{
		{"the duty taken away", func() error {
			return w.Owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant, checker, store.Auditor) })
		}, func() error {
			return w.Owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error {
				if err := tx.GrantDuties(w.Merchant, checker, store.Checker); err != nil {
					return err
				}
				return tx.LetDecide(w.Merchant, checker, "of this test")
			})
		}},
		{"the person shut out", func() error {
			return w.Owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(checker, true) })
		}, func() error {
			return w.Owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(checker, false) })
		}},
	}
	approved, refused, after := 0, 0, 0
	c := w.SignIn(apptest.Checker)
	for round := range rounds {
		change := changes[round%len(changes)]
		_, lead := w.Submitted(apptest.Maker, fmt.Sprintf("RACE-%d", round))
		path, fingerprint := "/instructions/"+lead.String()+"/approval", shownTo(t, c, lead)
		count := func() (n int) {
			if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM approvals WHERE instruction_id = $1`, lead).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		start := make(chan struct{})
		var both sync.WaitGroup
		var answer apptest.Answer
		then := 0
		both.Go(func() {
			<-start
			answer = c.Post(path, "fingerprint", fingerprint)
		})
		both.Go(func() {
			<-start
			if round%5 == 0 { // give the other a head start now and then
				c.Get("/healthz")
			}
			if err := change.take(); err != nil {
				t.Errorf("%s: %v", change.name, err)
			}
			then = count() // what is committed when the change is
		})
		close(start)
		both.Wait()
		switch now := count(); {
		case now > then:
			after++
			t.Errorf("%s, round %d: an approval was committed after it (the answer was %d)", change.name, round, answer.Status)
		case now == 1:
			approved++
		default:
			refused++
		}
		if again := c.Post(path, "fingerprint", fingerprint); again.Status == http.StatusSeeOther && again.Location() != "/sign-in" && count() > then {
			t.Errorf("%s: the page that was open still approves", change.name)
		}
		if err := change.give(); err != nil {
			t.Fatal(err)
		}
		c = w.SignIn(apptest.Checker)
	}
	t.Logf("%d rounds: %d approved first, %d refused, %d after", rounds, approved, refused, after)
	if approved == 0 || refused == 0 {
		t.Logf("this machine hardly raced")
	}
}

// shownTo is the fingerprint on the page that c has open.
func shownTo(t *testing.T, c *apptest.Client, lead store.ID) string {
	t.Helper()
	page := c.Get("/approvals/" + lead.String())
	m := fingerprintField.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no form to approve: %d", page.Status)
	}
	return m[1]
}

// TestEveryBitOfEveryPermissionIsNoticed: W12. Each duty is added to, or taken
// from, each route in turn: the golden file of routes differs each time, and so
// does what the person with that duty alone is answered. A short run tries some.
func TestEveryBitOfEveryPermissionIsNoticed(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	who := map[store.Duty]string{store.Maker: apptest.Maker, store.Checker: apptest.Checker, store.Auditor: apptest.Auditor, store.Admin: apptest.Admin}
	cookies := map[string][]*http.Cookie{}
	for _, name := range who {
		cookies[name] = w.SignIn(name).Cookies()
	}
	want := map[string]string{}
	for _, rt := range agreedRoutes(t) {
		want[rt.method+" "+rt.pattern] = rt.permission
	}
	bits, asked, behind := 0, 0, 0
	for n, rt := range w.App.Routes() {
		if len(rt.Duties) == 0 {
			continue // for everybody, or for the bank: a duty more changes nothing
		}
		for duty, name := range who {
			if bits++; !long && (n+len(duty))%31 != 0 {
				continue
			}
			flipped, err := app.Flipped(w.App, rt.Method, rt.Pattern, duty)
			if err != nil {
				t.Fatal(err)
			}
			if got := flipped.Routes()[n].Permission; got == want[rt.Method+" "+rt.Pattern] {
				t.Errorf("%s %s: nobody notices %s", rt.Method, rt.Pattern, duty)
			}
			asked++
			path := placeholder.ReplaceAllString(rt.Pattern, nobodysID)
			before, now := verdict(w, w.App, cookies[name], rt.Method, path), verdict(w, flipped, cookies[name], rt.Method, path)
			switch {
			case before && now:
				behind++ // let in at the door, and refused by what stands behind it
			case before == now:
				t.Errorf("%s %s: without %s, %s is still let in", rt.Method, rt.Pattern, duty, name)
			}
		}
	}
	t.Logf("%d bits flipped, %d of them asked about, %d refused behind the door", bits, asked, behind)
	if bits < 1000 || asked == 0 || behind > asked/4 {
		t.Errorf("only %d bits were flipped and %d asked about", bits, asked)
	}
}

// verdict reports whether somebody is refused a path for want of a duty.
func verdict(w *apptest.World, a *app.App, cookies []*http.Cookie, method, path string) bool {
	r := httptest.NewRequest(method, w.URL+path, strings.NewReader(""))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	a.Handler().ServeHTTP(answer, r)
	return answer.Code == http.StatusForbidden && strings.Contains(answer.Body.String(), "ไม่ใช่หน้าที่ของคุณ")
}
