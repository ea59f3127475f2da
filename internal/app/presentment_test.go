package app_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// bangkokToday is today as a Thai reader types it.
func bangkokToday(days int) string {
	on := time.Now().In(time.FixedZone("Bangkok", 7*3600)).AddDate(0, 0, days)
	return fmt.Sprintf("%02d/%02d/%d", on.Day(), on.Month(), on.Year()+543)
}

// billForm is a form that is right, with some of its fields changed.
func billForm(number string, changes ...string) url.Values {
	form := url.Values{
		"do": {"save"}, "version": {"0"}, "type": {"388"}, "number": {number},
		"document_on": {bangkokToday(0)}, "due_on": {bangkokToday(30)},
		"buyer_name": {"บริษัท เยิ้มน้ำผึ้งป่า จำกัด"}, "buyer_tax_id": {"๐-๑๐๕๕-๖๒๐๐๐-๐๐-๗"}, "buyer_branch": {"1"},
		"buyer_address": {"99 ถนนตัวอย่าง"}, "remark": {""},
		"line_description": {"ค่าที่ปรึกษา", "หนังสือ"}, "line_quantity": {"3", "๒"}, "line_price": {"12,345.50", "99.1234"}, "line_vat": {"standard", "exempt"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form[changes[i]] = []string{changes[i+1]}
	}
	return form
}

func send(c *apptest.Client, path string, form url.Values) apptest.Answer {
	return c.Do(c.Request(http.MethodPost, path, form))
}

// stored is the bill a redirect leads to.
func stored(t *testing.T, w *apptest.World, a apptest.Answer) store.Presentment {
	t.Helper()
	if a.Status != http.StatusSeeOther {
		t.Fatalf("got %d: %s", a.Status, a.Body)
	}
	var id store.ID
	path, _, _ := strings.Cut(strings.TrimPrefix(a.Location(), "/presentments/"), "#")
	if err := id.UnmarshalText([]byte(path)); err != nil {
		t.Fatalf("redirected to %s", a.Location())
	}
	return billOf(t, w, id)
}

func billOf(t *testing.T, w *apptest.World, id store.ID) store.Presentment {
	t.Helper()
	var p store.Presentment
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		p, err = q.Presentment(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBillIsStoredAsItWasMeant(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := stored(t, w, send(w.Client(apptest.Maker), "/presentments", billForm("INV/2569-1")))
	if p.BuyerTaxID != "0105562000007" || p.BuyerBranch != "00001" || p.DocumentType != "388" || p.DueOn.Sub(p.DocumentOn) != 30*24*time.Hour {
		t.Errorf("stored %+v", p)
	}
	// 3 × 12,345.50 taxed, and 2 × 99.1234 exempt, each rounded once.
	if p.BeforeTaxSatang != 3703650+19825 || p.VATSatang != 259256 || p.TotalSatang != 3703650+19825+259256 || len(p.Lines) != 2 {
		t.Errorf("it came to %d + %d = %d", p.BeforeTaxSatang, p.VATSatang, p.TotalSatang)
	}
	page := w.Client(apptest.Checker).Get("/presentments/" + p.ID.String())
	for _, want := range []string{"39,827.31", "สามหมื่นเก้าพันแปดร้อยยี่สิบเจ็ดบาทสามสิบเอ็ดสตางค์", "INV/2569-1", "สาขา 00001", "0-1055-62000-00-7", "สร้างร่าง", "คุณmaker"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}

// both is the other maker, at the first merchant.
func both(w *apptest.World) *apptest.Client {
	c := w.Client(apptest.Both)
	c.Post("/merchant", "merchant", w.Merchant.String())
	return c
}

var summaryLink = regexp.MustCompile(`<a href="#([^"]+)">([^<]+)</a>`)

func TestWrongFieldIsNamedAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, c := range []struct{ field, typed, id, says string }{
		{"buyer_name", " ", "buyer_name", "กรุณากรอก"},
		{"buyer_name", "ซ่อน\u200bอยู่", "buyer_name", "มองไม่เห็น"},
		{"buyer_name", strings.Repeat("ก", 257), "buyer_name", "256"},
		{"buyer_tax_id", "0105562000008", "buyer_tax_id", "หลักสุดท้าย"},
		{"buyer_tax_id", "010556200000", "buyer_tax_id", "13 หลัก"},
		{"buyer_tax_id", "O105562000007", "buyer_tax_id", "ตัวอักษรอื่น"},
		{"buyer_tax_id", "0105536000011", "buyer_tax_id", "ร้านเราเอง"},
		{"buyer_branch", "123456", "buyer_branch", "5 หลัก"},
		{"buyer_address", "", "buyer_address", "กรุณากรอก"},
		{"number", "INV 1", "number", "ใช้ได้เฉพาะ"},
		{"document_on", "25/12/68", "document_on", "2568"},
		{"document_on", "25/12/3111", "document_on", "2568"},
		{"document_on", "31/02/2569", "document_on", "ไม่มีวันนี้"},
		{"document_on", bangkokToday(1), "document_on", "ล่วงหน้า"},
		{"document_on", bangkokToday(-400), "document_on", "หนึ่งปี"},
		{"due_on", bangkokToday(-1), "due_on", "ก่อนวันที่เอกสาร"},
		{"due_on", bangkokToday(400), "due_on", "หนึ่งปี"},
		{"due_on", "เร็ว ๆ นี้", "due_on", "25/12/2568"},
		{"remark", strings.Repeat("ก", 501), "remark", "500"},
	} {
		form := billForm("INV-"+c.field, c.field, c.typed)
		a := send(w.Client(apptest.Maker), "/presentments", form)
		links := summaryLink.FindAllStringSubmatch(a.Body, -1)
		if a.Status != http.StatusUnprocessableEntity || len(links) != 1 || links[0][1] != c.id || !strings.Contains(links[0][2], c.says) {
			t.Errorf("%s %q: %d %v", c.field, c.typed, a.Status, links)
		}
		for field, values := range form {
			for _, v := range values {
				if !strings.Contains(html.UnescapeString(a.Body), v) {
					t.Errorf("%s %q: what was typed into %s is gone", c.field, c.typed, field)
				}
			}
		}
		if i := strings.Index(a.Body, "autofocus"); i < 0 || !regexp.MustCompile(`id="`+c.id+`"`).MatchString(a.Body[max(0, i-400):min(len(a.Body), i+400)]) {
			t.Errorf("%s %q: the field has not the focus", c.field, c.typed)
		}
	}
}

func TestWrongLineIsNamed(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, c := range []struct {
		column string
		typed  []string
		id     string
	}{
		{"line_description", []string{"ก", " "}, "line-2-description"},
		{"line_quantity", []string{"0", "1"}, "line-1-quantity"},
		{"line_quantity", []string{"1", "-2"}, "line-2-quantity"},
		{"line_quantity", []string{"10000000000", "1"}, "line-1-quantity"},
		{"line_price", []string{"1,00", "5"}, "line-1-price"},
		{"line_price", []string{"1", "0.12345"}, "line-2-price"},
		{"line_price", []string{"999999999999", "1"}, "line-1-price"},
		{"line_price", []string{"0", "0"}, "lines"},
	} {
		form := billForm("INV-1")
		form[c.column] = c.typed
		a := send(w.Client(apptest.Maker), "/presentments", form)
		links := summaryLink.FindAllStringSubmatch(a.Body, -1)
		if a.Status != http.StatusUnprocessableEntity || len(links) != 1 || links[0][1] != c.id {
			t.Errorf("%s %q: %d %v", c.column, c.typed, a.Status, links)
		}
	}
}

func TestFormNoPageOfOursSendsIsMalformed(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	uneven := billForm("INV-1")
	uneven["line_price"] = []string{"1"}
	for name, form := range map[string]url.Values{
		"unequal columns": uneven,
		"type of our own": billForm("INV-1", "type", "999"),
		"VAT of our own":  billForm("INV-1", "line_vat", "free"),
		"own total":       billForm("INV-1", "total_satang", "1"),
		"no version":      billForm("INV-1", "version", ""),
	} {
		if a := send(w.Client(apptest.Maker), "/presentments", form); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
}

func TestLinesAreAddedAndRemovedWithoutScripts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	add := send(c, "/presentments", billForm("INV-1", "do", "add-line", "buyer_name", ""))
	if add.Status != http.StatusOK || !strings.Contains(add.Body, `id="line-3-description"`) || strings.Contains(add.Body, "error-summary") {
		t.Errorf("adding a line: %d", add.Status)
	}
	remove := send(c, "/presentments", billForm("INV-1", "do", "remove-line-1"))
	if remove.Status != http.StatusOK || strings.Contains(remove.Body, "ค่าที่ปรึกษา") || !strings.Contains(remove.Body, `value="หนังสือ"`) {
		t.Errorf("removing a line: %d", remove.Status)
	}
	part := c.Do(c.Partial(http.MethodPost, "/presentments", "presentment-lines", billForm("INV-1", "do", "add-line")))
	if !strings.HasPrefix(part.Body, "<fieldset") || strings.Contains(part.Body, "buyer_name") {
		t.Errorf("htmx got more than the lines: %.80s", part.Body)
	}
}

func TestTotalsFollowTheTyping(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	form := billForm("", "buyer_name", "", "document_on", "soon")
	form["line_price"] = []string{"12,345.50", "abc"}
	form["due_on"] = []string{"25/12/2569"}
	a := c.Do(c.Partial(http.MethodPost, "/presentments/totals", "presentment-totals", form))
	for _, want := range []string{"37,036.50", "2,592.56", "39,629.06", "สามหมื่นเก้าพันหกร้อยยี่สิบเก้าบาทหกสตางค์", "ยังไม่รวมรายการที่ 2", `<p class="below" id="due_on-below" hx-swap-oob="true">ตรงกับ 25 ธันวาคม ค.ศ. 2026</p>`,
		`<p class="below" id="document_on-below" hx-swap-oob="true"></p>`, `id="line-2-amount" hx-swap-oob="true">–`,
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("no %q in %d %s", want, a.Status, a.Body)
		}
	}
}

func TestTakenNumberLeadsToItsBill(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	first := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	second := stored(t, w, send(c, "/presentments", billForm("INV-2")))
	for _, path := range []string{"/presentments", "/presentments/" + second.ID.String()} {
		a := send(c, path, billForm("INV-1", "version", "1"))
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "/presentments/"+first.ID.String()) || !strings.Contains(a.Body, `href="#number"`) {
			t.Errorf("POST %s with a taken number: %d", path, a.Status)
		}
	}
	// Another merchant may use the same number.
	if a := send(w.Client(apptest.Stranger), "/presentments", billForm("INV-1", "buyer_tax_id", "0105562000007")); a.Status != http.StatusSeeOther {
		t.Errorf("the same number at another merchant: %d", a.Status)
	}
}

func TestTwoTabsNeverOverwriteSilently(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := stored(t, w, send(w.Client(apptest.Maker), "/presentments", billForm("INV-1")))
	path := "/presentments/" + p.ID.String()
	if a := send(both(w), path, billForm("INV-1", "version", "1", "buyer_name", "ฉบับของคนอื่น")); a.Status != http.StatusSeeOther {
		t.Fatalf("the first to save: %d", a.Status)
	}
	late := billForm("INV-1", "version", "1", "buyer_name", "ฉบับของฉัน")
	a := send(w.Client(apptest.Maker), path, late)
	for _, want := range []string{"คุณboth", "ฉบับของคนอื่น", `value="ฉบับของฉัน"`, `name="version" value="2"`} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the conflict does not show %q", want)
		}
	}
	if a.Status != http.StatusConflict || billOf(t, w, p.ID).BuyerName != "ฉบับของคนอื่น" {
		t.Errorf("the late save: %d, stored %q", a.Status, billOf(t, w, p.ID).BuyerName)
	}
	late.Set("version", "2")
	if a := send(w.Client(apptest.Maker), path, late); a.Status != http.StatusSeeOther || billOf(t, w, p.ID).BuyerName != "ฉบับของฉัน" {
		t.Errorf("saving over what was seen: %d", a.Status)
	}
}

