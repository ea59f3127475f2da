package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// lived is a world in which bills have gone every way a bill can go.
type lived struct {
	*tellertest.World
	t testing.TB
	// The bill that was presented after edits by two people, and its lead.
	bill, lead store.ID
}

func everyLife(t testing.TB) lived {
	t.Helper()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	w.presentedAfterEdits()
	w.sentBack()
	w.overdue()
	w.refused()
	w.unknown()
	w.cancelled()
	w.notSentAtFirst()
	w.approverGone()
	w.peopleComeAndGo()
	w.rulesAreMade()
	w.imported()
	w.buyersAreKnown()
	w.billsComeAgain()
	w.doneAtOnce()
	w.discarded()
	w.numbered()
	w.receipted()
	w.taxed()
	w.paid()
	w.held()
	return w
}

func (w lived) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w lived) wantStates(lead store.ID, want ...string) {
	w.t.Helper()
	got := w.PartStates(lead)
	if len(got) != len(want) {
		w.t.Fatalf("the parts are %v, want %v", got, want)
	}
	for n := range want {
		if got[n] != want[n] {
			w.t.Fatalf("the parts are %v, want %v", got, want)
		}
	}
}

func (w lived) presentment(id store.ID) (p store.Presentment) {
	w.t.Helper()
	w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(id); return err })
	return p
}

func (w lived) edit(id, person store.ID, change func(*store.Presentment)) {
	w.t.Helper()
	p := w.presentment(id)
	change(&p)
	w.Write(w.Web, w.As(person), func(tx *store.Tx) error { return tx.ChangePresentment(p) })
}

func (w lived) submit(id, maker store.ID) store.ID {
	w.t.Helper()
	lead, err := w.Teller.SubmitPresentment(w.t.Context(), w.As(maker), id, w.presentment(id).Version, store.NewID().String())
	w.must(err)
	return lead
}

func (w *lived) presentedAfterEdits() {
	w.bill = w.Bill("INV-edited").ID
	w.edit(w.bill, w.Maker2, func(p *store.Presentment) {
		p.Remark = `ส่งก่อนเที่ยง <ด่วน> & "ระวังแตก" \u0000`
		p.Lines = append(p.Lines, store.PresentmentLine{
			Description: "ส่วนลด 1/3", Quantity: decimal.RequireFromString("0.3333"), UnitPrice: decimal.Zero, VAT: "zero",
		})
	})
	w.edit(w.bill, w.Maker, func(p *store.Presentment) { p.BuyerName += " (สำนักงานใหญ่)" })
	w.Attach(w.bill, w.Maker2, "second")
	w.Attach(w.bill, w.Maker, "third")
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		p, err := tx.Presentment(w.bill)
		if err != nil {
			return err
		}
		first, third := p.Documents[0].FileID, p.Documents[2].FileID
		return errors.Join(tx.Detach(w.bill, p.Documents[1].FileID), tx.OrderDocuments(w.bill, []store.ID{third, first}))
	})
	w.lead = w.submit(w.bill, w.Maker)
	w.must(w.Approve(w.Checker, w.lead))
	w.Drain()
	w.wantStates(w.lead, store.Done, store.Done, store.Done)
}

// sentBack: rejected, edited, submitted again and withdrawn; withdrawn when
// approved; waiting; never submitted.
func (w lived) sentBack() {
	bill, lead := w.Submitted("INV-back")
	w.must(w.Teller.Reject(w.t.Context(), w.As(w.Checker), lead, "ราคาไม่ตรง"))
	w.edit(bill, w.Maker, func(p *store.Presentment) { p.BuyerBranch = "00001" })
	w.must(w.Teller.Withdraw(w.t.Context(), w.As(w.Maker), w.submit(bill, w.Maker), "ใส่ผิดสาขา"))
	_, lead = w.Approved("INV-withdrawn")
	w.must(w.Teller.Withdraw(w.t.Context(), w.As(w.Maker), lead, ""))
	w.policy(2, 3600)
	_, lead = w.Submitted("INV-waiting")
	w.must(w.Approve(w.Checker, lead))
	w.policy(1, 3600)
	w.Attach(w.Bill("INV-draft").ID, w.Maker, "second")
}

