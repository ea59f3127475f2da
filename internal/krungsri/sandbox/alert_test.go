package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const (
	ourTax     = "0107536000315"
	ourMobile  = "0812345678"
	somebody   = "0898765401" // whom no rule is about
	supplierID = "0105562014784"
)

var (
	us       = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: ourTax}
	usMobile = sandbox.Proxy{Type: krungsri.ProxyMobile, Value: ourMobile}
	supplier = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: supplierID}
	stranger = sandbox.Proxy{Type: krungsri.ProxyMobile, Value: "0610000077"}
)

// ask is a request to pay that is sent now and open for a day.
func (d *desk) ask(change ...func(*krungsri.RequestPaymentRequest)) krungsri.RequestPaymentRequest {
	r := krungsri.RequestPaymentRequest{
		Reference: d.id(), SenderType: us.Type, SenderValue: us.Value, ReceiverType: krungsri.ProxyMobile, ReceiverValue: somebody, Amount: 1_070_00,
		On: krungsri.DateOf(clock()), ExpiresAt: krungsri.Instant{Time: clock().AddDate(0, 0, 1)}, BillReference1: "INV0001",
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func (d *desk) requested(r krungsri.RequestPaymentRequest) (krungsri.RequestedPayment, error) {
	return d.client.RequestPayment(d.t.Context(), "A-1", r)
}

// sent is a request that the bank has taken.
func (d *desk) sent(change ...func(*krungsri.RequestPaymentRequest)) krungsri.RequestedPayment {
	d.t.Helper()
	got, err := d.requested(d.ask(change...))
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func (d *desk) alert(rtp string) krungsri.Alert {
	d.t.Helper()
	got, err := d.client.InquireAlerts(d.t.Context(), krungsri.InquireAlertsRequest{RTPReference: rtp})
	if err != nil {
		d.t.Fatal(err)
	}
	return got.Alerts[0]
}

func to(value string) func(*krungsri.RequestPaymentRequest) {
	return func(r *krungsri.RequestPaymentRequest) { r.ReceiverValue = value }
}

func TestTheDayOfARequestDecidesWhetherItIsSentWaitsOrIsRefused(t *testing.T) {
	t.Parallel()
	day, when, ends := krungsri.MemberCode("instructionDate"), krungsri.MemberCode("instructionTime"), krungsri.MemberCode("expiryDateTime")
	today := krungsri.DateOf(clock())
	for name, tt := range map[string]struct {
		on     krungsri.Date
		at     string
		expiry time.Time
		want   any // a code, or when it is sent
	}{
		"yesterday":                    {today.AddDays(-1), "", clock().AddDate(0, 0, 1), day},
		"today":                        {today, "", clock().AddDate(0, 0, 1), clock()},
		"today, at a time that is now": {today, "09:30:00", clock().AddDate(0, 0, 1), clock()},
		"today, at a time gone by":     {today, "00:00:00", clock().AddDate(0, 0, 1), clock()},
		"today, later":                 {today, "09:30:01", clock().AddDate(0, 0, 1), clock().Add(time.Second)},
		"tomorrow":                     {today.AddDays(1), "", clock().AddDate(0, 0, 2), at(2025, 11, 23, 8, 0)},
		"tomorrow, at a time":          {today.AddDays(1), "00:00:00", clock().AddDate(0, 0, 2), at(2025, 11, 23, 0, 0)},
		"in thirty days":               {today.AddDays(30), "", clock().AddDate(0, 0, 60), at(2025, 12, 22, 8, 0)},
		"in thirty-one days":           {today.AddDays(31), "", clock().AddDate(0, 0, 40), day},
		"at no time of any day":        {today, "25:00:00", clock().AddDate(0, 0, 1), when},
		"over before it is sent":       {today.AddDays(1), "", at(2025, 11, 23, 8, 0), ends},
		"over now":                     {today, "", clock(), ends},
		"open for thirty days":         {today, "", at(2025, 12, 22, 23, 59), clock()},
		"open for longer":              {today, "", at(2025, 12, 23, 0, 0), ends},
		"scheduled, open for longer":   {today.AddDays(2), "", at(2025, 12, 25, 0, 0), ends},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			r := d.ask(func(r *krungsri.RequestPaymentRequest) {
				r.On, r.At, r.ExpiresAt = tt.on, tt.at, krungsri.Instant{Time: tt.expiry}
			})
			got, err := d.requested(r)
			if code, refused := tt.want.(string); refused {
				if codeOf(err) != code || len(d.bank.Alerts()) != 0 || len(d.bank.Effects()) != 0 {
					t.Errorf("%v, want %s", err, code)
				}
				return
			}
			sends, _ := tt.want.(time.Time)
			switch waits := sends.After(clock()); {
			case err != nil:
				t.Error(err)
			case waits && (got.Status != krungsri.AlertScheduled || !got.ScheduledAt.Equal(sends)), !waits && got.Status != krungsri.AlertSent:
				t.Errorf("%+v", got)
			}
			d.set(sends)
			if a := d.alert(got.RTPReference); a.Status != krungsri.AlertSent || !a.SentAt.Equal(sends) {
				t.Errorf("at its time: %+v", a)
			}
		})
	}
}

func TestAScheduledRequestIsSentAtItsTimeAndExpiresAtItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	got := d.sent(func(r *krungsri.RequestPaymentRequest) {
		r.On, r.ExpiresAt = krungsri.DateOf(clock()).AddDays(1), krungsri.Instant{Time: at(2025, 11, 25, 18, 0)}
	})
	if !strings.HasPrefix(got.RTPReference, "R0255326") || len(got.RTPReference) != 16 {
		t.Errorf("it is named %s", got.RTPReference)
	}
	if err := d.bank.PlayAlert(got.RTPReference, krungsri.AlertPaid, ""); err == nil {
		t.Error("it was paid before it was sent")
	}
	d.set(at(2025, 11, 23, 7, 59))
	if a := d.alert(got.RTPReference); a.Status != krungsri.AlertScheduled {
		t.Errorf("before its time: %+v", a)
	}
	d.set(at(2025, 11, 25, 18, 0)) // past both of its times at once
	a := d.alert(got.RTPReference)
	if a.Status != krungsri.AlertExpired || !a.SentAt.Equal(at(2025, 11, 23, 8, 0)) || !a.StatusAt.Equal(at(2025, 11, 25, 18, 0)) {
		t.Errorf("after its end: %+v", a)
	}
	if err := d.bank.PlayAlert(got.RTPReference, krungsri.AlertPaid, ""); err == nil {
		t.Error("it was paid after its end")
	}
}

func TestAReferenceAsksForPaymentOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.ask()
	first, err := d.requested(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.requested(r)
	if err != nil || again != first {
		t.Errorf("again: %+v, %v", again, err)
	}
	other := r
	other.Amount++
	if _, err := d.requested(other); krungsri.OutcomeOf(err) != krungsri.Unknown || !strings.Contains(err.Error(), krungsri.CodeDuplicate) {
		t.Errorf("with other content: %v", err)
	}
	// A day that has passed since does not make it a new request.
	d.advance(20 * time.Hour)
	if again, err := d.requested(r); err != nil || again.RTPReference != first.RTPReference {
		t.Errorf("the next day: %+v, %v", again, err)
	}
	if n := len(d.bank.Alerts()); n != 1 || len(d.bank.Effects()) != 1 {
		t.Errorf("%d requests, %d effects", n, len(d.bank.Effects()))
	}
	found, err := d.client.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{Reference: r.Reference})
	if err != nil || found.Alerts[0].RTPReference != first.RTPReference {
		t.Errorf("by our reference: %+v, %v", found, err)
	}
	if _, err := d.client.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{Reference: "RTP-NEVER-SENT"}); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("one that was never sent: %v", err)
	}
}

func TestEveryRuleOfARequestHolds(t *testing.T) {
	t.Parallel()
	want := map[string]struct {
		status krungsri.AlertStatus
		ack    krungsri.Acknowledgement
	}{
		"23": {krungsri.AlertBlocked, ""}, "24": {krungsri.AlertFailed, ""}, "25": {krungsri.AlertPaid, krungsri.AlertReceived},
		"26": {krungsri.AlertRejected, krungsri.AlertRefused}, "27": {krungsri.AlertPaid, ""}, "28": {krungsri.AlertAcknowledged, krungsri.AlertReceived},
	}
	d := newDesk(t)
	later := map[string]string{} // a request, and the rule it is under
	for _, rule := range sandbox.AlertRules() {
		byID, err := d.requested(d.ask(to("08987654" + rule.ID)))
		if _, waits := want[rule.ID]; !waits && rule.ID != "29" {
			if codeOf(err) != rule.Code {
				t.Errorf("%s: %v, want %s", rule.ID, err, rule.Code)
			}
			continue
		}
		if err != nil || byID.Status != krungsri.AlertSent {
			t.Errorf("%s: %+v, %v", rule.ID, byID, err)
		}
		if rule.Satang != "" {
			later[byID.RTPReference] = rule.ID
			later[d.sent(func(r *krungsri.RequestPaymentRequest) {
				r.Amount += krungsri.Baht(rule.Satang[0]-'0')*10 + krungsri.Baht(rule.Satang[1]-'0')
			}).RTPReference] = rule.ID
		}
	}
	if len(later) != 2*len(want) {
		t.Fatalf("%d requests under rules", len(later))
	}
	// Of thirteen digits the two before the check digit count.
	if _, err := d.requested(d.ask(func(r *krungsri.RequestPaymentRequest) {
		r.ReceiverType, r.ReceiverValue = krungsri.ProxyIdentity, "1103700012214"
	})); codeOf(err) != krungsri.CodeReceiverUnknown {
		t.Errorf("a citizen's ID: %v", err)
	}
	_, err := d.requested(d.ask(func(r *krungsri.RequestPaymentRequest) {
		r.SenderType, r.SenderValue = krungsri.ProxyMobile, "0812345629"
	}))
	if codeOf(err) != krungsri.CodeSenderNotOurs {
		t.Errorf("a number that is not ours: %v", err)
	}
	if _, err := d.requested(d.ask(func(r *krungsri.RequestPaymentRequest) { r.Amount = 200_000_01 })); codeOf(err) != krungsri.CodeOverAlertLimit {
		t.Errorf("a satang above the limit: %v", err)
	}
	largest := d.sent(func(r *krungsri.RequestPaymentRequest) { r.Amount = 200_000_00 })
	d.advance(10 * time.Minute)
	for rtp, rule := range later {
		a := d.alert(rtp)
		if a.Status != want[rule].status || a.Acknowledgement != want[rule].ack || (a.FailureCode != "") != (a.Status != krungsri.AlertPaid && a.Status != krungsri.AlertAcknowledged) {
			t.Errorf("%s: %+v", rule, a)
		}
	}
	if a := d.alert(largest.RTPReference); a.Status != krungsri.AlertSent {
		t.Errorf("without a rule: %+v", a)
	}
	d.advance(24 * time.Hour)
	for rtp, rule := range later {
		if a := d.alert(rtp); rule == "28" && a.Status != krungsri.AlertExpired {
			t.Errorf("left to expire: %+v", a)
		}
	}
}

