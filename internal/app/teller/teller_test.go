package teller_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

func TestApprovedBillReachesTheBankOnceWithItsDocuments(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill := w.Bill("INV-1")
	w.Attach(bill.ID, w.Maker, "second")
	w.Read(func(q *store.Query) (err error) { bill, err = q.Presentment(bill.ID); return err })
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), bill.ID, bill.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if n := len(w.Bank.Effects()); n != 0 {
		t.Fatalf("%d effects at the bank before anybody approved", n)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	want := []string{"presentment.create", "presentment.document.upload", "presentment.document.upload"}
	if diff := cmp.Diff(want, effects(w)); diff != "" {
		t.Errorf("effects at the bank (-want +got):\n%s", diff)
	}
	if got := w.State(bill.ID); got != store.PresentmentPresented {
		t.Errorf("the bill is %s", got)
	}
	w.Read(func(q *store.Query) error {
		p, err := q.Presentment(bill.ID)
		if p.BankReference == "" || p.BankReference != w.Bank.Effects()[0].BankReference {
			t.Errorf("bank reference is %q, the bank says %q", p.BankReference, w.Bank.Effects()[0].BankReference)
		}
		return err
	})
	onWireExactlyAsAttempted(t, w)
}

func effects(w *tellertest.World) []string {
	var ops []string
	for _, e := range w.Bank.Effects() {
		ops = append(ops, e.Operation)
	}
	return ops
}

// onWireExactlyAsAttempted: what the bank saw are the attempts that have an
// exchange, each once, and none twice.
func onWireExactlyAsAttempted(t *testing.T, w *tellertest.World) {
	t.Helper()
	begun := map[string]bool{}
	rows, err := w.DB.Super.QueryContext(t.Context(), `SELECT attempt_id::text FROM exchanges WHERE attempt_id IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		begun[id] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.Bank.Requests() {
		if r.Reference == "" {
			continue
		}
		if r.Count != 1 || !begun[string(r.Reference)] {
			t.Errorf("the bank saw %s %s %d times; journaled: %v", r.Operation, r.Reference, r.Count, begun[string(r.Reference)])
		}
	}
}

func TestWhatTheBankRefusesIsFailedAndCanBeMended(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	p := w.Bill("")
	// A number the portal's own check would not let through.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE presentments SET buyer_tax_id = '1111111111112'; COMMIT`)
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if diff := cmp.Diff([]string{store.Failed, store.Expired}, w.PartStates(lead)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	w.Read(func(q *store.Query) error {
		got, err := q.Presentment(p.ID)
		if got.State != store.PresentmentRefused || !got.Editable() {
			t.Errorf("the bill is %s, editable: %v", got.State, got.Editable())
		}
		attempts, err2 := q.Attempts(lead)
		if len(attempts) != 1 || attempts[0].BankCode != "I018" || attempts[0].MessageTH == "" {
			t.Errorf("attempts: %+v", attempts)
		}
		return errors.Join(err, err2)
	})
	if n := len(w.Bank.Effects()); n != 0 {
		t.Errorf("%d effects of a refused bill", n)
	}
}

func TestSecondClickAnswersLikeTheFirst(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	p := w.Bill("")
	leads := make([]store.ID, 20)
	var wg sync.WaitGroup
	for n := range leads {
		wg.Go(func() {
			var err error
			if leads[n], err = w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "one form"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if distinct := slices.Compact(leads); len(distinct) != 1 {
		t.Errorf("20 clicks made leads %v", distinct)
	}
	other := w.Bill("")
	if _, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), other.ID, other.Version, "one form"); !errors.Is(err, teller.ErrKeyReused) {
		t.Errorf("the key of another bill: %v", err)
	}
}

func TestNobodyApprovesWhatTheyHadAHandIn(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	p := w.Bill("")
	w.Attach(p.ID, w.Maker2, "by a colleague who is also a checker")
	w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err })
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who  string
		id   store.ID
		want error
	}{
		{"the maker", w.Maker, teller.ErrSelfApproval},
		{"who attached a document", w.Maker2, teller.ErrAuthor},
		{"an auditor", w.Auditor, teller.ErrNotOnDuty},
	} {
		if err := w.Approve(c.id, lead); !errors.Is(err, c.want) {
			t.Errorf("approval by %s: %v, want %v", c.who, err, c.want)
		}
		if err := w.Teller.Reject(t.Context(), w.As(c.id), lead, "no reason"); !errors.Is(err, c.want) {
			t.Errorf("rejection by %s: %v, want %v", c.who, err, c.want)
		}
	}
}

func TestOnePersonCountsOnce(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{ApprovalsNeeded: 2})
	bill, lead := w.Submitted("")
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker, lead); !errors.Is(err, teller.ErrAlreadyApproved) {
		t.Errorf("second approval by the same person: %v", err)
	}
	if got := w.State(bill); got != store.PresentmentSubmitted {
		t.Errorf("after one of two approvals the bill is %s", got)
	}
	if err := w.Approve(w.Checker2, lead); err != nil {
		t.Fatal(err)
	}
	if got := w.State(bill); got != store.PresentmentApproved {
		t.Errorf("after two approvals the bill is %s", got)
	}
}

func TestApprovalIsOfWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Submitted("")
	_, other := w.Submitted("")
	err := w.Teller.Approve(t.Context(), w.As(w.Checker), lead, w.Fingerprint(other))
	if !errors.Is(err, teller.ErrChanged) {
		t.Errorf("approval with another fingerprint: %v", err)
	}
}

func TestDecidedOnceOnly(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, lead := w.Submitted("")
	if err := w.Teller.Reject(t.Context(), w.As(w.Checker), lead, "ราคาไม่ตรง"); err != nil {
		t.Fatal(err)
	}
	if got := w.State(bill); got != store.PresentmentDraft {
		t.Errorf("after a rejection the bill is %s", got)
	}
	if err := w.Approve(w.Checker2, lead); !errors.Is(err, teller.ErrNotPending) {
		t.Errorf("approval after rejection: %v", err)
	}
	if err := w.Teller.Withdraw(t.Context(), w.As(w.Maker), lead, ""); !errors.Is(err, teller.ErrNotPending) {
		t.Errorf("withdrawal after rejection: %v", err)
	}
}

func TestWithdrawnBeforeSendingIsNeverSent(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Approved("")
	if err := w.Teller.Withdraw(t.Context(), w.As(w.Checker), lead, ""); !errors.Is(err, teller.ErrNotMaker) {
		t.Errorf("withdrawal by another: %v", err)
	}
	if err := w.Teller.Withdraw(t.Context(), w.As(w.Maker), lead, ""); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if n := len(w.Bank.Effects()); n != 0 {
		t.Errorf("%d effects of a withdrawn bill", n)
	}
}

func TestApproverWhoLostTheDutyDoesNotCount(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, lead := w.Approved("")
	w.Write(w.Owner, w.As(w.Auditor), func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant.ID, w.Checker, store.Auditor) })
	w.Drain()
	if diff := cmp.Diff([]string{store.Expired, store.Expired}, w.PartStates(lead)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if got := w.State(bill); got != store.PresentmentDraft {
		t.Errorf("the bill is %s: it must be free to be submitted again", got)
	}
	if n := len(w.Bank.Effects()); n != 0 {
		t.Errorf("%d effects", n)
	}
}

// The duty is lost when the entry is at the bank and its document is not.
func TestDocumentWithoutLiveApproverLeavesTheBillIncomplete(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	bill, lead := w.Approved("")
	w.Drain()
	settle(t, w, lead, teller.Settlement{Outcome: store.Done, BankReference: w.Bank.Effects()[0].BankReference, Note: "ธนาคารยืนยันว่ารับแล้ว"})
	w.Write(w.Owner, w.As(w.Auditor), func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant.ID, w.Checker, store.Auditor) })
	w.Drain()
	if diff := cmp.Diff([]string{store.Done, store.Expired}, w.PartStates(lead)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if got := w.State(bill); got != store.PresentmentIncomplete {
		t.Errorf("the bill is %s: it must be one that can be cancelled", got)
	}
	if _, err := w.Teller.RequestCancellation(t.Context(), w.As(w.Maker), bill, "เอกสารไปไม่ถึง", "cancel"); err != nil {
		t.Errorf("cancelling it: %v", err)
	}
}

func TestOneThatCannotBeClaimedDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, poisoned := w.Approved("")
	healthy, _ := w.Approved("")
	// Its subject is no presentment, so nothing can be brought up to date.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET subject = 'presentment/` + store.NewID().String() +
		`', not_before = now() - interval '1 hour' WHERE id = '` + poisoned.String() + `'; COMMIT`)
	for range 3 {
		_ = w.Worker.Drain(t.Context()) // says what it put off
	}
	if got := w.State(healthy); got != store.PresentmentPresented {
		t.Errorf("the healthy bill is %s", got)
	}
	if got := w.PartStates(poisoned)[0]; got != store.Approved {
		t.Errorf("the one put off is %s", got)
	}
}