func (w lived) policy(approvals int, seconds int64) {
	w.t.Helper()
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		_, err := tx.SetPolicy(w.Merchant.ID, store.Policy{ApprovalsNeeded: approvals, ValidSeconds: seconds})
		return err
	})
}

// rulesAreMade: policies proposed, rejected, withdrawn and approved; a bill
// under bands, approved for somebody who is away; delegations of every end.
func (w lived) rulesAreMade() {
	var admin store.ID
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) (err error) {
		if admin, err = tx.AddPerson(store.NewPerson{Name: "กมลา", Email: "rules@test.invalid", PasswordHash: "none"}); err != nil {
			return err
		}
		return errors.Join(tx.GrantDuties(w.Merchant.ID, admin, store.Admin), tx.SetLevel(w.Merchant.ID, w.Checker, 2), tx.SetLevel(w.Merchant.ID, w.Checker2, 3),
			tx.LetDecide(w.Merchant.ID, w.Checker, "of this test"), tx.LetDecide(w.Merchant.ID, w.Checker2, "of this test"))
	})
	for _, decision := range []string{store.ProposalRejected, store.ProposalWithdrawn, store.ProposalApproved} {
		var id store.ID
		w.Write(w.Web, w.As(admin), func(tx *store.Tx) error {
			p, err := tx.Policy()
			if err != nil {
				return err
			}
			p.Rules = store.Rules{CutOff: "16:00", UntilDue: true, Lists: []store.BandList{{Bands: []store.Band{{Steps: []store.Step{{People: 1, Level: 2}}}}}}}
			id, err = tx.ProposePolicy(p, "เพราะ "+decision)
			return err
		})
		by := w.Checker
		if decision == store.ProposalWithdrawn {
			by = admin
		}
		w.Write(w.Web, w.As(by), func(tx *store.Tx) error {
			p, err := tx.PolicyProposal(id)
			if err != nil {
				return err
			}
			return tx.DecideProposal(p, decision, "ตามนั้น")
		})
	}
	year, month, day := time.Now().UTC().Add(7 * time.Hour).Date() // in Bangkok
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	hand := func(ends string) {
		var d store.Delegation
		w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) error {
			id, err := tx.OfferDelegation(store.Delegation{DelegateID: w.Maker2, StartsOn: today, EndsOn: today, CapSatang: 1_000_000_00, Operations: []string{"presentment.create"}, Note: ends})
			if err != nil {
				return err
			}
			d, err = tx.Delegation(id)
			return err
		})
		switch ends {
		case store.DelegationAccepted, store.DelegationDeclined:
			w.Write(w.Web, w.As(w.Maker2), func(tx *store.Tx) error { return tx.AnswerDelegation(d, ends) })
		case store.DelegationRevoked:
			w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) error { return tx.RevokeDelegation(d) })
		}
	}
	for _, ends := range []string{store.DelegationDeclined, store.DelegationRevoked, store.DelegationAccepted} {
		hand(ends)
	}
	_, lead := w.Submitted("INV-for-another")
	w.must(w.Approve(w.Maker2, lead))
	w.policy(1, 3600)
}

func (w lived) overdue() {
	w.policy(1, 0)
	_, lead := w.Submitted("INV-overdue")
	w.policy(1, 3600)
	w.must(w.Worker.Settle(w.t.Context()))
	w.wantStates(lead, store.Expired, store.Expired)
}

// refused by the bank, which wants to be paid within a year, then mended.
func (w lived) refused() {
	p := w.Bill("INV-refused")
	w.edit(p.ID, w.Maker, func(p *store.Presentment) { p.DueOn = p.DueOn.AddDate(2, 0, 0) })
	lead := w.submit(p.ID, w.Maker)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.wantStates(lead, store.Failed, store.Expired)
	w.edit(p.ID, w.Maker2, func(p *store.Presentment) { p.DueOn = p.DueOn.AddDate(-2, 0, 0) })
	lead = w.submit(p.ID, w.Maker2)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.wantStates(lead, store.Done, store.Done)
}

