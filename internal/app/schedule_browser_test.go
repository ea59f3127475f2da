package app_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

// TestAMonthEndScheduleIsKeptAroundALateHolidayInABrowser makes a schedule on
// the 31st of each month with its dates in sight, has it approved, and moves a
// run of it when the bank declares a holiday after that.
func TestAMonthEndScheduleIsKeptAroundALateHolidayInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range inBrowsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			bank := w.OpenBank()
			payerWithMandate(t, w, bank, "P005")
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, w, apptest.Maker, o.Lang, "/schedules")
			keep := func(page string) {
				if dir := os.Getenv("SHOTS"); dir != "" {
					p.Screenshot(filepath.Join(dir, page+"-"+strings.ReplaceAll(name, " ", "-")+".png"))
				}
			}
			keep("empty")
			href := scheduleInBrowser(t, p, w, o, keep)
			approveLatest(t, w, href)
			bank.Send()
			p.Go(w.URL + href)
			p.Axe()
			keep("schedule")
			id, err := parseID(strings.TrimPrefix(href, "/schedules/"))
			if err != nil {
				t.Fatal(err)
			}
			days := slices.DeleteFunc(runDays(t, w, id), func(d time.Time) bool { return d.Weekday() > time.Thursday || d.Weekday() == time.Sunday })
			on := days[len(days)-1]
			moveInBrowser(t, p, w, on, keep)
			approveLatest(t, w, href)
			bank.Send()
			p.Go(w.URL + href)
			p.Axe()
			keep("schedule-moved")
			if later := runDays(t, w, id); !slices.ContainsFunc(later, func(d time.Time) bool { return d.After(on) && d.Before(on.AddDate(0, 0, 6)) }) {
				t.Errorf("nothing is debited soon after %s: %v", on, later)
			}
			for page, path := range map[string]string{"calendar": "/debits/calendar?month=" + days[0].Format("2006-01"), "forecast": "/debits/forecast", "list": "/schedules", "paused": "/debits/forecast?pause=" + id.String()} {
				p.Go(w.URL + path)
				p.Axe()
				keep(page)
				if p.Status() != 200 || strings.Contains(p.HTML(), "⟦") {
					t.Errorf("%s: %d, or a text is missing", path, p.Status())
				}
			}
		})
	}
}

// scheduleInBrowser fills in the form, looks at the dates and submits them.
func scheduleInBrowser(t *testing.T, p *browsertest.Page, w *apptest.World, o browsertest.Options, keep func(string)) (href string) {
	t.Helper()
	p.Go(w.URL + "/schedules/new")
	p.Axe()
	form := monthEnds("P005")
	typed := map[string]string{}
	for n := 0; n < len(form); n += 2 {
		typed[form[n]] = form[n+1]
	}
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		switch name {
		case "frequency", "ends", "shift":
			p.Click("#schedule-form input[name=" + name + "][value=" + typed[name] + "]")
		case "key", "end":
		default:
			p.Fill("#schedule-form [name="+name+"]", typed[name])
		}
	}
	if o.NoScript {
		p.Click("#schedule-form button[value=show]")
	}
	p.WaitText("#schedule-dates tfoot", "18,000.00")
	p.Axe()
	keep("form")
	if n := p.Count("#schedule-dates tbody tr"); n < 12 {
		t.Errorf("%d dates are shown", n)
	}
	p.Click("#schedule-form button[value=check]")
	p.Axe()
	keep("check")
	p.Click(".confirm button[value=submit]")
	href = strings.TrimPrefix(p.URL(), w.URL)
	if !strings.HasPrefix(href, "/schedules/") || len(href) != len("/schedules/")+36 {
		t.Fatalf("after submitting the maker is at %s (%d): %s", p.URL(), p.Status(), p.Text("main"))
	}
	p.Axe()
	return href
}

// moveInBrowser declares a holiday, and makes the batch of what it moves.
func moveInBrowser(t *testing.T, p *browsertest.Page, w *apptest.World, on time.Time, keep func(string)) {
	t.Helper()
	p.Go(w.URL + "/holidays?year=" + on.Format("2006"))
	p.Axe()
	keep("holidays")
	p.Fill("#holiday-form [name=day]", on.Format("02/01/2006"))
	p.Fill("#holiday-form [name=name]", "วันหยุดพิเศษ")
	p.Fill("#holiday-form [name=source]", "ประกาศ ธปท. 7/2570")
	p.Submit("#holiday-form")
	p.Axe()
	keep("holiday")
	if moves := p.Count("td.lead a"); moves != 1 {
		t.Fatalf("%d debits move: %s", moves, p.Text("main"))
	}
	p.Submit("#move-form")
	p.Axe()
	keep("batch")
	p.Submit("form[action$='/start']")
	for range 5 {
		if !p.Exists("form[action$='/next'] button") {
			break
		}
		p.Click("form[action$='/next'] button")
	}
	p.WaitFor("td.lead a[href^='/approvals/'], a[href^='/approvals']")
	p.Axe()
}
