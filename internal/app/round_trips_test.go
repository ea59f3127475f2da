package app_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// A page costs what it asks of the database, one question after the other.
// Neither its rows nor a release may make it ask more often unnoticed.
func TestPagesAskTheDatabaseOnlySoOften(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Checker)
	bill, lead := w.Submitted(apptest.Maker, "INV-0")
	asks := func(path string) int {
		t.Helper()
		var asked store.Asked
		r := c.Request(http.MethodGet, path, nil)
		r = r.WithContext(store.Counted(r.Context(), &asked))
		answer := httptest.NewRecorder()
		w.App.Handler().ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			t.Fatalf("GET %s: %d", path, answer.Code)
		}
		return asked.RoundTrips()
	}
	budgets := map[string]int{
		"/": 13, "/presentments": 6, "/presentments/" + bill.ID.String(): 27, "/approvals": 5, "/approvals/" + lead.String(): 22,
		"/notices": 4, "/search?q=INV-": 17,
	}
	few := map[string]int{}
	for path, most := range budgets {
		if few[path] = asks(path); few[path] > most {
			t.Errorf("%s waits %d times for the database, want %d at most", path, few[path], most)
		}
	}
	for n := range 12 {
		w.Submitted(apptest.Maker, "INV-"+strconv.Itoa(n+1))
	}
	for path := range budgets {
		if many := asks(path); many > few[path] {
			t.Errorf("%s waits %d times for the database with one bill and %d times with many", path, few[path], many)
		}
	}
}

// An approval of a bill with its document is what people do most where it
// counts most: a session, one transaction of eight round trips, and nothing
// after it.
func TestAnApprovalAsksTheDatabaseNineTimes(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Checker)
	_, lead := w.Submitted(apptest.Maker, "INV-0")
	var seen store.Fingerprint
	err := w.Web.Read(t.Context(), w.Actor(apptest.Checker), func(q *store.Query) error {
		parts, err := q.Parts(lead)
		seen = store.FingerprintOf(parts)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var asked store.Asked
	r := c.Request(http.MethodPost, "/instructions/"+lead.String()+"/approval", apptest.Form("fingerprint", seen.String()))
	answer := httptest.NewRecorder()
	w.App.Handler().ServeHTTP(answer, r.WithContext(store.Counted(r.Context(), &asked)))
	if answer.Code != http.StatusSeeOther || asked.RoundTrips() > 9 {
		t.Errorf("an approval was answered %d after %d round trips", answer.Code, asked.RoundTrips())
	}
}