func TestAPaymentStandsOnTheStatementUnderTheNameOfItsRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	asked := d.sent()
	if err := d.bank.PlayAlert(asked.RTPReference, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	if err := d.bank.PlayAlert(asked.RTPReference, krungsri.AlertPaid, ""); err == nil {
		t.Error("it was paid twice")
	}
	a := d.alert(asked.RTPReference)
	if len(a.PaymentReference) != 15 || a.PaymentReference[0] != 'A' || !a.PaidAt.Equal(clock()) {
		t.Errorf("%+v", a)
	}
	in, delivered, err := d.bank.SendAlert(sandbox.Incoming{Sender: supplier, Receiver: us, Amount: 535_00, BillReference1: "PO77"})
	if err != nil || !delivered {
		t.Fatal(err)
	}
	if err := d.bank.PlayAlert(in, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	statement := string(d.bank.Statement(ourTax, krungsri.Date{}, krungsri.Date{}))
	for _, line := range []string{
		`รับชำระตามคำขอ PromptPay,"1,070.00",,"1,070.00",PromptPay Alert,INV0001,` + asked.RTPReference + ",",
		"จ่ายตามใบแจ้ง PromptPay,,535.00,535.00,PromptPay Alert,PO77," + in + ",บริษัท สยามบรรจุภัณฑ์ จำกัด,",
	} {
		if strings.Count(statement, line) != 1 {
			t.Errorf("the statement lacks %s:\n%s", line, statement)
		}
	}
}

func (d *desk) acknowledge(rtp string, word krungsri.Acknowledgement) (krungsri.AcknowledgedAlert, error) {
	return d.client.AcknowledgeAlert(d.t.Context(), "A-1", krungsri.AcknowledgeAlertRequest{RTPReference: rtp, Acknowledgement: word, Reason: "ไม่ได้สั่งซื้อ"})
}

func (d *desk) comes(from, toUs sandbox.Proxy) string {
	d.t.Helper()
	rtp, delivered, err := d.bank.SendAlert(sandbox.Incoming{Sender: from, Receiver: toUs, Amount: 99_00})
	if err != nil || !delivered {
		d.t.Fatalf("delivered %t, %v", delivered, err)
	}
	return rtp
}

func TestAnAlertIsAcknowledgedWhileItIsOpenAndNotTwiceDifferently(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const received, pays, refuses = krungsri.AlertReceived, krungsri.AlertWillPay, krungsri.AlertRefused
	for _, tt := range []struct {
		words  []krungsri.Acknowledgement
		codes  []string
		status krungsri.AlertStatus
		stands krungsri.Acknowledgement
	}{
		{[]krungsri.Acknowledgement{received, received, pays, pays}, []string{"", "", "", ""}, krungsri.AlertAcknowledged, pays},
		{[]krungsri.Acknowledgement{received, refuses, refuses}, []string{"", "", ""}, krungsri.AlertRejected, refuses},
		{[]krungsri.Acknowledgement{pays, refuses}, []string{"", krungsri.CodeWrongState}, krungsri.AlertAcknowledged, pays},
		{[]krungsri.Acknowledgement{refuses, pays}, []string{"", krungsri.CodeWrongState}, krungsri.AlertRejected, refuses},
		{[]krungsri.Acknowledgement{pays, received}, []string{"", krungsri.CodeWrongState}, krungsri.AlertAcknowledged, pays},
	} {
		rtp := d.comes(supplier, us)
		for n, word := range tt.words {
			if _, err := d.acknowledge(rtp, word); codeOf(err) != tt.codes[n] {
				t.Errorf("%v, word %d: %v", tt.words, n, err)
			}
		}
		if a := d.alert(rtp); a.Status != tt.status || a.Acknowledgement != tt.stands || tt.stands == refuses && a.FailureReason != "ไม่ได้สั่งซื้อ" {
			t.Errorf("%v: %+v", tt.words, a)
		}
	}
	if _, err := d.acknowledge("R004532600009999", pays); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("an alert of nobody: %v", err)
	}
	if _, err := d.acknowledge(d.sent().RTPReference, pays); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("our own request: %v", err)
	}
	paid, late := d.comes(supplier, us), d.comes(supplier, us)
	if err := d.bank.PlayAlert(paid, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := d.acknowledge(paid, refuses); codeOf(err) != krungsri.CodeWrongState {
		t.Errorf("refused after it was paid: %v", err)
	}
	d.advance(7 * 24 * time.Hour)
	if _, err := d.acknowledge(late, received); codeOf(err) != krungsri.CodeWrongState {
		t.Errorf("after its end: %v", err)
	}
	if err := d.bank.PlayAlert(late, krungsri.AlertRejected, ""); err == nil {
		t.Error("an alert to us is refused by the bank's page")
	}
}

