package app_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// billsAtBuyer are bills of 1,070.00 baht that their buyer has.
func billsAtBuyer(t *testing.T, w *apptest.World, numbers ...string) (bills []store.Presentment) {
	t.Helper()
	bank := w.OpenBank()
	for _, number := range numbers {
		bill, lead := w.Submitted(apptest.Maker, number)
		approved(t, w, lead)
		bills = append(bills, bill)
	}
	bank.Send()
	for n, b := range bills {
		if bills[n] = billOf(t, w, b.ID); bills[n].State != store.PresentmentPresented {
			t.Fatalf("%s is %s", bills[n].DocumentNumber, bills[n].State)
		}
	}
	return bills
}

// bringStatement imports a statement and follows it to its page.
func bringStatement(t *testing.T, c *apptest.Client, lines ...string) (at string, page apptest.Answer) {
	t.Helper()
	r := sheetRequest(c, "statement.csv", []byte(strings.Join(lines, "\n")))
	r.URL.RawQuery = "kind=payments"
	a := c.Do(r)
	if a.Status != http.StatusSeeOther || strings.HasSuffix(a.Location(), "/columns") {
		t.Fatalf("%d to %s: %s", a.Status, a.Location(), clipped(a.Body))
	}
	return a.Location(), goOn(t, c, a.Location())
}

// statementHead is what a bank writes above the table, and its heading.
var statementHead = []string{"ธนาคารตัวอย่าง,,", "เลขที่บัญชี,123-4-56789-0,", "วันที่,เวลา,รายการ,ถอนเงิน,เงินฝาก,ยอดคงเหลือ,ช่องทาง,รายละเอียด,เลขที่อ้างอิง"}

func statement(rows ...string) []string { return append(append([]string{}, statementHead...), rows...) }

// cameIn reads payments: how much, how they stand, and why they were matched.
func cameIn(t *testing.T, w *apptest.World) (list string) {
	t.Helper()
	err := w.DB.Super.QueryRowContext(t.Context(), `
		SELECT coalesce(string_agg(concat_ws(' ', p.amount_satang, p.state, (SELECT string_agg(m.reason || '/' || m.evidence, ',') FROM payment_matches m WHERE m.payment_id = p.id)),
			'; ' ORDER BY p.import_row, p.amount_satang), '')
		FROM payments p WHERE p.merchant_id = $1`, w.Merchant).Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAStatementIsRecordedOnceAndMatchesWhatIsCertain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	billsAtBuyer(t, w, "INV-0001", "INV-0002")
	c := w.Client(apptest.Maker)
	today := thai.DayOf(time.Now().In(thai.Bangkok))
	on := fmt.Sprintf("%02d/%02d/%d", today.Day, today.Month, today.BuddhistYear())
	rows := []string{
		on + ",,ยอดยกมา,,,\"1,000.00\",,,",
		on + ",09:15,รับโอน,,\"1,040.00\",\"2,040.00\",K PLUS,INV 0001 บจก.ผู้ซื้อ,FT1",
		on + ",09:20,ถอนเงิน,500.00,,\"1,540.00\",,,FT2",
		on + ",10:00,รับโอน,,300.00,\"1,840.00\",,ไม่ทราบ,",
		on + ",10:00,รับโอน,,300.00,\"2,140.00\",,ไม่ทราบ,",
		on + ",11:00,รับโอน,,500.00,\"2,640.00\",,INV-0002 งวดแรก,FT3",
	}
	at, page := bringStatement(t, c, statement(rows...)...)
	if sum(page, "พร้อมบันทึก") != "4" || sum(page, "ต้องแก้") != "0" || sum(page, "ตัดออก") == "" {
		t.Fatalf("good %q, faulty %q: %s", sum(page, "พร้อมบันทึก"), sum(page, "ต้องแก้"), clipped(page.Body))
	}
	if strings.Contains(page.Body, "ร่าง") {
		t.Error("a statement speaks of drafts")
	}
	if out := c.Get(at + "?standing=dropped"); !strings.Contains(out.Body, "เป็นเงินออก") || !strings.Contains(out.Body, "ไม่มีเงินเข้า") || strings.Contains(out.Body, `value="restore"`) {
		t.Error("what is left out is not explained")
	}
	c.Post(at + "/drafts")
	page = goOn(t, c, at)
	want := "104000 matched withholding/number; 30000 waiting; 30000 waiting; 50000 waiting"
	if got := cameIn(t, w); got != want {
		t.Fatalf("came in\n%s, want\n%s", got, want)
	}
	for _, words := range []string{"จับคู่แล้ว · ขาดเท่าภาษีหัก ณ ที่จ่าย", "รอจับคู่", `href="/payments/`} {
		if !strings.Contains(page.Body, words) {
			t.Errorf("the result does not say %q", words)
		}
	}
	// The same file again, and one that overlaps it by some days.
	at, page = bringStatement(t, c, statement(rows...)...)
	if sum(page, "พร้อมบันทึก") != "0" {
		t.Errorf("%s rows of the same file are taken again", sum(page, "พร้อมบันทึก"))
	}
	if out := c.Get(at + "?standing=dropped"); !strings.Contains(out.Body, "มีเงินรับรายการนี้แล้ว") {
		t.Error("what is known is not explained")
	}
	at, page = bringStatement(t, c, statement(rows[3], on+",10:00,รับโอน,,300.00,9,,ไม่ทราบ,", on+",10:00,รับโอน,,300.00,9,,ไม่ทราบ,", on+",12:00,รับโอน,,7.00,9,,ดอกเบี้ย,FT1", on+",12:00,รับโอน,,7.00,9,,ดอกเบี้ย,FT9")...)
	if sum(page, "พร้อมบันทึก") != "2" {
		t.Errorf("%s rows are new, want the third alike and the last", sum(page, "พร้อมบันทึก"))
	}
	c.Post(at + "/drafts")
	goOn(t, c, at)
	if got := strings.Count(cameIn(t, w), ";") + 1; got != 6 {
		t.Errorf("%d payments, want 6: %s", got, cameIn(t, w))
	}
}

