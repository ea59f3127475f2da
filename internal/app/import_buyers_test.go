package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// buyersRequest is the form that brings a file of buyers in.
func buyersRequest(c *apptest.Client, content string) *http.Request {
	r := sheetRequest(c, "buyers.csv", []byte(content))
	r.URL.RawQuery = "kind=buyers"
	return r
}

const buyerHeading = "ชื่อผู้ซื้อ,เลขประจำตัวผู้เสียภาษี,สาขา,ที่อยู่,อีเมล,เครดิต (วัน)\n"

func bringBuyers(t *testing.T, c *apptest.Client, rows ...string) (at string, page apptest.Answer) {
	t.Helper()
	a := c.Do(buyersRequest(c, buyerHeading+strings.Join(rows, "\n")))
	if a.Status != http.StatusSeeOther || strings.HasSuffix(a.Location(), "/columns") {
		t.Fatalf("%d to %s: %s", a.Status, a.Location(), clipped(a.Body))
	}
	return a.Location(), goOn(t, c, a.Location())
}

func wantBuyers(t *testing.T, page apptest.Answer, good, faulty string) {
	t.Helper()
	if sum(page, "พร้อมบันทึก") != good || sum(page, "ต้องแก้") != faulty {
		t.Fatalf("%s good, %s faulty; want %s, %s: %s", sum(page, "พร้อมบันทึก"), sum(page, "ต้องแก้"), good, faulty, rulesOn(page))
	}
}

func rulesOn(page apptest.Answer) string {
	var rules []string
	for _, found := range regexp.MustCompile(`data-rule="(\w+)"`).FindAllStringSubmatch(page.Body, -1) {
		rules = append(rules, found[1])
	}
	return strings.Join(rules, " ")
}

// knownBuyers reads the directory: names, terms and versions.
func knownBuyers(t *testing.T, w *apptest.World) string {
	t.Helper()
	var page store.BuyerPage
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		page, err = q.Buyers(store.BuyerFilter{Limit: 50})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, b := range page.Rows {
		words := []string{b.TaxID + " " + b.Branch, b.Name, b.TaxID, b.Branch}
		if b.Email != "" {
			words = append(words, b.Email)
		}
		if b.TermsDays != nil {
			words = append(words, strconv.Itoa(*b.TermsDays))
		}
		list = append(list, strings.Join(append(words, strconv.Itoa(b.Version)), " "))
	}
	slices.Sort(list)
	for n, line := range list {
		list[n] = strings.SplitN(line, " ", 3)[2] // what it was sorted by
	}
	return strings.Join(list, "; ")
}

func TestBuyersAreJudgedByTheDirectorysRulesAndAdded(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	at, page := bringBuyers(t, c,
		"หนึ่ง,0105562000007,สำนักงานใหญ่,กรุงเทพฯ,a@example.com,30", "สอง,105562000007,1,กรุงเทพฯ,no mail,",
		"สาม,0105562000007,00000,เชียงใหม่,,", "สี่,0105562000007,2,กรุงเทพฯ,,400")
	wantBuyers(t, page, "1", "3")
	if got := rulesOn(page); got != "tax_id_zero email_form buyer_twice terms_form" {
		t.Errorf("found %q", got)
	}
	if strings.Contains(page.Body, "⟦") {
		t.Error("a text is missing")
	}
	c.Post(at+"/bills", "no", "2", "do", "save", "c-3-email", "b@example.com", "c-3-tax_id", "0105562000007")
	c.Post(at+"/bills", "no", "3", "do", "drop")
	wantBuyers(t, c.Get(at), "2", "1")
	c.Post(at + "/drafts")
	c.Post(at + "/drafts")
	wantBuyers(t, goOn(t, c, at), "0", "1")
	if got, want := knownBuyers(t, w), "หนึ่ง 0105562000007 00000 a@example.com 30 1; สอง 0105562000007 00001 b@example.com 1"; got != want {
		t.Errorf("the directory is\n%s, want\n%s", got, want)
	}
	if a := c.Get(at + "?standing=made"); !strings.Contains(a.Body, `href="/buyers/`) {
		t.Error("the buyers are not linked")
	}
	if a := w.Client(apptest.Stranger).Get(at); a.Status != http.StatusNotFound {
		t.Errorf("a stranger gets %d", a.Status)
	}
}

