package app_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// held gives the newest link of a person a token, as the worker does that mails
// it.
func held(t *testing.T, w *apptest.World, purpose, person string) (token string) {
	t.Helper()
	token = store.NewLinkToken()
	var id store.ID
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM one_time_links WHERE purpose = $1 AND person_id = $2 ORDER BY made_at DESC, id DESC LIMIT 1`,
		purpose, w.Person(person)).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.SetLinkToken(id, store.HashLinkToken(token)) })
	return token
}

func TestMailedLinkSetsThePasswordOnceAndLeavesTheSecondFactor(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	before := w.SignIn(apptest.Maker)
	before.Enrol(clock.now())
	half := w.Visitor()
	firstStep(t, half, apptest.Maker)
	if a := w.Visitor().Post("/sign-in/forgotten", "email", strings.ToUpper(apptest.Email(apptest.Maker))); a.Status != http.StatusSeeOther {
		t.Fatalf("asking gave %d", a.Status)
	}
	token := held(t, w, store.LinkReset, apptest.Maker)
	for range 3 { // scanners of mail look at links
		page := w.Visitor().Get("/reset?t=" + token)
		if page.Status != http.StatusOK || page.Header.Get("Referrer-Policy") != "strict-origin" {
			t.Fatalf("looking gave %d, referrers %q", page.Status, page.Header.Get("Referrer-Policy"))
		}
	}
	if a := w.Visitor().Post("/reset", "t", token, "new", "short"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a short password gave %d", a.Status)
	}
	var set, dead atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			switch a := w.Visitor().Post("/reset", "t", token, "new", "a new long password"); a.Status {
			case http.StatusSeeOther:
				set.Add(1)
			case http.StatusGone:
				dead.Add(1)
			default:
				t.Errorf("got %d", a.Status)
			}
		})
	}
	wg.Wait()
	if set.Load() != 1 || dead.Load() != 3 {
		t.Errorf("the link worked %d times and was dead %d times", set.Load(), dead.Load())
	}
	if opens(before) {
		t.Error("a session outlived the new password")
	}
	if a := half.Get("/sign-in/code"); a.Location() != "/sign-in" {
		t.Errorf("a sign-in with the old password goes on: %d", a.Status)
	}
	c := w.Visitor()
	if a := c.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", "a new long password"); a.Location() != "/sign-in/code" {
		t.Errorf("the link went round the second factor: %q", a.Location())
	}
	if strings.Contains(w.Log.String(), token) {
		t.Error("the log repeats the link")
	}
}

func TestAskingForALinkTellsNobodyWhoIsHere(t *testing.T) {
	// Not parallel: it looks at the clock.
	w := apptest.New(t)
	ask := func(email string) (time.Duration, apptest.Answer) {
		w.DB.Exec(`DELETE FROM sign_in_failures`)
		c := w.Visitor()
		began := time.Now()
		a := c.Post("/sign-in/forgotten", "email", email)
		return time.Since(began), a
	}
	var took [2][]time.Duration
	for range 9 {
		for n, email := range []string{apptest.Email(apptest.Maker), "nobody-knows@example.com"} {
			d, a := ask(email)
			if a.Status != http.StatusSeeOther || a.Location() != "/sign-in/forgotten?sent=1" {
				t.Fatalf("%s got %d to %q", email, a.Status, a.Location())
			}
			took[n] = append(took[n], d)
		}
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	known, unknown := took[0][4], took[1][4]
	if off := (known - unknown).Abs(); off > known/10 {
		t.Errorf("a known address takes %s, an unknown one %s", known, unknown)
	}
	t.Logf("known %s, unknown %s", known, unknown)
}

func TestRecoveryTakesTheFactorsOfWhoeverKnowsThePasswordAndHoldsTheLink(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	c := w.SignIn(apptest.Maker)
	c.Enrol(clock.now())
	// How two administrators agree on it is another test's.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO one_time_links (id, purpose, person_id, change_id, email, expires_at)
		VALUES (gen_random_uuid(), 'recovery', '` + w.Person(apptest.Maker).String() + `', gen_random_uuid(), '` + apptest.Email(apptest.Maker) + `', now() + interval '1 day'); COMMIT`)
	token := held(t, w, store.LinkRecovery, apptest.Maker)
	if a := w.Visitor().Post("/recovery", "t", token, "password", "wrong"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password gave %d", a.Status)
	}
	if a := w.Visitor().Post("/reset", "t", token, "new", "a new long password"); a.Status != http.StatusGone {
		t.Errorf("the link for another purpose gave %d", a.Status)
	}
	if a := w.Visitor().Post("/recovery", "t", token, "password", apptest.Password); a.Status != http.StatusSeeOther {
		t.Fatalf("the recovery gave %d %s", a.Status, a.Body)
	}
	if opens(c) {
		t.Error("a session outlived the recovery")
	}
	if a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Location() != "/" {
		t.Errorf("the factors are still there: %q", a.Location())
	}
	if a := w.Visitor().Post("/recovery", "t", token, "password", apptest.Password); a.Status != http.StatusGone {
		t.Errorf("the link worked twice: %d", a.Status)
	}
}
