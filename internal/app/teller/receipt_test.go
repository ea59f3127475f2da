package teller_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// paid is a bill that the bank says is paid.
func (d desk) paid() store.Presentment {
	d.t.Helper()
	p := d.presented()
	d.arrives(says(p, krungsri.StatusPaid, time.Now()), "")
	for _, status := range []krungsri.PresentmentStatus{krungsri.StatusAccepted, krungsri.StatusPaid} {
		if err := d.Bank.Decide(p.BankReference, status, ""); err != nil {
			d.t.Fatal(err)
		}
	}
	d.read()
	return d.bill(p.ID)
}

func (d desk) receipt(r store.Receipt) store.Receipt {
	d.t.Helper()
	return tellertest.AddReceipt(d.t, d.Web, d.As(d.Maker), r)
}

func (d desk) receiptNow(id store.ID) (r store.Receipt) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { r, err = q.Receipt(id); return err })
	return r
}

func (d desk) submitReceipt(r store.Receipt) (store.ID, error) {
	d.t.Helper()
	return d.Teller.SubmitReceipt(d.t.Context(), d.As(d.Maker), r.ID, r.Version, store.NewID().String(), tellertest.NothingDrawn)
}

// issue takes a receipt all the way.
func (d desk) issue(r store.Receipt) store.Receipt {
	d.t.Helper()
	lead, err := d.submitReceipt(r)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.Approve(d.Checker, lead); err != nil {
		d.t.Fatal(err)
	}
	d.Drain()
	return d.receiptNow(r.ID)
}

func (d desk) dues() (list []store.ReceiptDue) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) {
		list, _, err = q.ReceiptDues(store.ReceiptDueCursor{}, 50)
		return err
	})
	return list
}

func TestReceiptOfAPaidBillIsIssued(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.paid()
	if dues := d.dues(); len(dues) != 1 || dues[0].LeftSatang != p.TotalSatang {
		t.Errorf("due a receipt are %+v", dues)
	}
	r := d.receipt(tellertest.NewReceipt(p))
	lead, err := d.submitReceipt(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Approve(d.Maker, lead); !errors.Is(err, teller.ErrSelfApproval) {
		t.Errorf("its maker approved it: %v", err)
	}
	if dues := d.dues(); len(dues) != 0 {
		t.Errorf("due a receipt are %+v", dues)
	}
	if err := d.Approve(d.Checker, lead); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	r = d.receiptNow(r.ID)
	d.want("state", r.State, store.ReceiptIssued)
	if !strings.HasPrefix(r.DocumentNumber, "RT") || !strings.HasSuffix(r.DocumentNumber, "-0001") || !strings.HasPrefix(r.BankReference, "ERC") {
		t.Errorf("it is %q, at the bank %q", r.DocumentNumber, r.BankReference)
	}
	d.honest()
	d.tampered(fmt.Sprintf(`UPDATE receipts SET withheld_satang = 0, received_satang = total_satang WHERE id = '%s'`, r.ID))
}

func TestReceiptsOverABillNeverExceedIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.paid()
	part := tellertest.NewReceipt(p)
	l := &part.Lines[0]
	l.ReceivedSatang, l.WithheldSatang, l.AmountSatang, l.VATSatang = 40000, 0, 40000, 2617
	part.ReceivedSatang, part.WithheldSatang, part.TotalSatang, part.VATSatang = 40000, 0, 40000, 2617
	whole := d.receipt(tellertest.NewReceipt(p))
	d.want("a part", d.issue(d.receipt(part)).State, store.ReceiptIssued)
	if dues := d.dues(); len(dues) != 1 || dues[0].LeftSatang != p.TotalSatang-40000 {
		t.Errorf("due a receipt are %+v", dues)
	}
	if _, err := d.submitReceipt(whole); !errors.Is(err, teller.ErrOverBill) {
		t.Errorf("more than the bill was receipted: %v", err)
	}
	// The try spent no number, and left no gap.
	rest := whole
	rest.Lines[0].ReceivedSatang, rest.Lines[0].AmountSatang, rest.Lines[0].VATSatang = 64000, 67000, 4383
	rest.ReceivedSatang, rest.TotalSatang, rest.VATSatang = 64000, 67000, 4383
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.ChangeReceipt(rest) })
	done := d.issue(d.receiptNow(whole.ID))
	if done.State != store.ReceiptIssued || !strings.HasSuffix(done.DocumentNumber, "-0002") || len(d.dues()) != 0 {
		t.Errorf("the rest is %s as %s, due %+v", done.State, done.DocumentNumber, d.dues())
	}
	unpaid := d.receipt(tellertest.NewReceipt(d.presented()))
	if _, err := d.submitReceipt(unpaid); !errors.Is(err, teller.ErrOtherBills) {
		t.Errorf("a bill that nobody accepted was receipted: %v", err)
	}
}

