package app_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
)

var leadOnPage = regexp.MustCompile(`<td class="meta">([A-Z]+-\d+)</td>`)

// numbersOn are the bills on a page of the list, in order.
func numbersOn(page apptest.Answer) string {
	var all []string
	for _, m := range leadOnPage.FindAllStringSubmatch(page.Body, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

// stock is a list of four bills: two drafts of different amounts and days, one
// that waits, and one at another buyer's.
func stock(t *testing.T) *apptest.World {
	t.Helper()
	w := apptest.New(t)
	tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	w.Submitted(apptest.Both, "INV-2")
	send(w.Client(apptest.Maker), "/presentments", billForm("INV-3", "buyer_name", "ร้านข้าวหอม", "due_on", bangkokToday(3), "document_on", bangkokToday(-1)))
	tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-4")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; ALTER TABLE presentments ENABLE ALWAYS TRIGGER presentment_is_searchable_anew;
		UPDATE presentments SET total_satang = 5, before_tax_satang = 5, vat_satang = 0, document_on = document_on - 40, due_on = document_on - 40 WHERE document_number = 'INV-4'; COMMIT;
		ALTER TABLE presentments ENABLE TRIGGER presentment_is_searchable_anew`)
	return w
}

func TestListIsFilteredAndSortedByItsAddress(t *testing.T) {
	t.Parallel()
	w := stock(t)
	c := w.Client(apptest.Maker)
	for query, want := range map[string]string{
		"sort=number&dir=asc":                                        "INV-1 INV-2 INV-3 INV-4",
		"sort=number":                                                "INV-4 INV-3 INV-2 INV-1",
		"sort=amount&dir=asc&state=draft":                            "INV-4 INV-1 INV-3",
		"state=draft&state=submitted&sort=number":                    "INV-4 INV-3 INV-2 INV-1",
		"state=submitted&state=presented":                            "INV-2",
		"mine=1&sort=number&dir=asc":                                 "INV-1 INV-3 INV-4",
		"fault=1":                                                    "",
		"due=overdue":                                                "",
		"due=next_7_days":                                            "INV-3",
		"amount_to=0.05":                                             "INV-4",
		"amount_from=1,070&amount_to=1070.00&q=inv":                  "INV-2 INV-1",
		"q=" + url.QueryEscape("ข้าวหอม"):                            "INV-3",
		"tax_id=0-1055-62000-00-7&sort=number":                       "INV-4 INV-3 INV-2 INV-1",
		"on_to=" + bangkokToday(-2):                                  "INV-4",
		"on_from=" + bangkokToday(-2) + "&on_to=" + bangkokToday(-1): "INV-3",
		"state=cancelled&due=overdue":                                "",
	} {
		page := c.Get("/presentments?" + query)
		if got := numbersOn(page); page.Status != http.StatusOK || got != want {
			t.Errorf("%s: %d, %q, want %q", query, page.Status, got, want)
		}
	}
	for _, query := range []string{"sort=size", "state=lost", "dir=up", "after=1_" + nobodysID, "due=never", "sort=amount&after=x_" + nobodysID} {
		if page := c.Get("/presentments?" + query); page.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, page.Status)
		}
	}
	page := c.Get("/presentments?on_from=31/02/2569&tax_id=12&amount_from=x&state=draft")
	if page.Status != http.StatusUnprocessableEntity || numbersOn(page) == "" || !strings.Contains(page.Body, `value="31/02/2569"`) || strings.Count(page.Body, `class="error"`) != 3 {
		t.Errorf("mistyped: %d with %d errors", page.Status, strings.Count(page.Body, `class="error"`))
	}
	page = c.Get("/presentments?state=draft&mine=1&amount_to=1070")
	for _, want := range []string{`href="/presentments?amount_to=1070.00&amp;state=draft"`, `href="/presentments?mine=1&amp;state=draft"`, "รวมทั้งหมด 2 ใบที่ตรงกับตัวกรอง", "1,070.05"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestAllThatMatchAreThoseOfTheFilterAtThatMoment(t *testing.T) {
	t.Parallel()
	w := stock(t)
	c := w.Client(apptest.Maker)
	a := c.Post("/batches", "key", strings.Repeat("K", 26), "kind", "submit", "all", "1", "list", "state=draft&sort=number&dir=asc", "id", nobodysID)
	b := chosen{t: t, w: w, c: c, path: a.Location()}
	tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-5")
	_, rows := b.batch()
	var titles []string
	for _, r := range rows {
		titles = append(titles, strings.Fields(r.Title)[0])
	}
	if got := strings.Join(titles, " "); got != "INV-1 INV-3 INV-4" {
		t.Errorf("the batch is %s", got)
	}
}

func TestViewIsKeptSharedChosenAndLeft(t *testing.T) {
	t.Parallel()
	w := stock(t)
	c, other := w.Client(apptest.Maker), w.Client(apptest.Checker)
	a := c.Post("/list/views", "name", "ยังไม่ส่ง", "query", "state=draft&sort=number&dir=asc&on=last_month&evil=1", "shared", "1")
	if a.Status != http.StatusBadRequest {
		t.Errorf("a view of what no list says: %d", a.Status)
	}
	a = c.Post("/list/views", "name", "ยังไม่ส่ง", "query", "state=draft&sort=number&dir=asc")
	view := a.Location()
	if page := c.Get(view); a.Status != http.StatusSeeOther || numbersOn(page) != "INV-1 INV-3 INV-4" || !strings.Contains(page.Body, `ยังไม่ส่ง <span class="count">3</span>`) {
		t.Fatalf("the view is %d at %s: %s\n%s", a.Status, view, numbersOn(page), w.Log)
	}
	if strings.Contains(other.Get("/presentments").Body, "ยังไม่ส่ง") {
		t.Error("another person sees a view that is not shared")
	}
	id := regexp.MustCompile(`view=([0-9a-f-]{36})`).FindStringSubmatch(view)[1]
	if a := other.Post("/list/views/"+id, "name", "x"); a.Status != http.StatusNotFound {
		t.Errorf("another's view was renamed: %d", a.Status)
	}
	c.Post("/list/views/"+id, "name", "ร่างทั้งหมด", "shared", "1")
	if !strings.Contains(other.Get("/presentments").Body, "ร่างทั้งหมด") || strings.Contains(w.Client(apptest.Stranger).Get("/presentments").Body, "ร่างทั้งหมด") {
		t.Error("a shared view is not with those who work for the merchant alone")
	}
	other.Post("/list/views/default", "view", id, "return", "/presentments")
	if a := other.Get("/presentments"); a.Status != http.StatusSeeOther || !strings.Contains(a.Location(), "view="+id) {
		t.Errorf("the list opens with %d %s", a.Status, a.Location())
	}
	if a := other.Get("/presentments?view=all"); numbersOn(a) == "" || !strings.Contains(html.UnescapeString(a.Body), `href="/presentments?view=all"`) {
		t.Error("there is no way to all bills")
	}
	if a := other.Post("/list/views/" + id + "/removal"); a.Status != http.StatusNotFound {
		t.Errorf("another's view was deleted: %d", a.Status)
	}
	if a := c.Post("/list/views", "name", "ร่างทั้งหมด", "query", ""); a.Status != http.StatusSeeOther || strings.Contains(a.Location(), "view=") {
		t.Error("two views of one name were kept")
	}
	c.Post("/list/views/" + id + "/removal")
	if a := other.Get("/presentments"); a.Status != http.StatusOK {
		t.Errorf("after its view was deleted the list opens with %d", a.Status)
	}
}

func TestViewIsUpdatedAndMovedByItsOwner(t *testing.T) {
	t.Parallel()
	w := stock(t)
	c, other := w.Client(apptest.Maker), w.Client(apptest.Checker)
	var ids []string
	for _, name := range []string{"หนึ่ง", "สอง", "สาม"} {
		a := c.Post("/list/views", "name", name, "query", "state=draft", "shared", "1")
		ids = append(ids, regexp.MustCompile(`view=([0-9a-f-]{36})`).FindStringSubmatch(a.Location())[1])
	}
	order := func() string {
		var names []string
		for _, m := range regexp.MustCompile(`>(หนึ่ง|สอง|สาม) <span`).FindAllStringSubmatch(c.Get("/presentments").Body, -1) {
			names = append(names, m[1])
		}
		return strings.Join(names, " ")
	}
	for _, step := range []struct{ id, way, want string }{
		{ids[2], "back", "หนึ่ง สาม สอง"}, {ids[0], "on", "สาม หนึ่ง สอง"}, {ids[2], "back", "สาม หนึ่ง สอง"}, {ids[1], "on", "สาม หนึ่ง สอง"},
	} {
		if a := c.Post("/list/views/"+step.id+"/place", "way", step.way); a.Status != http.StatusSeeOther || order() != step.want {
			t.Errorf("moved %s: %d, %s, want %s", step.way, a.Status, order(), step.want)
		}
	}
	// The view stays open while its filter is changed, and takes the change over.
	changed := "/presentments?state=submitted&view=" + ids[0]
	panel := strings.Replace(changed, "?", "/views?", 1)
	if !strings.Contains(c.Get(panel).Body, "/list/views/"+ids[0]+"/query") || strings.Contains(c.Get("/presentments/views?state=draft&view="+ids[0]).Body, "/list/views/"+ids[0]+"/query") {
		t.Error("updating is not offered, or offered where nothing has changed")
	}
	if strings.Contains(other.Get(panel).Body, "/list/views/"+ids[0]+"/query") {
		t.Error("updating another's view is offered")
	}
	for _, path := range []string{"/query", "/place"} {
		form := map[string][]string{"/query": {"query", "state=submitted"}, "/place": {"way", "on"}}[path]
		if a := other.Post("/list/views/"+ids[0]+path, form...); a.Status != http.StatusNotFound {
			t.Errorf("another changes it by %s: %d", path, a.Status)
		}
	}
	if a := other.Post("/list/columns", "column", "vat", "view", ids[0]); a.Status != http.StatusNotFound {
		t.Errorf("another chooses its columns: %d", a.Status)
	}
	a := c.Post("/list/views/"+ids[0]+"/query", "query", "state=submitted&sort=amount")
	if page := c.Get(a.Location()); a.Status != http.StatusSeeOther || numbersOn(page) != "INV-2" || !strings.Contains(page.Body, `หนึ่ง <span class="count">1</span>`) {
		t.Errorf("updated it shows %s", numbersOn(page))
	}
	c.Post("/list/columns", "column", "tax_id", "view", ids[0])
	if !strings.Contains(c.Get(changed).Body, ">0105562000007<") || strings.Contains(c.Get("/presentments").Body, ">0105562000007<") {
		t.Error("the columns chosen in a view are not those of the view alone")
	}
}

func TestColumnsAreThoseThatWereChosen(t *testing.T) {
	t.Parallel()
	w := stock(t)
	c := w.Client(apptest.Maker)
	c.Post("/list/columns", "column", "tax_id", "column", "vat", "column", "made_by", "return", "/presentments?state=draft")
	page := c.Get("/presentments").Body
	for want, there := range map[string]bool{">ภาษีมูลค่าเพิ่ม": true, ">0105562000007<": true, ">คุณboth<": true, `class="date due"`: false} {
		if strings.Contains(page, want) != there {
			t.Errorf("%s: there is not %v", want, there)
		}
	}
	if a := c.Post("/list/columns", "column", "password_hash"); a.Status != http.StatusBadRequest {
		t.Errorf("a column that there is not: %d", a.Status)
	}
	if strings.Contains(w.Client(apptest.Checker).Get("/presentments").Body, "คุณboth<") {
		t.Error("another person has these columns too")
	}
}

// Wherever a day is typed, a year that can be read in two ways is asked about
// with a button that takes the place of what was typed.
func TestAYearInDoubtIsAskedAboutOnEveryPage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, checker := w.Client(apptest.Maker), w.Client(apptest.Checker)
	asked := regexp.MustCompile(`<button class="button small" name="(\w+)_reading" value="(\d{4}-\d\d-\d\d)"( form="presentment-filter")?`)
	for _, c := range []struct {
		page   apptest.Answer
		field  string
		before string
	}{
		{maker.Get("/presentments?on_from=25/12/68"), "on_from", "/presentments?on_from=25/12/68"},
		{w.Client(apptest.Auditor).Get("/audit?to=25/12/68"), "to", ""},
		{checker.Post("/approvals/delegations", "starts_on", "25/12/68", "ends_on", "26/12/2569", "cap", "1"), "starts_on", ""},
	} {
		found := asked.FindAllStringSubmatch(c.page.Body, -1)
		if len(found) != 2 || found[0][1] != c.field || found[0][2] != "2025-12-25" || found[1][2] != "2068-12-25" {
			t.Errorf("%s: %d asks %v", c.field, c.page.Status, found)
		}
		if c.before != "" && len(found) > 0 {
			if found[0][3] == "" {
				t.Error("the button sends no form")
			}
			if a := maker.Get(c.before + "&on_from_reading=2025-12-25"); a.Status != http.StatusOK || !strings.Contains(a.Body, "25/12/2568") {
				t.Errorf("the reading: %d", a.Status)
			}
		}
	}
}
