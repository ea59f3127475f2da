package app_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
)

var keptField = regexp.MustCompile(`name="kept" value="([^"]+)"`)

// keptIn is the form that a page asking for a proof holds.
func keptIn(t *testing.T, a apptest.Answer, status int) string {
	t.Helper()
	m := keptField.FindStringSubmatch(a.Body)
	if a.Status != status || m == nil {
		t.Fatalf("%d, and a form that waits: %v; want %d\n%s", a.Status, m != nil, status, a.Body)
	}
	return m[1]
}

// TestAProofInBetweenLosesNothingTyped covers the way of a form through the
// question who its sender is: nothing is done before, nothing kept by us,
// nothing readable in the page, nothing typed twice, nothing sent without a click.
func TestAProofInBetweenLosesNothingTyped(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	c := w.SignIn(apptest.Admin)
	phone := c.Enrol(clock.now())
	clock.pass(16 * time.Minute)
	proposals := func() (n int) {
		t.Helper()
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM person_changes`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	typed := apptest.Form("name", "สมหญิง ละเอียด", "email", "somying@example.com", "note", "มาแทน \"คนเดิม\" & <ด่วน>", "products", "papers", "products", "debits")
	r := c.Request(http.MethodPost, "/admin/people", typed)
	r.Header.Set("Referer", w.URL+"/admin/people/new")
	asked := c.Do(r)
	kept := keptIn(t, asked, http.StatusUnauthorized)
	for _, want := range []string{`action="/admin/people?kept"`, `href="/admin/people/new"`, "คุณกำลังจะเชิญผู้ใช้ใหม่", `name="code"`} {
		if !strings.Contains(asked.Body, want) {
			t.Errorf("the page that asks for the proof lacks %s", want)
		}
	}
	if strings.Contains(asked.Body, "somying") || proposals() != 0 {
		t.Errorf("the page shows what was typed, or there are %d proposals already", proposals())
	}
	if wrong := c.Post("/admin/people?kept", "kept", kept, "code", "000000"); keptIn(t, wrong, http.StatusUnprocessableEntity) != kept {
		t.Error("a wrong code changed the form that waits")
	}
	// The right code leads back to the form: a duty is missing.
	form := c.Post("/admin/people?kept", "kept", kept, "code", phone.Code(clock.now()))
	if form.Status != http.StatusUnprocessableEntity || strings.Contains(form.Body, `name="kept"`) {
		t.Fatalf("the right code gave %d", form.Status)
	}
	body := html.UnescapeString(form.Body)
	for _, want := range []string{`value="สมหญิง ละเอียด"`, `value="somying@example.com"`, `มาแทน "คนเดิม" & <ด่วน>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form came back without %s", want)
		}
	}
	// Later, whole: one click does it, and the same page again does not.
	clock.pass(16 * time.Minute)
	typed.Set("duties", "maker")
	typed.Set("level", "1")
	kept = keptIn(t, c.Do(c.Request(http.MethodPost, "/admin/people", typed)), http.StatusUnauthorized)
	code := phone.Code(clock.now())
	if a := c.Post("/admin/people?kept", "kept", kept, "code", code); a.Status != http.StatusSeeOther || proposals() != 1 {
		t.Fatalf("going on gave %d and %d proposals", a.Status, proposals())
	}
	if keptIn(t, c.Post("/admin/people?kept", "kept", kept, "code", code), http.StatusUnprocessableEntity); proposals() != 1 {
		t.Error("a used code sent the form once more")
	}
	var stored string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT string_agg(s::text, ' ') FROM sessions s`).Scan(&stored); err != nil || strings.Contains(stored, "somying") {
		t.Errorf("a session keeps what was typed: %v", err)
	}
}

// TestAFormThatWaitsIsGoodForItsOwnSessionPathAndHour: the seal around it is no
// way to have anything else done, and its proof is no place for guessing.
func TestAFormThatWaitsIsGoodForItsOwnSessionPathAndHour(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	c := w.SignIn(apptest.Checker)
	clock.pass(16 * time.Minute)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	_, next := w.Submitted(apptest.Maker, "INV-2")
	path := "/instructions/" + lead.String() + "/approval"
	// Without a second factor the password is the proof.
	kept := keptIn(t, c.Post(path, "fingerprint", shown(t, w, apptest.Checker, lead)), http.StatusUnauthorized)
	refused := func(what string, by *apptest.Client, path, kept string, status int) {
		t.Helper()
		if a := by.Post(path+"?kept", "kept", kept, "password", apptest.Password); a.Status != status {
			t.Errorf("%s: %d, want %d", what, a.Status, status)
		}
	}
	refused("another path", c, "/instructions/"+next.String()+"/approval", kept, http.StatusConflict)
	refused("another session of the same person", w.SignIn(apptest.Checker), path, kept, http.StatusConflict)
	refused("another person", w.SignIn(apptest.Second), path, kept, http.StatusConflict)
	refused("a seal that was touched", c, path, kept[:len(kept)-2]+"AA", http.StatusConflict)
	refused("no seal at all", c, path, "", http.StatusConflict)
	refused("a visitor", w.Visitor(), path, kept, http.StatusUnauthorized)
	if a := c.Post(path+"?kept", "kept", kept, "password", apptest.Password, "fingerprint", "00"); a.Status != http.StatusBadRequest {
		t.Errorf("a field beside the form: %d", a.Status)
	}
	clock.pass(46 * time.Minute) // within the session's hour by the database's clock
	for range 5 {
		keptIn(t, c.Post(path+"?kept", "kept", kept, "password", "wrong password"), http.StatusUnprocessableEntity)
	}
	if a := c.Post(path+"?kept", "kept", kept, "password", apptest.Password); keptIn(t, a, http.StatusTooManyRequests) != kept || a.Header.Get("Retry-After") == "" {
		t.Error("guessing beside a form does not end, or loses the form")
	}
	w.DB.Exec(`DELETE FROM sign_in_failures`)
	clock.pass(15 * time.Minute)
	refused("after an hour", c, path, kept, http.StatusConflict)
	var approvals int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM approvals`).Scan(&approvals); err != nil || approvals != 0 {
		t.Fatalf("%d approvals, %v", approvals, err)
	}
	kept = keptIn(t, c.Post(path, "fingerprint", shown(t, w, apptest.Checker, lead)), http.StatusUnauthorized)
	refused("the form itself", c, path, kept, http.StatusSeeOther)
}