func TestReceiptKeepsItsNumberUntilItIsDiscarded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.receipt(tellertest.NewReceipt())
	lead, err := d.submitReceipt(r)
	if err != nil {
		t.Fatal(err)
	}
	number := d.receiptNow(r.ID).DocumentNumber
	voided := attempt(t, d.World, store.Web, d.Maker, fmt.Sprintf(`UPDATE document_numbers SET voided_at = now(), voided_by = '%s', void_cause = 'taken'`, d.Maker))
	d.want("voiding a number in use", voided, "number_in_use_is_not_voided")
	if err := d.Teller.Reject(t.Context(), d.As(d.Checker), lead, "ชื่อผู้ซื้อผิด"); err != nil {
		t.Fatal(err)
	}
	d.want("rejected", d.receiptNow(r.ID).State, store.ReceiptDraft)
	if lead, err = d.submitReceipt(d.receiptNow(r.ID)); err != nil {
		t.Fatal(err)
	}
	d.want("its number", d.receiptNow(r.ID).DocumentNumber, number)
	if err := d.Teller.Withdraw(t.Context(), d.As(d.Maker), lead, ""); err != nil {
		t.Fatal(err)
	}
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error {
		return tx.DiscardReceipt(r.ID, d.receiptNow(r.ID).Version, "ไม่ได้รับเงินจริง")
	})
	next := d.issue(d.receipt(tellertest.NewReceipt()))
	if next.DocumentNumber == number || next.State != store.ReceiptIssued {
		t.Errorf("the next is %s as %s", next.State, next.DocumentNumber)
	}
	d.honest()
}

func TestSeveralBillsInOneReceiptAndRefusalByTheBank(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	done := d.issue(d.receipt(tellertest.NewReceipt(d.paid(), d.paid())))
	d.want("several", done.State, store.ReceiptIssued)

	// Another system of the shop has used the number that comes next.
	taken := strings.Replace(done.DocumentNumber, "-0001", "-0002", 1)
	d.tell(taken)
	refused := d.issue(d.receipt(tellertest.NewReceipt()))
	// The bank may mean an earlier try of ours, so people find out.
	d.want("its number was used", refused.State, store.ReceiptUnknown)
	if err := d.Teller.ProposeSettlement(t.Context(), d.As(d.Maker), refused.EntryID.UUID, teller.Settlement{
		Outcome: store.Failed, Note: "ธนาคารแจ้งว่าเลขนี้มาจากระบบเดิม",
	}); err != nil {
		t.Fatal(err)
	}
	d.confirm(refused.EntryID.UUID)
	refused = d.receiptNow(refused.ID)
	d.want("settled", refused.State, store.ReceiptRefused)
	d.want("as", refused.DocumentNumber, taken)
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error {
		return tx.RenumberReceipt(refused.ID, "ใช้ในระบบเดิมแล้ว")
	})
	mended := d.issue(d.receiptNow(refused.ID))
	if mended.State != store.ReceiptIssued || !strings.HasSuffix(mended.DocumentNumber, "-0003") {
		t.Errorf("the mended one is %s as %s", mended.State, mended.DocumentNumber)
	}
	d.honest()
}

func TestPapersThatTheBankHasNotGotAreSentAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	resend := func(r store.Receipt) store.Receipt {
		t.Helper()
		lead, err := d.Teller.ResendPapers(t.Context(), d.As(d.Maker), r.ID, store.NewID().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Approve(d.Maker, lead); !errors.Is(err, teller.ErrSelfApproval) {
			t.Errorf("its maker approved it: %v", err)
		}
		if _, err := d.Teller.ResendPapers(t.Context(), d.As(d.Maker), r.ID, store.NewID().String()); !errors.Is(err, teller.ErrNothingMissing) {
			t.Errorf("they were asked for twice: %v", err)
		}
		if err := d.Approve(d.Checker, lead); err != nil {
			t.Fatal(err)
		}
		d.Drain()
		return d.receiptNow(r.ID)
	}
	for _, fault := range []sandbox.FaultKind{sandbox.Refused, sandbox.CutBefore} {
		d.fails("receipt.document.upload", fault)
		r := d.issue(d.receipt(tellertest.NewReceipt(d.paid())))
		if fault == sandbox.CutBefore { // nobody knows, so people find out
			d.want("lost", r.State, store.ReceiptUnknown)
			d.missed(r.EntryID.UUID)
			r = d.receiptNow(r.ID)
		}
		d.want(string(fault), r.State, store.ReceiptIncomplete)
		again, other := d.resends(r, r.BankReference, true), tellertest.NewReceipt()
		d.refuses([]documentAttack{
			{"papers that are sent again, honestly", store.Web, d.Maker, again, "through"},
			{"without the receipt knowing", store.Web, d.Maker, slices.Delete(slices.Clone(again), 1, 2), "entry_is_its_subjects"},
			{"to another receipt at the bank", store.Web, d.Maker, d.resends(r, "ERC99999999999999", true), "part_belongs_to_its_lead"},
			{"so that the bank waits for more", store.Web, d.Maker, d.resends(r, r.BankReference, false), "missing_papers_are_sent"},
			{"by a checker", store.Web, d.Checker, again, "maker_is_acting"},
			{"in the name of another receipt's", store.Web, d.Maker, []string{fmt.Sprintf(`UPDATE receipts SET resend_id = entry_id WHERE id = '%s'`, r.ID)}, "follows_its_own_entry"},
			{"of a draft", store.Web, d.Maker, d.resends(d.receipt(other), r.BankReference, true), "part_belongs_to_its_lead"},
		})
		d.fails("receipt.document.upload", sandbox.Refused)
		d.want("refused again", resend(r).State, store.ReceiptIncomplete)
		d.fails("receipt.document.upload", sandbox.CutBefore)
		if r = resend(r); r.State != store.ReceiptUnknown {
			t.Fatalf("lost again it is %s", r.State)
		}
		d.missed(r.ResendID.UUID)
		d.want("at last", resend(d.receiptNow(r.ID)).State, store.ReceiptIssued)
	}
	d.honest()
	whole := d.issue(d.receipt(tellertest.NewReceipt()))
	if _, err := d.Teller.ResendPapers(t.Context(), d.As(d.Maker), whole.ID, store.NewID().String()); !errors.Is(err, teller.ErrNothingMissing) {
		t.Errorf("what the bank has was asked for again: %v", err)
	}
	d.tampered(fmt.Sprintf(`UPDATE receipts SET resend_id = NULL WHERE id <> '%s'`, whole.ID))
}

