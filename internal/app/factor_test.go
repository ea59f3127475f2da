package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
)

// clock is one that a test moves.
type clock struct{ off atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.off.Load())) }
func (c *clock) pass(d time.Duration) { c.off.Add(int64(d)) }

// factorWorld is a world whose clock can be moved, so that a code can be the
// next one.
func factorWorld(t *testing.T, changes ...func(*app.Config)) (*apptest.World, *clock) {
	t.Helper()
	c := new(clock)
	return apptest.New(t, append(changes, func(config *app.Config) { config.Clock = c.now })...), c
}

// firstStep is the first step of signing in.
func firstStep(t *testing.T, c *apptest.Client, name string) {
	t.Helper()
	a := c.Post("/sign-in", "email", apptest.Email(name), "password", apptest.Password, "next", "/account")
	if a.Location() != "/sign-in/code" {
		t.Fatalf("the password led to %q (%d)", a.Location(), a.Status)
	}
}

func opens(c *apptest.Client) bool { return c.Get("/account").Status == http.StatusOK }

func TestSecondFactorIsAskedForAfterThePasswordAndEachCodeTakenOnce(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	phone := w.SignIn(apptest.Maker).Enrol(clock.now())
	enrolled := clock.now()
	clock.pass(time.Minute)
	c := w.Visitor()
	firstStep(t, c, apptest.Maker)
	if opens(c) {
		t.Fatal("the password alone opened a page")
	}
	for what, typed := range map[string]string{"nothing": "", "another code": "000000", "the code of the set-up": phone.Code(enrolled), "letters": "abcdef", "a code of minutes ago": phone.Code(clock.now().Add(-5 * time.Minute))} {
		if a := c.Post("/sign-in/code", "code", typed); a.Status != http.StatusUnprocessableEntity || opens(c) {
			t.Errorf("%s gave %d", what, a.Status)
		}
		if t.Failed() {
			return
		}
		w.DB.Exec(`DELETE FROM sign_in_failures`)
	}
	code := phone.Code(clock.now())
	_, step := c.Cookie("step")
	if a := c.Post("/sign-in/code", "code", code); a.Location() != "/account" || !opens(c) {
		t.Fatalf("the right code led to %q (%d)", a.Location(), a.Status)
	}
	_, session := c.Cookie("session")
	if session == step || session == "" {
		t.Error("the cookie of the sign-in became the session's")
	}
	// Somebody who looked on has the password and the code.
	thief := w.Visitor()
	firstStep(t, thief, apptest.Maker)
	if a := thief.Post("/sign-in/code", "code", code); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "รหัสนี้ใช้ไปแล้ว") {
		t.Errorf("a used code gave %d", a.Status)
	}
	clock.pass(30 * time.Second)
	if a := thief.Post("/sign-in/code", "code", code); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a used code of the half minute before gave %d", a.Status)
	}
}

