package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
)

// deviceOf is the id of the browser in which a person signed in last.
func deviceOf(t *testing.T, w *apptest.World, person string) (id string) {
	t.Helper()
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id::text FROM devices WHERE person_id = $1 ORDER BY first_seen_at DESC, id DESC LIMIT 1`, w.Person(person)).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestABrowserIsNamedAndForgotten: one's own only. A forgotten one is signed out
// and as new as any other, however long it was known.
func TestABrowserIsNamedAndForgotten(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t, func(c *app.Config) { c.DeviceWait = 4 * time.Hour })
	here, there := w.SignIn(apptest.Checker), w.SignIn(apptest.Checker)
	lost := deviceOf(t, w, apptest.Checker)
	w.SignIn(apptest.Maker)
	others := deviceOf(t, w, apptest.Maker)
	if a := here.Post("/account/devices/"+lost, "name", "เครื่อง <หน้าร้าน>"); a.Status != http.StatusSeeOther {
		t.Fatalf("naming gave %d", a.Status)
	}
	if page := here.Get("/account/factors").Body; !strings.Contains(page, "เครื่อง &lt;หน้าร้าน&gt;") {
		t.Error("the browser is not called what it was named")
	}
	if page := here.Get("/account").Body; !strings.Contains(page, "เครื่อง &lt;หน้าร้าน&gt;") {
		t.Error("its session is not called so")
	}
	for _, path := range []string{"/account/devices/" + others, "/account/devices/" + others + "/removal"} {
		if a := here.Post(path); a.Status != http.StatusNotFound {
			t.Errorf("a colleague's browser at %s: %d", path, a.Status)
		}
	}
	clock.pass(50 * time.Minute)
	if a := here.Post("/account/devices/" + lost + "/removal"); a.Status != http.StatusUnauthorized {
		t.Errorf("forgetting long after the proof: %d", a.Status)
	}
	here.Post("/identity", "password", apptest.Password)
	if a := here.Post("/account/devices/" + lost + "/removal"); a.Status != http.StatusSeeOther {
		t.Fatalf("forgetting gave %d", a.Status)
	}
	if opens(there) || !opens(here) {
		t.Error("the forgotten browser is still signed in, or the other is not")
	}
	clock.pass(4 * time.Hour)
	a := there.Post("/sign-in", "email", apptest.Email(apptest.Checker), "password", apptest.Password)
	if a.Status != http.StatusSeeOther || !opens(there) {
		t.Fatalf("signing in there again: %d", a.Status)
	}
	if deviceOf(t, w, apptest.Checker) == lost {
		t.Error("it is the same browser as before")
	}
	if n := leaves(t, w, "person.device_named") + leaves(t, w, "person.device_forgotten"); n != 2 {
		t.Errorf("%d leaves, want 2", n)
	}
}

// TestAnAdministratorSignsSomebodyOutEverywhere: sessions and half a sign-in end
// with a leaf; another merchant's people, and one without the duty, are out of
// reach.
func TestAnAdministratorSignsSomebodyOutEverywhere(t *testing.T) {
	t.Parallel()
	w, clock := factorWorld(t)
	first := w.SignIn(apptest.Maker)
	phone := first.Enrol(clock.now())
	clock.pass(time.Minute)
	half := w.Visitor()
	firstStep(t, half, apptest.Maker)
	path := "/admin/people/" + w.Person(apptest.Maker).String() + "/sessions/end"
	for name, status := range map[string]int{apptest.Checker: http.StatusForbidden, apptest.Auditor: http.StatusForbidden, apptest.Stranger: http.StatusForbidden} {
		if a := w.SignIn(name).Post(path); a.Status != status || !opens(first) {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	admin := w.SignIn(apptest.Admin)
	if a := admin.Post("/admin/people/" + w.Person(apptest.Stranger).String() + "/sessions/end"); a.Status != http.StatusNotFound {
		t.Errorf("another merchant's person: %d", a.Status)
	}
	if a := admin.Post(path); a.Status != http.StatusSeeOther {
		t.Fatalf("signing somebody out: %d", a.Status)
	}
	if opens(first) || half.Post("/sign-in/code", "code", phone.Code(clock.now())).Status == http.StatusSeeOther {
		t.Error("a session, or half a sign-in, goes on")
	}
	if n := leaves(t, w, "person.sessions_ended"); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

func leaves(t *testing.T, w *apptest.World, action string) (n int) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = $1`, action).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
