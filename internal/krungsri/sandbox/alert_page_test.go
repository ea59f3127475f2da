package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

// newAlertListener is a portal that notes what it is told of PromptPay Alert.
func newAlertListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/callbacks/krungsri/promptpay" {
			l.heard = append(l.heard, r.URL.Path)
			return
		}
		if err := (krungsri.CallbackKeys{partnerKey}).Verify(r.URL.Path, r.Header, body, clock()); err != nil {
			l.heard = append(l.heard, "forged")
			return
		}
		c, err := krungsri.ParseAlertCallback(body)
		switch {
		case err != nil:
			l.heard = append(l.heard, "malformed")
			return
		case c.Incoming != nil:
			l.heard = append(l.heard, "alert of "+c.Incoming.SenderName)
		default:
			l.heard = append(l.heard, strings.TrimSpace(string(c.Status.Status)+" "+c.Status.FailureCode))
		}
		l.ids = append(l.ids, c.EventID)
	}))
	t.Cleanup(server.Close)
	l.desk = newDesk(t, func(c *sandbox.Config) {
		c.CallbackURL, c.CallbackKey = server.URL+"/callbacks/krungsri/presentment", partnerKey
	})
	return l
}

func TestTheBankTellsOfAlertsAndOfWhatBecomesOfRequests(t *testing.T) {
	t.Parallel()
	l := newAlertListener(t)
	in := l.comes(supplier, us)
	l.deliver("alert of บริษัท สยามบรรจุภัณฑ์ จำกัด")
	if _, err := l.acknowledge(in, krungsri.AlertWillPay); err != nil {
		t.Fatal(err)
	}
	l.deliver() // the partner knows what it has said itself
	if err := l.bank.PlayAlert(in, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	l.deliver("PAID")
	if err := l.bank.TellAlert(in); err != nil {
		t.Fatal(err)
	}
	l.deliver("alert of บริษัท สยามบรรจุภัณฑ์ จำกัด", "PAID")
	l.sent(to("0898765426"))
	l.advance(time.Minute)
	l.deliver("SENT", "REJECTED B026")
	l.sent(to("0898765425"), func(r *krungsri.RequestPaymentRequest) {
		r.On = r.On.AddDays(1)
		r.ExpiresAt.Time = r.ExpiresAt.AddDate(0, 0, 1)
	})
	l.deliver()
	l.set(at(2025, 11, 23, 8, 10))
	l.deliver("SENT", "ACKNOWLEDGED", "PAID")
	l.sent(to("0898765423"), func(r *krungsri.RequestPaymentRequest) {
		r.On = r.On.AddDays(1)
		r.ExpiresAt.Time = r.ExpiresAt.AddDate(0, 0, 1)
	})
	l.advance(time.Minute)
	l.deliver("SENT", "BLOCKED B027")
	l.comes(stranger, us)
	l.deliver("alert of โปรเงินด่วน อนุมัติไว")
	l.advance(8 * 24 * time.Hour)
	l.deliver("EXPIRED")
	l.block(l.doBlock, stranger, us)
	if _, delivered, err := l.bank.SendAlert(sandbox.Incoming{Sender: stranger, Receiver: us, Amount: 1_00}); delivered || err != nil {
		t.Errorf("delivered %t, %v", delivered, err)
	}
	l.deliver()
	if err := l.bank.TellAlert("nobody"); err == nil {
		t.Error("the bank tells of nobody")
	}
}

func TestCallbacksOfAlertsGoWrongAsAsked(t *testing.T) {
	t.Parallel()
	l := newAlertListener(t)
	l.spoil(sandbox.CallbackEarly)
	l.sent()
	if want := []string{"SENT"}; !slices.Equal(l.heard, want) { // nobody has delivered anything
		t.Errorf("early: heard %q", l.heard)
	}
	l.heard = nil
	l.spoil(sandbox.CallbackTwice)
	l.comes(stranger, us)
	l.ids = nil
	l.deliver("alert of โปรเงินด่วน อนุมัติไว", "alert of โปรเงินด่วน อนุมัติไว")
	if len(l.ids) != 2 || l.ids[0] != l.ids[1] {
		t.Errorf("two events: %q", l.ids)
	}
	l.spoil(sandbox.CallbackLate)
	l.comes(stranger, us)
	l.deliver()
	l.advance(time.Hour)
	l.deliver("alert of โปรเงินด่วน อนุมัติไว")
	for fault, want := range map[sandbox.CallbackFault]string{sandbox.CallbackForged: "forged", sandbox.CallbackMalformed: "malformed"} {
		l.spoil(fault)
		l.comes(stranger, us)
		l.deliver(want)
	}
	l.spoil(sandbox.CallbackDisordered)
	r := l.sent()
	l.deliver()
	if err := l.bank.PlayAlert(r.RTPReference, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	l.deliver("PAID", "SENT")
}

func TestTheRulesOfRequestsArePublishedAsTheyAre(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range sandbox.AlertRules() {
		satang, code := "–", "–"
		if rule.Satang != "" {
			satang = "." + rule.Satang
		}
		if rule.Code != "" {
			code = "`" + rule.Code + "`"
		}
		if row := "| " + strings.Join([]string{rule.ID, satang, code, rule.English}, " | ") + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/sandbox.md lacks: %s", row)
		}
	}
}

func TestTheAlertsPageShowsAndPlays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := func() string {
		t.Helper()
		status, _, page := d.browse(http.MethodGet, "/sandbox/alerts", nil)
		if status != http.StatusOK {
			t.Fatalf("%d", status)
		}
		return page
	}
	if page := show(); !strings.Contains(page, "not a real bank") || !strings.Contains(page, "None yet.") || !strings.Contains(page, krungsri.CodeReceiverUnknown) {
		t.Error("the empty page")
	}
	const done, not = http.StatusSeeOther, http.StatusUnprocessableEntity
	press := func(path string, want int, pairs ...string) {
		t.Helper()
		form := url.Values{"page": {"alerts"}}
		for n := 0; n < len(pairs); n += 2 {
			form.Set(pairs[n], pairs[n+1])
		}
		if status, to, _ := d.browse(http.MethodPost, "/sandbox/alerts"+path, form); status != want || want == done && to.Path != "/sandbox/alerts" {
			t.Errorf("%s %v: %d to %v", path, form, status, to)
		}
	}
	press("", done, "receiver", ourTax, "sample", "0", "amount", "18,725.50", "bill1", "PO77", "hours", "24")
	press("", done, "receiver", "081-234-5678", "sample", "2")
	press("", done, "receiver", ourTax, "sender", "1103700012214", "name", "<b>ใคร</b>", "amount", "5")
	press("", not, "receiver", "123", "sample", "0")
	press("", not, "receiver", ourTax, "sender", "", "amount", "5")
	press("", not, "receiver", ourTax, "sender", somebody, "amount", "200000.01")
	press("", not, "receiver", ourTax, "sender", somebody, "amount", "a lot")
	press("", not, "receiver", ourTax, "sender", somebody, "amount", "5", "hours", "721")
	press("", not, "receiver", ourTax, "sender", somebody, "amount", "5", "bill1", "ใบแจ้ง")
	press("/many", done, "receiver", ourTax, "count", "20")
	press("/many", not, "receiver", ourTax, "count", "20001")
	if n := len(d.bank.Alerts()); n != 23 {
		t.Errorf("%d alerts", n)
	}
	asked, in := d.sent().RTPReference, d.bank.Alerts()[0].RTP
	page := show()
	for _, want := range []string{asked, in, "18725.50", "PO77", "สยามบรรจุภัณฑ์", "โปรเงินด่วน", "&lt;b&gt;ใคร", "Merchant pays in the app"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	press("/answer", done, "rtp", asked, "status", "ACKNOWLEDGED")
	press("/answer", not, "rtp", asked, "status", "BLOCKED")
	press("/answer", not, "rtp", asked, "status", "SENT")
	press("/answer", done, "rtp", asked, "status", "REJECTED", "words", "สินค้าไม่ครบ")
	press("/answer", not, "rtp", in, "status", "REJECTED")
	press("/answer", done, "rtp", in, "status", "PAID")
	press("/tell", done, "rtp", asked)
	press("/tell", not, "rtp", "nobody")
	press("/block", done, "receiver", ourTax, "sender", stranger.Value)
	press("/block", not, "receiver", ourTax, "sender", stranger.Value)
	press("", done, "receiver", ourTax, "sample", "2")
	if page := show(); len(d.bank.Stopped()) != 1 || !strings.Contains(page, `<span class="count">1</span>`) {
		t.Error("what was stopped is not shown")
	}
	press("/block", done, "receiver", ourTax, "sender", stranger.Value, "do", "unblock")
	press("/block", not, "receiver", ourTax, "sender", stranger.Value, "do", "unblock")
	if status := d.press("/sandbox/alerts", "cross-site", url.Values{"receiver": {ourTax}, "sample": {"0"}}); status != http.StatusForbidden {
		t.Errorf("a form from elsewhere: %d", status)
	}
	if a := d.alert(asked); a.Status != krungsri.AlertRejected || a.FailureReason != "สินค้าไม่ครบ" {
		t.Errorf("%+v", a)
	}
}

func TestRequestsToPaySurviveARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bank.json")
	keep := func(c *sandbox.Config) { c.StateFile = path }
	d := newDesk(t, keep)
	r := d.ask(to("0898765425"))
	if _, err := d.requested(r); err != nil {
		t.Fatal(err)
	}
	in := d.comes(supplier, us)
	d.block(d.doBlock, stranger, us)
	if _, err := d.acknowledge(in, krungsri.AlertReceived); err != nil {
		t.Fatal(err)
	}

	again := newDesk(t, keep)
	if list := again.blocked(us, 1); list.Total != 1 {
		t.Errorf("blocked: %+v", list)
	}
	if _, delivered, _ := again.bank.SendAlert(sandbox.Incoming{Sender: stranger, Receiver: us, Amount: 1_00}); delivered {
		t.Error("the block was forgotten")
	}
	again.advance(10 * time.Minute)
	found, err := again.client.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{Reference: r.Reference})
	if err != nil || found.Alerts[0].Status != krungsri.AlertPaid {
		t.Errorf("%+v, %v", found, err)
	}
	if a := again.alert(in); a.Acknowledgement != krungsri.AlertReceived {
		t.Errorf("%+v", a)
	}
}