func (d *desk) block(do func(krungsri.BlockSenderRequest) (krungsri.BlockedSenderAnswer, error), sender, receiver sandbox.Proxy) krungsri.BlockedSenderAnswer {
	d.t.Helper()
	got, err := do(krungsri.BlockSenderRequest{ReceiverType: receiver.Type, ReceiverValue: receiver.Value, SenderType: sender.Type, SenderValue: sender.Value})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func (d *desk) doBlock(r krungsri.BlockSenderRequest) (krungsri.BlockedSenderAnswer, error) {
	return d.client.BlockSender(d.t.Context(), "A-1", r)
}

func (d *desk) doUnblock(r krungsri.BlockSenderRequest) (krungsri.BlockedSenderAnswer, error) {
	return d.client.UnblockSender(d.t.Context(), "A-1", r)
}

func (d *desk) blocked(receiver sandbox.Proxy, page int) krungsri.BlockedSenders {
	d.t.Helper()
	got, err := d.client.BlockedSenders(d.t.Context(), krungsri.BlockedSendersRequest{ReceiverType: receiver.Type, ReceiverValue: receiver.Value, Page: page})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func TestABlockStopsOneSenderForOneIDUntilItEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.block(d.doUnblock, stranger, us) // nothing to end
	first := d.block(d.doBlock, stranger, us)
	d.advance(time.Hour)
	if again := d.block(d.doBlock, stranger, us); !again.BlockedAt.Equal(first.BlockedAt.Time) || len(d.bank.Effects()) != 1 {
		t.Errorf("again: %+v, %d effects", again, len(d.bank.Effects()))
	}
	rtp, delivered, err := d.bank.SendAlert(sandbox.Incoming{Sender: stranger, Receiver: us, Amount: 99_00})
	if err != nil || delivered || len(d.bank.Alerts()) != 0 || len(d.bank.Stopped()) != 1 {
		t.Errorf("delivered %t, %v", delivered, err)
	}
	if _, err := d.client.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{RTPReference: rtp}); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("what was stopped is found: %v", err)
	}
	d.comes(stranger, usMobile)
	d.comes(supplier, us)
	if list := d.blocked(us, 1); list.Total != 1 || list.Senders[0].Value != stranger.Value {
		t.Errorf("%+v", list)
	}
	if list := d.blocked(usMobile, 1); list.Total != 0 {
		t.Errorf("of our other ID: %+v", list)
	}
	d.block(d.doUnblock, stranger, us)
	d.block(d.doUnblock, stranger, us)
	d.comes(stranger, us)
	if n := len(d.bank.Stopped()); n != 1 {
		t.Errorf("%d stopped", n)
	}
}

