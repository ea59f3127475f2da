package teller

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// SubmitPresentment asks that the draft, in the version the maker saw, be
// presented with its documents: one instruction for the entry and one for each
// document, approved together and sent in order. The key is the form's; the
// same key answers with the same lead.
func (t *Teller) SubmitPresentment(ctx context.Context, a store.Actor, id store.ID, version int, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		state, err := tx.LockPresentment(id)
		if err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, createPresentment.id, store.About("presentment", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p, err := tx.Presentment(id)
		if err != nil {
			return err
		}
		switch {
		case !p.Editable():
			return fmt.Errorf("%w: %s", ErrNotEditable, state)
		case p.Version != version:
			return store.ErrStale
		case len(p.Documents) == 0:
			return ErrNoDocument
		}
		m, err := tx.Merchant()
		if err != nil {
			return err
		}
		if err := drawnRightly(p, m); err != nil {
			return err
		}
		s, err := presentmentSubmission(tx, p, m, key)
		if err != nil {
			return err
		}
		if lead, err = submit(tx, s); err != nil {
			return err
		}
		if err := tx.PresentmentSubmitted(p.ID, p.Version, lead); err != nil {
			return err
		}
		return tx.Audit("presentment.submitted", s.subject, map[string]any{"instruction": lead, "version": p.Version})
	})
	point("submitted")
	return lead, err
}

// drawnRightly refuses a presentment whose own paper is of an older content.
func drawnRightly(p store.Presentment, m store.Merchant) error {
	otherwise, err := p.DrawnOtherwise(m)
	if err == nil && otherwise {
		err = ErrDrawnOtherwise
	}
	return err
}

func presentmentSubmission(tx *store.Tx, p store.Presentment, merchant store.Merchant, key string) (submission, error) {
	s := submission{
		key: key, subject: store.About("presentment", p.ID), amount: p.TotalSatang, replaces: p.EntryID.UUID,
		title: p.DocumentNumber + " · " + p.BuyerName,
	}
	request := entryRequest(p, merchant)
	old, replaces, err := replacing(tx.Query, p)
	if err != nil {
		return submission{}, err
	}
	if replaces {
		// The bank puts it in the place of the old one as it takes it in.
		request.ReplacesReference = old.BankReference
		if s.replaces == store.NoID {
			s.replaces = old.EntryID.UUID
		}
	}
	entry, err := createPresentment.part(request)
	if err != nil {
		return submission{}, err
	}
	s.parts = append(s.parts, entry)
	for n, d := range p.Documents {
		upload, err := uploadPresentmentDocument.part(Document{
			FileID: d.FileID, FileName: d.Name, MediaType: d.MediaType, Category: "INVOICE", Size: d.Size,
			SHA256: hex.EncodeToString(d.SHA256), UploadCompleted: n == len(p.Documents)-1,
		})
		if err != nil {
			return submission{}, err
		}
		s.parts = append(s.parts, upload)
	}
	return s, nil
}

// presentmentTypes says under which heading the bank files each ETDA document type.
var presentmentTypes = map[string]string{"380": "INVOICE", "388": "TAX_INVOICE", "T02": "TAX_INVOICE"}

// entryRequest is what the bank is asked to present. Withholding tax is between
// the buyer and the Revenue Department, and for the buyer's order and the days
// of credit the bank has no member that we know of: the bank gets none of them.
func entryRequest(p store.Presentment, m store.Merchant) krungsri.CreatePresentmentRequest {
	r := krungsri.CreatePresentmentRequest{
		PresentmentType:  presentmentTypes[p.DocumentType],
		DocumentTypeCode: p.DocumentType,
		DocumentNumber:   p.DocumentNumber,
		DocumentDate:     day(p.DocumentOn),
		DueDate:          day(p.DueOn),
		Seller: krungsri.Party{
			TaxIdentification: m.TaxID, BranchNumber: m.Branch, Name: m.NameTH, Address: m.Address, AccountNumber: m.AccountNumber,
		},
		Buyer: krungsri.Party{
			TaxIdentification: p.BuyerTaxID, BranchNumber: p.BuyerBranch, Name: p.BuyerName, Address: p.BuyerAddress,
		},
		Currency:        "THB",
		AmountBeforeTax: krungsri.Baht(p.BeforeTaxSatang),
		TaxRate:         krungsri.Decimal{Decimal: p.VATRate},
		TaxAmount:       krungsri.Baht(p.VATSatang),
		TotalAmount:     krungsri.Baht(p.TotalSatang),
		HasAttachment:   true,
		Remark:          p.Remark,
	}
	for _, l := range p.Lines {
		item := krungsri.Item{
			LineNumber: l.LineNo, Name: l.Description, Quantity: krungsri.Decimal{Decimal: l.Quantity},
			UnitPrice: krungsri.Decimal{Decimal: l.UnitPrice},
			// The bank knows discounts of items only, so that of the document goes along as their shares in it.
			DiscountAmount: krungsri.Baht(l.DiscountSatang + l.ShareSatang), AmountBeforeTax: krungsri.Baht(l.NetSatang()),
		}
		if l.VAT != "standard" {
			item.TaxRate = new(krungsri.Decimal) // zero-rated and exempt alike carry no tax
		}
		r.Items = append(r.Items, item)
	}
	return r
}

