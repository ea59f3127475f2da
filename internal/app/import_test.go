package app_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/apptest"
	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// sheetRequest is the form that brings a file in.
func sheetRequest(c *apptest.Client, name string, content []byte) *http.Request {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	// Writing to memory does not fail.
	part, _ := form.CreateFormFile("file", name)
	_, _ = part.Write(content)
	_ = form.Close()
	r := c.Request(http.MethodPost, "/imports", nil)
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

// bringIn imports a file and follows it to its page.
func bringIn(t *testing.T, c *apptest.Client, name string, content []byte) (at string, page apptest.Answer) {
	t.Helper()
	a := c.Do(sheetRequest(c, name, content))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, clipped(a.Body))
	}
	at = a.Location()
	return at, goOn(t, c, at)
}

// goOn presses "go on" as long as the page asks for it.
func goOn(t *testing.T, c *apptest.Client, at string) apptest.Answer {
	t.Helper()
	for range 200 {
		page := c.Get(at)
		if page.Status != http.StatusOK {
			t.Fatalf("GET %s: %d", at, page.Status)
		}
		if !strings.Contains(page.Body, "<progress") {
			return page
		}
		if a := c.Post(at + "/next"); a.Status != http.StatusSeeOther {
			t.Fatalf("next: %d", a.Status)
		}
	}
	t.Fatal("it never ends")
	return apptest.Answer{}
}

// sum is a figure of the summary, by its label.
func sum(page apptest.Answer, label string) string {
	_, after, _ := strings.Cut(page.Body, "<dt>"+label+"</dt>")
	_, after, _ = strings.Cut(after, ">")
	figure, _, _ := strings.Cut(after, "<")
	return figure
}

func wantSums(t *testing.T, page apptest.Answer, good, faulty string) {
	t.Helper()
	if sum(page, "พร้อมสร้าง") != good || sum(page, "ต้องแก้") != faulty {
		t.Fatalf("%s good, %s faulty; want %s, %s", sum(page, "พร้อมสร้าง"), sum(page, "ต้องแก้"), good, faulty)
	}
}

// formAround is the form in which something stands.
func formAround(body, what string) (string, bool) {
	before, after, found := strings.Cut(body, what)
	start := strings.LastIndex(before, "<form")
	if !found || start < 0 {
		return "", false
	}
	end, _, _ := strings.Cut(after, "</form>")
	return before[start:] + what + end, true
}

var headings = strings.Join(samplemonth.EnglishHeadings, ",")

// csvBill is a line of a CSV with nothing wrong, dated today.
func csvBill(number string) string {
	today := thai.Today(time.Now())
	return strings.Join([]string{
		number, "380", today.String(), today.AddDays(30).String(), "บริษัท ผู้ซื้อตัวอย่าง จำกัด", "0105562000007", "00000", "99 ถนนตัวอย่าง", "ค่าบริการ", "2", "500.00", "7%", "1070.00", "",
	}, ",")
}

func csvFile(lines ...string) []byte {
	return []byte(headings + "\n" + strings.Join(lines, "\n") + "\n")
}

