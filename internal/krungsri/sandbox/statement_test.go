package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
)

// statement reads what the stand-in's page offers.
func (c *caller) statement(query string) (int, string) {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.bank.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sandbox/statement.csv?"+query, nil))
	return w.Code, w.Body.String()
}

func TestTheStatementTellsWhatCameInToOneAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	var seller string
	reference := c.created("INV-1", func(o object) {
		o["hasAttachment"] = false
		seller = o["seller"].(object)["taxIdentification"].(string)
	})
	if err := c.bank.Decide(reference, krungsri.StatusAccepted, ""); err != nil {
		t.Fatal(err)
	}
	paid := krungsri.Baht(1_040_00)
	if err := c.bank.Pay(reference, &paid); err != nil {
		t.Fatal(err)
	}
	if err := c.bank.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, form := range []url.Values{
		{"seller": {seller}, "amount": {"1,234.50"}, "payer": {"บริษัท \"ก\", จำกัด"}, "reference1": {"INV-2"}},
		{"seller": {"0105562000015"}, "amount": {"7"}},
	} {
		if got := c.press("/sandbox/transfer", "same-origin", form); got != http.StatusSeeOther {
			t.Fatalf("%v: %d", form, got)
		}
	}
	for _, form := range []url.Values{
		{"amount": {"much"}}, {"amount": {"0"}}, {"amount": {"-5"}}, {"amount": {"5"}, "payer": {strings.Repeat("ก", 141)}}, {"amount": {"5"}, "reference1": {strings.Repeat("1", 36)}},
	} {
		if got := c.press("/sandbox/transfer", "same-origin", form); got != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, got)
		}
	}
	const heading = "\ufeffวันที่,เวลา,รายการ,เงินฝาก,เงินถอน,ยอดคงเหลือ,ช่องทาง,เลขที่อ้างอิง 1,เลขที่อ้างอิง 2,ชื่อผู้โอน,เลขที่รายการธนาคาร\r\n"
	_, all := c.statement("seller=" + seller)
	lines := strings.Split(strings.TrimPrefix(all, heading), "\r\n")
	if !strings.HasPrefix(all, heading) || len(lines) != 4 || !strings.Contains(lines[0], "ยอดยกมา,,,0.00,") {
		t.Fatalf("the statement is\n%s", all)
	}
	if !strings.HasPrefix(lines[1], `22/11/2568,09:30,รับชำระตามเอกสารเรียกเก็บ,"1,040.00",,"1,040.00",Krungsri Biz,INV-1,`+reference+",") {
		t.Errorf("the entry's payment is %s", lines[1])
	}
	if !strings.HasPrefix(lines[2], `23/11/2568,09:30,รับโอนเงิน,"1,234.50",,"2,274.50",PromptPay,INV-2,,"บริษัท ""ก"", จำกัด",TRF`) {
		t.Errorf("the transfer is %s", lines[2])
	}
	if _, later := c.statement("from=2025-11-23&seller=" + seller); !strings.Contains(later, `23/11/2568,,ยอดยกมา,,,"1,040.00"`) || strings.Contains(later, "INV-1") || !strings.Contains(later, `"2,274.50"`) {
		t.Errorf("from the second day:\n%s", later)
	}
	if _, first := c.statement("to=2025-11-22&seller=" + seller); !strings.Contains(first, "INV-1") || strings.Contains(first, "INV-2") {
		t.Errorf("through the first day:\n%s", first)
	}
	if status, _ := c.statement("from=soon"); status != http.StatusBadRequest {
		t.Errorf("an unreadable day: %d", status)
	}
	if page := c.page(); !strings.Contains(page, "statement.csv?seller="+seller) || !strings.Contains(page, "1234.50") {
		t.Error("the page does not offer the statement")
	}
}
