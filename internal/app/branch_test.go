package app_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/krungsri/sandbox"
)

// lookAround searches, and returns the page of what is known then.
func lookAround(t *testing.T, c *apptest.Client, place, km string, more ...string) apptest.Answer {
	t.Helper()
	a := c.Post("/branch-searches", append([]string{"place", place, "km", km}, more...)...)
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/branches?") {
		t.Fatalf("a search was answered %d: %s", a.Status, a.Body)
	}
	return c.Get(a.Header.Get("Location"))
}

// askedOfBank is how often the bank was asked for service points.
func askedOfBank(t *testing.T, w *apptest.World) (n int) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM inquiries WHERE operation = 'location.inquire'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWithTheBankAwayTheLastListIsShownAsSuch(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	w := apptest.New(t, func(c *app.Config) { c.Clock = func() time.Time { return time.Now().Add(time.Duration(later.Load())) } })
	bank := w.OpenBank()
	answering(t, bank)
	c := w.Client(apptest.Maker)
	fresh := lookAround(t, c, "จตุจักร", "2")
	if !strings.Contains(fresh.Body, "ข้อมูลจากธนาคาร เมื่อ") || strings.Contains(fresh.Body, "รายชื่อล่าสุดที่มี") || !strings.Contains(fresh.Body, `id="p-B103001"`) {
		t.Fatalf("an answered search says: %s", fresh.Body)
	}
	if err := bank.SetFault("location.inquire", sandbox.Fault{Kind: sandbox.ErrorBefore}); err != nil {
		t.Fatal(err)
	}
	later.Store(int64(25 * time.Hour))
	away := lookAround(t, c, "จตุจักร", "2")
	for _, want := range []string{"ธนาคารไม่ตอบ ", "ด้านล่างเป็นรายชื่อล่าสุดที่มี", "รายชื่อล่าสุดที่มี จากธนาคาร ", `id="p-B103001"`, "ถามธนาคารตอนนี้"} {
		if !strings.Contains(away.Body, want) {
			t.Errorf("with the bank away the page lacks %q", want)
		}
	}
	none := lookAround(t, c, "เชียงใหม่", "2")
	for _, want := range []string{"ธนาคารไม่ตอบ ", "ยังไม่เคยตอบเรื่องบริเวณนี้", "ยังไม่มีข้อมูลของบริเวณนี้", "ถามธนาคารตอนนี้"} {
		if !strings.Contains(none.Body, want) {
			t.Errorf("where nothing is known the page lacks %q", want)
		}
	}
	if strings.Contains(none.Body, "รายชื่อล่าสุดที่มี") {
		t.Error("nothing is known, and a list is announced")
	}
	if err := bank.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	if back := lookAround(t, c, "เชียงใหม่", "2"); strings.Contains(back.Body, "ธนาคารไม่ตอบ") || !strings.Contains(back.Body, `id="p-B500101"`) {
		t.Error("with the bank back its answer is not shown")
	}
}

func TestASmallerSearchIsAnsweredFromALargerOne(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	answering(t, w.OpenBank())
	c := w.Client(apptest.Maker)
	lookAround(t, c, "18.790, 98.985", "20")
	for _, within := range [][2]string{{"18.790, 98.985", "5"}, {"18.830, 98.950", "10"}, {"18.79004, 98.98504", "20"}} {
		page := lookAround(t, c, within[0], within[1])
		if n := askedOfBank(t, w); n != 1 || !strings.Contains(page.Body, `id="p-B500101"`) {
			t.Errorf("%s within %s km: the bank was asked %d times", within[0], within[1], n)
		}
	}
	lookAround(t, c, "18.900, 98.985", "10") // reaches out of the circle
	if n := askedOfBank(t, w); n != 2 {
		t.Errorf("out of the circle the bank was asked %d times", n)
	}
}

func TestACutAnswerStandsInForNoOther(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	answering(t, w.OpenBank())
	c := w.Client(apptest.Maker)
	const cut = "ไม่เกิน 1,000 แห่งที่ใกล้ที่สุด"
	if page := lookAround(t, c, "13.754, 100.501", "50"); !strings.Contains(page.Body, cut) {
		t.Fatal("the bank gave as much as it gives, and the page does not say so")
	}
	if lookAround(t, c, "13.754, 100.501", "50"); askedOfBank(t, w) != 1 {
		t.Error("the same question was put again within the day")
	}
	// Some point of the edge may be missing from the answer.
	if page := lookAround(t, c, "13.900, 100.501", "20"); askedOfBank(t, w) != 2 || strings.Contains(page.Body, cut) {
		t.Errorf("a search beside it was answered from a list that was cut; the bank was asked %d times", askedOfBank(t, w))
	}
}

