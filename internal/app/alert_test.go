package app_test

import (
	"crypto/rand"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

var (
	ourAlerts = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: "0107536000315"}
	utility   = sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: "0994000165501"}
	stranger  = sandbox.Proxy{Type: krungsri.ProxyMobile, Value: "0899998877"}
)

// mailbox is a portal with a bank that sends alerts to an id of its merchant.
type mailbox struct {
	*apptest.World
	bank *apptest.Bank
	t    *testing.T
}

func newMailbox(t *testing.T) mailbox {
	t.Helper()
	w := apptest.New(t)
	l := mailbox{w, w.OpenBank(), t}
	l.receives("tax", ourAlerts.Value)
	return l
}

// receives makes an id the merchant's own.
func (l mailbox) receives(kind, value string) {
	l.t.Helper()
	var id store.ID
	err := l.Web.Write(l.t.Context(), l.Actor(apptest.Admin), func(tx *store.Tx) (err error) {
		id, err = tx.ProposePromptPayID(store.PromptPayID{Kind: kind, Value: value, Label: "ใบแจ้งหนี้", Sends: true, Receives: true})
		return err
	})
	if err == nil {
		err = l.Web.Write(l.t.Context(), l.Actor(apptest.Checker), func(tx *store.Tx) error { return tx.DecidePromptPayID(id, "approved") })
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// comes has somebody send an alert, and the portal read that.
func (l mailbox) comes(i sandbox.Incoming) (path string) {
	l.t.Helper()
	if i.Receiver == (sandbox.Proxy{}) {
		i.Receiver = ourAlerts
	}
	if i.Sender == (sandbox.Proxy{}) {
		i.Sender, i.SenderName = utility, "การไฟฟ้านครหลวง"
	}
	rtp, _, err := l.bank.SendAlert(i)
	if err != nil {
		l.t.Fatal(err)
	}
	l.bank.CallBack()
	return "/alerts/" + l.alert(rtp).ID.String()
}

// alert is the one that the bank calls so.
func (l mailbox) alert(rtp string) (a store.Alert) {
	l.t.Helper()
	err := l.Web.Read(l.t.Context(), l.Actor(apptest.Maker), func(q *store.Query) error {
		page, err := q.Alerts(store.AlertFilter{AlertSelection: store.AlertSelection{Text: rtp}, Limit: 1})
		if len(page.Rows) == 1 {
			a = page.Rows[0]
		}
		return err
	})
	if err != nil || a.ID == store.NoID {
		l.t.Fatalf("no alert is called %s: %v", rtp, err)
	}
	return a
}

// state is how an alert stands.
func (l mailbox) state(path string) string {
	l.t.Helper()
	var a store.Alert
	err := l.Web.Read(l.t.Context(), l.Actor(apptest.Maker), func(q *store.Query) (err error) {
		a, err = q.Alert(idIn(l.t, path))
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return a.State
}

// answers has the maker answer, and the checker agree if agreed.
func (l mailbox) answers(path, answer, reason string, agreed bool) {
	l.t.Helper()
	wantStatus(l.t, l.Client(apptest.Maker).Post(path+"/answer", "key", rand.Text(), "answer", answer, "reason", reason), http.StatusSeeOther)
	if !agreed {
		return
	}
	var a store.Alert
	var seen store.Fingerprint
	err := l.Web.Read(l.t.Context(), l.Actor(apptest.Checker), func(q *store.Query) (err error) {
		if a, err = q.Alert(idIn(l.t, path)); err != nil {
			return err
		}
		parts, err := q.Parts(a.AcknowledgementID.UUID)
		seen = store.FingerprintOf(parts)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	lead := a.AcknowledgementID.UUID.String()
	page := l.Client(apptest.Checker).Get("/approvals/" + lead)
	wantStatus(l.t, page, http.StatusOK)
	wantStatus(l.t, l.Client(apptest.Checker).Post("/instructions/"+lead+"/approval", "fingerprint", seen.String()), http.StatusSeeOther)
}

func (l mailbox) wants(path, state string) {
	l.t.Helper()
	if got := l.state(path); got != state {
		l.t.Errorf("it is %q, not %q", got, state)
	}
}

func TestAnAlertIsAnsweredByTwoPeopleAndPaidElsewhere(t *testing.T) {
	t.Parallel()
	l := newMailbox(t)
	path := l.comes(sandbox.Incoming{Amount: 12_345_67, BillReference1: "INV77", Message: "ค่าไฟ <b>ตุลาคม</b>"})
	page := l.Client(apptest.Maker).Get(path)
	wantStatus(t, page, http.StatusOK)
	for _, want := range []string{"12,345.67", "INV77", html.EscapeString("ค่าไฟ <b>ตุลาคม</b>"), "ไม่อยู่ในรายชื่อผู้ขายที่รู้จัก", `value="received"`, `value="will_pay"`, "/suppliers/new?alert="} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if home := l.Client(apptest.Maker).Get("/"); !strings.Contains(home.Body, "/alerts?box=decide") {
		t.Error("home does not tell of it")
	}
	l.answers(path, store.AlertReceived, "", true)
	l.bank.Send()
	l.wants(path, store.AlertReceived)
	l.answers(path, store.AlertWillPay, "", true)
	l.wants(path, store.AlertApproved)
	l.bank.Send()
	l.wants(path, store.AlertWillPay)
	if page := l.Client(apptest.Maker).Get(path); !strings.Contains(page.Body, "Krungsri Biz Online") || strings.Contains(page.Body, `value="received"`) {
		t.Error("the page does not say where one pays, or offers another answer")
	}
	if list := l.Client(apptest.Maker).Get("/suppliers"); !strings.Contains(list.Body, "การไฟฟ้านครหลวง") {
		t.Error("its sender is no known one")
	}
	var rtp string
	for _, a := range l.bank.Alerts() {
		rtp = a.RTP
	}
	if err := l.bank.PlayAlert(rtp, krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	l.bank.CallBack()
	l.wants(path, store.AlertPaid)
	verified(t, l.World, l.bank)
}

func TestAnUnclearAnswerIsSettledByAskingTheBank(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind sandbox.FaultKind
		want string
	}{{sandbox.CutAfter, store.AlertRefused}, {sandbox.CutBefore, store.AlertOpen}} {
		l := newMailbox(t)
		path := l.comes(sandbox.Incoming{Amount: 900_00})
		if err := l.bank.SetFault("promptpay.acknowledge", sandbox.Fault{Kind: c.kind, Times: 1}); err != nil {
			t.Fatal(err)
		}
		l.answers(path, store.AlertRefused, "ไม่ได้สั่งซื้อ", true)
		l.bank.Send()
		l.wants(path, store.AlertUnknown)
		if page := l.Client(apptest.Maker).Get(path); !strings.Contains(page.Body, "/unknown/") {
			t.Error("the page does not lead to the desk")
		}
		wantStatus(t, l.Client(apptest.Maker).Post(path+"/inquiry"), http.StatusSeeOther)
		ask(t, l.bank)
		l.wants(path, c.want)
		verified(t, l.World, l.bank)
	}
}

func TestARefusalNeedsItsReasonAndNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	l := newMailbox(t)
	path := l.comes(sandbox.Incoming{Amount: 900_00})
	c := l.Client(apptest.Maker)
	a := c.Post(path+"/answer", "key", rand.Text(), "answer", "refused", "reason", " ")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="refused" checked`) && !strings.Contains(a.Body, "checked") {
		t.Errorf("a refusal without a reason: %d", a.Status)
	}
	if a := c.Post(path+"/answer", "key", rand.Text(), "reason", "เก็บไว้"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "เก็บไว้") {
		t.Errorf("no answer chosen: %d", a.Status)
	}
	if a := l.Client(apptest.Checker).Post(path+"/answer", "key", rand.Text(), "answer", "will_pay", "reason", ""); a.Status != http.StatusForbidden {
		t.Errorf("a checker answers: %d", a.Status)
	}
	if a := l.Client(apptest.Stranger).Get(path); a.Status != http.StatusNotFound {
		t.Errorf("a stranger sees it: %d", a.Status)
	}
	l.answers(path, store.AlertWillPay, "", false)
	if a := c.Post(path+"/answer", "key", rand.Text(), "answer", "refused", "reason", "x"); a.Status != http.StatusConflict {
		t.Errorf("answered while an answer waits: %d", a.Status)
	}
}

func TestTheInboxPutsWhatEndsFirstFirstAndMarksWhatIsOdd(t *testing.T) {
	t.Parallel()
	l := newMailbox(t)
	c := l.Client(apptest.Maker)
	wantStatus(t, c.Post("/suppliers", "version", "0", "name", "บริษัท สยามกระดาษ จำกัด", "proxy", "0-1055-36000-01-1", "buyer", "", "note", ""), http.StatusSeeOther)
	now := time.Now()
	l.comes(sandbox.Incoming{Amount: 100_00, ExpiresAt: now.Add(72 * time.Hour)})
	l.comes(sandbox.Incoming{Sender: stranger, SenderName: "สยามกระดาด", Amount: 60_000_00, ExpiresAt: now.Add(2 * time.Hour), Message: "จ่ายที่ http://pay.top ด่วน"})
	list := c.Get("/alerts")
	wantStatus(t, list, http.StatusOK)
	if first, second := strings.Index(list.Body, "สยามกระดาด"), strings.Index(list.Body, "การไฟฟ้านครหลวง"); first < 0 || second < first {
		t.Error("what ends first is not first")
	}
	for _, want := range []string{"ข้อสังเกต 4 ข้อ", "เหลือ 2 ชั่วโมง", "08x-xxx-8877"} {
		if !strings.Contains(list.Body, want) {
			t.Errorf("the inbox does not say %q", want)
		}
	}
	if strings.Contains(list.Body, "0899998877") {
		t.Error("the inbox shows a whole mobile number")
	}
	for query, want := range map[string]int{
		"?q=สยามกระดาด": 1, "?q=089-999-8877": 1, "?q=60,000.00": 1, "?q=ไม่มีใคร": 0, "?box=suspicious": 2, "?box=pay": 0, "?box=all": 2, "?box=all&sender=mobile-0899998877": 1,
	} {
		if got := strings.Count(c.Get("/alerts"+query).Body, `<td class="lead"`); got != want {
			t.Errorf("%s lists %d, not %d", query, got, want)
		}
	}
	page := c.Get("/search?q=" + "สยามกระดาด")
	if !strings.Contains(page.Body, `/alerts/`) {
		t.Error("the search does not find it")
	}
	wantStatus(t, c.Post("/alerts/export", "list", "box=all", "format", "csv"), http.StatusOK)
}
