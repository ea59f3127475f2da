package teller_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// asker is a desk that sends requests to pay, under a PromptPay id of its own.
type asker struct {
	till
	sender store.ID
}

func newAsker(t *testing.T) asker {
	t.Helper()
	a := asker{till: till{desk: newDesk(t)}}
	a.Write(a.Owner, a.As(a.Auditor), func(tx *store.Tx) error { return tx.GrantDuties(a.Merchant.ID, a.Auditor, store.Admin) })
	a.Write(a.Web, a.As(a.Auditor), func(tx *store.Tx) (err error) {
		a.sender, err = tx.ProposePromptPayID(store.PromptPayID{Kind: "tax", Value: a.Merchant.TaxID, Label: "บริษัท", Sends: true, Receives: true})
		return err
	})
	a.Write(a.Web, a.As(a.Checker), func(tx *store.Tx) error { return tx.DecidePromptPayID(a.sender, store.ProposalApproved) })
	return a
}

// request is a draft that asks for 250.00 baht, open for a week.
func (a asker) request(reference string, change ...func(*store.PayRequest)) store.PayRequest {
	a.t.Helper()
	r := store.PayRequest{
		ID: store.NewID(), SenderID: a.sender, ReceiverKind: "mobile", ReceiverValue: "0812345678", ReceiverName: "สมหญิง ใจดี", AmountSatang: 250_00, Reference: reference,
		Message: "ค่าน้ำดื่ม", EndsOn: today().AddDate(0, 0, 7),
	}
	for _, c := range change {
		c(&r)
	}
	a.Write(a.Web, a.As(a.Maker), func(tx *store.Tx) error { return tx.AddRequests(r) })
	return a.requestNow(r.ID)
}

func (a asker) requestNow(id store.ID) (r store.PayRequest) {
	a.t.Helper()
	a.Read(func(q *store.Query) (err error) { r, err = q.Request(id); return err })
	return r
}

func (a asker) submit(r store.PayRequest) (store.ID, error) {
	return a.Teller.SubmitRequest(a.t.Context(), a.As(a.Maker), r.ID, r.Version, store.NewID().String())
}

// out is a request that was approved, and sent or not, as the bank is minded.
func (a asker) out(r store.PayRequest) store.PayRequest {
	a.t.Helper()
	lead, err := a.submit(r)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.Approve(a.Checker, lead); err != nil {
		a.t.Fatal(err)
	}
	a.Drain()
	return a.requestNow(r.ID)
}

