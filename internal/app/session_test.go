package app_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestCookieOfASessionIsOutOfReachOfScriptsAndOtherHosts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password)
	var header string
	for _, h := range a.Header.Values("Set-Cookie") {
		if strings.HasPrefix(h, "__Host-session=") {
			header = h
		}
	}
	for _, want := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(header, want) {
			t.Errorf("the cookie lacks %q: %s", want, header)
		}
	}
	if strings.Contains(header, "Domain") || strings.Contains(header, "Max-Age") {
		t.Errorf("the cookie outlives the browser or leaves the host: %s", header)
	}
}

func TestPlantedCookieNeverBecomesASession(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	planted := strings.Repeat("A", 52)
	victim, attacker := w.Visitor(), w.Visitor()
	victim.SetCookie("__Host-session", planted)
	attacker.SetCookie("__Host-session", planted)
	if a := victim.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusSeeOther {
		t.Fatalf("signing in gave %d", a.Status)
	}
	if _, token := victim.Cookie("session"); token == planted {
		t.Error("the planted cookie is the session now")
	}
	if a := attacker.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("the planted cookie opened a page: %d", a.Status)
	}
}

func TestSignedOutCookieOpensNothing(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	name, token := c.Cookie("session")
	a := c.Post("/sign-out")
	if a.Status != http.StatusSeeOther || a.Location() != "/sign-in" {
		t.Errorf("signing out gave %d to %s", a.Status, a.Location())
	}
	if got := a.Header.Get("Clear-Site-Data"); !strings.Contains(got, `"cache"`) || !strings.Contains(got, `"storage"`) {
		t.Errorf("the browser keeps its copies: %q", got)
	}
	if _, left := c.Cookie("session"); left != "" {
		t.Error("the browser keeps the cookie")
	}
	replay := w.Visitor()
	replay.SetCookie(name, token)
	replayed := 0
	for _, rt := range w.App.Routes() {
		if len(rt.Duties) == 0 || !long && replayed >= 20 {
			continue
		}
		path := placeholder.ReplaceAllString(rt.Pattern, nobodysID)
		for n := 0; n == 0 || long && n < 5; n++ {
			replayed++
			a := replay.Do(replay.Request(rt.Method, path, apptest.Form()))
			if refused := a.Location() == "/sign-in" || strings.HasPrefix(a.Location(), "/sign-in?") || a.Status == http.StatusUnauthorized; !refused {
				t.Errorf("the old cookie at %s %s: %d", rt.Method, rt.Pattern, a.Status)
			}
		}
	}
	if replayed < 20 || long && replayed < 1000 {
		t.Errorf("only %d replays", replayed)
	}
}

func TestTableOfSessionsSignsNobodyIn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	_, token := c.Cookie("session")
	var hash []byte
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT token_hash FROM sessions").Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(token, string(hash)) || hex.EncodeToString(hash) == token {
		t.Error("the table holds the token")
	}
	thief := w.Visitor()
	thief.SetCookie("__Host-session", hex.EncodeToString(hash)[:52])
	if a := thief.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("a hash opened a page: %d", a.Status)
	}
}

func TestSigningInAgainEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	name, token := c.Cookie("session")
	c.Post("/sign-in", "email", apptest.Email(apptest.Checker), "password", apptest.Password)
	old := w.Visitor()
	old.SetCookie(name, token)
	if a := old.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("the first session is still open: %d", a.Status)
	}
}

func TestSwitchingMerchantsChangesTheTokenAndOnlyWorksForMembers(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Both)
	name, token := c.Cookie("session")
	first := w.Merchant
	if !strings.Contains(c.Get("/account").Body, "ร้านสมุดไทย") {
		t.Error("the first merchant is not shown")
	}
	for _, merchant := range []store.ID{w.Merchant, w.Other} {
		if a := c.Post("/merchant", "merchant", merchant.String()); a.Status != http.StatusSeeOther {
			t.Fatalf("switching gave %d", a.Status)
		}
		first = merchant
	}
	_, now := c.Cookie("session")
	if now == token {
		t.Error("the token is the same as before")
	}
	old := w.Visitor()
	old.SetCookie(name, token)
	if a := old.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("the old token opened a page: %d", a.Status)
	}
	page := c.Get("/account")
	if !strings.Contains(page.Body, "ตอนนี้คุณทำงานให้ ร้านข้างบ้าน") || first != w.Other {
		t.Error("the page does not say which merchant is served now")
	}
	if strings.Contains(c.Get("/account").Body, "ตอนนี้คุณทำงานให้") {
		t.Error("the message is said twice")
	}
	if a := w.Client(apptest.Maker).Post("/merchant", "merchant", w.Other.String()); a.Status != http.StatusNotFound {
		t.Errorf("a stranger's merchant gave %d", a.Status)
	}
}

