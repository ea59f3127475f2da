package krungsri_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
)

const (
	ourTaxID     = "0107536001079"
	ourMobile    = "0812345678"
	payersMobile = "0898765401"
	spammersID   = "0994000165501"
	askedBy      = "RTP-2568-000001"
)

func tomorrow() krungsri.Instant { return krungsri.Instant{Time: fixedClock().AddDate(0, 0, 1)} }

// ask is a request to pay, sent now.
func ask() krungsri.RequestPaymentRequest {
	return krungsri.RequestPaymentRequest{
		Reference: askedBy, SenderType: krungsri.ProxyIdentity, SenderValue: ourTaxID, ReceiverType: krungsri.ProxyMobile, ReceiverValue: payersMobile,
		Amount: 1_070_00, On: krungsri.DateOf(fixedClock()), ExpiresAt: tomorrow(), BillReference1: "INV25680001", Message: "ค่าสินค้าเดือนพฤศจิกายน",
	}
}

func spammer() krungsri.BlockSenderRequest {
	return krungsri.BlockSenderRequest{
		ReceiverType: krungsri.ProxyIdentity, ReceiverValue: ourTaxID, SenderType: krungsri.ProxyIdentity, SenderValue: spammersID,
	}
}

// TestAnAnswerAboutAnAlertIsBelievedOrNot holds, operation by operation, one answer that is believed, and that everything else
// leaves the outcome open unless the bank says no.
func TestAnAnswerAboutAnAlertIsBelievedOrNot(t *testing.T) {
	t.Parallel()
	const (
		sent    = `{"transactionIdentification":"RTP-2568-000001","rtpReference":"R025532600000001","transactionStatus":"SENT","amount":1070.00}`
		known   = `{"rtpReference":"R025532600000001","transactionStatus":"ACKNOWLEDGED","acknowledgementStatus":"ACCP"}`
		blocked = `{"receiverProxyType":"NATID","receiverProxyValue":"0107536001079","senderProxyType":"NATID","senderProxyValue":"0994000165501","blockStatus":"BLOCKED","blockedDateTime":"2025-11-22T09:30:00+07:00"}`
		list    = `{"receiverProxyType":"NATID","receiverProxyValue":"0107536001079","blockedSenders":[{"senderProxyType":"NATID","senderProxyValue":"0994000165501","blockedDateTime":"2025-11-22T09:30:00+07:00"}],"totalRecords":1}`
		alert   = `{"rtpReference":"R025532600000001","transactionIdentification":"RTP-2568-000001","transactionStatus":"PAID","senderProxyType":"NATID","senderProxyValue":"0107536001079","receiverProxyType":"MSISDN","receiverProxyValue":"0898765401","amount":1070.00,"createDateTime":"2025-11-22T09:30:00+07:00","expiryDateTime":"2025-11-23T09:30:00+07:00","statusDateTime":"2025-11-22T09:40:00+07:00","paymentReferenceIdentification":"A25112209000001","paidDateTime":"2025-11-22T09:40:00+07:00"}`
		alerts  = `{"transactions":[` + alert + `],"totalRecords":1}`
	)
	request := func(c *krungsri.Client) error { _, err := c.RequestPayment(t.Context(), "A-1", ask()); return err }
	inquire := func(c *krungsri.Client) error {
		_, err := c.InquireAlerts(t.Context(), krungsri.InquireAlertsRequest{Reference: askedBy})
		return err
	}
	willPay := func(c *krungsri.Client) error {
		_, err := c.AcknowledgeAlert(t.Context(), "A-1", krungsri.AcknowledgeAlertRequest{RTPReference: "R025532600000001", Acknowledgement: krungsri.AlertWillPay})
		return err
	}
	block := func(c *krungsri.Client) error { _, err := c.BlockSender(t.Context(), "A-1", spammer()); return err }
	unblock := func(c *krungsri.Client) error { _, err := c.UnblockSender(t.Context(), "A-1", spammer()); return err }
	listed := func(c *krungsri.Client) error {
		_, err := c.BlockedSenders(t.Context(), krungsri.BlockedSendersRequest{ReceiverType: krungsri.ProxyIdentity, ReceiverValue: ourTaxID})
		return err
	}
	for name, tt := range map[string]struct {
		call     func(*krungsri.Client) error
		good     string
		from, to string
		outcome  krungsri.Outcome
		cause    error
	}{
		"sent":                           {request, sent, "", "", krungsri.Done, nil},
		"scheduled":                      {request, sent, `"SENT"`, `"SCHEDULED","scheduledDateTime":"2025-11-23T09:00:00"`, krungsri.Done, nil},
		"scheduled for no time":          {request, sent, "SENT", "SCHEDULED", krungsri.Unknown, krungsri.ErrMalformed},
		"asked for before, and paid":     {request, sent, "SENT", "PAID", krungsri.Done, nil},
		"not delivered":                  {request, sent, `"SENT"`, `"FAILED","failureCode":"B025"`, krungsri.Refused, nil},
		"blocked by the receiver":        {request, sent, "SENT", "BLOCKED", krungsri.Refused, nil},
		"expired as it is sent":          {request, sent, "SENT", "EXPIRED", krungsri.Unknown, krungsri.ErrMismatch},
		"in a status nobody knows":       {request, sent, "SENT", "FINE", krungsri.Unknown, krungsri.ErrMismatch},
		"without the bank's name":        {request, sent, "R025532600000001", "", krungsri.Unknown, krungsri.ErrMalformed},
		"another request of ours":        {request, sent, "000001", "000002", krungsri.Unknown, krungsri.ErrMismatch},
		"another amount":                 {request, sent, "1070.00", "1070.01", krungsri.Unknown, krungsri.ErrMismatch},
		"found":                          {inquire, alerts, "", "", krungsri.Done, nil},
		"found in a status nobody knows": {inquire, alerts, "PAID", "FINE", krungsri.Done, nil},
		"another one found":              {inquire, alerts, "RTP-2568", "RTP-2567", krungsri.Unknown, krungsri.ErrMismatch},
		"nothing found, and no refusal":  {inquire, `{"transactions":[],"totalRecords":0}`, "", "", krungsri.Unknown, krungsri.ErrMismatch},
		"paid without a reference":       {inquire, alerts, "A25112209000001", "", krungsri.Unknown, krungsri.ErrMalformed},
		"paid at no time":                {inquire, alerts, `"paidDateTime"`, `"x"`, krungsri.Unknown, krungsri.ErrMalformed},
		"an alert of nothing":            {inquire, alerts, "1070.00", "0", krungsri.Unknown, krungsri.ErrMalformed},
		"from nobody":                    {inquire, alerts, ourTaxID, "", krungsri.Unknown, krungsri.ErrMalformed},
		"more rows than there are":       {inquire, alerts, `"totalRecords":1`, `"totalRecords":0`, krungsri.Unknown, krungsri.ErrMalformed},
		"acknowledged":                   {willPay, known, "", "", krungsri.Done, nil},
		"acknowledged, without our word": {willPay, known, `,"acknowledgementStatus":"ACCP"`, "", krungsri.Done, nil},
		"acknowledged as something else": {willPay, known, "ACCP", "RCVD", krungsri.Unknown, krungsri.ErrMismatch},
		"refused instead":                {willPay, known, "ACKNOWLEDGED", "REJECTED", krungsri.Unknown, krungsri.ErrMismatch},
		"another alert":                  {willPay, known, "R0255", "R0254", krungsri.Unknown, krungsri.ErrMismatch},
		"blocked":                        {block, blocked, "", "", krungsri.Done, nil},
		"blocked at no time":             {block, blocked, `"blockedDateTime"`, `"x"`, krungsri.Unknown, krungsri.ErrMalformed},
		"another sender blocked":         {block, blocked, spammersID, ourTaxID, krungsri.Unknown, krungsri.ErrMismatch},
		"not blocked":                    {block, blocked, `"BLOCKED"`, `"UNBLOCKED"`, krungsri.Unknown, krungsri.ErrMismatch},
		"let in":                         {unblock, blocked, `"BLOCKED"`, `"UNBLOCKED"`, krungsri.Done, nil},
		"not let in":                     {unblock, blocked, "", "", krungsri.Unknown, krungsri.ErrMismatch},
		"a list":                         {listed, list, "", "", krungsri.Done, nil},
		"a list of another ID":           {listed, list, ourTaxID, spammersID, krungsri.Unknown, krungsri.ErrMismatch},
		"a list of nobody":               {listed, list, spammersID, "", krungsri.Unknown, krungsri.ErrMalformed},
		"a list larger than it is":       {listed, list, `"totalRecords":1`, `"totalRecords":0`, krungsri.Unknown, krungsri.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := tt.good
			if tt.from != "" {
				body = strings.Replace(body, tt.from, tt.to, 1)
			}
			if tt.from != "" && body == tt.good {
				t.Fatalf("nothing to change: %s", tt.from)
			}
			err := tt.call(answering(t, http.StatusOK, "application/json", body))
			if got := krungsri.OutcomeOf(err); got != tt.outcome || tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%s: %v, want %s", got, err, tt.outcome)
			}
		})
	}
}

