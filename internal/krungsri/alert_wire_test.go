package krungsri_test

import (
	"errors"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

var (
	ourID     = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: ourTaxID}
	spammerID = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: spammersID}
)

// alertDesk is our side of PromptPay Alert, with one alert that has come in.
type alertDesk struct {
	t       *testing.T
	bank    *sandbox.Bank
	url     string
	client  *krungsri.Client
	journal *memoryJournal
	in      string // the bank's name for the alert
}

func newAlertDesk(t *testing.T) *alertDesk {
	t.Helper()
	bank, server := newBank(t)
	d := &alertDesk{t: t, bank: bank, url: server.URL}
	d.client, d.journal = newClient(t, server.URL)
	var err error
	d.in, _, err = bank.SendAlert(sandbox.Incoming{
		Sender: spammerID, Receiver: ourID, SenderName: "นายสมหมาย ใจดี", Amount: 99_00, BillReference1: "PO77", Message: "ค่าธรรมเนียม",
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *alertDesk) request(change ...func(*krungsri.RequestPaymentRequest)) error {
	r := ask()
	for _, f := range change {
		f(&r)
	}
	_, err := d.client.RequestPayment(d.t.Context(), "A-1", r)
	return err
}

func (d *alertDesk) acknowledge(rtp string) error {
	_, err := d.client.AcknowledgeAlert(d.t.Context(), "A-1", krungsri.AcknowledgeAlertRequest{RTPReference: rtp, Acknowledgement: krungsri.AlertRefused, Reason: "ไม่ได้สั่งซื้อ"})
	return err
}

func (d *alertDesk) inquire(reference string) (krungsri.Alerts, error) {
	return d.client.InquireAlerts(d.t.Context(), krungsri.InquireAlertsRequest{Reference: reference})
}

func (d *alertDesk) blocked() (krungsri.BlockedSenders, error) {
	return d.client.BlockedSenders(d.t.Context(), krungsri.BlockedSendersRequest{ReceiverType: ourID.Type, ReceiverValue: ourID.Value})
}

func TestTheWireOfPromptPayAlertIsPinned(t *testing.T) {
	t.Parallel()
	wrong := spammer()
	wrong.SenderValue = "0994000165502"
	for _, tt := range []struct {
		operation string
		good, bad func(*alertDesk) error
		badWants  string
	}{
		{
			"promptpay.create",
			func(d *alertDesk) error {
				return d.request(func(r *krungsri.RequestPaymentRequest) { r.On, r.At = r.On.AddDays(1), "09:00:00" })
			},
			func(d *alertDesk) error {
				return d.request(func(r *krungsri.RequestPaymentRequest) { r.On = r.On.AddDays(-1) })
			},
			krungsri.MemberCode("instructionDate"),
		},
		{
			"promptpay.inquire",
			func(d *alertDesk) error {
				if err := d.request(); err != nil {
					return err
				}
				if err := d.bank.PlayAlert(d.bank.Alerts()[1].RTP, krungsri.AlertPaid, ""); err != nil {
					return err
				}
				_, err := d.inquire(askedBy)
				return err
			},
			func(d *alertDesk) error { _, err := d.inquire("RTP-NEVER-SENT"); return err },
			krungsri.CodeNotFound,
		},
		{
			"promptpay.acknowledge",
			func(d *alertDesk) error { return d.acknowledge(d.in) },
			func(d *alertDesk) error { return d.acknowledge("R004532600009999") },
			krungsri.CodeNotFound,
		},
		{
			"promptpay.block",
			func(d *alertDesk) error { _, err := d.client.BlockSender(t.Context(), "A-1", spammer()); return err },
			func(d *alertDesk) error { _, err := d.client.BlockSender(t.Context(), "A-2", wrong); return err },
			krungsri.MemberCode("senderProxyValue"),
		},
		{
			"promptpay.unblock",
			func(d *alertDesk) error { _, err := d.client.UnblockSender(t.Context(), "A-1", spammer()); return err },
			func(d *alertDesk) error { _, err := d.client.UnblockSender(t.Context(), "A-2", wrong); return err },
			krungsri.MemberCode("senderProxyValue"),
		},
		{
			"promptpay.blocked",
			func(d *alertDesk) error {
				if err := d.bank.BlockAtBank(ourID, spammerID); err != nil {
					return err
				}
				_, err := d.blocked()
				return err
			},
			func(d *alertDesk) error {
				_, err := d.client.BlockedSenders(t.Context(), krungsri.BlockedSendersRequest{ReceiverType: "PASSPORT", ReceiverValue: ourTaxID})
				return err
			},
			krungsri.MemberCode("receiverProxyType"),
		},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			t.Parallel()
			d := newAlertDesk(t)
			err := tt.bad(d)
			if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != tt.badWants || e.Outcome != krungsri.Refused {
				t.Errorf("bad request: %v, want code %s", err, tt.badWants)
			}
			if err := tt.good(d); err != nil {
				t.Errorf("good request: %v", err)
			}
			xs, rs := d.journal.of(tt.operation)
			golden(t, tt.operation+".bad.json", xs[0], rs[0])
			golden(t, tt.operation+".good.json", xs[1], rs[1])
		})
	}
}

