package teller

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a receipt is not submitted.
var (
	ErrNoPaper    = errors.New("a receipt needs a paper, drawn or uploaded")
	ErrOverBill   = errors.New("receipts over a bill never exceed it")
	ErrOtherBills = errors.New("a receipt is for bills that its buyer accepted or paid")
	// ErrTaxedTwice is one for tax documents, too.
	ErrTaxedTwice = errors.New("a tax invoice over the same sale is there already")
	// ErrNothingMissing: the bank has all its papers, or they are on their way.
	ErrNothingMissing = errors.New("no paper of the receipt is missing at the bank")
)

// Receipt is what people approve of a receipt: the request to the bank, and
// what the bank has no member for but the approver must know. The bank gets the
// amount that is settled as the amount received: to the seller, tax that was
// withheld is money that the buyer has paid [inferred].
type Receipt struct {
	krungsri.CreateReceiptRequest
	DocumentTypeCode string        `json:"documentTypeCode"`
	TotalAmount      krungsri.Baht `json:"totalAmount"` // settled; the approval policy goes by it
	ArrivedAmount    krungsri.Baht `json:"arrivedAmount"`
	WithheldAmount   krungsri.Baht `json:"withheldAmount"`
	FeeAmount        krungsri.Baht `json:"feeAmount"`
	TaxAmount        krungsri.Baht `json:"taxAmount"`
	PaymentDate      krungsri.Date `json:"paymentDate"`
	PaymentMethod    string        `json:"paymentMethod"`
	Remark           string        `json:"remark"`
	For              []ReceiptFor  `json:"for"`
}

// ReceiptFor is one thing that a receipt is for.
type ReceiptFor struct {
	BillNumber  string        `json:"billNumber,omitempty"`
	Description string        `json:"description,omitempty"`
	Amount      krungsri.Baht `json:"amount"`
	Withheld    krungsri.Baht `json:"withheld"`
}

func receiptEntry(_ context.Context, _ *store.Store, _ store.Claimed, r Receipt) (krungsri.CreateReceiptRequest, error) {
	if r.TotalAmount != r.ReceivedAmount {
		return r.CreateReceiptRequest, fmt.Errorf("%w: it was approved as %s", errUnsendable, r.TotalAmount)
	}
	return r.CreateReceiptRequest, nil
}

// SubmitReceipt asks that the draft, in the version the maker saw, be issued
// with its papers. It gets its number here, so that no number is spent on what
// is never submitted; draw then makes the paper that bears it, if the portal is
// to draw one, and attaches it. The key is the form's; the same key answers
// with the same lead.
func (t *Teller) SubmitReceipt(ctx context.Context, a store.Actor, id store.ID, version int, key string, draw func(*store.Tx, store.Receipt) error) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		state, err := tx.LockReceipt(id)
		if err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, createReceipt.id, store.About("receipt", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		r, err := tx.Receipt(id)
		if err != nil {
			return err
		}
		switch {
		case !r.Editable():
			return fmt.Errorf("%w: %s", ErrNotEditable, state)
		case r.Version != version:
			return store.ErrStale
		case r.Paper == "" && !r.Uploaded():
			return ErrNoPaper
		}
		if r.DocumentNumber, err = tx.NumberReceipt(r); err != nil {
			return err
		}
		if err := draw(tx, r); err != nil {
			return err
		}
		lead, err = submitNumbered(tx, id, version, key)
		return err
	})
	point("submitted")
	return lead, err
}

// submitNumbered submits a receipt as it now stands, with its number and paper.
func submitNumbered(tx *store.Tx, id store.ID, version int, key string) (store.ID, error) {
	r, err := tx.Receipt(id)
	if err != nil {
		return store.NoID, err
	}
	if len(r.Documents) == 0 {
		return store.NoID, ErrNoPaper
	}
	s, err := receiptSubmission(tx, r, key)
	if err != nil {
		return store.NoID, err
	}
	lead, err := submit(tx, s)
	if err != nil {
		return store.NoID, err
	}
	err = tx.ReceiptSubmitted(r.ID, version, lead)
	switch {
	case store.Violated(err, "receipts_stay_within_the_bill"):
		err = fmt.Errorf("%w: %w", ErrOverBill, err)
	case store.Violated(err, "receipt_is_for_bills_of_its_buyer"):
		err = fmt.Errorf("%w: %w", ErrOtherBills, err)
	case store.Violated(err, store.SaleIsTaxedOnce):
		err = fmt.Errorf("%w: %w", ErrTaxedTwice, err)
	}
	return lead, err
}

func receiptSubmission(tx *store.Tx, r store.Receipt, key string) (submission, error) {
	m, err := tx.Merchant()
	if err != nil {
		return submission{}, err
	}
	s := submission{
		key: key, subject: store.About("receipt", r.ID), amount: r.TotalSatang, replaces: r.EntryID.UUID, title: r.DocumentNumber + " · " + r.BuyerName,
	}
	entry, err := createReceipt.part(receiptRequest(r, m))
	if err != nil {
		return submission{}, err
	}
	s.parts = append(s.parts, entry)
	for n, d := range r.Documents {
		upload, err := uploadReceiptDocument.part(paperToSend(d, n == len(r.Documents)-1))
		if err != nil {
			return submission{}, err
		}
		s.parts = append(s.parts, upload)
	}
	return s, nil
}

func paperToSend(d store.ReceiptDocument, last bool) Document {
	return Document{
		FileID: d.FileID, FileName: d.Name, MediaType: d.MediaType, Category: "RECEIPT", Size: d.Size, SHA256: hex.EncodeToString(d.SHA256),
		UploadCompleted: last,
	}
}