func TestEditFormReadsBackToTheSameBill(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	typed := billForm("INV-1", "remark", "บรรทัดหนึ่ง\r\nบรรทัดสอง", "discount", "2.5%", "order_reference", "PO-77", "credit_days", "30", "due_on", "")
	typed["line_discount"], typed["line_income"] = []string{"10%", "1.25"}, []string{"service", ""}
	p := stored(t, w, send(c, "/presentments", typed))
	if p.DiscountSatang == 0 || p.WHTSatang == 0 || p.CreditDays == nil || p.OrderReference != "PO-77" {
		t.Fatalf("stored %+v", p)
	}
	page := c.Get("/presentments/" + p.ID.String() + "/edit")
	_, page.Body, _ = strings.Cut(page.Body, `id="presentment-form"`)
	form := url.Values{"do": {"save"}}
	for _, m := range regexp.MustCompile(`<input[^>]*name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(page.Body, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<select[^>]*name="([^"]+)".*?value="([^"]*)" selected`).FindAllStringSubmatch(page.Body, -1) {
		form.Add(m[1], m[2])
	}
	form.Del("return") // of the preferences
	again := stored(t, w, send(c, "/presentments/"+p.ID.String(), form))
	same := slices.EqualFunc(p.Lines, again.Lines, func(a, b store.PresentmentLine) bool {
		return a.Description == b.Description && a.Quantity.Equal(b.Quantity) && a.UnitPrice.Equal(b.UnitPrice) && a.VAT == b.VAT &&
			a.DiscountPercent.Equal(b.DiscountPercent) && a.DiscountSatang == b.DiscountSatang && a.ShareSatang == b.ShareSatang && a.WHTIncome == b.WHTIncome
	})
	if !same || again.TotalSatang != p.TotalSatang || again.Remark != p.Remark || again.WHTSatang != p.WHTSatang || *again.CreditDays != 30 ||
		again.OrderReference != p.OrderReference || !again.DueOn.Equal(p.DueOn) || again.Version != p.Version+1 {
		t.Errorf("saving what was shown changed %+v into %+v", p, again)
	}
}