func TestChangeOfRightsHoldsFromTheNextRequest(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddRoute("GET", "/checkers-only", "checker", func(rw http.ResponseWriter, _ *http.Request) error {
		rw.WriteHeader(http.StatusNoContent)
		return nil
	})
	c := w.SignIn(apptest.Maker)
	if a := c.Get("/checkers-only"); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "ผู้อนุมัติ") {
		t.Errorf("a maker got %d, and the page must name the duty", a.Status)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant, w.Person(apptest.Maker), store.Checker) })
	if a := c.Get("/checkers-only"); a.Status != http.StatusNoContent {
		t.Errorf("after the grant: %d", a.Status)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant, w.Person(apptest.Maker)) })
	if a := c.Get("/checkers-only"); a.Status != http.StatusForbidden {
		t.Errorf("after the end of the membership: %d", a.Status)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.Person(apptest.Maker), true) })
	if a := c.Get("/account"); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/sign-in") {
		t.Errorf("a disabled person got %d", a.Status)
	}
}

func TestIdleAndOldSessionsEnd(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]string{
		"idle": "UPDATE sessions SET seen_at = now() - interval '61 minutes'",
		"old":  "UPDATE sessions SET expires_at = now() - interval '1 second'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			c := w.SignIn(apptest.Maker)
			w.DB.Exec(age)
			if a := c.Get("/account"); a.Status != http.StatusSeeOther {
				t.Errorf("got %d", a.Status)
			}
			a := c.Post("/preferences", "theme", "dark")
			if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "/sign-in") {
				t.Errorf("a form sent too late got %d", a.Status)
			}
		})
	}
}

func TestUsingTheSessionKeepsItOpen(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	for range 3 {
		w.DB.Exec("UPDATE sessions SET seen_at = seen_at - interval '59 minutes'")
		if a := c.Get("/account"); a.Status != http.StatusOK {
			t.Fatalf("got %d", a.Status)
		}
	}
}

func TestPersonEndsTheirOwnSessionsAndNobodyElses(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	first, second, other := w.SignIn(apptest.Maker), w.SignIn(apptest.Maker), w.SignIn(apptest.Checker)
	ids := map[string]string{}
	rows, err := w.DB.Super.QueryContext(t.Context(), "SELECT id::text, person_id::text FROM sessions ORDER BY created_at DESC, id DESC")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id, person string
		if err := rows.Scan(&id, &person); err != nil {
			t.Fatal(err)
		}
		if _, seen := ids[person]; !seen {
			ids[person] = id // the latest
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if a := first.Post("/account/sessions/" + ids[w.Person(apptest.Checker).String()] + "/end"); a.Status != http.StatusNotFound {
		t.Errorf("ending another person's session gave %d", a.Status)
	}
	if a := other.Get("/account"); a.Status != http.StatusOK {
		t.Errorf("the other person got %d", a.Status)
	}
	if a := first.Post("/account/sessions/" + ids[w.Person(apptest.Maker).String()] + "/end"); a.Status != http.StatusSeeOther {
		t.Errorf("ending one's own session gave %d", a.Status)
	}
	if a := second.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("the ended session got %d", a.Status)
	}
	third := w.SignIn(apptest.Maker)
	first.Post("/account/sessions/end")
	if a := third.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("after signing out everywhere else, else got %d", a.Status)
	}
	if a := first.Get("/account"); a.Status != http.StatusOK {
		t.Errorf("after signing out everywhere else, here got %d", a.Status)
	}
}