func TestAnAlertCallbackIsReadStrictly(t *testing.T) {
	t.Parallel()
	incoming := `{"eventIdentification":"E1","rtpReference":"R004532600000009","senderProxyType":"NATID","senderProxyValue":"0994000165501","senderName":"การไฟฟ้า","receiverProxyType":"MSISDN","receiverProxyValue":"0812345678","amount":1070.00,"billReference1":"B1","message":"ค่าไฟ","expiryDateTime":"2025-11-23T09:30:00","new":1}`
	status := `{"eventIdentification":"E2","rtpReference":"R025532600000001","transactionIdentification":"RTP-2568-000001","transactionStatus":"PAID","statusDateTime":"2025-11-22T09:30:00+07:00","paymentReferenceIdentification":"A25112209000001","paidDateTime":"2025-11-22T09:29:00+07:00"}`
	i, err := krungsri.ParseAlertCallback([]byte(incoming))
	if err != nil || i.EventID != "E1" || i.Status != nil || i.Incoming.SenderName != "การไฟฟ้า" || i.Incoming.Amount != 1_070_00 || !i.Incoming.ExpiresAt.Equal(tomorrow().Time) {
		t.Errorf("%+v, %v", i, err)
	}
	s, err := krungsri.ParseAlertCallback([]byte(status))
	if err != nil || s.EventID != "E2" || s.Incoming != nil || s.Status.Status != krungsri.AlertPaid || s.Status.Reference != askedBy || !s.Status.PaidAt.Equal(fixedClock().Add(-time.Minute)) {
		t.Errorf("%+v, %v", s, err)
	}
	for name, body := range map[string]string{
		"no JSON":                    "x",
		"about nothing":              `{"eventIdentification":"E","rtpReference":"R1"}`,
		"an alert with a status":     strings.Replace(incoming, "{", `{"transactionStatus":"SENT","statusDateTime":"2025-11-22T09:30:00",`, 1),
		"a status nobody knows":      strings.Replace(status, "PAID", "DONE", 1),
		"a status of no time":        strings.Replace(status, `"statusDateTime"`, `"x"`, 1),
		"a status of nothing":        strings.Replace(status, "R025532600000001", "", 1),
		"paid without a reference":   strings.Replace(status, "A25112209000001", "", 1),
		"paid at no time":            strings.Replace(status, `"paidDateTime"`, `"x"`, 1),
		"an amount below zero":       strings.Replace(status, "{", `{"amount":-1,`, 1),
		"an alert of nothing":        strings.Replace(incoming, "1070.00", "0", 1),
		"an alert without an amount": strings.Replace(incoming, `"amount"`, `"x"`, 1),
		"a part of a satang":         strings.Replace(incoming, "1070.00", "1070.001", 1),
		"from an unknown kind of ID": strings.Replace(incoming, "NATID", "PASSPORT", 1),
		"to an unknown kind of ID":   strings.Replace(incoming, "MSISDN", "PASSPORT", 1),
		"to nobody":                  strings.Replace(incoming, "0812345678", "", 1),
		"without an end":             strings.Replace(incoming, `"expiryDateTime"`, `"x"`, 1),
		"a message without end":      strings.Replace(incoming, "ค่าไฟ", strings.Repeat("x", 601), 1),
		"a name with a zero byte":    strings.Replace(incoming, "การไฟฟ้า", `\u0000`, 1),
		"a member given twice":       strings.Replace(incoming, "{", `{"amount":1,`, 1),
	} {
		if got, err := krungsri.ParseAlertCallback([]byte(body)); !errors.Is(err, krungsri.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := krungsri.ClaimedReference([]byte(strings.Replace(status, "PAID", "DONE", 1))); got != "R025532600000001" {
		t.Errorf("it claims %q", got)
	}
}

func TestAScreenSeesNoWholePromptPayIDAndNoName(t *testing.T) {
	t.Parallel()
	shown := string(krungsri.Mask(krungsri.CallbackOperation, []byte(`{"senderProxyValue":"1234567890121","senderName":"นายสมหมาย ใจดี","receiverProxyValue":"0812345678",`+
		`"receiverName":"Somchai Jaidee","blockedSenders":[{"senderProxyValue":"001234567890123"}]}`)))
	want := `{"senderProxyValue":"1-xxxx-xxxxx-x2-1","senderName":"นxxxxxxxx ใxxx","receiverProxyValue":"08xxxx5678","receiverName":"Sxxxxxx Jxxxxx",` +
		`"blockedSenders":[{"senderProxyValue":"xxxxxxxxxxx0123"}]}`
	if shown != want {
		t.Errorf("it shows %s", shown)
	}
}

func TestWhatIsSaidOfAlertsIsKnownByItsTables(t *testing.T) {
	t.Parallel()
	for _, known := range []interface{ Known() bool }{
		krungsri.ProxyMobile, krungsri.ProxyBiller, krungsri.AlertScheduled, krungsri.AlertBlocked, krungsri.AlertReceived, krungsri.AlertRefused,
	} {
		if !known.Known() {
			t.Errorf("%v is not known", known)
		}
	}
	if krungsri.ProxyType("SENT").Known() || krungsri.AlertStatus("RCVD").Known() || krungsri.Acknowledgement("").Known() {
		t.Error("a word of another table is known")
	}
	for _, f := range krungsri.AlertFailures() {
		if row, ok := krungsri.AlertFailureByCode(f.Code); !ok || row.Name != f.Name {
			t.Errorf("%+v", f)
		}
	}
	if _, ok := krungsri.AlertFailureByCode("X"); ok {
		t.Error("X is a failure")
	}
}