func TestOnlyTheFinderMayKnowAPositionAndLoadAMap(t *testing.T) {
	t.Parallel()
	w := apptest.New(t, func(c *app.Config) { c.MapTiles = "https://tiles.example.co.th/{z}/{x}/{y}.png" })
	c := w.Client(apptest.Maker)
	finder, other := c.Get("/branches"), c.Get("/presentments")
	if csp := finder.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' https://tiles.example.co.th data:;") {
		t.Errorf("the finder's policy is %q", csp)
	}
	if p := finder.Header.Get("Permissions-Policy"); !strings.Contains(p, "geolocation=(self)") {
		t.Errorf("the finder may use %q", p)
	}
	if csp, p := other.Header.Get("Content-Security-Policy"), other.Header.Get("Permissions-Policy"); strings.Contains(csp, "tiles.example") || !strings.Contains(p, "geolocation=()") {
		t.Errorf("another page has %q and may use %q", csp, p)
	}
	plain := apptest.New(t).Client(apptest.Maker).Get("/branches")
	if csp := plain.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' data:;") {
		t.Errorf("without a server of maps the policy is %q", csp)
	}
}

func TestABranchIsChosenByEachAndForTheMerchant(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	stop := answering(t, bank)
	lookAround(t, w.Client(apptest.Maker), "จตุจักร", "2")
	stop()
	_, lead := lost(t, w, bank, "INV-1")
	choose := func(who, point, whose string) int {
		return w.Client(who).Post("/branches/"+point+"/choice", "whose", whose).Status
	}
	if got := choose(apptest.Maker, "B103001", "merchant"); got != http.StatusBadRequest {
		t.Errorf("a maker chose the merchant's branch: %d", got)
	}
	if got := choose(apptest.Stranger, "B103001", "own"); got != http.StatusNotFound {
		t.Errorf("a stranger chose what only others know of: %d", got)
	}
	if got := choose(apptest.Maker, "B103001", "own"); got != http.StatusSeeOther {
		t.Fatalf("choosing: %d", got)
	}
	books, slip, account := "/payments/books", "/unknown/"+lead.String()+"/slip", "/account"
	shows := func(who, path, name string) bool {
		t.Helper()
		a := w.Client(who).Get(path)
		if a.Status != http.StatusOK {
			t.Fatalf("%s: %d", path, a.Status)
		}
		return strings.Contains(a.Body, name)
	}
	const own, company = "สาขาของฉัน", "สาขาของบริษัท"
	for _, path := range []string{books, account} {
		if !shows(apptest.Maker, path, own) || shows(apptest.Checker, path, own) {
			t.Errorf("%s does not show a maker's branch to the maker alone", path)
		}
	}
	if !shows(apptest.Maker, books, "001-1-23456-7") || !shows(apptest.Maker, books, "ยังไม่ได้เลือกสาขาของบริษัท") {
		t.Error("the books do not show the account, and that the merchant has no branch")
	}
	if choose(apptest.Admin, "E103001", "merchant") != http.StatusSeeOther {
		t.Fatal("an administrator could not choose for the merchant")
	}
	for _, path := range []string{books, account} {
		if !shows(apptest.Checker, path, company) {
			t.Errorf("%s does not show the merchant's branch", path)
		}
	}
	// The slip bears it in both languages, with telephone and hours.
	for _, want := range []string{"สาขาของเรา", "Our branch", "ตัวอย่าง จตุจักร · 02-000-", "Chatuchak · 02-000-", "Mon–Fri 09:00–17:30, Sat 10:00–16:00", "จ.–ศ. 09:00–17:30, ส. 10:00–16:00"} {
		if !shows(apptest.Checker, slip, want) {
			t.Errorf("the slip lacks %q", want)
		}
	}
	// The bank no longer tells of it.
	w.DB.Exec(`DELETE FROM service_points`)
	if !shows(apptest.Checker, account, "ไม่อยู่ในรายชื่อล่าสุดของธนาคาร") {
		t.Error("nothing says that the bank dropped the branch")
	}
	for who, whose := range map[string]string{apptest.Admin: "merchant", apptest.Maker: "own"} {
		if a := w.Client(who).Post("/branches/removal", "whose", whose); a.Status != http.StatusSeeOther {
			t.Errorf("leaving %s: %d", whose, a.Status)
		}
	}
	if shows(apptest.Maker, account, own) || shows(apptest.Maker, account, company) || shows(apptest.Maker, slip, "Our branch") {
		t.Error("a branch that was left is still shown")
	}
}