func day(t time.Time) krungsri.Date {
	y, m, d := t.Date()
	return krungsri.Date{Year: y, Month: m, Day: d}
}

// RequestCancellation asks that a presentment at the bank be taken back as a
// whole, for the given reason.
func (t *Teller) RequestCancellation(ctx context.Context, a store.Actor, id store.ID, reason, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockPresentment(id); err != nil {
			return err
		}
		subject := store.About("presentment", id)
		if lead, err = before(tx.Query, key, cancelPresentment.id, subject); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p, err := tx.Presentment(id)
		if err != nil {
			return err
		}
		under, err := cancellationUnderWay(tx.Query, p)
		if err != nil {
			return err
		}
		if under || p.BuyerDecision != "" || p.State != store.PresentmentPresented && p.State != store.PresentmentIncomplete {
			return ErrNotCancellable
		}
		cancel, err := cancelPresentment.part(krungsri.CancelPresentmentRequest{PresentmentReference: p.BankReference, Reason: reason})
		if err != nil {
			return err
		}
		lead, err = submit(tx, submission{
			key: key, subject: subject, amount: p.TotalSatang, title: p.DocumentNumber + " · " + p.BuyerName, parts: []part{cancel},
		})
		if err != nil {
			return err
		}
		if err := tx.PresentmentCancelling(id, lead); err != nil {
			return err
		}
		return tx.Audit("presentment.cancellation_requested", subject, map[string]any{"instruction": lead, "reason": reason})
	})
	return lead, err
}

func cancellationUnderWay(q *store.Query, p store.Presentment) (bool, error) {
	if !p.CancellationID.Valid {
		return false, nil
	}
	i, err := q.Instruction(p.CancellationID.UUID)
	if err != nil {
		return false, err
	}
	switch i.State {
	case store.Failed, store.Rejected, store.Withdrawn, store.Expired:
		return false, nil
	}
	return true, nil
}

// project brings the subject of an instruction up to date with its
// instructions, in the transaction that moved one of them.
func project(tx *store.Tx, subject store.Subject) error {
	switch subject.Kind() {
	case "presentment":
		return projectPresentment(tx, subject.ID())
	case "receipt":
		return projectReceipt(tx, subject.ID())
	case "etax":
		return projectEtax(tx, subject.ID())
	case "mandate":
		return projectMandate(tx, subject.ID())
	case "schedule":
		return tx.FollowSchedule(subject.ID())
	case "debit":
		return tx.FollowDebits(subject.ID())
	case "request":
		return tx.FollowRequests(subject.ID())
	case "block":
		return tx.FollowBlock(subject.ID())
	case "alert":
		return projectAlert(tx, subject.ID())
	}
	return fmt.Errorf("nothing follows from instructions about %s", subject)
}

// projectAll moves several subjects along; debits, of which there are thousands
// at times, in one statement.
func projectAll(tx *store.Tx, subjects []store.Subject) error {
	var debits []store.ID
	for _, s := range subjects {
		if s.Kind() == "debit" {
			debits = append(debits, s.ID())
		} else if err := project(tx, s); err != nil {
			return err
		}
	}
	return tx.FollowDebits(debits...)
}

func projectPresentment(tx *store.Tx, id store.ID) error {
	course, err := tx.Course(id)
	if err != nil {
		return err
	}
	state, reference := presentmentState(course.Parts, course.Cancellation)
	if course.Replaced && (state == store.PresentmentPresented || state == store.PresentmentIncomplete) {
		state = store.PresentmentReplaced
	}
	if err := tx.MovePresentment(id, state, reference); err != nil {
		return err
	}
	if course.Replaces.Valid && reference != "" {
		return projectPresentment(tx, course.Replaces.UUID) // its place is taken
	}
	return nil
}

func courseOf(parts []store.Instruction) (course []store.CoursePart) {
	for _, p := range parts {
		course = append(course, store.CoursePart{State: p.State, BankReference: p.BankReference})
	}
	return course
}

// presentmentState is what the states of its instructions mean for a
// presentment: parts are the entry and its documents in order, cancellation is
// the state of the instruction to cancel, if any.
func presentmentState(parts []store.CoursePart, cancellation string) (state, reference string) {
	if len(parts) == 0 {
		return store.PresentmentDraft, ""
	}
	entry := parts[0]
	switch cancellation {
	case store.Done:
		return store.PresentmentCancelled, entry.BankReference
	case store.Unknown:
		return store.PresentmentUnknown, entry.BankReference
	}
	switch entry.State {
	case store.Pending:
		return store.PresentmentSubmitted, ""
	case store.Rejected, store.Withdrawn, store.Expired:
		return store.PresentmentDraft, ""
	case store.Failed:
		return store.PresentmentRefused, ""
	}
	count := map[string]int{}
	for _, p := range parts {
		count[p.State]++
	}
	switch {
	case count[store.Unknown] > 0:
		state = store.PresentmentUnknown
	case count[store.Done] == len(parts):
		state = store.PresentmentPresented
	case entry.State == store.Approved:
		state = store.PresentmentApproved
	case count[store.Failed]+count[store.Expired]+count[store.Withdrawn] > 0:
		state = store.PresentmentIncomplete
	default:
		state = store.PresentmentSending
	}
	return state, entry.BankReference
}
