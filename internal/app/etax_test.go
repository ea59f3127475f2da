package app_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/etax"
	"portal/web/text"
)

var (
	inputTag  = regexp.MustCompile(`<input[^>]*>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	selectTag = regexp.MustCompile(`(?s)<select[^>]*name="([^"]*)".*?</select>`)
	selected  = regexp.MustCompile(`<option[^>]*value="([^"]*)"[^>]* selected`)
	areaTag   = regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>`)
)

// typedIn is the form of a page as a browser would send it.
func typedIn(page string) url.Values {
	_, page, _ = strings.Cut(page, `<main`)
	form := url.Values{}
	for _, tag := range inputTag.FindAllString(page, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = html.UnescapeString(m[2])
		}
		switch {
		case a["name"] == "" || a["type"] == "checkbox" && !strings.Contains(tag, " checked"):
		case a["type"] == "checkbox" && a["value"] == "":
			form.Set(a["name"], "on")
		default:
			form.Set(a["name"], a["value"])
		}
	}
	for _, m := range selectTag.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], "")
		if s := selected.FindStringSubmatch(m[0]); s != nil {
			form.Set(m[1], html.UnescapeString(s[1]))
		}
	}
	for _, m := range areaTag.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

// etaxForm is a filled form of a tax invoice.
func (w thread) etaxForm(path string, pairs ...string) url.Values {
	w.t.Helper()
	a := w.Client(apptest.Maker).Get(path)
	if a.Status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	form := typedIn(a.Body)
	for _, f := range [][2]string{{"seller_building", "99/1"}, {"seller_province", "10"}, {"seller_district", "1028"}, {"seller_sub_district", "102803"}, {"seller_postcode", "10120"}} {
		form.Set(f[0], f[1])
	}
	form.Set("do", "save")
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

var ordinaryBuyer = []string{
	"buyer_name", "บริษัท บัวหลวงพาณิชย์ จำกัด", "buyer_id", "0-1055-61000-01-1", "buyer_branch", "00012", "buyer_line", "1 ถนนสีลม กรุงเทพฯ", "buyer_postcode", "10500",
	"line_0_name", "กระดาษ A4", "line_0_quantity", "20", "line_0_price", "100.00", "recipient_0_address", "ap@bualuang.example",
}

func (w thread) postEtax(path string, form url.Values) apptest.Answer {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	return c.Do(c.Request(http.MethodPost, path, form))
}

// issue makes a document of the form, has it approved and sent, and returns its page.
func (w thread) issue(form url.Values) string {
	w.t.Helper()
	made := w.postEtax("/etax", form)
	if made.Status != http.StatusSeeOther {
		w.t.Fatalf("the form: %d %s", made.Status, made.Body)
	}
	page := strings.TrimSuffix(made.Location(), "/submission/new")
	w.ask(page+"/submission/new", page+"/submission")
	return page
}

// ask sends the form of a page, and has what it asks for approved.
func (w thread) ask(from, to string, pairs ...string) {
	w.t.Helper()
	a := w.Client(apptest.Maker).Get(from)
	form := typedIn(a.Body)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if sent := w.postEtax(to, form); sent.Status != http.StatusSeeOther {
		w.t.Fatalf("%s: %d %s", to, sent.Status, sent.Body)
	}
	w.approve(w.text(`SELECT id FROM instructions WHERE state = 'pending' ORDER BY submitted_at DESC LIMIT 1`))
}

func TestATaxInvoiceGoesToTheRevenueDepartmentAndIsCorrected(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker := w.Client(apptest.Maker)
	page := w.issue(w.etaxForm("/etax/new", append(ordinaryBuyer, "password", "k9#mPq2x")...))
	a := maker.Get(page)
	number := w.text(`SELECT number FROM etax_documents`)
	for _, want := range []string{number, "2,140.00", "ap@bualuang.example", "ETX"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(a.Body, "k9#mPq2x") || strings.Contains(maker.Get(page).Body, `value="k9`) {
		t.Error("the page shows the password")
	}
	if err := w.bank.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	a = maker.Get(page)
	if !strings.Contains(a.Body, text.T(thaiContext(t), "etax.state.acknowledged")) || strings.Count(a.Body, `href="/files/`) != 2 {
		t.Fatalf("after an hour: %s", a.Body)
	}
	file := regexp.MustCompile(`href="(/files/[^"]+)"`).FindStringSubmatch(a.Body)[1]
	if f := maker.Get(file); f.Status != http.StatusOK && f.Status != http.StatusSeeOther {
		t.Errorf("the file: %d", f.Status)
	}
	if library := maker.Get("/documents?buyer=0105561000011"); strings.Count(library.Body, "0-1055-61000-01-1</") != 2 {
		t.Errorf("the library does not find both files by the number of their buyer: %s", library.Body)
	}

	w.ask(page+"/reissue/new", page+"/reissue", "do", "save", "recipient_0_address", "second@bualuang.example")
	if a := maker.Get(page); !strings.Contains(a.Body, "second@bualuang.example") || !strings.Contains(a.Body, text.T(thaiContext(t), "etax.result.SENT")) {
		t.Errorf("the second address is not there: %s", a.Body)
	}

	note := w.etaxForm("/etax/new?kind=81&from="+strings.TrimPrefix(page, "/etax/"), "purpose", "CDNG99", "line_0_price", "90")
	if bad := w.postEtax("/etax", note); bad.Status != http.StatusUnprocessableEntity || !strings.Contains(bad.Body, text.T(thaiContext(t), "etax.fault.purpose_text")) {
		t.Errorf("a reason without words: %d", bad.Status)
	}
	note.Set("purpose_text", "ลดราคาตามตกลง")
	credit := w.issue(note)
	a = maker.Get(credit)
	for _, want := range []string{"2,000.00", "1,800.00", "200.00", "214.00", number} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the credit note does not say %q", want)
		}
	}
	if back := maker.Get(page); !strings.Contains(back.Body, credit) {
		t.Error("the invoice does not lead to its credit note")
	}
	if list := maker.Get("/etax?kind=81&q=" + url.QueryEscape("บัวหลวง")); !strings.Contains(list.Body, credit) || strings.Contains(list.Body, page+`"`) {
		t.Error("the list does not filter")
	}
	if found := maker.Get("/search?q=" + number); !strings.Contains(found.Body, page) {
		t.Error("search does not find it")
	}
	ask := w.postEtax(page+"/inquiry", url.Values{})
	if ask.Status != http.StatusSeeOther {
		t.Fatalf("the inquiry: %d %s", ask.Status, ask.Body)
	}
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := maker.Get(page); !strings.Contains(a.Body, text.T(thaiContext(t), "etax.came.no_news")) {
		t.Error("the answer is not there")
	}
}