func TestABlockMadeAtTheBankTurnsUpInTheList(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.bank.BlockAtBank(us, stranger); err != nil {
		t.Fatal(err)
	}
	if err := d.bank.BlockAtBank(us, stranger); err == nil {
		t.Error("it was made twice")
	}
	if list := d.blocked(us, 0); list.Total != 1 {
		t.Errorf("%+v", list)
	}
	if err := d.bank.UnblockAtBank(us, stranger); err != nil {
		t.Fatal(err)
	}
	if err := d.bank.UnblockAtBank(us, stranger); err == nil {
		t.Error("it was ended twice")
	}
	for n := range 1_050 {
		if err := d.bank.BlockAtBank(us, sandbox.Proxy{Type: krungsri.ProxyMobile, Value: fmt.Sprintf("06%08d", n)}); err != nil {
			t.Fatal(err)
		}
	}
	if one, two, three := d.blocked(us, 1), d.blocked(us, 2), d.blocked(us, 3); one.Total != 1_050 || len(one.Senders) != 1_000 || len(two.Senders) != 50 || len(three.Senders) != 0 {
		t.Errorf("pages of %d, %d and %d of %d", len(one.Senders), len(two.Senders), len(three.Senders), one.Total)
	}
}

func TestAMalformedRequestOfAnAlertChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := func() object {
		return object{
			"transactionIdentification": "RTP-1", "senderProxyType": "NATID", "senderProxyValue": ourTax, "receiverProxyType": "MSISDN", "receiverProxyValue": somebody,
			"amount": 100, "instructionDate": "2025-11-22", "expiryDateTime": "2025-11-23T09:30:00+07:00",
		}
	}
	for name, tt := range map[string]struct {
		member string
		value  any
		code   string
	}{
		"no reference":        {"transactionIdentification", nil, "transactionIdentification"},
		"a long reference":    {"transactionIdentification", strings.Repeat("R", 37), "transactionIdentification"},
		"an unknown kind":     {"senderProxyType", "PASSPORT", "senderProxyType"},
		"a wrong check digit": {"senderProxyValue", "0107536000316", "senderProxyValue"},
		"a short number":      {"receiverProxyValue", "081234567", "receiverProxyValue"},
		"a landline":          {"receiverProxyValue", "0212345678", "receiverProxyValue"},
		"nothing":             {"amount", 0, "amount"},
		"half a satang":       {"amount", 1.005, "amount"},
		"a Buddhist year":     {"instructionDate", "2568-11-22", "instructionDate"},
		"no end":              {"expiryDateTime", nil, "expiryDateTime"},
		"a Thai reference":    {"billReference1", "ใบแจ้ง1", "billReference1"},
		"a long message":      {"message", strings.Repeat("ก", 141), "message"},
		"a member too many":   {"x", 1, "body"},
	} {
		body := good()
		body[tt.member] = tt.value
		if _, code := d.signed("promptpay.create", body); code != krungsri.MemberCode(tt.code) {
			t.Errorf("%s: %s, want %s", name, code, krungsri.MemberCode(tt.code))
		}
	}
	self := good()
	self["receiverProxyType"], self["receiverProxyValue"] = "NATID", ourTax
	if _, code := d.signed("promptpay.create", self); code != krungsri.MemberCode("receiverProxyValue") {
		t.Errorf("to ourselves: %s", code)
	}
	for _, wrong := range []struct{ whose, kind, value string }{{"sender", "EWALLETID", "001234567890123"}, {"receiver", "BILLERID", ourTax + "00"}} {
		body := good()
		body[wrong.whose+"ProxyType"], body[wrong.whose+"ProxyValue"] = wrong.kind, wrong.value
		if _, code := d.signed("promptpay.create", body); code != krungsri.MemberCode(wrong.whose+"ProxyType") {
			t.Errorf("%s of kind %s: %s", wrong.whose, wrong.kind, code)
		}
	}
	for name, body := range map[string]object{
		"nothing":           {},
		"both names":        {"rtpReference": "R025532600000001", "transactionIdentification": "RTP-1"},
		"a name and a day":  {"rtpReference": "R025532600000001", "startDate": "2025-11-22", "endDate": "2025-11-22"},
		"a name of no form": {"rtpReference": "025"},
	} {
		if _, code := d.signed("promptpay.inquire", body); code != krungsri.MemberCode("rtpReference") {
			t.Errorf("inquiry with %s: %s", name, code)
		}
	}
	for _, last := range []string{"2025-11-21", "2026-02-23"} {
		if _, code := d.signed("promptpay.inquire", object{"startDate": "2025-11-22", "endDate": last}); code != krungsri.MemberCode("endDate") {
			t.Errorf("inquiry to %s: %s", last, code)
		}
	}
	if _, code := d.signed("promptpay.block", object{"receiverProxyType": "NATID", "receiverProxyValue": ourTax, "senderProxyType": "NATID", "senderProxyValue": ourTax}); code != krungsri.MemberCode("senderProxyValue") {
		t.Errorf("blocking ourselves: %s", code)
	}
	if n := len(d.bank.Effects()); n != 0 || len(d.bank.Alerts()) != 0 {
		t.Errorf("%d effects", n)
	}
	if status, code := d.signed("promptpay.create", good()); status != 200 {
		t.Errorf("the good one: %d %s", status, code)
	}
	list, err := d.client.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{From: new(krungsri.DateOf(clock())), To: new(krungsri.DateOf(clock()))})
	if err != nil || list.Total != 1 || list.Alerts[0].Reference != "RTP-1" {
		t.Errorf("of today: %+v, %v", list, err)
	}
}
