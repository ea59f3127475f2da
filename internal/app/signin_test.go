package app_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/password"
	"portal/internal/store"
)

func TestUnknownWrongAndDisabledGetOneAnswer(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.Person(apptest.Auditor), true) })
	var bodies []string
	for email, typed := range map[string]string{
		"nobody-knows@example.com":       apptest.Password,
		apptest.Email(apptest.Maker):     "wrong",
		apptest.Email(apptest.Auditor):   apptest.Password,
		"'; DROP TABLE sessions; --@x.y": "wrong",
	} {
		a := w.Visitor().Post("/sign-in", "email", email, "password", typed)
		if a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s got %d", email, a.Status)
		}
		if strings.Contains(a.Body, apptest.Password) {
			t.Error("the page shows the password")
		}
		at := strings.Index(a.Body, `value="`)
		end := at + strings.Index(a.Body[at+7:], `"`) + 8
		bodies = append(bodies, a.Body[:at]+a.Body[end:])
	}
	for _, b := range bodies[1:] {
		if b != bodies[0] {
			t.Error("the answers differ in more than the address that was typed")
		}
	}
}

func TestUnknownAddressCostsAHashAsWell(t *testing.T) {
	// Not parallel: it compares this process's own time on the processor, which
	// no other process changes. The least of several is compared, because
	// whatever else is done here can only add to it.
	w := apptest.New(t)
	maker := w.Actor(apptest.Maker) // whose hash is a cheap one, as everybody's is in tests
	w.Own(maker, func(tx *store.Tx) error { return tx.ChangePassword(maker.Person, password.Hash(apptest.Password), nil) })
	cheapest := func(email string) time.Duration {
		best := time.Hour
		for range 8 {
			began := processorTime(t)
			if a := w.Visitor().Post("/sign-in", "email", email, "password", "wrong"); a.Status != http.StatusUnprocessableEntity {
				t.Fatalf("%s got %d", email, a.Status)
			}
			best = min(best, processorTime(t)-began)
		}
		return best
	}
	known, unknown := cheapest(apptest.Email(apptest.Maker)), cheapest("nobody-knows@example.com")
	if unknown < known*2/3 {
		t.Errorf("an unknown address costs %s, a known one %s", unknown, known)
	}
}

func TestFloodOfSignInsIsToldToComeBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Checker)
	defer w.App.HoldHashing()()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", "wrong")
			if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
				t.Errorf("got %d", a.Status)
			}
		})
	}
	if a := c.Get("/account"); a.Status != http.StatusOK {
		t.Errorf("meanwhile a page gave %d", a.Status)
	}
	wg.Wait()
}

func TestGuessingStopsAndTheOwnerStillGetsIn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	owner := w.SignIn(apptest.Maker)
	owner.Post("/sign-out")
	verified, last := 0, apptest.Answer{}
	for i := range 30 {
		last = w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", "guess "+strconv.Itoa(i))
		if last.Status == http.StatusUnprocessableEntity {
			verified++
		}
	}
	if verified == 0 || verified > 20 {
		t.Errorf("%d guesses were verified", verified)
	}
	if wait, err := strconv.Atoi(last.Header.Get("Retry-After")); last.Status != http.StatusTooManyRequests || err != nil || wait <= 0 {
		t.Errorf("the last guess got %d, wait %q", last.Status, last.Header.Get("Retry-After"))
	}
	if a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusTooManyRequests {
		t.Errorf("a guess beyond the limit was verified: %d", a.Status)
	}
	name, value := owner.Cookie("device")
	for whose, device := range map[string]string{"forged": strings.Replace(value, ".", "x.", 1), "cut": value[:len(value)-1], "empty": "."} {
		c := w.Visitor()
		c.SetCookie(name, device)
		if a := c.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusTooManyRequests {
			t.Errorf("a %s device got %d", whose, a.Status)
		}
	}
	stranger := w.SignIn(apptest.Both)
	if a := stranger.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusTooManyRequests {
		t.Errorf("the device of another person got %d", a.Status)
	}
	if a := owner.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusSeeOther {
		t.Errorf("the owner, in a browser known to the portal, got %d", a.Status)
	}
	if a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Checker), "password", apptest.Password); a.Status != http.StatusSeeOther {
		t.Errorf("another person got %d", a.Status)
	}
}

func TestKnownBrowserIsNoPlaceForGuessingEither(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	verified := 0
	for range 12 {
		if c.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", "wrong").Status == http.StatusUnprocessableEntity {
			verified++
		}
	}
	if verified != 5 {
		t.Errorf("%d guesses were verified", verified)
	}
}

func TestEverySignInLeavesALeafWithoutThePasswordOrAddress(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	c.Post("/sign-out")
	w.Visitor().Post("/sign-in", "email", "hunter2secret@example.com", "password", "hunter2secret")
	rows, err := w.DB.Super.QueryContext(t.Context(), "SELECT action, convert_from(bytes, 'UTF8') FROM audit_leaves WHERE action LIKE 'person.sign%' ORDER BY at, id")
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for rows.Next() {
		var action, bytes string
		if err := rows.Scan(&action, &bytes); err != nil {
			t.Fatal(err)
		}
		actions = append(actions, action)
		if strings.Contains(bytes, "hunter2") || strings.Contains(bytes, apptest.Password) {
			t.Errorf("the leaf tells too much: %s", bytes)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(actions, " "); got != "person.signed_in person.signed_out person.sign_in_failed" {
		t.Errorf("leaves: %s", got)
	}
	if strings.Contains(w.Log.String(), "hunter2") || strings.Contains(w.Log.String(), "@example.com") {
		t.Error("the log tells who tried to sign in")
	}
}

func TestSignInFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	a := w.Visitor().Post("/sign-in", "email", "me@example.com", "password", "", "next", "/account")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="me@example.com"`) || !strings.Contains(a.Body, `value="/account"`) {
		t.Errorf("got %d and lost what was typed", a.Status)
	}
}