func TestAKnownBuyerIsReplacedOnlyAsItWasShown(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	at, _ := bringBuyers(t, c, "หนึ่ง,0105562000007,0,กรุงเทพฯ,a@example.com,30", "สอง,0105562000007,1,กรุงเทพฯ,,")
	c.Post(at + "/drafts")
	goOn(t, c, at)
	at, page := bringBuyers(t, c, "หนึ่งใหม่,0105562000007,0,กรุงเทพฯ,,45", "สอง,0105562000007,1,กรุงเทพฯ,,")
	wantBuyers(t, page, "1", "1")
	for _, shown := range []string{"หนึ่งใหม่", "import-changes", "30", "45", "fix 0-0"} {
		if !strings.Contains(page.Body, shown) {
			t.Errorf("%s is not shown", shown)
		}
	}
	if a := c.Post(at+"/bills", "no", "1", "do", "fix 0-0"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	wantBuyers(t, c.Get(at), "2", "0")
	// Somebody else changes the buyer before it is replaced.
	var id string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM buyers WHERE branch = '00000'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	edit := []string{"version", "1", "name", "หนึ่ง", "tax_id", "0105562000007", "branch", "00000", "address", "นนทบุรี", "email", "a@example.com", "terms_days", "30"}
	if a := c.Post("/buyers/"+id, edit...); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	c.Post(at + "/drafts")
	wantBuyers(t, goOn(t, c, at), "0", "1")
	c.Post(at+"/fixes", "rule", "buyer_known", "field", "name", "kind", "update")
	wantBuyers(t, c.Get(at), "1", "0")
	c.Post(at + "/drafts")
	goOn(t, c, at)
	// What the file leaves empty stays, and who is the same is not touched.
	want := "หนึ่งใหม่ 0105562000007 00000 a@example.com 45 3; สอง 0105562000007 00001 1"
	if got := knownBuyers(t, w); got != want {
		t.Errorf("the directory is\n%s, want\n%s", got, want)
	}
}

func TestTheBillsOfAnImportAreAListOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	send(c, "/presentments", billForm("OTHER-1"))
	at, _ := bringIn(t, c, "bills.csv", csvFile(csvBill("A-1"), csvBill("A-2")))
	c.Post(at + "/drafts")
	page := goOn(t, c, at)
	href := "/presentments?import=" + strings.TrimPrefix(at, "/imports/")
	if !strings.Contains(page.Body, `href="`+href+`"`) {
		t.Fatal("the bills are not linked")
	}
	list := c.Get(href + "&sort=amount").Body
	if !strings.Contains(list, "A-1") || !strings.Contains(list, "A-2") || strings.Contains(list, "OTHER-1") || !strings.Contains(list, "bills.csv") {
		t.Error("the list does not show the two bills of the file, and its name")
	}
	if a := c.Get(href + "&q=A-2"); strings.Contains(a.Body, ">A-1<") || !strings.Contains(a.Body, "A-2") {
		t.Error("the list is not searched within")
	}
	if a := w.Client(apptest.Stranger).Get(href); a.Status != http.StatusNotFound {
		t.Errorf("a stranger gets %d", a.Status)
	}
	// One is edited, so that only the other is undone.
	var edited string
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM presentments WHERE document_number = 'A-1'`).Scan(&edited)
	if err != nil {
		t.Fatal(err)
	}
	if a := send(c, "/presentments/"+edited, billForm("A-1", "version", "1")); a.Status != http.StatusSeeOther {
		t.Fatalf("editing: %d", a.Status)
	}
	key := regexp.MustCompile(`name="key" value="(\w+)"`).FindStringSubmatch(c.Get(at).Body)[1]
	for range 2 { // two clicks are one batch
		a := c.Post(at+"/undo", "key", key)
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/batches/") {
			t.Fatalf("%d to %s", a.Status, a.Location())
		}
		batch := c.Get(a.Location()).Body
		if !strings.Contains(batch, "A-2") || strings.Contains(batch, "A-1 ") {
			t.Error("the batch is not the one untouched draft")
		}
	}
}