func TestAMonthOfBillsIsMendedInPlaceAndBecomesDrafts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	m := samplemonth.Make(1000, thai.Today(time.Now()))
	content, err := m.XLSX()
	if err != nil {
		t.Fatal(err)
	}
	at, page := bringIn(t, c, "มกราคม.xlsx", content)
	wantSums(t, page, "990", "10")
	if strings.Contains(page.Body, "⟦") {
		t.Error("a text is missing")
	}
	for _, f := range m.Faults {
		if !strings.Contains(page.Body, "แถว "+strconv.Itoa(f.Row)+"<") {
			t.Errorf("row %d is not shown: %s", f.Row, f.Why)
		}
	}
	fields := map[int]intake.Field{
		samplemonth.Number: intake.Number, samplemonth.On: intake.On, samplemonth.Due: intake.Due, samplemonth.BuyerName: intake.BuyerName,
		samplemonth.TaxID: intake.TaxID, samplemonth.Quantity: intake.Quantity, samplemonth.VAT: intake.VAT, samplemonth.Total: intake.Total,
	}
	for n, f := range m.Faults {
		name := "c-" + strconv.Itoa(f.Row) + "-" + string(fields[f.Column])
		form, ok := formAround(c.Get(at).Body, `name="`+name+`"`)
		if !ok {
			t.Fatalf("row %d has no input: %s", f.Row, f.Why)
		}
		no := regexp.MustCompile(`name="no" value="(\d+)"`).FindStringSubmatch(form)[1]
		pairs := []string{"no", no, "standing", "faulty", "after", "0", "do", "save", name, f.Right}
		if fix := regexp.MustCompile(`value="(fix [\d-]+)"`).FindStringSubmatch(form); fix != nil && f.Column == samplemonth.TaxID {
			pairs = []string{"no", no, "do", fix[1]}
		}
		if a := c.Post(at+"/bills", pairs...); a.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d", f.Why, a.Status)
		}
		if got, want := sum(c.Get(at), "ต้องแก้"), strconv.Itoa(len(m.Faults)-n-1); got != want {
			t.Fatalf("after mending %q %s are faulty, want %s", f.Why, got, want)
		}
	}
	_, after, _ := strings.Cut(c.Get(at).Body, `id="import-sum">`)
	figure, _, _ := strings.Cut(after, "<")
	if satang, err := thai.ParseSatang(strings.TrimSpace(figure)); err != nil || satang != m.TotalSatang {
		t.Errorf("the sum is %s, want %d satang", figure, m.TotalSatang)
	}
	// Two clicks, and a third later on, make every bill once.
	var clicks sync.WaitGroup
	for range 2 {
		clicks.Go(func() {
			if a := c.Post(at + "/drafts"); a.Status != http.StatusSeeOther {
				t.Errorf("drafts: %d %s", a.Status, clipped(a.Body))
			}
		})
	}
	clicks.Wait()
	goOn(t, c, at)
	c.Post(at + "/drafts")
	var drafts, links int
	err = w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*), (SELECT count(*) FROM import_items WHERE presentment_id IS NOT NULL) FROM presentments WHERE state = 'draft'`).Scan(&drafts, &links)
	if err != nil || drafts != 1000 || links != 1000 {
		t.Errorf("%d drafts, %d links, %v", drafts, links, err)
	}
	if page := c.Get(at + "?standing=made"); !strings.Contains(page.Body, "/presentments/") {
		t.Error("the drafts are not linked")
	}
}

func TestWhatWasMendedInTheErrorFileComesBackClean(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	bad := strings.Replace(csvBill("BAD-1"), "0105562000007", "0105562000008", 1)
	at, page := bringIn(t, c, "bills.csv", csvFile(csvBill("GOOD-1"), bad))
	wantSums(t, page, "1", "1")
	a := c.Get(at + "/faults")
	rows := sheetRows(t, []byte(a.Body))
	if len(rows) != 2 || rows[1][0] != "BAD-1" || !strings.Contains(rows[1][len(rows[1])-1], "เลขประจำตัวผู้เสียภาษี: ") {
		t.Fatalf("%d: %q", a.Status, rows)
	}
	rows[1][5] = "0105562000007"
	var mended bytes.Buffer
	err := sheet.WriteText(&mended, "x", rows[0], func(row func([]string) error) error { return row(rows[1]) })
	if err != nil {
		t.Fatal(err)
	}
	_, page = bringIn(t, c, "mended.xlsx", mended.Bytes())
	wantSums(t, page, "1", "0")
}

func sheetRows(t *testing.T, content []byte) (rows [][]string) {
	t.Helper()
	r, err := sheet.Open(bytes.NewReader(content), int64(len(content)), sheet.Limits(100))
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := r.Next()
		if err != nil {
			return rows
		}
		rows = append(rows, slices.Clone(row.Cells))
	}
}

func TestTheEmptyFormIsReadBackWithoutItsExample(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	for _, lang := range []string{"th", "en"} {
		c.Get("/language/" + lang)
		for _, format := range []string{"xlsx", "csv"} {
			a := c.Get("/imports/form?format=" + format)
			rows := sheetRows(t, []byte(a.Body))
			if len(rows) != 2 || !intake.IsExample(rows[1]) || !slices.Contains(rows[1], "0105562000007") {
				t.Fatalf("%s %s: %q", lang, format, rows)
			}
			if m, asks := intake.Bills.Recognise(rows[0]); asks || slices.Contains(m, "") {
				t.Errorf("%s %s: headings %v", lang, format, m)
			}
			if a := c.Do(sheetRequest(c, "form."+format, []byte(a.Body))); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="file-error"`) {
				t.Errorf("%s %s: a form without bills: %d", lang, format, a.Status)
			}
		}
	}
}