func TestOperationNobodyDeclaredWaitsForAWorkerThatKnowsIt(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Approved("")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET operation = 'of.tomorrow' WHERE id = '` + lead.String() + `'; COMMIT`)
	w.Drain()
	if got := w.PartStates(lead)[0]; got != store.Approved {
		t.Errorf("it is %s", got)
	}
}

func TestWorkerToldToStopBeginsNothing(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	_, lead := w.Approved("")
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, stop) // while it waits for the trail
	_ = w.Worker.Drain(ctx)
	if got := w.PartStates(lead)[0]; got != store.Approved {
		t.Errorf("it is %s", got)
	}
	if n := len(w.Bank.Requests()); n != 0 {
		t.Errorf("%d requests at the bank", n)
	}
}

func TestUnclearAnswerIsUnknownAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.CutAfter, sandbox.CutBefore, sandbox.ErrorAfter, sandbox.Malformed, sandbox.Truncated, sandbox.WrongEcho} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := tellertest.New(t, tellertest.Options{})
			if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: kind, Times: 1}); err != nil {
				t.Fatal(err)
			}
			bill, lead := w.Approved("")
			w.Drain()
			w.Drain()
			if diff := cmp.Diff([]string{store.Unknown, store.Approved}, w.PartStates(lead)); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if got := w.State(bill); got != store.PresentmentUnknown {
				t.Errorf("the bill is %s", got)
			}
			onWireExactlyAsAttempted(t, w)
		})
	}
}

func TestUnknownIsSettledByTwoAndTheRestFollows(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	bill, lead := w.Approved("")
	w.Drain()
	word := teller.Settlement{Outcome: store.Done, Note: "โทรถามธนาคารแล้ว คุณวิภายืนยัน"}
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Maker), lead, word); !errors.Is(err, teller.ErrNeedsReference) {
		t.Errorf("done without the bank's reference: %v", err)
	}
	word.BankReference = w.Bank.Effects()[0].BankReference
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Auditor), lead, word); !errors.Is(err, teller.ErrNotOnDuty) {
		t.Errorf("proposed by an auditor: %v", err)
	}
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Checker), lead, word); err != nil {
		t.Fatal(err)
	}
	var s store.Settlement
	w.Read(func(q *store.Query) error {
		all, err := q.Settlements(lead)
		s = all[0]
		return err
	})
	if err := w.Teller.ConfirmSettlement(t.Context(), w.As(w.Checker), lead, s.ID, ""); !errors.Is(err, teller.ErrOwnProposal) {
		t.Errorf("confirmed by who proposed: %v", err)
	}
	if err := w.Teller.ConfirmSettlement(t.Context(), w.As(w.Checker2), lead, s.ID, "ตรวจแล้ว"); err != nil {
		t.Fatal(err)
	}
	w.Drain() // the document goes out now
	if got := w.State(bill); got != store.PresentmentPresented {
		t.Errorf("the bill is %s, parts %v", got, w.PartStates(lead))
	}
	onWireExactlyAsAttempted(t, w)
}

func TestPartsBehindAFailureAreNotSent(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	p := w.Bill("")
	w.Attach(p.ID, w.Maker, "second")
	w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err })
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	settle(t, w, lead, teller.Settlement{Outcome: store.Done, BankReference: "PM-THE-BANK-NEVER-GAVE", Note: "ผู้ยืนยันอ่านเลขผิด"})
	w.Drain() // the bank knows no such entry, so the first document fails
	if diff := cmp.Diff([]string{store.Done, store.Failed, store.Expired}, w.PartStates(lead)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if got := w.State(p.ID); got != store.PresentmentIncomplete {
		t.Errorf("the bill is %s", got)
	}
}

func settle(t *testing.T, w *tellertest.World, instruction store.ID, word teller.Settlement) {
	t.Helper()
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Checker), instruction, word); err != nil {
		t.Fatal(err)
	}
	w.Read(func(q *store.Query) error {
		all, err := q.Settlements(instruction)
		if err != nil {
			return err
		}
		return w.Teller.ConfirmSettlement(t.Context(), w.As(w.Checker2), instruction, all[len(all)-1].ID, "")
	})
}

func TestCancelledAsAWhole(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, _ := w.Approved("")
	w.Drain()
	lead, err := w.Teller.RequestCancellation(t.Context(), w.As(w.Maker), bill, "ผู้ซื้อยกเลิกคำสั่งซื้อ", "cancel")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Teller.RequestCancellation(t.Context(), w.As(w.Maker2), bill, "อีกครั้ง", "again"); !errors.Is(err, teller.ErrNotCancellable) {
		t.Errorf("a second cancellation while the first is open: %v", err)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if got := w.State(bill); got != store.PresentmentCancelled {
		t.Errorf("the bill is %s", got)
	}
	w.Bill("INV-1") // its number is free again
}

func TestRefusedTokenIsARefusalAndNotSentAgain(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	w.Approved("")
	w.Drain()
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.ExpiredToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	bill, lead := w.Approved("")
	w.Drain()
	if got := w.PartStates(lead)[0]; got != store.Failed {
		t.Fatalf("after a refused token the instruction is %s", got)
	}
	if got := w.State(bill); got != store.PresentmentRefused {
		t.Errorf("the bill is %s", got)
	}
	w.Approved("") // with a new token all is well
	w.Drain()
	onWireExactlyAsAttempted(t, w)
}

func TestExpiredWhenNobodyDecides(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, lead := w.Submitted("")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET expires_at = now() - interval '1 second'; COMMIT`)
	if err := w.Approve(w.Checker, lead); !errors.Is(err, teller.ErrExpired) {
		t.Errorf("approval after expiry: %v", err)
	}
	if err := w.Worker.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.State(bill); got != store.PresentmentDraft {
		t.Errorf("the bill is %s", got)
	}
	if diff := cmp.Diff([]string{store.Expired, store.Expired}, w.PartStates(lead)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestAnApprovalWakesTheWorkerOnceItIsCommitted(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	wake, err := store.Listen(t.Context(), w.DB.DSN, store.ApprovedChannel, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, lead := w.Submitted("INV-1")
	select {
	case <-wake:
		t.Fatal("a submission woke the worker")
	default:
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	select {
	case <-wake:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing woke the worker")
	}
}