func TestABillThatIsATaxInvoiceKeepsItsNumber(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	id, _ := w.presented("INV-0099")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE presentments SET document_type = '388' WHERE id = '` + id.String() + `'; COMMIT`)
	page := w.issue(w.etaxForm("/etax/new?bill="+id.String(), "buyer_postcode", "10500"))
	if got := w.text(`SELECT number || ' ' || kind FROM etax_documents`); got != "INV-0099 388" {
		t.Errorf("it is %s", got)
	}
	if a := w.Client(apptest.Maker).Get(page); !strings.Contains(a.Body, "/presentments/"+id.String()) {
		t.Error("it does not lead to its bill")
	}
	again := w.postEtax("/etax", w.etaxForm("/etax/new?bill="+id.String(), "buyer_postcode", "10500"))
	if want := text.T(thaiContext(t), "etax.taxed_by.etax", "number", "INV-0099"); again.Status != http.StatusUnprocessableEntity || !strings.Contains(again.Body, want) {
		t.Errorf("the same bill twice: %d", again.Status)
	}
}

func TestMistakesOfATaxDocumentAreToldAtTheField(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	for _, lang := range []text.Lang{text.TH, text.EN} {
		w.Client(apptest.Maker).Get(fmt.Sprintf("/language/%s", lang))
		ctx := text.With(t.Context(), text.Locale{Lang: lang})
		for _, c := range []struct {
			field string
			rule  etax.Rule
			pairs []string
		}{
			{"buyer_branch", etax.BranchForm, []string{"buyer_branch", "123456"}},
			{"buyer_id", etax.TaxIDForm, []string{"buyer_id", "0105561000012"}},
			{"reference_0_number", etax.ReferenceMissing, []string{"kind", "81", "line_0_original_quantity", "20", "line_0_original_price", "120"}},
			{"purpose_text", etax.PurposeUnsaid, []string{"kind", "81", "purpose", "CDNG99", "purpose_text", " ", "references", "1", "reference_0_number", "TX-1", "reference_0_kind", "388",
				"reference_0_on", bangkokToday(0), "line_0_original_quantity", "20", "line_0_original_price", "120"}},
			{"seller_sub_district", etax.SubDistrictOutside, []string{"seller_sub_district", "103001"}},
			{"recipient_0_address", etax.MobileForm, []string{"recipient_0_channel", "SMS", "recipient_0_address", "02-123-4567"}},
			{"password", etax.PasswordForm, []string{"password", "สั้น"}},
			{"format", etax.XMLMissing, []string{"format_xml", ""}},
		} {
			a := w.postEtax("/etax", w.etaxForm("/etax/new", append(ordinaryBuyer, c.pairs...)...))
			want := html.EscapeString(text.T(ctx, text.Prefix("etax.fault.")+string(c.rule)))
			if a.Status != http.StatusUnprocessableEntity || strings.Count(a.Body, want) < 2 || !strings.Contains(a.Body, `href="#`+c.field+`"`) {
				t.Errorf("%s %s: %d, told %d times", lang, c.rule, a.Status, strings.Count(a.Body, want))
			}
			if !strings.Contains(a.Body, "กระดาษ A4") {
				t.Errorf("%s: what was typed is gone", c.rule)
			}
		}
	}
	for _, r := range etax.Rules() {
		if !text.Has(text.Prefix("etax.fault.") + string(r)) {
			t.Errorf("the rule %s has no words", r)
		}
	}
	more := w.etaxForm("/etax/new", append(ordinaryBuyer, "do", "add-line")...)
	if a := w.postEtax("/etax", more); a.Status != http.StatusOK || !strings.Contains(a.Body, `name="line_1_name"`) || !strings.Contains(a.Body, "กระดาษ A4") {
		t.Errorf("another line: %d", a.Status)
	}
}

func thaiContext(t *testing.T) context.Context {
	t.Helper()
	return text.With(t.Context(), text.Locale{Lang: text.TH})
}