// ResendPapers asks that the papers which the bank refused, or never got, be
// sent once more to the receipt that it has. The key is the form's; the same
// key answers with the same lead.
func (t *Teller) ResendPapers(ctx context.Context, a store.Actor, id store.ID, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockReceipt(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, uploadReceiptDocument.id, store.About("receipt", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		r, err := tx.Receipt(id)
		if err != nil {
			return err
		}
		missing, err := MissingPapers(tx.Query, r)
		switch {
		case err != nil:
			return err
		case len(missing) == 0:
			return ErrNothingMissing
		}
		s := submission{key: key, subject: store.About("receipt", id), amount: r.TotalSatang, title: r.DocumentNumber + " · " + r.BuyerName}
		for n, d := range missing {
			paper := paperToSend(d, n == len(missing)-1)
			paper.ReceiptReference = r.BankReference
			if n == 0 {
				paper.TotalAmount = krungsri.Baht(r.TotalSatang)
			}
			upload, err := uploadReceiptDocument.part(paper)
			if err != nil {
				return err
			}
			s.parts = append(s.parts, upload)
		}
		if lead, err = submit(tx, s); err != nil {
			return err
		}
		err = tx.PapersResent(id, lead)
		if store.Violated(err, "papers_are_sent_again_once") {
			err = fmt.Errorf("%w: %w", ErrNothingMissing, err)
		}
		return err
	})
	return lead, err
}

// MissingPapers are the papers that the bank has not got of a receipt that it
// has, and that are not on their way.
func MissingPapers(q *store.Query, r store.Receipt) ([]store.ReceiptDocument, error) {
	if r.State != store.ReceiptIncomplete {
		return nil, nil
	}
	if r.ResendID.Valid {
		parts, err := q.Parts(r.ResendID.UUID)
		if err != nil || slices.ContainsFunc(parts, func(i store.Instruction) bool { return !ended(i.State) }) {
			return nil, err
		}
	}
	there, err := q.PapersAtBank(r.ID)
	return slices.DeleteFunc(slices.Clone(r.Documents), func(d store.ReceiptDocument) bool { return slices.Contains(there, d.FileID) }), err
}

// ended reports whether nothing more comes of an instruction in that state.
func ended(state string) bool {
	return slices.Contains([]string{store.Done, store.Failed, store.Rejected, store.Withdrawn, store.Expired}, state)
}

// receiptRequest is what the bank is asked to tell the buyer. The bank takes
// the reference of one bill [inferred]: of several, none is named, and their
// numbers stand on the paper.
func receiptRequest(r store.Receipt, m store.Merchant) Receipt {
	request := Receipt{
		CreateReceiptRequest: krungsri.CreateReceiptRequest{
			ReceiptNumber: r.DocumentNumber, ReceiptDate: day(r.DocumentOn), ReceivedAmount: krungsri.Baht(r.TotalSatang),
			PaymentReference: r.PaymentReference, HasAttachment: true,
			Seller: krungsri.Party{
				TaxIdentification: m.TaxID, BranchNumber: m.Branch, Name: m.NameTH, Address: m.Address, AccountNumber: m.AccountNumber,
			},
			Buyer: krungsri.Party{TaxIdentification: r.BuyerTaxID, BranchNumber: r.BuyerBranch, Name: r.BuyerName, Address: r.BuyerAddress},
		},
		DocumentTypeCode: r.DocumentType, TotalAmount: krungsri.Baht(r.TotalSatang), ArrivedAmount: krungsri.Baht(r.ReceivedSatang),
		WithheldAmount: krungsri.Baht(r.WithheldSatang), FeeAmount: krungsri.Baht(r.FeeSatang), TaxAmount: krungsri.Baht(r.VATSatang),
		PaymentDate: day(r.PaidOn), PaymentMethod: r.Method, Remark: r.Remark,
	}
	for _, l := range r.Lines {
		request.For = append(request.For, ReceiptFor{
			BillNumber: l.BillNumber, Description: l.Description, Amount: krungsri.Baht(l.AmountSatang), Withheld: krungsri.Baht(l.WithheldSatang),
		})
	}
	if len(r.Lines) == 1 {
		request.PresentmentReference = r.Lines[0].BillReference
	}
	return request
}

func projectReceipt(tx *store.Tx, id store.ID) error {
	r, err := tx.Receipt(id)
	if err != nil || !r.EntryID.Valid {
		return err
	}
	parts, err := tx.Parts(r.EntryID.UUID)
	if err != nil {
		return err
	}
	var again []store.Instruction
	if r.ResendID.Valid {
		if again, err = tx.Parts(r.ResendID.UUID); err != nil {
			return err
		}
	}
	state, reference := receiptState(courseOf(parts), courseOf(again))
	return tx.MoveReceipt(r.ID, state, reference)
}

// receiptState is what the states of its instructions mean for a receipt: they
// are those of a bill that nobody asked to cancel. Papers that are sent again
// make up for those that were missing.
func receiptState(parts, again []store.CoursePart) (state, reference string) {
	state, reference = presentmentState(parts, "")
	if state == store.PresentmentIncomplete && len(again) > 0 {
		switch {
		case slices.ContainsFunc(again, func(p store.CoursePart) bool { return p.State == store.Unknown }):
			state = store.PresentmentUnknown
		case !slices.ContainsFunc(again, func(p store.CoursePart) bool { return p.State != store.Done }):
			state = store.PresentmentPresented
		}
	}
	if state == store.PresentmentPresented {
		state = store.ReceiptIssued
	}
	return state, reference
}