func TestAStatementsDaysAreAskedAboutAndItsTwinsTold(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	now := time.Now().In(thai.Bangkok)
	short := now.Format("02/01/") + fmt.Sprintf("%02d", (now.Year()+543)%100)
	far := now.Format("02/01/") + strconv.Itoa(now.Year()+543+543)
	future := now.AddDate(0, 0, 2).Format(time.DateOnly)
	at, page := bringStatement(t, c, "Date,Amount,Payer,Reference 1,Transaction ID,Tax ID",
		short+",10.00,A,,,", far+",20.00,B,,,", future+",30.00,C,,,", now.Format(time.DateOnly)+" 14:05:09,40.00,D,INV-1,X1,", now.Format(time.DateOnly)+",50.00,E,,X1,",
		now.Format(time.DateOnly)+",-60.00,F,,,", now.Format(time.DateOnly)+",70.00,G,,,1234567890123", now.Format(time.DateOnly)+",0.00,H,,,", "EXAMPLE,1,,,,")
	if got, want := rulesOn(page), "date_short date_meant date_future payment_twice tax_id_check money_zero"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	if sum(page, "พร้อมบันทึก") != "1" {
		t.Errorf("%s are good, want 1", sum(page, "พร้อมบันทึก"))
	}
	c.Post(at+"/fixes", "rule", "date_short", "field", "paid_on", "kind", "buddhist")
	c.Post(at + "/drafts")
	goOn(t, c, at)
	if got, want := cameIn(t, w), "1000 waiting; 4000 waiting"; got != want {
		t.Errorf("came in %q, want %q", got, want)
	}
	if page := w.Client(apptest.Maker).Get("/payments?q=INV-1"); !strings.Contains(page.Body, "40.00") {
		t.Error("the list does not find it")
	}
	if a := c.Get("/imports/form?kind=payments&format=csv"); a.Status != http.StatusOK || !strings.Contains(a.Body, "เงินเข้า") {
		t.Errorf("the empty form: %d", a.Status)
	}
}

func TestTheStandInBanksStatementIsBroughtIn(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.paid("INV-0001") // by an entry, of which the bank called back
	bill, lead := w.Submitted(apptest.Maker, "INV-0002")
	approved(t, w.World, lead)
	w.bank.Send()
	seller := sellerOf(t, w.World)
	for _, transfer := range []sandbox.Transfer{
		{Seller: seller, Amount: 1_040_00, Payer: bill.BuyerName, Reference1: "INV-0002"},
		{Seller: seller, Amount: 1_234_567_89, Payer: "บริษัท \"ก\", จำกัด"},
	} {
		if err := w.bank.Receive(transfer); err != nil {
			t.Fatal(err)
		}
	}
	c := w.Client(apptest.Maker)
	at, page := bringStatement(t, c, string(w.bank.Statement(seller, krungsri.Date{}, krungsri.Date{})))
	if sum(page, "พร้อมบันทึก") != "2" || sum(page, "ต้องแก้") != "0" || rulesOn(page) != "" {
		t.Fatalf("good %q, faulty %q for %q: %s", sum(page, "พร้อมบันทึก"), sum(page, "ต้องแก้"), rulesOn(page), clipped(page.Body))
	}
	if out := c.Get(at + "?standing=dropped"); !strings.Contains(out.Body, "มีเงินรับรายการนี้แล้ว") || !strings.Contains(out.Body, "ไม่มีเงินเข้า") {
		t.Error("what the bank called back about, or what is brought forward, is not left out")
	}
	c.Post(at + "/drafts")
	goOn(t, c, at)
	if got := cameIn(t, w.World); !strings.Contains(got, "104000 matched withholding/number") || !strings.Contains(got, "123456789 waiting") {
		t.Errorf("came in %s", got)
	}
}

// sellerOf is the tax id of the merchant, as the bank knows its account.
func sellerOf(t *testing.T, w *apptest.World) (taxID string) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT tax_id FROM merchants WHERE id = $1`, w.Merchant).Scan(&taxID); err != nil {
		t.Fatal(err)
	}
	return taxID
}
