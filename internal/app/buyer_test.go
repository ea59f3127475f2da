package app_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// buyerFields is the form of a buyer that is right, with some of its fields changed.
func buyerFields(changes ...string) url.Values {
	form := url.Values{
		"version": {"0"}, "name": {"บริษัท สยามตัวอย่างการค้า จำกัด"}, "name_en": {"Siam Sample Trading Co., Ltd."}, "tax_id": {"0-1055-62000-00-7"}, "branch": {"0"},
		"address": {"99 ถนนตัวอย่าง\r\nกรุงเทพมหานคร"}, "postcode": {"๑๐๒๐๐"}, "contact": {"คุณนก"}, "email": {"AP@siam.example"}, "phone": {"02-123-4567"},
		"terms_days": {"๔๕"}, "wht_rate": {"3"}, "note": {""},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form[changes[i]] = []string{changes[i+1]}
	}
	return form
}

// addedBuyer is the buyer that a form makes.
func addedBuyer(t *testing.T, w *apptest.World, form url.Values) store.Buyer {
	t.Helper()
	a := send(w.Client(apptest.Maker), "/buyers", form)
	var id store.ID
	if a.Status != http.StatusSeeOther || id.UnmarshalText([]byte(strings.TrimPrefix(a.Location(), "/buyers/"))) != nil {
		t.Fatalf("got %d to %q: %s", a.Status, a.Location(), a.Body)
	}
	return buyerOf(t, w, id)
}

func buyerOf(t *testing.T, w *apptest.World, id store.ID) (b store.Buyer) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) { b, err = q.Buyer(id); return err })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shows reports what of the wanted a page lacks.
func shows(t *testing.T, what string, a apptest.Answer, wanted ...string) {
	t.Helper()
	body := html.UnescapeString(a.Body)
	for _, want := range wanted {
		if !strings.Contains(body, want) {
			t.Errorf("%s (%d) lacks %q:\n%s", what, a.Status, want, body)
		}
	}
}

func TestBuyerIsStoredAsItWasMeantAndShown(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	b := addedBuyer(t, w, buyerFields())
	if b.TaxID != "0105562000007" || b.Branch != "00000" || b.Postcode != "10200" || b.Email != "ap@siam.example" || *b.TermsDays != 45 || b.WHTRate.Decimal.String() != "3" {
		t.Errorf("stored %+v", b)
	}
	w.Submitted(apptest.Maker, "INV-1") // to the same tax id and branch, by another name
	for _, name := range []string{apptest.Maker, apptest.Checker, apptest.Auditor, apptest.Admin} {
		a := w.Client(name).Get("/buyers/" + b.ID.String())
		shows(t, name+"'s page", a, b.Name, "Siam Sample Trading", "0-1055-62000-00-7", "45 วัน", "3%", "INV-1", "1,070.00", "ในใบนี้ชื่อ บริษัท ผู้ซื้อตัวอย่าง จำกัด")
		if edits := strings.Contains(a.Body, "/edit"); edits != (name == apptest.Maker) {
			t.Errorf("%s may edit: %t", name, edits)
		}
	}
	shows(t, "the list", w.Client(apptest.Auditor).Get("/buyers?q="+url.QueryEscape("สยามตัวอย่าง 0-1055")), b.Name)
}

func TestFaultyBuyerKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	a := send(w.Client(apptest.Maker), "/buyers", buyerFields("tax_id", "0105562000008", "email", "nobody", "terms_days", "400", "note", "โทรก่อน"))
	if a.Status != http.StatusUnprocessableEntity {
		t.Errorf("answered %d", a.Status)
	}
	shows(t, "the form", a, `value="0105562000008"`, `value="nobody"`, `value="400"`, "โทรก่อน", "สยามตัวอย่างการค้า",
		"เลขหลักสุดท้ายไม่ตรง", "ใส่อีเมลเดียว", "ใส่จำนวนวันเป็นเลขเต็ม 0 ถึง 366", `href="#tax_id"`)
	a = send(w.Client(apptest.Maker), "/buyers", buyerFields("tax_id", "0105536000011"))
	shows(t, "our own tax id", a, "เป็นเลขของร้านเราเอง")
}

func TestSecondBuyerOfATaxIDIsShownTheFirst(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	first := addedBuyer(t, w, buyerFields())
	a := send(w.Client(apptest.Maker), "/buyers", buyerFields("name", "ชื่ออื่น"))
	if a.Status != http.StatusUnprocessableEntity {
		t.Errorf("answered %d", a.Status)
	}
	shows(t, "the form", a, "มีผู้ซื้อเลขและสาขานี้อยู่แล้ว", "/buyers/"+first.ID.String(), `value="ชื่ออื่น"`)
}

func TestStaleBuyerIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	b := addedBuyer(t, w, buyerFields())
	path := "/buyers/" + b.ID.String()
	theirs := b
	theirs.Phone = "081-999-9999"
	if err := w.Web.Write(t.Context(), w.Actor(apptest.Both), func(tx *store.Tx) error { return tx.ChangeBuyer(theirs) }); err != nil {
		t.Fatal(err)
	}
	mine := buyerFields("version", "1", "note", "วางบิลวันพุธ")
	a := send(w.Client(apptest.Maker), path, mine)
	if a.Status != http.StatusConflict {
		t.Fatalf("the stale edit was answered %d", a.Status)
	}
	shows(t, "the conflict", a, "คุณboth บันทึกฉบับใหม่", "081-999-9999", "02-123-4567", "วางบิลวันพุธ", `name="version" value="2"`)
	if now := buyerOf(t, w, b.ID); now.Phone != "081-999-9999" || now.Note != "" {
		t.Errorf("stored is %+v", now)
	}
	mine.Set("version", "2")
	if a := send(w.Client(apptest.Maker), path, mine); a.Status != http.StatusSeeOther {
		t.Errorf("saving over it was answered %d", a.Status)
	}
	shows(t, "the story", w.Client(apptest.Auditor).Get(path), "แก้ไขผู้ซื้อ: โทรศัพท์, บันทึกภายใน", "<del>", "xxxxxxxxx999 #", "คุณboth", "คุณmaker")
}

func TestBuyerIsArchivedAndRestored(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	b := addedBuyer(t, w, buyerFields())
	path := "/buyers/" + b.ID.String()
	if a := c.Post(path+"/archival", "version", "1"); a.Status != http.StatusSeeOther {
		t.Fatalf("answered %d", a.Status)
	}
	if a := c.Get("/buyers/find?q=siam"); strings.Contains(a.Body, b.Name) {
		t.Error("an archived buyer is offered")
	}
	shows(t, "the archive", c.Get("/buyers?state=archived"), b.Name, `href="/buyers?state=archived"`)
	shows(t, "the form of the same again", c.Do(c.Request(http.MethodPost, "/buyers/likeness", buyerFields())), "เคยเก็บไว้", path)
	if a := c.Post(path+"/restoration", "version", "1"); a.Status != http.StatusConflict {
		t.Errorf("restoring a version before was answered %d", a.Status)
	}
	addedBuyer(t, w, buyerFields())
	a := c.Post(path+"/restoration", "version", "2")
	if a.Status != http.StatusConflict {
		t.Errorf("restoring beside another was answered %d", a.Status)
	}
	shows(t, "its page", a, "มีผู้ซื้ออีกรายใช้เลขและสาขานี้อยู่")
}

func TestTypingABuyerWarnsOfThoseItCouldBe(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	known := addedBuyer(t, w, buyerFields())
	alike := func(changes ...string) apptest.Answer {
		return c.Do(c.Request(http.MethodPost, "/buyers/likeness", buyerFields(changes...)))
	}
	for what, x := range map[string]struct {
		answer apptest.Answer
		want   string
	}{
		"the same":                  {alike(), "มีผู้ซื้อเลขและสาขานี้อยู่แล้ว"},
		"another branch":            {alike("branch", "7"), "สาขาอื่นของนิติบุคคลเดียวกัน"},
		"another name":              {alike("branch", "7", "name", "หจก. ก่อสร้างสาธิต", "name_en", ""), "เลขผู้เสียภาษีเดียวกันแต่คนละชื่อ"},
		"another number":            {alike("tax_id", "0105561000003", "name", "บจก.สยามตัวอยางการค้า"), "ชื่อคล้ายกันมากแต่คนละเลขผู้เสียภาษี"},
		"the English name, no more": {alike("tax_id", "", "name", "SIAM SAMPEL TRADING", "name_en", ""), "ชื่อคล้ายกันมากแต่คนละเลขผู้เสียภาษี"},
	} {
		shows(t, what, x.answer, x.want, "/buyers/"+known.ID.String())
	}
	if a := alike("tax_id", "0105561000003", "name", "หจก. ก่อสร้างสาธิต", "name_en", ""); strings.Contains(a.Body, "notice") {
		t.Errorf("a stranger is warned of: %s", a.Body)
	}
	// Enough letters in common for the database to bring it up, and not to mistake it.
	if a := alike("tax_id", "0105561000003", "name", "บริษัท สยามตัวอย่างก่อสร้าง จำกัด", "name_en", ""); strings.Contains(a.Body, "notice") {
		t.Errorf("a name of the same family is warned of: %s", a.Body)
	}
	if a := alike("id", known.ID.String()); strings.Contains(a.Body, "notice") {
		t.Errorf("it is warned of itself: %s", a.Body)
	}
	if a := w.Client(apptest.Stranger).Do(w.Client(apptest.Stranger).Request(http.MethodPost, "/buyers/likeness", buyerFields())); strings.Contains(a.Body, "notice") {
		t.Error("another merchant is shown our buyer")
	}
}

func TestBillTakesAKnownBuyerAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	b := addedBuyer(t, w, buyerFields())
	typed := billForm("INV-9", "do", "enter", "q", "สยาม", "buyer_name", "ครึ่งๆ", "remark", "ด่วน")
	a := send(c, "/presentments", typed)
	if a.Status != http.StatusOK {
		t.Fatalf("the Enter key in the box was answered %d", a.Status)
	}
	shows(t, "the form", a, `value="pick-buyer-`+b.ID.String()+`"`, `value="ครึ่งๆ"`, `value="INV-9"`, "ด่วน")
	typed.Set("do", "pick-buyer-"+b.ID.String())
	a = send(c, "/presentments", typed)
	shows(t, "the form with the buyer", a, `value="`+b.Name+`"`, `value="`+thai.TaxID(b.TaxID).Grouped()+`"`, "กรุงเทพมหานคร 10200", `value="INV-9"`, "ด่วน", "12,345.50", `value="45"`, `value="`+bangkokToday(45)+`"`)
	if strings.Contains(a.Body, `value="pick-buyer-`) {
		t.Error("what was found is still offered")
	}
	typed.Set("version", "1")
	if a := send(c, "/presentments", typed); strings.Contains(a.Body, bangkokToday(45)) {
		t.Error("a draft is given another day")
	}
	typed.Set("version", "0")
	for name, do := range map[string]string{"nobody's": nobodysID, "no": "x"} {
		typed.Set("do", "pick-buyer-"+do)
		if a := send(c, "/presentments", typed); a.Status != http.StatusOK && a.Status != http.StatusBadRequest {
			t.Errorf("%s id was answered %d", name, a.Status)
		}
	}
	typed.Set("do", "enter")
	typed.Set("q", "")
	p := stored(t, w, send(c, "/presentments", typed)) // the Enter key elsewhere
	if p.BuyerName != "ครึ่งๆ" {
		t.Errorf("stored %+v", p)
	}
	shows(t, "a bill for the buyer", c.Get("/presentments/new?buyer="+b.ID.String()), `value="`+b.Name+`"`, `value="45"`, bangkokToday(45))
	if a := w.Client(apptest.Stranger).Get("/presentments/new?buyer=" + b.ID.String()); a.Status != http.StatusNotFound {
		t.Errorf("another merchant's maker was answered %d", a.Status)
	}
}

func TestBillOffersToSaveABuyerNobodyKnows(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	bill, form := "/presentments/"+p.ID.String(), "/buyers/new?bill="+p.ID.String()
	shows(t, "the bill", c.Get(bill), form)
	if a := w.Client(apptest.Auditor).Get(bill); strings.Contains(a.Body, "/buyers/new") {
		t.Error("an auditor is asked to save a buyer")
	}
	shows(t, "the form", c.Get(form), p.BuyerName, "0-1055-62000-00-7", `value="00001"`, "99 ถนนตัวอย่าง")
	b := addedBuyer(t, w, buyerFields("branch", "1"))
	shows(t, "the bill of a known buyer", c.Get(bill), "/buyers/"+b.ID.String(), "ในทะเบียนชื่อ "+b.Name)
}

func TestTrailTellsOfBuyers(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	b := addedBuyer(t, w, buyerFields())
	send(w.Client(apptest.Maker), "/buyers/"+b.ID.String(), buyerFields("version", "1", "email", "new@siam.example"))
	a := w.Client(apptest.Auditor).Get("/audit?group=buyers")
	shows(t, "the trail", a, "เพิ่มผู้ซื้อ "+b.Name, "แก้ไขผู้ซื้อ: อีเมล")
}