func TestUnknownColumnsAreAskedOnceAndRemembered(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	file := func(number string) []byte {
		return []byte(strings.Replace(headings, "Document number", "รหัสลับ", 1) + "\n" + csvBill(number) + "\n")
	}
	a := c.Do(sheetRequest(c, "a.csv", file("A-1")))
	at, asked := strings.CutSuffix(a.Location(), "/columns")
	if !asked {
		t.Fatalf("nobody was asked: %s", a.Location())
	}
	var pairs []string
	page := c.Get(at + "/columns").Body
	for n := range samplemonth.EnglishHeadings {
		_, choice, _ := strings.Cut(page, `name="column-`+strconv.Itoa(n+1)+`"`)
		choice, _, _ = strings.Cut(choice, "</select>")
		value := ""
		if chosen := regexp.MustCompile(`value="(\w*)" selected`).FindStringSubmatch(choice); chosen != nil {
			value = chosen[1]
		}
		pairs = append(pairs, "column-"+strconv.Itoa(n+1), value)
	}
	if a := c.Post(at+"/columns", append(pairs, "grouped", "lines")...); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "เลขที่เอกสาร") {
		t.Errorf("a required column is missing: %d", a.Status)
	}
	twice := slices.Clone(pairs)
	twice[1] = "total"
	if a := c.Post(at+"/columns", append(twice, "grouped", "lines")...); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("two columns with one meaning: %d", a.Status)
	}
	pairs[1] = "number"
	if a := c.Post(at+"/columns", append(pairs, "grouped", "lines")...); a.Status != http.StatusSeeOther {
		t.Fatalf("mapped: %d", a.Status)
	}
	wantSums(t, goOn(t, c, at), "1", "0")
	if a := c.Do(sheetRequest(c, "b.csv", file("B-1"))); strings.HasSuffix(a.Location(), "/columns") {
		t.Error("the same heading is asked about again")
	}
}