// unknown: settled as done after a proposal that was declined, settled as
// failed, and left to whoever looks after it next.
func (w lived) unknown() {
	for _, outcome := range []string{store.Done, store.Failed, ""} {
		w.must(w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}))
		_, lead := w.Approved("INV-unknown-" + outcome)
		w.Drain()
		w.wantStates(lead, store.Unknown, store.Approved)
		switch outcome {
		case store.Done:
			effects := w.Bank.Effects()
			s := w.propose(lead, teller.Settlement{Outcome: store.Failed, Note: "ยังไม่แน่ใจ ขอให้ตรวจอีกครั้ง"})
			w.must(w.Teller.DeclineSettlement(w.t.Context(), w.As(w.Checker2), lead, s, "ธนาคารบอกอีกอย่าง"))
			s = w.propose(lead, teller.Settlement{Outcome: store.Done, BankReference: effects[len(effects)-1].BankReference, Note: "โทรถามธนาคารแล้ว"})
			w.must(w.Teller.ConfirmSettlement(w.t.Context(), w.As(w.Checker2), lead, s, "ตรวจแล้ว"))
			w.Drain()
			w.wantStates(lead, store.Done, store.Done)
		case store.Failed:
			s := w.propose(lead, teller.Settlement{Outcome: store.Failed, Note: "ธนาคารไม่พบรายการ"})
			w.must(w.Teller.ConfirmSettlement(w.t.Context(), w.As(w.Checker2), lead, s, ""))
			w.wantStates(lead, store.Failed, store.Expired)
		default:
			w.propose(lead, teller.Settlement{Outcome: store.Failed, Note: "ธนาคารไม่พบรายการ"})
		}
	}
}

func (w lived) propose(lead store.ID, word teller.Settlement) (id store.ID) {
	w.t.Helper()
	w.must(w.Teller.ProposeSettlement(w.t.Context(), w.As(w.Checker), lead, word))
	w.Read(func(q *store.Query) error {
		all, err := q.Settlements(lead)
		id = all[len(all)-1].ID
		return err
	})
	return id
}

// cancelled at the second request; the first was rejected.
func (w lived) cancelled() {
	bill, _ := w.Approved("INV-cancelled")
	w.Drain()
	lead, err := w.Teller.RequestCancellation(w.t.Context(), w.As(w.Maker), bill, "ผู้ซื้อยกเลิกคำสั่งซื้อ", "first")
	w.must(err)
	w.must(w.Teller.Reject(w.t.Context(), w.As(w.Checker), lead, "ผู้ซื้อยังไม่ยืนยัน"))
	lead, err = w.Teller.RequestCancellation(w.t.Context(), w.As(w.Maker), bill, "ผู้ซื้อยืนยันแล้ว", "second")
	w.must(err)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	if got := w.State(bill); got != store.PresentmentCancelled {
		w.t.Fatalf("the bill is %s", got)
	}
}