// resends is how plain SQL asks for the papers of a receipt once more.
func (d desk) resends(r store.Receipt, reference string, last bool) []string {
	d.t.Helper()
	r = d.receiptNow(r.ID)
	id, subject := store.NewID(), "receipt/"+r.ID.String()
	file, hash := store.NoID, ""
	for _, doc := range r.Documents {
		file, hash = doc.FileID, hex.EncodeToString(doc.SHA256)
	}
	return []string{
		d.asks(id, id, 0, "receipt.document.upload", subject, fmt.Sprintf(`{"file": "%s", "sha256": "%s", "upload_completed": %t, "receiptReference": "%s", "totalAmount": "%s"}`,
			file, hash, last, reference, krungsri.Baht(r.TotalSatang)), strconv.FormatInt(r.TotalSatang, 10)),
		fmt.Sprintf(`UPDATE receipts SET resend_id = '%s' WHERE id = '%s'`, id, r.ID), leaf(id), strings.Replace(leaf(r.ID), "'instruction/", "'receipt/", 1), now,
	}
}

// fails has the bank fail at the next such request.
func (d desk) fails(operation string, kind sandbox.FaultKind) {
	d.t.Helper()
	if err := d.Bank.SetFault(operation, sandbox.Fault{Kind: kind, Times: 1}); err != nil {
		d.t.Fatal(err)
	}
}

// missed has two people find out that the bank never got the unclear part.
func (d desk) missed(lead store.ID) {
	d.t.Helper()
	var parts []store.Instruction
	d.Read(func(q *store.Query) (err error) { parts, err = q.Parts(lead); return err })
	for _, i := range parts {
		if i.State != store.Unknown {
			continue
		}
		if err := d.Teller.ProposeSettlement(d.t.Context(), d.As(d.Maker), i.ID, teller.Settlement{Outcome: store.Failed, Note: "ธนาคารไม่ได้รับ"}); err != nil {
			d.t.Fatal(err)
		}
		d.confirm(i.ID)
	}
}

// confirm has another person agree with what was proposed for an unknown outcome.
func (d desk) confirm(instruction store.ID) {
	d.t.Helper()
	var s []store.Settlement
	d.Read(func(q *store.Query) error {
		i, err := q.Instruction(instruction)
		if err == nil {
			s, err = q.Settlements(i.LeadID)
		}
		return err
	})
	if err := d.Teller.ConfirmSettlement(d.t.Context(), d.As(d.Checker), instruction, s[len(s)-1].ID, ""); err != nil {
		d.t.Fatal(err)
	}
}

// tell gives the bank a receipt that the portal knows nothing of.
func (d desk) tell(number string) {
	d.t.Helper()
	bank, err := krungsri.New(d.Config, silent{})
	if err != nil {
		d.t.Fatal(err)
	}
	today := tellertest.Today()
	_, err = bank.CreateReceipt(d.t.Context(), krungsri.Reference(store.NewID().String()), krungsri.CreateReceiptRequest{
		ReceiptNumber: number, ReceiptDate: krungsri.Date{Year: today.Year(), Month: today.Month(), Day: today.Day()}, ReceivedAmount: 100,
		Seller: krungsri.Party{TaxIdentification: d.Merchant.TaxID, BranchNumber: "00000", Name: "x", Address: "y", AccountNumber: d.Merchant.AccountNumber},
		Buyer:  krungsri.Party{TaxIdentification: "0105562000007", BranchNumber: "00000", Name: "x", Address: "y"},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// silent is the journal of another system, which is none of ours.
type silent struct{}

func (silent) Begin(context.Context, krungsri.Exchange) (string, error) { return "x", nil }
func (silent) End(context.Context, string, krungsri.Result) error       { return nil }