// TestEveryFaultOfAnAlertIsSettledByAskingTheBank holds what an unclear outcome rests on: one request, no second one, and an
// inquiry that tells what came of it.
func TestEveryFaultOfAnAlertIsSettledByAskingTheBank(t *testing.T) {
	t.Parallel()
	for operation, tt := range map[string]struct {
		do      func(*alertDesk) error
		settled func(*alertDesk) (bool, error) // whether the bank has done it
	}{
		"promptpay.create": {
			func(d *alertDesk) error { return d.request() },
			func(d *alertDesk) (bool, error) {
				got, err := d.inquire(askedBy)
				if refusedWith(err, krungsri.CodeNotFound) {
					return false, nil
				}
				return err == nil && got.Alerts[0].Status == krungsri.AlertSent, err
			},
		},
		"promptpay.acknowledge": {
			func(d *alertDesk) error { return d.acknowledge(d.in) },
			func(d *alertDesk) (bool, error) {
				got, err := d.client.InquireAlerts(d.t.Context(), krungsri.InquireAlertsRequest{RTPReference: d.in})
				return err == nil && got.Alerts[0].Acknowledgement == krungsri.AlertRefused, err
			},
		},
		"promptpay.block": {
			func(d *alertDesk) error { _, err := d.client.BlockSender(d.t.Context(), "A-1", spammer()); return err },
			func(d *alertDesk) (bool, error) { got, err := d.blocked(); return got.Total == 1, err },
		},
		"promptpay.unblock": {
			func(d *alertDesk) error {
				if err := d.bank.BlockAtBank(ourID, spammerID); err != nil {
					d.t.Fatal(err)
				}
				_, err := d.client.UnblockSender(d.t.Context(), "A-1", spammer())
				return err
			},
			func(d *alertDesk) (bool, error) { got, err := d.blocked(); return got.Total == 0, err },
		},
	} {
		for _, kind := range sandbox.FaultKinds {
			t.Run(operation+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				d := newAlertDesk(t)
				calm := d.client
				d.client, d.journal = newClient(t, d.url, func(c *krungsri.Config) {
					if kind == sandbox.Slow {
						c.Timeout = 300 * time.Millisecond
					}
				})
				if _, err := d.blocked(); err != nil {
					t.Fatal(err) // the token is there, so that the fault meets the request
				}
				if err := d.bank.SetFault(operation, sandbox.Fault{Kind: kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
				err := tt.do(d)
				if xs, _ := d.journal.of(operation); len(xs) != 1 {
					t.Errorf("%d requests", len(xs))
				}
				d.client = calm
				done, asking := tt.settled(d)
				if asking != nil {
					t.Fatal(asking)
				}
				effect := len(d.bank.Effects()) == 1
				if outcome := krungsri.OutcomeOf(err); done != effect || outcome == krungsri.Done || outcome == krungsri.NotSent || outcome == krungsri.Refused && done {
					t.Errorf("%s, effect %t, and the bank says %t: %v", outcome, effect, done, err)
				}
			})
		}
	}
}

func TestAnInquiryAboutSomebodyElsesRequestIsNotBelieved(t *testing.T) {
	t.Parallel()
	d := newAlertDesk(t)
	if err := d.request(); err != nil {
		t.Fatal(err)
	}
	for operation, call := range map[string]func() error{
		"promptpay.inquire": func() error { _, err := d.inquire(askedBy); return err },
		"promptpay.blocked": func() error { _, err := d.blocked(); return err },
	} {
		if err := d.bank.SetFault(operation, sandbox.Fault{Kind: sandbox.WrongEcho, Times: 1}); err != nil {
			t.Fatal(err)
		}
		if err := call(); !errors.Is(err, krungsri.ErrMismatch) {
			t.Errorf("%s: %v", operation, err)
		}
	}
}
