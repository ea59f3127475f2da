package teller_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// letterbox is a desk to which alerts come: for a tax id of its merchant.
type letterbox struct {
	desk
	ours store.ID
}

const (
	ourProxy    = "0107536000315"
	senderProxy = "0994000165501"
	ourMobile   = "0812345678" // that takes no alerts
)

func newLetterbox(t *testing.T) letterbox {
	t.Helper()
	l := letterbox{desk: newDesk(t), ours: store.NewID()}
	for _, p := range []struct {
		id           store.ID
		kind, value  string
		takes, ended bool
	}{{l.ours, "tax", ourProxy, true, false}, {store.NewID(), "mobile", ourMobile, false, false}, {store.NewID(), "mobile", "0899999999", true, true}} {
		end := "NULL, NULL, NULL, NULL"
		if p.ended {
			end = fmt.Sprintf("'%s', now(), '%s', now()", l.Maker, l.Checker)
		}
		l.behind(fmt.Sprintf(`INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by, decision, decided_by, decided_at, active_from, end_asked_by, end_asked_at, ended_by, ended_at)
			VALUES ('%s', '%s', '%s', '%s', 'x', true, %t, '%s', 'approved', '%s', now(), now(), %s)`,
			p.id, l.Merchant.ID, p.kind, p.value, p.takes, l.Maker, l.Checker, end))
	}
	return l
}

func (l letterbox) behind(sql string) {
	l.t.Helper()
	l.DB.Exec("BEGIN; SET LOCAL session_replication_role = replica; " + sql + "; COMMIT")
}

// incoming is what the bank says of an alert over 100.00 baht that ends in a day.
func incoming(reference string) krungsri.IncomingAlert {
	return krungsri.IncomingAlert{
		RTPReference: reference, SenderType: krungsri.ProxyIdentity, SenderValue: senderProxy, SenderName: "การไฟฟ้านครหลวง",
		ReceiverType: krungsri.ProxyIdentity, ReceiverValue: ourProxy, Amount: 100_00, BillReference1: "INV-1", Message: "ค่าไฟ",
		SentAt: &krungsri.Instant{Time: noon}, ExpiresAt: krungsri.Instant{Time: time.Now().Add(24 * time.Hour).Truncate(time.Second)},
	}
}

// told keeps a callback of PromptPay, and has it read.
func (l letterbox) told(c any, refusal string) (id store.ID) {
	l.t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Write(l.Web, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		id, err = tx.KeepCallback(store.NewCallback{Product: "promptpay", Address: "192.0.2.9", Body: body, Refusal: refusal})
		return err
	})
	l.read()
	return id
}

// alert is the one of a reference.
func (l letterbox) alert(reference string) (a store.Alert) {
	l.t.Helper()
	l.Read(func(q *store.Query) error {
		page, err := q.Alerts(store.AlertFilter{AlertSelection: store.AlertSelection{Text: reference}, Limit: 2})
		if err != nil || len(page.Rows) != 1 {
			return errors.Join(err, fmt.Errorf("%d alerts are called %s", len(page.Rows), reference))
		}
		a, err = q.Alert(page.Rows[0].ID)
		return err
	})
	return a
}

// came is an alert that came in.
func (l letterbox) came(reference string) store.Alert {
	l.t.Helper()
	l.want("the news of "+reference, l.is(l.told(incoming(reference), "")), "processed ")
	return l.alert(reference)
}

func (l letterbox) answer(a store.Alert, answer, reason string) (store.ID, error) {
	l.t.Helper()
	return l.Teller.AnswerAlert(l.t.Context(), l.As(l.Maker), a.ID, answer, reason, store.NewID().String())
}

func (l letterbox) answered(a store.Alert, answer, reason string) store.ID {
	l.t.Helper()
	lead, err := l.answer(a, answer, reason)
	if err != nil {
		l.t.Fatal(err)
	}
	return lead
}

// sound expects that the trail agrees with the rows, but for our ids, which were
// put there behind its back.
func (l letterbox) sound() {
	l.t.Helper()
	keys, err := store.ParseTrailKeys(l.CheckpointKey)
	if err != nil {
		l.t.Fatal(err)
	}
	report, err := store.Verify(l.t.Context(), l.Owner, store.Verification{Keys: keys})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, p := range report.Problems {
		if !strings.Contains(p.Message, "promptpay") {
			l.t.Errorf("the trail is not sound: %+v", p)
		}
	}
}

func rulesOf(a store.Alert) (rules []string) {
	for _, s := range a.Suspicions {
		rules = append(rules, s.Rule)
	}
	return rules
}