// notSentAtFirst: once because the bank was not there, once because the worker
// was gone before it began, and sent at last.
func (w lived) notSentAtFirst() {
	_, lead := w.Approved("INV-later")
	away := w.Config
	away.BaseURL = "http://127.0.0.1:1"
	w.must(teller.NewWorker(w.Work, teller.WorkerConfig{Name: "away", Bank: away}).Drain(w.t.Context()))
	w.wantStates(lead, store.Approved, store.Approved)
	atOnce := func() {
		w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET not_before = now() WHERE state = 'approved'; COMMIT`)
	}
	atOnce()
	w.Write(w.Work, store.Actor{}, func(tx *store.Tx) error {
		claimed, err := tx.Claimable(1, teller.Operations())
		if err != nil {
			return err
		}
		return tx.Attempt("gone", claimed, time.Millisecond)
	})
	w.must(w.Worker.Settle(w.t.Context()))
	w.wantStates(lead, store.Approved, store.Approved)
	atOnce()
	w.Drain()
	w.wantStates(lead, store.Done, store.Done)
}

// discarded is a draft put out of the way, and one that was had back.
func (w lived) discarded() {
	gone, back := w.Bill("DISCARDED-1"), w.Bill("DISCARDED-2")
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return errors.Join(tx.DiscardPresentment(gone.ID, w.presentment(gone.ID).Version), tx.DiscardPresentment(back.ID, w.presentment(back.ID).Version))
	})
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.RestorePresentment(back.ID) })
}

// approverGone: who approved may not approve any more when it is to be sent.
func (w lived) approverGone() {
	_, lead := w.Submitted("INV-gone")
	w.must(w.Approve(w.Checker2, lead))
	w.duties(w.Checker2, store.Auditor)
	w.Drain()
	w.wantStates(lead, store.Expired, store.Expired)
	w.duties(w.Checker2, store.Checker)
}

func (w lived) duties(person store.ID, duties ...store.Duty) {
	w.t.Helper()
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant.ID, person, duties...) })
}

func (w lived) peopleComeAndGo() {
	var left store.ID
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) (err error) {
		left, err = tx.AddPerson(store.NewPerson{Name: "มาแล้วไป", Email: "LEFT@test.invalid", PasswordHash: "first"})
		return err
	})
	w.duties(left, store.Maker, store.Checker)
	w.duties(left)
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(left, true) })
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.Auditor, true) })
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.Auditor, false) })
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.ChangePassword(w.Maker, "second", nil) })
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.SetPreferences(store.Preferences{Lang: "en", Theme: "dark"}) })
}

// buyersAreKnown: one added, edited, archived and restored; one archived; one new.
func (w lived) buyersAreKnown() {
	days, rate := 30, decimal.NewNullDecimal(decimal.RequireFromString("1.5"))
	for n, name := range []string{"ผู้ซื้อเดิม", "ผู้ซื้อเก่า", "ผู้ซื้อใหม่"} {
		b := store.Buyer{ID: store.NewID(), Name: name, TaxID: "0105562000007", Branch: fmt.Sprintf("%05d", n), Address: "99 ถนนตัวอย่าง\nกรุงเทพฯ", TermsDays: &days,
			Email: "ap@siam.example", Phone: "02-123-4567"}
		steps := []func(*store.Tx) error{
			func(tx *store.Tx) error { return tx.AddBuyer(b) },
			func(tx *store.Tx) error { return tx.ArchiveBuyer(b.ID, 1) },
			func(tx *store.Tx) error { return tx.RestoreBuyer(b.ID, 2) },
			func(tx *store.Tx) error {
				changed := b
				changed.Version, changed.TermsDays, changed.WHTRate, changed.Note, changed.Phone = 3, nil, rate, `<"ด่วน">`, ""
				return tx.ChangeBuyer(changed)
			},
		}
		for _, step := range steps[:[]int{4, 2, 1}[n]] {
			w.Write(w.Web, w.As(w.Maker), step)
		}
	}
}

// billsComeAgain: a template that was edited and used, and one that was removed.
func (w lived) billsComeAgain() {
	day := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	m := store.Template{ID: store.NewID(), Name: "ค่าเช่า", Typed: "number=R-1", Every: store.TemplateNever, OnDay: 1, Weeks: 1}
	gone := m
	gone.ID, gone.Name = store.NewID(), "เลิกแล้ว"
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return errors.Join(tx.AddTemplate(m), tx.AddTemplate(gone)) })
	m.Version, m.Every, m.OnDay, m.NextOn = 1, store.TemplateMonth, 31, &day
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return errors.Join(tx.ChangeTemplate(m), tx.DropTemplate(gone)) })
	m.Version, m.Typed, m.LastMadeOn = 2, "number=R-2", &day
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.TemplateMade(m) })
}

// numbered: documents of two kinds, one of which is voided, and a pattern that
// was changed.
func (w lived) numbered() {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	kept, void := store.About("receipt", store.NewID()), store.About("receipt", store.NewID())
	w.DB.Exec(`ALTER TABLE document_numbers DISABLE TRIGGER number_is_borne`) // only the numbers matter here
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		_, err := tx.AllotNumber("T01", "00000", day, void)
		_, err2 := tx.AllotNumber("T03", "00000", day, kept)
		return errors.Join(err, err2)
	})
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return tx.VoidNumber(void, store.VoidDiscarded, `"เลิก" <แล้ว>`)
	})
	w.DB.Exec(`ALTER TABLE document_numbers ENABLE TRIGGER number_is_borne`)
	w.duties(w.Auditor, store.Admin)
	w.Write(w.Web, w.As(w.Auditor), func(tx *store.Tx) error {
		s, err := tx.AllSeries(day)
		if err != nil {
			return err
		}
		p := s[0].Pattern
		p.FromOn, p.Prefix, p.Digits = day.AddDate(0, 1, 0), "ใบเสร็จ", 6
		_, err = tx.AddSeries("81", "00001", store.Pattern{Prefix: "CN", Digits: 5, Restarts: "never", FirstNo: 7})
		return errors.Join(err, tx.SetPattern(s[0].Series, p))
	})
	w.duties(w.Auditor, store.Auditor)
}

// receipted: one issued after an edit, one discarded with its number, and a draft.
func (w lived) receipted() {
	add := func() store.Receipt { return tellertest.AddReceipt(w.t, w.Web, w.As(w.Maker), tellertest.NewReceipt()) }
	now := func(id store.ID) (r store.Receipt) {
		w.Read(func(q *store.Query) (err error) { r, err = q.Receipt(id); return err })
		return r
	}
	submit := func(r store.Receipt) store.ID {
		lead, err := w.Teller.SubmitReceipt(w.t.Context(), w.As(w.Maker), r.ID, r.Version, store.NewID().String(), tellertest.NothingDrawn)
		w.must(err)
		return lead
	}
	issued, gone := add(), add()
	add()
	issued.Remark, issued.Lines[0].Description = `"ขอบคุณ"`, "ค่าบริการ; อื่น ๆ"
	w.Write(w.Web, w.As(w.Maker2), func(tx *store.Tx) error { return tx.ChangeReceipt(issued) })
	w.must(w.Approve(w.Checker, submit(now(issued.ID))))
	w.Drain()
	if got := now(issued.ID).State; got != store.ReceiptIssued {
		w.t.Fatalf("the receipt is %s", got)
	}
	w.must(w.Teller.Withdraw(w.t.Context(), w.As(w.Maker), submit(gone), ""))
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return tx.DiscardReceipt(gone.ID, now(gone.ID).Version, "พิมพ์ผิด")
	})
}

// verify has the rows compared with the trail as it is now.
func (w lived) verify() store.Report {
	w.t.Helper()
	keys, err := store.ParseTrailKeys(w.CheckpointKey)
	w.must(err)
	report, err := store.Verify(w.t.Context(), w.Owner, store.Verification{Keys: keys, Files: true})
	w.must(err)
	return report
}

func TestVerifyFindsNothingWrongWithBillsOfEveryKind(t *testing.T) {
	t.Parallel()
	w := everyLife(t)
	if report := w.verify(); !report.Sound() {
		t.Errorf("an honest trail has problems:\n%s", list(report))
	}
}

// held is a hold that was taken back, and one that two people put, would not
// lift, and then lifted.
func (w lived) held() {
	on := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.GrantDuties(w.Merchant.ID, w.Checker2, store.Auditor) })
	ask := func() (id store.ID) {
		w.Write(w.Web, w.As(w.Auditor), func(tx *store.Tx) (err error) {
			id, err = tx.AskHold(on, on.AddDate(0, 3, 0), "a case at the tax court")
			return err
		})
		return id
	}
	withdrawn, lifted := ask(), ask()
	step := func(person store.ID, f func(*store.Tx) error) { w.Write(w.Web, w.As(person), f) }
	step(w.Auditor, func(tx *store.Tx) error { return tx.DecideHold(withdrawn, store.HoldWithdrawn) })
	step(w.Checker2, func(tx *store.Tx) error { return tx.DecideHold(lifted, store.HoldConfirmed) })
	for _, end := range []string{store.HoldKept, store.HoldLifted} {
		step(w.Checker2, func(tx *store.Tx) error { return tx.AskLift(lifted, "the case is closed: "+end) })
		step(w.Auditor, func(tx *store.Tx) error { return tx.DecideLift(lifted, end) })
	}
}