// learned is the request after the bank was asked about it.
func (a asker) learned(id store.ID) store.PayRequest {
	a.t.Helper()
	if err := a.Teller.AskRequest(a.t.Context(), a.As(a.Maker), id); err != nil {
		a.t.Fatal(err)
	}
	if err := a.Worker.AskBank(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	return a.requestNow(id)
}

func (a asker) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func TestRequestToPayFromDraftToPaid(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	r := a.out(a.request("INV1"))
	if r.State != store.RequestSent || r.BankReference == "" || r.AskAt == nil {
		t.Fatalf("it is %s as %q", r.State, r.BankReference)
	}
	a.must(a.Bank.PlayAlert(r.BankReference, krungsri.AlertAcknowledged, ""))
	if r = a.learned(r.ID); r.State != store.RequestAcknowledged {
		t.Errorf("acknowledged, it is %s", r.State)
	}
	a.must(a.Bank.PlayAlert(r.BankReference, krungsri.AlertPaid, ""))
	if r = a.learned(r.ID); r.State != store.RequestPaid || r.PaidAt == nil || r.PaymentRef == "" {
		t.Errorf("paid, it is %s: %v %q", r.State, r.PaidAt, r.PaymentRef)
	}
	a.honest()
}

func TestRequestOfTomorrowWaitsAtTheBank(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	r := a.out(a.request("INV1", func(r *store.PayRequest) {
		on := today().AddDate(0, 0, 1)
		r.SendOn, r.SendAt = &on, "09:30"
	}))
	if r.State != store.RequestScheduled {
		t.Fatalf("it is %s", r.State)
	}
	if r = a.learned(r.ID); r.State != store.RequestScheduled {
		t.Errorf("before its time it is %s", r.State)
	}
	a.must(a.Bank.Advance(48 * time.Hour))
	if r = a.learned(r.ID); r.State != store.RequestSent {
		t.Errorf("after its time it is %s", r.State)
	}
	a.must(a.Bank.Advance(8 * 24 * time.Hour))
	if r = a.learned(r.ID); r.State != store.RequestExpired {
		t.Errorf("past its end it is %s", r.State)
	}
}

func TestOnlyARequestThatCameToNothingIsSentAgain(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	first := a.out(a.request("INV1"))
	if _, err := a.submit(a.request("INV1")); !errors.Is(err, teller.ErrDebitRepeats) {
		t.Errorf("one like it is refused with %v", err)
	}
	again := a.request("INV1", func(r *store.PayRequest) { r.ResendOf = store.NullID(first.ID) })
	if _, err := a.submit(again); !errors.Is(err, teller.ErrStillRunning) {
		t.Errorf("sending again what is open is refused with %v", err)
	}
	a.must(a.Bank.PlayAlert(first.BankReference, krungsri.AlertRejected, "ไม่ใช่ของเรา"))
	if first = a.learned(first.ID); first.State != store.RequestDeclined || first.FailureReason != "ไม่ใช่ของเรา" {
		t.Fatalf("it is %s: %q", first.State, first.FailureReason)
	}
	a.honest()
	if r := a.out(again); r.State != store.RequestSent || r.BankReference == first.BankReference {
		t.Errorf("sent again, it is %s", r.State)
	}
}

func TestUnclearRequestIsSettledByTheBanksAnswer(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	for kind, want := range map[sandbox.FaultKind]string{sandbox.CutAfter: store.RequestSent, sandbox.CutBefore: store.RequestFailed} {
		a.must(a.Bank.SetFault("promptpay.create", sandbox.Fault{Kind: kind, Times: 1}))
		r := a.out(a.request("REF" + map[bool]string{true: "A", false: "B"}[kind == sandbox.CutAfter]))
		if r.State != store.RequestUnknown {
			t.Fatalf("%s: it is %s", kind, r.State)
		}
		if r = a.learned(r.ID); want == store.RequestFailed {
			if r.State != store.RequestUnknown {
				t.Errorf("%s: asked at once, it is %s", kind, r.State)
			}
			a.behind(fmt.Sprintf(`UPDATE attempts SET claimed_at = claimed_at - interval '10 minutes' WHERE instruction_id = '%s'`, r.InstructionID.UUID))
			r = a.learned(r.ID)
		}
		if r.State != want {
			t.Errorf("%s: it is %s, want %s", kind, r.State, want)
		}
	}
}

func TestRequestIsRefusedBeforeApprovalWhereTheBankWouldRefuseIt(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	yesterday, far := today().AddDate(0, 0, -1), today().AddDate(0, 0, 31)
	for name, c := range map[string]struct {
		change func(*store.PayRequest)
		want   error
	}{
		"A": {func(r *store.PayRequest) { r.SendOn = &yesterday }, teller.ErrRequestDays},
		"B": {func(r *store.PayRequest) { r.SendOn, r.EndsOn = &far, far }, teller.ErrRequestDays},
		"C": {func(r *store.PayRequest) { r.EndsOn = today().AddDate(0, 0, 40) }, teller.ErrRequestDays},
		"D": {func(r *store.PayRequest) { r.EndsOn = yesterday }, teller.ErrRequestDays},
		"E": {func(r *store.PayRequest) { r.AmountSatang = 200_000_01 }, teller.ErrDebitLimits},
		"F": {func(r *store.PayRequest) { r.ReceiverKind, r.ReceiverValue = "tax", a.Merchant.TaxID }, teller.ErrOwnReceiver},
	} {
		if _, err := a.submit(a.request(name, c.change)); !errors.Is(err, c.want) {
			t.Errorf("%s is refused with %v, want %v", name, err, c.want)
		}
	}
}

// Nobody, by plain SQL, says what the bank did not, or changes what was agreed.
func TestRequestIsMovedByNobodyButTheBank(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	r := a.out(a.request("INV1"))
	for name, try := range map[string]func(*store.Tx) error{
		"a person tells that it is paid": func(tx *store.Tx) error {
			now := tx.Now()
			return tx.TellRequest(r.ID, r.State, store.RequestWord{State: store.RequestPaid, Status: "PAID", SaidAt: now, PaymentRef: "A1", PaidAt: &now})
		},
		"a sent request is edited": func(tx *store.Tx) error {
			r.AmountSatang = 1_00
			return tx.ChangeRequest(r)
		},
		"it is discarded": func(tx *store.Tx) error { return tx.DiscardRequest(r.ID, r.Version) },
	} {
		if err := a.Web.Write(t.Context(), a.As(a.Maker), try); err == nil {
			t.Errorf("%s", name)
		}
	}
	for name, actor := range map[string]store.Actor{"the worker tells without the bank's word": {Merchant: a.Merchant.ID}, "the worker tells in a person's name": a.As(a.Maker)} {
		err := a.Work.Write(t.Context(), actor, func(tx *store.Tx) error {
			now := tx.Now()
			return tx.TellRequest(r.ID, store.RequestSent, store.RequestWord{State: store.RequestPaid, Status: "PAID", SaidAt: now, PaymentRef: "A1", PaidAt: &now})
		})
		if err == nil {
			t.Errorf("%s", name)
		}
	}
	if err := a.Work.Write(t.Context(), store.Actor{Merchant: a.Merchant.ID}, func(tx *store.Tx) error { return tx.AddRequests(r) }); err == nil {
		t.Error("the worker writes a request")
	}
}

// endSender ends the id that requests go out under, by two people.
func (a asker) endSender() {
	a.t.Helper()
	a.Write(a.Web, a.As(a.Auditor), func(tx *store.Tx) error { return tx.AskPromptPayEnd(a.sender, true) })
	a.Write(a.Web, a.As(a.Checker), func(tx *store.Tx) error { return tx.EndPromptPayID(a.sender) })
}

func TestARequestWhoseSenderEndedBeforeItWentOutIsEndedAtOnce(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	r := a.request("INV1")
	lead, err := a.submit(r)
	a.must(err)
	a.must(a.Approve(a.Checker, lead))
	a.endSender()
	a.Drain()
	r = a.requestNow(r.ID)
	var i store.Instruction
	a.Read(func(q *store.Query) (err error) { i, err = q.Instruction(lead); return err })
	if r.State != store.RequestDraft || i.State != store.Expired || i.Reason != store.ReasonSenderEnded {
		t.Errorf("the request is %s, what asks for it %s for %q", r.State, i.State, i.Reason)
	}
	attempts := 0
	a.must(a.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM attempts`).Scan(&attempts))
	if attempts != 0 {
		t.Error("the bank was asked")
	}
}

// The database, we and the stand-in bank agree when one is sent that names no time.
func TestARequestWithoutATimeIsSentWhenTheBankBegins(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	tomorrow := today().AddDate(0, 0, 1)
	r := a.out(a.request("INV1", func(r *store.PayRequest) { r.SendOn = &tomorrow }))
	sends, _ := teller.RequestTimes(r)
	if sends.In(krungsri.Bangkok).Hour() != krungsri.AlertHour {
		t.Errorf("we say %s", sends)
	}
	a.must(a.DB.Super.QueryRowContext(t.Context(), `SELECT ask_at FROM pay_requests WHERE id = $1`, r.ID).Scan(&r.AskAt))
	if want := sends.Add(time.Minute); !r.AskAt.Equal(want) {
		t.Errorf("the bank is asked at %s, want %s", r.AskAt, want)
	}
	a.must(a.Bank.Advance(time.Until(sends) - time.Minute))
	if r = a.learned(r.ID); r.State != store.RequestScheduled {
		t.Errorf("a minute before, it is %s", r.State)
	}
	a.must(a.Bank.Advance(2 * time.Minute))
	if r = a.learned(r.ID); r.State != store.RequestSent {
		t.Errorf("a minute after, it is %s", r.State)
	}
}

// Our own answer may be recorded while the bank's callback about the same
// request is being read: what the first look did not find has its name by the
// second, and is no stranger.
func TestCallbackThatMeetsOurOwnAnswerOnTheWayIsTaken(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	r := a.out(a.request("MEETS"))
	attempt := ""
	if err := a.DB.Super.QueryRowContext(t.Context(), `SELECT id::text FROM attempts WHERE instruction_id = $1`, r.InstructionID).Scan(&attempt); err != nil {
		t.Fatal(err)
	}
	said := krungsri.AlertStatusCallback{
		RTPReference: r.BankReference, Reference: attempt, Status: krungsri.AlertAcknowledged, At: krungsri.Instant{Time: time.Now().UTC().Truncate(time.Millisecond)},
	}
	body, err := json.Marshal(said)
	a.must(err)
	var id store.ID
	a.Write(a.Web, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		id, err = tx.KeepCallback(store.NewCallback{Product: "promptpay", Address: "192.0.2.9", Body: body})
		return err
	})
	a.Write(a.Work, store.Actor{Request: "test"}, func(tx *store.Tx) error {
		c, err := tx.NextCallback()
		if err != nil {
			return err
		}
		return teller.ReadBetween(tx, c, said)
	})
	a.want("the callback", a.is(id), "processed ")
	if now := a.requestNow(r.ID); now.State != store.RequestAcknowledged {
		t.Errorf("the request is %s", now.State)
	}
	a.honest()
}