func TestAnAlertIsKeptOnceAndOnlyForAnIdOfOurs(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	a := l.came("R1")
	if a.State != store.AlertOpen || a.SenderKind != "tax" || a.SenderValue != senderProxy || a.AmountSatang != 100_00 || a.PromptPayID != l.ours || a.OurValue != ourProxy {
		t.Errorf("it was kept as %+v", a)
	}
	if got := rulesOf(a); fmt.Sprint(got) != "[unknown_sender]" {
		t.Errorf("it is suspected of %v", got)
	}
	with := func(change func(*krungsri.IncomingAlert)) krungsri.IncomingAlert {
		c := incoming("R1")
		c.ExpiresAt.Time = a.ExpiresAt
		change(&c)
		return c
	}
	for _, c := range []struct {
		what string
		said any
		no   string
		want string
	}{
		{"told again", with(func(*krungsri.IncomingAlert) {}), "", "duplicate "},
		{"told again in an event of its own", map[string]any{"eventIdentification": "E2"}, "", "quarantined malformed"},
		{"told again with another amount", with(func(c *krungsri.IncomingAlert) { c.Amount++ }), "", "quarantined mismatch"},
		{"told again of another sender", with(func(c *krungsri.IncomingAlert) { c.SenderValue = "0107536001079" }), "", "quarantined mismatch"},
		{"forged", incoming("R2"), "signature", "quarantined signature"},
		{"for nobody's id", with(func(c *krungsri.IncomingAlert) { c.RTPReference, c.ReceiverValue = "R3", "0107536001079" }), "", "quarantined unknown"},
		{"for an id that takes none", with(func(c *krungsri.IncomingAlert) {
			c.RTPReference, c.ReceiverType, c.ReceiverValue = "R4", krungsri.ProxyMobile, ourMobile
		}), "", "quarantined unknown"},
		{"for an id that has ended", with(func(c *krungsri.IncomingAlert) {
			c.RTPReference, c.ReceiverType, c.ReceiverValue = "R5", krungsri.ProxyMobile, "0899999999"
		}), "", "quarantined unknown"},
		{"for an account", with(func(c *krungsri.IncomingAlert) { c.RTPReference, c.ReceiverType = "R6", krungsri.ProxyAccount }), "", "quarantined unknown"},
	} {
		l.want(c.what, l.is(l.told(c.said, c.no)), c.want)
	}
	var alerts int
	if err := l.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM alerts`).Scan(&alerts); err != nil || alerts != 1 {
		t.Errorf("%d alerts are kept (%v)", alerts, err)
	}
	l.sound()
}

func TestWhatTheBankSaysOfAnAlertMovesItOnlyForward(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	status := func(reference string, s krungsri.AlertStatus, minutes int) krungsri.AlertStatusCallback {
		c := krungsri.AlertStatusCallback{RTPReference: reference, Status: s, At: krungsri.Instant{Time: noon.Add(time.Duration(minutes) * time.Minute)}, Amount: new(krungsri.Baht(100_00))}
		if s == krungsri.AlertPaid {
			c.PaymentReference, c.PaidAt = "A26112212000001", &krungsri.Instant{Time: noon}
		}
		return c
	}
	early := l.told(status("R1", krungsri.AlertPaid, 5), "")
	l.want("news of what has not come", l.is(early), "received unknown")
	l.came("R1")
	l.behind(`UPDATE callbacks SET not_before = now() WHERE state = 'received'`)
	l.read()
	l.want("the same news afterwards", l.is(early), "processed ")
	if a := l.alert("R1"); a.State != store.AlertPaid || a.PaymentReference != "A26112212000001" || a.PaidAt == nil || !a.PaidAt.Equal(noon) {
		t.Errorf("it stands as %+v", a)
	}
	l.want("a word before", l.is(l.told(status("R1", krungsri.AlertAcknowledged, 1), "")), "ignored no_news")
	l.want("an end after it was paid", l.is(l.told(status("R1", krungsri.AlertExpired, 9), "")), "ignored old")
	l.want("the payment once more", l.is(l.told(status("R1", krungsri.AlertPaid, 5), "")), "duplicate ")
	wrong := status("R1", krungsri.AlertPaid, 6)
	wrong.Amount = new(krungsri.Baht(1))
	l.want("another amount", l.is(l.told(wrong, "")), "quarantined mismatch")
	l.came("R2")
	l.want("an end", l.is(l.told(status("R2", krungsri.AlertExpired, 1), "")), "processed ")
	l.want("a payment after the end", l.is(l.told(status("R2", krungsri.AlertPaid, 2), "")), "processed ")
	if a := l.alert("R2"); a.State != store.AlertPaid {
		t.Errorf("it is %s", a.State)
	}
	l.came("R3")
	l.want("a refusal elsewhere", l.is(l.told(status("R3", krungsri.AlertRejected, 1), "")), "processed ")
	if a := l.alert("R3"); a.State != store.AlertRefused || a.Answer != "" {
		t.Errorf("it is %s, and answered %q", a.State, a.Answer)
	}
	l.sound()
}

func TestAnAlertRunsOutByItself(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	soon := incoming("R1")
	soon.ExpiresAt.Time = time.Now().Add(time.Second).Truncate(time.Millisecond)
	l.told(soon, "")
	a := l.alert("R1")
	l.came("R2")
	late := incoming("R3")
	late.ExpiresAt.Time = time.Now().Add(-time.Hour)
	l.told(late, "")
	if got := l.alert("R3"); got.State != store.AlertExpired || got.Box != store.AlertsExpired {
		t.Errorf("what came too late is %s", got.State)
	}
	l.behind(fmt.Sprintf(`UPDATE alerts SET expires_at = now() - interval '1 minute' WHERE id = '%s'`, a.ID))
	if _, err := l.answer(l.alert("R1"), store.AlertWillPay, ""); !errors.Is(err, teller.ErrAlertOver) {
		t.Errorf("what ran out is answered: %v", err)
	}
	if err := l.Worker.MindAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.alert("R1"); got.State != store.AlertExpired {
		t.Errorf("it is %s", got.State)
	}
	if got := l.alert("R2"); got.State != store.AlertOpen {
		t.Errorf("what has time is %s", got.State)
	}
}

func TestAnAnswerNeedsAnotherPersonAndReason(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	a := l.came("R1")
	if _, err := l.answer(a, store.AlertRefused, ""); !errors.Is(err, teller.ErrNeedsReason) {
		t.Errorf("refused without a reason: %v", err)
	}
	if _, err := l.answer(a, "maybe", ""); !errors.Is(err, teller.ErrUnknownAnswer) {
		t.Errorf("answered with a word of ours: %v", err)
	}
	lead := l.answered(a, store.AlertReceived, "")
	var i store.Instruction
	l.Read(func(q *store.Query) (err error) { i, err = q.Instruction(lead); return err })
	if i.AmountSatang != 0 || !i.ExpiresAt.Equal(a.ExpiresAt) || l.alert("R1").State != store.AlertSubmitted {
		t.Errorf("it was asked for as %+v", i)
	}
	if _, err := l.answer(a, store.AlertWillPay, ""); !errors.Is(err, teller.ErrAlertOver) {
		t.Errorf("answered twice at once: %v", err)
	}
	if err := l.Approve(l.Maker, lead); !errors.Is(err, teller.ErrSelfApproval) {
		t.Errorf("the maker approves: %v", err)
	}
	if err := l.Teller.Reject(t.Context(), l.As(l.Checker), lead, "ไม่ใช่"); err != nil {
		t.Fatal(err)
	}
	if got := l.alert("R1"); got.State != store.AlertOpen || got.Answer != "" {
		t.Errorf("after a no it is %s", got.State)
	}
	lead = l.answered(a, store.AlertWillPay, "")
	l.Read(func(q *store.Query) (err error) { i, err = q.Instruction(lead); return err })
	if i.AmountSatang != 100_00 {
		t.Errorf("to pay is approved over %d", i.AmountSatang)
	}
	l.sound()
}

func TestWhatIsOddIsLookedAtAnewWhenASupplierIsKnown(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	a := l.came("R1")
	s := store.Supplier{ID: store.NewID(), Name: "การไฟฟ้านครหลวง", ProxyKind: "tax", ProxyValue: senderProxy}
	l.Write(l.Web, l.As(l.Maker), func(tx *store.Tx) error {
		if err := tx.AddSupplier(s); err != nil {
			return err
		}
		return teller.Rejudge(tx, store.SupplierName{Kind: s.ProxyKind, Value: s.ProxyValue, Name: s.Name})
	})
	if got := l.alert("R1"); len(got.Suspicions) != 0 || !got.Known() || got.SupplierID.UUID != s.ID {
		t.Errorf("a known sender is suspected of %v", got.Suspicions)
	}
	odd := incoming("R2")
	odd.SenderValue, odd.SenderName, odd.Message = "0107536001079", "การไฟพ้านครหลวง", "จ่ายที่ http://x.top"
	l.told(odd, "")
	if got := rulesOf(l.alert("R2")); fmt.Sprint(got) != "[look_alike unknown_sender link]" {
		t.Errorf("it is suspected of %v", got)
	}
	// Whoever wrote who the sender is had a hand in the answer.
	lead := l.answered(a, store.AlertWillPay, "")
	var authors []store.ID
	l.Read(func(q *store.Query) (err error) { authors, err = q.Authors(lead); return err })
	if len(authors) != 1 || authors[0] != l.Maker {
		t.Errorf("authors are %v", authors)
	}
	l.sound()
}