func TestListPagesBothWaysAndKeepsItsFilter(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	one := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-000")
	err := w.Web.Write(t.Context(), w.Actor(apptest.Maker), func(tx *store.Tx) error {
		for i := 1; i < 120; i++ {
			p := one
			p.ID, p.DocumentNumber, p.DocumentOn = store.NewID(), fmt.Sprintf("INV-%03d", i), one.DocumentOn.AddDate(0, 0, -i/2)
			if err := tx.AddPresentment(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := w.Client(apptest.Auditor)
	numbers := regexp.MustCompile(`<td class="meta">(INV-\d+)</td>`)
	link := func(page apptest.Answer, rel string) string {
		m := regexp.MustCompile(`rel="` + rel + `" href="([^"]+)"`).FindStringSubmatch(page.Body)
		if m == nil {
			return ""
		}
		return html.UnescapeString(m[1])
	}
	seen := func(page apptest.Answer) (list []string) {
		for _, m := range numbers.FindAllStringSubmatch(page.Body, -1) {
			list = append(list, m[1])
		}
		return list
	}
	first := c.Get("/presentments?state=draft")
	second := c.Get(link(first, "next"))
	third := c.Get(link(second, "next"))
	if len(seen(first)) != 50 || len(seen(second)) != 50 || len(seen(third)) != 20 || link(third, "next") != "" || link(first, "prev") != "" {
		t.Fatalf("pages of %d, %d and %d", len(seen(first)), len(seen(second)), len(seen(third)))
	}
	all := slices.Concat(seen(first), seen(second), seen(third))
	if slices.Sort(all); len(slices.Compact(all)) != 120 {
		t.Error("a bill is shown twice or not at all")
	}
	if !slices.Equal(seen(c.Get(link(third, "prev"))), seen(second)) || !slices.Equal(seen(c.Get(link(second, "prev"))), seen(first)) {
		t.Error("going back shows other pages than going forth")
	}
	tenth := regexp.MustCompile(`href="/presentments/([0-9a-f-]{36})"`).FindAllStringSubmatch(first.Body, 10)[9][1]
	on := one.DocumentOn.AddDate(0, 0, -4).Format(time.DateOnly)
	if back := c.Get("/presentments?before=" + on + "_" + tenth); !slices.Equal(seen(back), seen(first)) || link(back, "prev") != "" {
		t.Errorf("back at the beginning there are %d bills", len(seen(back)))
	}
	if !strings.Contains(link(second, "next"), "state=draft") {
		t.Error("the next page loses the filter")
	}
	if a := c.Get("/presentments?state=draft&after=nonsense"); a.Status != http.StatusBadRequest {
		t.Errorf("a place that is none: %d", a.Status)
	}
}

func TestListFindsByNumberBuyerAndTaxID(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	send(c, "/presentments", billForm("INV-77"))
	send(w.Client(apptest.Stranger), "/presentments", billForm("INV-78"))
	for q, found := range map[string]bool{
		"inv-77": true, "น้ำผึ้ง": true, "0-1055-62000-00-7": true, "0105562": true, "INV-78": false, "100%": false, "_": false,
	} {
		page := c.Get("/presentments?q=" + url.QueryEscape(q))
		if strings.Contains(page.Body, ">INV-77<") != found || strings.Contains(page.Body, "INV-78<") {
			t.Errorf("%q: found is not %v", q, found)
		}
	}
	part := c.Do(c.Partial(http.MethodGet, "/presentments?q=INV-77&state=", "presentments", nil))
	if strings.Contains(part.Body, "<html") || !strings.Contains(part.Body, "INV-77") || part.Header.Get("HX-Push-Url") != "/presentments?q=INV-77" {
		t.Errorf("the part is %.80s, pushed as %s", part.Body, part.Header.Get("HX-Push-Url"))
	}
	if page := c.Get("/presentments?q=zzz"); !strings.Contains(page.Body, "empty filtered") {
		t.Error("nothing found is not said to be the filter's doing")
	}
	if page := w.Client(apptest.Auditor).Get("/presentments"); strings.Contains(page.Body, "/presentments/new") {
		t.Error("an auditor is offered to make a bill")
	}
}

func TestBillOfAnotherMerchantIsNoBill(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	stranger := w.Client(apptest.Stranger)
	file := p.Documents[0].FileID.String()
	for _, c := range []struct{ method, path string }{
		{"GET", "/presentments/{id}"}, {"GET", "/presentments/{id}/progress"}, {"GET", "/presentments/{id}/edit"}, {"POST", "/presentments/{id}"},
		{"GET", "/presentments/{id}/submission/new"}, {"POST", "/presentments/{id}/submission"}, {"GET", "/presentments/{id}/cancellation/new"},
		{"POST", "/presentments/{id}/cancellation"}, {"POST", "/presentments/{id}/documents/" + file + "/removal"}, {"GET", "/files/{file}"},
	} {
		answer := func(id, file string) apptest.Answer {
			path := strings.NewReplacer("{id}", id, "{file}", file).Replace(c.path)
			if c.method == "GET" {
				return stranger.Get(path)
			}
			form := url.Values{}
			switch {
			case strings.HasSuffix(path, "submission"):
				form = apptest.Form("key", strings.Repeat("A", 26), "version", "1")
			case strings.HasSuffix(path, "cancellation"):
				form = apptest.Form("key", strings.Repeat("A", 26), "reason", "because")
			case strings.HasSuffix(c.path, "{id}"):
				form = billForm("INV-9", "version", "1")
			}
			return send(stranger, path, form)
		}
		theirs, none := answer(p.ID.String(), file), answer(store.NewID().String(), store.NewID().String())
		if theirs.Status != http.StatusNotFound || none.Status != http.StatusNotFound || theirs.Body != none.Body {
			t.Errorf("%s %s: %d for another's, %d for none", c.method, c.path, theirs.Status, none.Status)
		}
	}
}