func TestNewPasswordEndsOtherSessionsAndTheOldPassword(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c, elsewhere := w.SignIn(apptest.Maker), w.SignIn(apptest.Maker)
	for name, pairs := range map[string][]string{
		"wrong old password": {"old", "wrong", "new", "a new long password"},
		"short new password": {"old", apptest.Password, "new", "short"},
		"nothing":            {"old", "", "new", ""},
	} {
		if a := c.Post("/account/password", pairs...); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s gave %d", name, a.Status)
		}
	}
	if a := c.Post("/account/password", "old", apptest.Password, "new", "a new long password"); a.Status != http.StatusSeeOther {
		t.Fatalf("changing gave %d", a.Status)
	}
	if a := elsewhere.Get("/account"); a.Status != http.StatusSeeOther {
		t.Errorf("the other session is open: %d", a.Status)
	}
	if a := c.Get("/account"); a.Status != http.StatusOK {
		t.Errorf("this session is not open: %d", a.Status)
	}
	if a := w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("the old password gave %d", a.Status)
	}
}

func TestStepUpAsksForThePasswordAgain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddRoute("GET", "/vault", "signed in", func(rw http.ResponseWriter, _ *http.Request) error {
		rw.WriteHeader(http.StatusNoContent)
		return nil
	})
	w.App.DemandStepUp()
	c := w.SignIn(apptest.Maker)
	if a := c.Get("/vault"); a.Status != http.StatusNoContent {
		t.Errorf("right after signing in: %d", a.Status)
	}
	w.DB.Exec(`UPDATE sessions SET data = convert_to('{"proven":"2020-01-01T00:00:00Z"}', 'UTF8')`)
	if a := c.Get("/vault"); a.Status != http.StatusSeeOther || a.Location() != "/identity?next=%2Fvault" {
		t.Errorf("long after signing in: %d to %s", a.Status, a.Location())
	}
	if a := c.Post("/identity", "password", "wrong", "next", "/vault"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password gave %d", a.Status)
	}
	if a := c.Post("/identity", "password", apptest.Password, "next", "/vault"); a.Location() != "/vault" {
		t.Errorf("the right password led to %q (%d)", a.Location(), a.Status)
	}
	if a := c.Get("/vault"); a.Status != http.StatusNoContent {
		t.Errorf("after the password: %d", a.Status)
	}
}

func TestPreferencesAreKeptAndLeadBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	if a := c.Post("/preferences", "era", "ce", "return", "/account"); a.Location() != "/account" {
		t.Errorf("led to %q", a.Location())
	}
	c.Post("/preferences", "theme", "dark")
	c.Post("/preferences", "density", "comfortable")
	c.Post("/preferences", "lang", "en")
	page := c.Get("/account").Body
	for _, want := range []string{`<html lang="en"`, `data-theme="dark"`, `class="roomy"`, "My account"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// They belong to the person, not to the browser.
	if page := w.SignIn(apptest.Maker).Get("/account").Body; !strings.Contains(page, `data-theme="dark"`) || !strings.Contains(page, `class="roomy"`) {
		t.Error("another browser of the same person knows nothing of them")
	}
	if a := c.Post("/preferences", "theme", "pink"); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown theme gave %d", a.Status)
	}
}

func TestLanguageBeforeSignInComesFromTheBrowserAndIsThaiOtherwise(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for accept, want := range map[string]string{"": "th", "en-GB,en;q=0.9": "en", "de,fr": "th", "th-TH,th;q=0.9,en;q=0.8": "th"} {
		c := w.Visitor()
		r := c.Request(http.MethodGet, "/sign-in", nil)
		r.Header.Set("Accept-Language", accept)
		if a := c.Do(r); !strings.Contains(a.Body, `<html lang="`+want+`"`) {
			t.Errorf("for %q the page is not in %s", accept, want)
		}
	}
	c := w.Visitor()
	if a := c.Get("/language/en?return=%2Fsign-in"); a.Status != http.StatusSeeOther {
		t.Errorf("choosing a language gave %d", a.Status)
	}
	if a := c.Get("/sign-in"); !strings.Contains(a.Body, `<html lang="en"`) {
		t.Error("the chosen language is not kept")
	}
	a := c.Get("/language/th?return=%2Fsign-in%3Fnext%3D%252Faccount")
	if a.Location() != "/sign-in?next=%2Faccount" {
		t.Errorf("choosing a language while signing in led to %q", a.Location())
	}
	if a := c.Get("/language/th?return=%2Fsign-in%3Fnext%3D%252F%252Fevil.example"); a.Location() != "/sign-in" {
		t.Errorf("choosing a language led to %q", a.Location())
	}
	if a := c.Get("/language/xx"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown language gave %d", a.Status)
	}
}
