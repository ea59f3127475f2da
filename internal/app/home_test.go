package app_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

var (
	workLine = regexp.MustCompile(`(?s)<a class="work-kind" href="([^"]+)">\s*<b class="num">([0-9,]+)</b>`)
	tableRow = regexp.MustCompile(`(?s)<td class="num">\s*<a href="(/presentments\?[^"]+)">([0-9,]+)</a>`)
)

func TestHomeSaysWhatWaitsAndEveryNumberOpensItsRows(t *testing.T) {
	t.Parallel()
	k := newKingdom(t)
	// Time runs for some of what waits; the triggers would not let it.
	k.DB.Exec(`SET session_replication_role = replica;
		UPDATE instructions SET expires_at = now() + interval '2 hours' WHERE state = 'pending' AND operation = 'presentment.cancel';
		UPDATE instructions SET state_since = now() - interval '16 minutes' WHERE state = 'approved';
		RESET session_replication_role`)
	seen := map[string]bool{}
	for _, name := range []string{apptest.Maker, apptest.Checker, apptest.Auditor, apptest.Admin} {
		a := k.Client(name).Get("/")
		if a.Status != 200 || !strings.Contains(a.Body, `id="work"`) || !strings.Contains(a.Body, `id="by-state"`) || !strings.Contains(a.Body, `id="pace"`) {
			t.Fatalf("%s finds %d at home", name, a.Status)
		}
		numbers := append(workLine.FindAllStringSubmatch(a.Body, -1), tableRow.FindAllStringSubmatch(a.Body, -1)...)
		if len(numbers) < 8 {
			t.Errorf("%s finds %d numbers at home", name, len(numbers))
		}
		for _, n := range numbers {
			href := strings.ReplaceAll(n[1], "&amp;", "&")
			seen[href] = true
			list := k.Client(name).Get(href)
			rows, _, _ := strings.Cut(list.Body, "</table>") // what else stands on the page, stands below
			if got := strings.Count(rows, `class="lead"`); list.Status != 200 || strconv.Itoa(got) != n[2] {
				t.Errorf("%s: home says %s of %s, which lists %d (%d)", name, n[2], href, got, list.Status)
			}
		}
	}
	for _, href := range []string{
		"/approvals?tab=mine", "/approvals?tab=running_out", "/approvals?tab=asked", "/approvals?tab=unsent", "/unknown", "/presentments/disputes",
	} {
		if !seen[href] {
			t.Errorf("nobody is led to %s", href)
		}
	}
}

func TestTheListsOfTheWorkQueueGoOn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for n := range 3 {
		w.Submitted(apptest.Maker, "INV-"+strconv.Itoa(n))
	}
	w.DB.Exec(`SET session_replication_role = replica; UPDATE instructions SET expires_at = now() + interval '2 hours'; RESET session_replication_role`)
	read := map[string]func(*store.Query, store.InstructionCursor, int) (store.InstructionPage, error){
		"running out": (*store.Query).RunningOut, "asked": (*store.Query).Asked, "unsent": (*store.Query).Unsent,
	}
	for _, name := range []string{"running out", "asked", "unsent"} {
		if name == "unsent" {
			w.DB.Exec(`SET session_replication_role = replica; UPDATE instructions SET state = 'approved', state_since = now() - interval '16 minutes'; RESET session_replication_role`)
		}
		found := map[store.ID]bool{}
		err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
			var from store.InstructionCursor
			for range 2 {
				page, err := read[name](q, from, 2)
				if err != nil {
					return err
				}
				for _, i := range page.Rows {
					found[i.ID] = true
					from = store.InstructionCursor{At: map[string]time.Time{"running out": i.ExpiresAt, "asked": i.SubmittedAt, "unsent": i.StateSince}[name], ID: i.ID}
				}
			}
			return nil
		})
		if err != nil || len(found) != 3 {
			t.Errorf("%s: two pages of two show %d of 3: %v", name, len(found), err)
		}
	}
}

func TestHomeOfANewMerchantSaysTheFirstStep(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	if body := w.Client(apptest.Maker).Get("/").Body; !strings.Contains(body, `href="/presentments/new"`) || strings.Contains(body, `id="by-state"`) {
		t.Error("a maker is not told how to begin")
	}
	if body := w.Client(apptest.Checker).Get("/").Body; !strings.Contains(body, `id="first-step"`) || strings.Contains(body, `href="/presentments/new"`) {
		t.Error("a checker is told to make a bill")
	}
	if a := w.Client(apptest.Nobody).Get("/"); a.Status != 403 {
		t.Errorf("somebody without any duty: %d", a.Status)
	}
}

func TestFiguresStayRightWhenTheyAreAddedUp(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	w.Submitted(apptest.Maker, "INV-2")
	send(w.Client(apptest.Maker), "/presentments", billForm("INV-3"))
	agree(t, w, lead)
	want := map[string]store.Figure{}
	rows, err := w.DB.Super.QueryContext(t.Context(), `SELECT state, count(*), sum(total_satang) FROM presentments GROUP BY state`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var state string
		var f store.Figure
		if err := rows.Scan(&state, &f.Number, &f.Satang); err != nil {
			t.Fatal(err)
		}
		want[state] = f
	}
	if err := rows.Err(); err != nil || len(want) != 3 {
		t.Fatalf("%v %v", want, err)
	}
	work := w.DB.Store(store.Worker)
	for _, at := range []string{"before", "halfway", "after"} {
		var got map[string]store.Figure
		var months, due int64
		err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
			if got, err = q.FiguresByState(); err != nil {
				return err
			}
			byMonth, byDue, err := q.FiguresByDay(store.PresentmentStates, bill.DocumentOn.AddDate(-1, 0, 0),
				[]store.Span{{First: bill.DueOn.AddDate(-1, 0, 0), Last: bill.DueOn.AddDate(1, 0, 0)}})
			if err != nil {
				return err
			}
			for _, f := range byMonth {
				months += f.Number
			}
			due = byDue[0].Number
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for state, f := range want {
			if got[state] != f {
				t.Errorf("%s they are added up, %s is %v, want %v", at, state, got[state], f)
			}
		}
		if len(got) != len(want) || months != 3 || due != 3 {
			t.Errorf("%s they are added up: %v, %d by month, %d by due day", at, got, months, due)
		}
		atMost := map[string]int{"before": 3, "halfway": 1000, "after": 1000}[at]
		err = work.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error { _, err := tx.AddUpBills(atMost); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
}