func TestRightCodeSentManyTimesAtOnceBeginsOneSession(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	phone := w.SignIn(apptest.Maker).Enrol(clock.now())
	w.DB.Exec(`DELETE FROM sessions`)
	clock.pass(time.Minute)
	c := w.Visitor()
	firstStep(t, c, apptest.Maker)
	var wg sync.WaitGroup
	var in atomic.Int64
	for range 8 {
		wg.Go(func() {
			r := c.Request(http.MethodPost, "/sign-in/code", apptest.Form("code", phone.Code(clock.now())))
			if c.Do(r).Status == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	var sessions int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM sessions`).Scan(&sessions); err != nil || sessions != 1 || in.Load() != 1 {
		t.Errorf("%d sessions for %d answers, %v", sessions, in.Load(), err)
	}
}

// Old cookies of every kind are worth nothing after each change of who one is.
func TestOldCookiesOpenNothingAfterTheSecondFactorTheProofAndTheNewPassword(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	phone := w.SignIn(apptest.Maker).Enrol(clock.now())
	clock.pass(time.Minute)
	c := w.Visitor()
	old := map[string]string{"session": strings.Repeat("A", 52)}
	c.SetCookie("__Host-session", old["session"])
	replayed := 0
	dead := func(after string) {
		t.Helper()
		for name, value := range old {
			for _, as := range []string{"__Host-session", "__Host-step"} {
				thief := w.Visitor()
				thief.SetCookie(as, value)
				replayed++
				for n := 1; long && n < 60; n++ {
					replayed++
					if opens(thief) {
						t.Errorf("after %s the old %s opens a page as %s at the %d. try", after, name, as, n)
					}
				}
				if opens(thief) || as == "__Host-step" && thief.Post("/sign-in/code", "code", phone.Code(clock.now())).Status == http.StatusSeeOther {
					t.Errorf("after %s the old %s opens a page as %s", after, name, as)
				}
			}
		}
	}
	keep := func(name, suffix string) { _, old[name] = c.Cookie(suffix) }
	firstStep(t, c, apptest.Maker)
	keep("step of the sign-in", "step")
	if a := c.Post("/sign-in/code", "code", phone.Code(clock.now())); a.Status != http.StatusSeeOther {
		t.Fatalf("signing in gave %d", a.Status)
	}
	dead("signing in")
	keep("session before the proof", "session")
	clock.pass(time.Minute)
	if a := c.Post("/identity", "code", phone.Code(clock.now()), "next", "/account"); a.Location() != "/account" {
		t.Fatalf("the proof gave %d", a.Status)
	}
	dead("a proof")
	keep("session before the new password", "session")
	if a := c.Post("/account/password", "old", apptest.Password, "new", "a new long password"); a.Status != http.StatusSeeOther {
		t.Fatalf("the new password gave %d", a.Status)
	}
	dead("a new password")
	if !opens(c) || replayed < 12 || long && replayed < 1000 {
		t.Errorf("the person themselves is out, or only %d cookies were tried", replayed)
	}
}

func TestStepUpTakesTheFactorAndNotThePasswordOfWhoeverHasOne(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	c := w.SignIn(apptest.Checker)
	phone := c.Enrol(clock.now())
	clock.pass(16 * time.Minute)
	a := c.Post("/instructions/" + nobodysID + "/approval")
	if a.Status != http.StatusUnauthorized || strings.Contains(a.Body, `name="password"`) || !strings.Contains(a.Body, `name="code"`) {
		t.Errorf("an approval long after the proof gave %d", a.Status)
	}
	if a := c.Post("/presentments/export"); a.Status != http.StatusUnauthorized {
		t.Errorf("an export long after the proof gave %d", a.Status)
	}
	if page := c.Get("/identity").Body; strings.Contains(page, `name="password"`) || !strings.Contains(page, `name="code"`) {
		t.Error("the page asks for the password")
	}
	if a := c.Post("/identity", "password", apptest.Password); a.Status != http.StatusBadRequest {
		t.Errorf("the password gave %d", a.Status)
	}
	if a := c.Post("/identity", "code", phone.Recovery[0]); a.Status != http.StatusSeeOther {
		t.Errorf("a recovery code gave %d", a.Status)
	}
	for range 50 { // one proof is enough for a pile
		if a := c.Post("/instructions/" + nobodysID + "/approval"); a.Status == http.StatusUnauthorized {
			t.Fatal("a fresh proof is asked for again")
		}
	}
}

func TestRecoveryCodesLetInOnceEach(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	owner := w.SignIn(apptest.Maker)
	phone := owner.Enrol(clock.now())
	if len(phone.Recovery) != 10 {
		t.Fatalf("there are %d recovery codes", len(phone.Recovery))
	}
	if a := owner.Get("/account/factors/codes"); a.Location() != "/account/factors" || strings.Contains(a.Body, phone.Recovery[0]) {
		t.Errorf("the codes are shown twice: %d", a.Status)
	}
	enter := func(code string) apptest.Answer {
		t.Helper()
		c := w.Visitor()
		firstStep(t, c, apptest.Maker)
		return c.Post("/sign-in/code", "code", code)
	}
	if a := enter(strings.ToUpper(strings.ReplaceAll(phone.Recovery[3], "-", ""))); a.Status != http.StatusSeeOther {
		t.Fatalf("a recovery code gave %d", a.Status)
	}
	if a := enter(phone.Recovery[3]); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a used recovery code gave %d", a.Status)
	}
	if a := owner.Post("/account/factors/codes"); a.Location() != "/account/factors/codes" {
		t.Fatalf("new codes gave %d", a.Status)
	}
	if a := enter(phone.Recovery[4]); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a code of the set before gave %d", a.Status)
	}
	var kept string
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT string_agg(r::text, ' ') || (SELECT string_agg(f::text, ' ') FROM factors f) FROM recovery_codes r`).Scan(&kept)
	if err != nil || strings.Contains(kept, phone.Recovery[5]) || strings.Contains(kept, strings.ReplaceAll(phone.Recovery[5], "-", "")) {
		t.Errorf("the table holds a code: %v", err)
	}
}

func TestGuessingCodesStopsAndTheOwnerStillGetsIn(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t, func(c *app.Config) { c.TrustedHops = 1 })
	owner := w.SignIn(apptest.Maker)
	phone := owner.Enrol(clock.now())
	owner.Post("/sign-out")
	clock.pass(time.Minute)
	var verified, refused atomic.Int64
	var wg sync.WaitGroup
	for network := range 10 { // each of a network of its own
		wg.Go(func() {
			c := w.Visitor()
			from := func(path string, pairs ...string) apptest.Answer {
				r := c.Request(http.MethodPost, path, apptest.Form(pairs...))
				r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", network))
				return c.Do(r)
			}
			from("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password)
			for i := range 5 {
				switch a := from("/sign-in/code", "code", strconv.Itoa(100000+network*100+i)); a.Status {
				case http.StatusUnprocessableEntity:
					verified.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				}
			}
		})
	}
	began := time.Now()
	firstStep(t, owner, apptest.Maker)
	if a := owner.Post("/sign-in/code", "code", phone.Code(clock.now())); a.Status != http.StatusSeeOther {
		t.Errorf("the owner, meanwhile, got %d", a.Status)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the owner waited %s", took)
	}
	wg.Wait()
	if verified.Load() == 0 || verified.Load() > 20 || refused.Load() == 0 {
		t.Errorf("%d guesses were verified, %d refused", verified.Load(), refused.Load())
	}
}

func TestWhereAFactorIsRequiredItComesFirst(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t, func(c *app.Config) { c.RequireFactor = true })
	c := w.SignIn(apptest.Maker)
	for _, path := range []string{"/", "/account", "/presentments", "/account/notices"} {
		if a := c.Get(path); a.Location() != "/account/factors" {
			t.Errorf("%s leads to %q (%d)", path, a.Location(), a.Status)
		}
	}
	if a := c.Post("/presentments/export"); a.Status != http.StatusForbidden || !strings.Contains(a.Body, `href="/account/factors"`) {
		t.Errorf("a form gave %d", a.Status)
	}
	c.Enrol(clock.now())
	if !opens(c) {
		t.Error("after the set-up the portal is closed")
	}
	var id string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id::text FROM factors`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	c.Post("/account/factors/" + id + "/removal")
	if !opens(c) || !strings.Contains(c.Get("/account/factors").Body, "แอปยืนยันตัวตน</") && !strings.Contains(c.Get("/account/factors").Body, "แอปยืนยันตัวตน") {
		t.Error("the last factor could be removed")
	}
	var left int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM factors`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d factors are left, %v", left, err)
	}
}