func TestNumbersAreComparedWithTheFileAndWithHistory(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	send(c, "/presentments", billForm("TAKEN-1"))
	at, page := bringIn(t, c, "bills.csv", csvFile(csvBill("TAKEN-1"), csvBill("A-1"), csvBill("B-1"), csvBill("A-1")))
	var rules []string
	for _, found := range regexp.MustCompile(`data-rule="(\w+)"`).FindAllStringSubmatch(page.Body, -1) {
		rules = append(rules, found[1])
	}
	if !slices.Equal(rules, []string{"number_taken", "number_twice"}) {
		t.Fatalf("%q", rules)
	}
	// The first A-1 is left out, so the second is the only one.
	if a := c.Post(at+"/bills", "no", "2", "do", "drop"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	wantSums(t, c.Get(at), "2", "1")
	if a := c.Post(at+"/bills", "no", "2", "do", "restore"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	wantSums(t, c.Get(at), "2", "2")
	// Somebody uses B-1 before the drafts are made.
	send(c, "/presentments", billForm("B-1"))
	c.Post(at + "/drafts")
	page = goOn(t, c, at)
	wantSums(t, page, "0", "3")
}

func TestOneMendSuitsAllAlike(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	var lines []string
	for n := range 30 {
		lines = append(lines, strings.Replace(csvBill("Z-"+strconv.Itoa(n)), "0105562000007", "105562000007", 1))
	}
	at, page := bringIn(t, c, "bills.csv", csvFile(lines...))
	if form, ok := formAround(page.Body, `value="tax_id_zero"`); !ok || !strings.Contains(form, "30") {
		t.Fatal(form)
	}
	if a := c.Post(at+"/fixes", "rule", "tax_id_zero", "field", "buyer_tax_id", "kind", "zero"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	wantSums(t, c.Get(at), "30", "0")
}

func TestFilesThatAreNoSheetAreRefusedInWords(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	for name, content := range map[string][]byte{
		"page.xls": []byte("<html><table>"), "old.xls": []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "photo.xlsx": []byte("\x89PNG\x00\x01"),
		"empty.csv": {}, "heading.csv": []byte(headings), "large.csv": bytes.Repeat([]byte("a,b\n"), 3<<20), "many.csv": bytes.Repeat([]byte("a,b\n"), 10_500),
	} {
		a := c.Do(sheetRequest(c, name, content))
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="file-error"`) {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	var imports int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM imports`).Scan(&imports); err != nil || imports != 0 {
		t.Errorf("%d imports, %v", imports, err)
	}
}

func TestAnImportIsNobodyElsesAndEndsWhenDiscarded(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	at, _ := bringIn(t, c, "bills.csv", csvFile(csvBill("A-1")))
	stranger := w.Client(apptest.Stranger)
	for _, path := range []string{at, at + "/columns", at + "/faults"} {
		if a := stranger.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("a stranger gets %s: %d", path, a.Status)
		}
	}
	for _, path := range []string{"/next", "/drafts", "/discard"} {
		if a := stranger.Post(at + path); a.Status != http.StatusNotFound {
			t.Errorf("a stranger posts %s: %d", path, a.Status)
		}
	}
	if a := c.Post(at + "/discard"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	c.Post(at + "/discard")
	if a := c.Post(at+"/bills", "no", "1", "do", "save"); a.Status != http.StatusNotFound && a.Status != http.StatusConflict {
		t.Errorf("a discarded bill is mended: %d", a.Status)
	}
	c.Post(at + "/drafts")
	var rows, drafts int
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM import_rows), (SELECT count(*) FROM presentments)`).Scan(&rows, &drafts)
	if err != nil || rows != 0 || drafts != 0 {
		t.Errorf("%d rows, %d drafts, %v", rows, drafts, err)
	}
}

// TestWhoeverMendsAnImportDoesNotApproveItsBills: the bills are the work of
// whoever brought the file in and of whoever mended it, not only of whoever
// pressed the button at the end.
func TestWhoeverMendsAnImportDoesNotApproveItsBills(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		return errors.Join(
			tx.GrantDuties(w.Merchant, w.Person(apptest.Second), store.Maker, store.Checker),
			tx.GrantDuties(w.Merchant, w.Person(apptest.Checker), store.Maker, store.Checker))
	})
	bad := strings.Replace(csvBill("INV-1"), "0105562000007", "0105562000008", 1)
	at, page := bringIn(t, w.Client(apptest.Second), "bills.csv", csvFile(bad, csvBill("INV-2")))
	wantSums(t, page, "1", "1")
	form, _ := formAround(page.Body, `name="c-2-buyer_tax_id"`)
	no := regexp.MustCompile(`name="no" value="(\d+)"`).FindStringSubmatch(form)
	if no == nil {
		t.Fatal("row 2 has no form")
	}
	if a := w.Client(apptest.Checker).Post(at+"/bills", "no", no[1], "do", "save", "c-2-buyer_tax_id", "0105562000007"); a.Status != http.StatusSeeOther {
		t.Fatalf("mending was answered %d", a.Status)
	}
	wantSums(t, w.Client(apptest.Maker).Get(at), "2", "0")
	w.Client(apptest.Maker).Post(at + "/drafts")
	var editors int
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM presentments WHERE state = 'draft' AND editors @> $1 AND editors @> $2 AND editors @> $3`,
		pq.Array([]string{w.Person(apptest.Maker).String()}), pq.Array([]string{w.Person(apptest.Second).String()}),
		pq.Array([]string{w.Person(apptest.Checker).String()})).Scan(&editors)
	if err != nil || editors != 2 {
		t.Errorf("%d of 2 drafts name all who made them (%v)", editors, err)
	}
}

// TestAnItemThatIsAlwaysRefusedHoldsUpNoOther has the schema refuse one bill of
// a list each time: it is named, and the rest is made.
func TestAnItemThatIsAlwaysRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, err := w.DB.Super.ExecContext(t.Context(), `
		CREATE FUNCTION always_taken() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			RAISE EXCEPTION 'taken' USING ERRCODE = 'unique_violation', CONSTRAINT = 'presentment_number_is_unique';
		END $$;
		CREATE TRIGGER always_taken BEFORE INSERT ON presentments FOR EACH ROW WHEN (NEW.document_number = 'B-2') EXECUTE FUNCTION always_taken()`)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Client(apptest.Maker)
	at, page := bringIn(t, c, "x.csv", csvFile(csvBill("B-1"), csvBill("B-2"), csvBill("B-3")))
	wantSums(t, page, "3", "0")
	c.Post(at + "/drafts")
	page = goOn(t, c, at)
	if sum(page, "ต้องแก้") != "1" || !strings.Contains(page.Body, "มีคนทำรายการเดียวกันไปแล้ว") {
		t.Errorf("%s are left: %s", sum(page, "ต้องแก้"), page.Body)
	}
	if list := c.Get("/presentments").Body; !strings.Contains(list, "B-1") || !strings.Contains(list, "B-3") || strings.Contains(list, "B-2") {
		t.Error("the others were not made, or it was")
	}
}