func TestNewBrowserMayLookButNotApprove(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t, func(c *app.Config) { c.DeviceWait = 4 * time.Hour })
	c := w.SignIn(apptest.Checker)
	approve := func() apptest.Answer { return c.Post("/instructions/" + nobodysID + "/approval") }
	if a := approve(); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "เบราว์เซอร์ใหม่") {
		t.Errorf("an approval in a new browser gave %d", a.Status)
	}
	if a := c.Get("/approvals"); a.Status != http.StatusOK {
		t.Errorf("looking gave %d", a.Status)
	}
	clock.pass(4*time.Hour + time.Second)
	c.Post("/identity", "password", apptest.Password)
	if a := approve(); a.Status == http.StatusForbidden || a.Status == http.StatusUnauthorized {
		t.Errorf("an approval hours later gave %d", a.Status)
	}
}

func TestEveryEventOfAFactorLeavesALeafThatTellsNoSecret(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	c := w.SignIn(apptest.Maker)
	phone := c.Enrol(clock.now())
	clock.pass(time.Minute)
	c.Post("/identity", "code", "000000")
	c.Post("/identity", "code", phone.Code(clock.now()))
	c.Post("/identity", "code", phone.Recovery[0])
	c.Post("/account/factors/codes")
	var id string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id::text FROM factors`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	c.Post("/account/factors/" + id + "/removal")
	rows, err := w.DB.Super.QueryContext(t.Context(), `SELECT action, convert_from(bytes, 'UTF8') FROM audit_leaves WHERE action LIKE 'person.%' ORDER BY at, id`)
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
		if strings.Contains(bytes, phone.Recovery[0]) || strings.Contains(bytes, phone.Code(clock.now())) {
			t.Errorf("the leaf tells a code: %s", bytes)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"person.factor_begun", "person.recovery_codes_made", "person.factor_added", "person.proved", "person.code_refused", "person.recovery_code_used",
		"person.factor_removed", "person.device_new",
	} {
		if !slices.Contains(actions, want) {
			t.Errorf("no leaf says %s: %q", want, actions)
		}
	}
	if strings.Contains(w.Log.String(), phone.Recovery[0]) {
		t.Error("the log tells a code")
	}
}
