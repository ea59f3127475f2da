package teller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a tax document is not submitted, or not handed out again.
var (
	ErrEtaxFaulty  = errors.New("the tax document breaks a rule")
	ErrEtaxNotMade = errors.New("the bank has not made the document yet")
	ErrNoReference = errors.New("the bank's reference of the document is not known")
)

// Generation is what people approve of a tax document: the whole request but
// for the password, of which only the seal is named.
type Generation struct {
	krungsri.GenerateDocumentRequest
	TotalAmount krungsri.Baht `json:"totalAmount"` // the approval policy goes by it
	Lock        string        `json:"password_seal_sha256,omitempty"`
}

// Reissuance is what people approve of handing a document out again.
type Reissuance struct {
	krungsri.ReissueDocumentRequest
	TotalAmount krungsri.Baht `json:"totalAmount"` // of the document
}

func reissuance(_ context.Context, _ *store.Store, _ store.Claimed, r Reissuance) (krungsri.ReissueDocumentRequest, error) {
	return r.ReissueDocumentRequest, nil
}

// generation is the request with the password put in, for the wire alone.
func generation(ctx context.Context, s *store.Store, c store.Claimed, g Generation) (krungsri.GenerateDocumentRequest, error) {
	r := g.GenerateDocumentRequest
	if g.TotalAmount != r.Summary.GrandTotal {
		return r, fmt.Errorf("%w: it was approved as %s", errUnsendable, g.TotalAmount)
	}
	if g.Lock == "" {
		return r, nil
	}
	err := s.Read(ctx, store.Actor{Merchant: c.MerchantID}, func(q *store.Query) (err error) {
		r.Password, err = q.EtaxPassword(c.SubjectID(), g.Lock)
		return err
	})
	if errors.Is(err, store.ErrStale) {
		err = fmt.Errorf("%w: %w", errUnsendable, err)
	}
	return r, err
}

// SubmitEtax asks that the draft, in the version the maker saw, be made, signed
// and handed out. The document gets its number here, in the transaction that
// submits it, so that no number is lost with a draft. The key is the form's.
func (t *Teller) SubmitEtax(ctx context.Context, a store.Actor, id store.ID, version int, key string, today thai.Day) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockEtax(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, generateDocument.id, store.About("etax", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		e, err := tx.Etax(id)
		if err != nil {
			return err
		}
		switch {
		case !e.Editable():
			return fmt.Errorf("%w: %s", ErrNotEditable, e.State)
		case e.Version != version:
			return store.ErrStale
		}
		var d etax.Document
		if err := json.Unmarshal(e.Content, &d); err != nil {
			return fmt.Errorf("reading a tax document: %w", err)
		}
		led := OwnReferences(d)
		faults, err := EtaxFaults(tx.Query, id, &d, today)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return fmt.Errorf("%w: %v", ErrEtaxFaulty, faults)
		}
		if err := number(tx, &e, &d, !slices.Equal(led, OwnReferences(d))); err != nil {
			return err
		}
		lead, err = submitEtax(tx, e, d, key)
		return err
	})
	return lead, err
}

// number gives the document the next number of its series, unless it bears that
// of the bill or the receipt that it was made from; changed is that it is not
// what is stored already.
func number(tx *store.Tx, e *store.Etax, d *etax.Document, changed bool) error {
	given, err := numberFor(tx, *e, *d)
	if err != nil || given == d.Number && !changed {
		return err
	}
	d.Number, e.Number = given, given
	if e.Content, err = json.Marshal(*d); err != nil {
		return fmt.Errorf("writing a tax document: %w", err)
	}
	e.References = OwnReferences(*d)
	return tx.ChangeEtax(*e)
}

func numberFor(tx *store.Tx, e store.Etax, d etax.Document) (string, error) {
	subject := store.About("etax", e.ID)
	_, allotted, err := tx.NumberOf(subject)
	if err != nil {
		return "", err
	}
	if d.Number != "" && !allotted {
		if kept, err := bearsItsSource(tx, e, d); err != nil || kept {
			return d.Number, err
		}
	}
	return tx.AllotNumber(d.Kind, d.Seller.Branch, d.IssuedOn.Time(), subject)
}

// bearsItsSource reports whether a document has the number and the kind of what
// it was made from, so that the two are one paper. One whose kind was changed
// since is another.
func bearsItsSource(tx *store.Tx, e store.Etax, d etax.Document) (bool, error) {
	switch {
	case e.PresentmentID.Valid:
		p, err := tx.Presentment(e.PresentmentID.UUID)
		return p.DocumentNumber == d.Number && p.DocumentType == d.Kind, err
	case e.ReceiptID.Valid:
		r, err := tx.Receipt(e.ReceiptID.UUID)
		return r.DocumentNumber == d.Number && r.DocumentType == d.Kind, err
	}
	return false, nil
}

// OwnReferences are those of the references that are documents of ours.
func OwnReferences(d etax.Document) (ids []store.ID) {
	for _, r := range d.References {
		if id, err := uuid.Parse(r.ID); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// EtaxFaults lists what is wrong with a document that is issued today, by itself
// and with the papers of ours that it names; its references lead to those of them
// that are tax documents afterwards.
func EtaxFaults(q *store.Query, id store.ID, d *etax.Document, today thai.Day) ([]etax.Fault, error) {
	faults := d.Check(today)
	if len(d.References) == 0 {
		return faults, nil
	}
	var kinds, numbers []string
	for _, r := range d.References {
		kinds, numbers = append(kinds, r.Kind), append(numbers, r.Number)
	}
	ours, err := etaxReferred(q, kinds, numbers)
	if err != nil {
		return nil, err
	}
	d.Refer(ours)
	left := int64(0)
	if len(ours) > 0 {
		if left, err = q.LeftToCredit(id, kinds, numbers); err != nil {
			return nil, err
		}
	}
	return append(faults, d.CheckReferred(ours, left)...), nil
}

func etaxReferred(q *store.Query, kinds, numbers []string) (ours []etax.Referred, err error) {
	found, err := q.EtaxReferred(kinds, numbers)
	for _, e := range found {
		o := etax.Referred{
			Kind: e.Kind, Number: e.Number, IssuedOn: thai.DayOf(e.IssuedOn), Buyer: e.BuyerTaxID, Out: e.Out, TotalSatang: e.TotalSatang, VATSatang: e.VATSatang,
		}
		if e.Source == store.ReferredEtax {
			o.ID = e.ID.String()
		}
		ours = append(ours, o)
	}
	return ours, err
}

func submitEtax(tx *store.Tx, e store.Etax, d etax.Document, key string) (store.ID, error) {
	request, err := etaxRequest(d)
	if err != nil {
		return store.NoID, err
	}
	g := Generation{GenerateDocumentRequest: request, TotalAmount: request.Summary.GrandTotal}
	if g.Lock, err = tx.EtaxLock(e.ID); err != nil {
		return store.NoID, err
	}
	asked, err := generateDocument.part(g)
	if err != nil {
		return store.NoID, err
	}
	lead, err := submit(tx, submission{
		key: key, subject: store.About("etax", e.ID), amount: e.TotalSatang, replaces: e.GenerationID.UUID, title: d.Number + " · " + d.Buyer.Name,
		parts: []part{asked},
	})
	if err != nil {
		return store.NoID, err
	}
	err = tx.EtaxSubmitted(e.ID, lead)
	if store.Violated(err, store.SaleIsTaxedOnce) {
		err = fmt.Errorf("%w: %w", ErrTaxedTwice, err)
	}
	return lead, err
}

// etaxRequest is what the bank is asked for.
func etaxRequest(d etax.Document) (krungsri.GenerateDocumentRequest, error) {
	a, err := d.Amounts()
	if err != nil {
		return krungsri.GenerateDocumentRequest{}, fmt.Errorf("adding up a tax document: %w", err)
	}
	kind, _ := etax.KindOf(d.Kind)
	r := krungsri.GenerateDocumentRequest{
		TypeCode: d.Kind, Name: kind.Thai, Number: d.Number, PurposeCode: d.Purpose, Purpose: d.PurposeText, Remark: d.Remark,
		IssuedAt: krungsri.Instant{Time: time.Date(d.IssuedOn.Year, d.IssuedOn.Month, d.IssuedOn.Day, 0, 0, 0, 0, krungsri.Bangkok)},
		Seller:   taxParty(d.Seller), Buyer: taxParty(d.Buyer), Recipients: taxRecipients(d.Recipients), SubmitToRevenue: d.ToRevenue,
		Summary: krungsri.TaxSummary{
			LineTotal: krungsri.Baht(a.BasisSatang), TaxBasisTotal: krungsri.Baht(a.BasisSatang), TaxTotal: krungsri.Baht(a.VATSatang),
			GrandTotal: krungsri.Baht(a.TotalSatang),
		},
	}
	if kind.Note {
		r.Summary.OriginalTotal, r.Summary.CorrectTotal = new(krungsri.Baht(a.OriginalSatang)), new(krungsri.Baht(a.CorrectSatang))
		r.Summary.Difference = new(krungsri.Baht(a.DifferenceSatang))
	}
	if d.PDF {
		r.Formats = append(r.Formats, krungsri.FormatPDF)
	}
	if d.XML {
		r.Formats = append(r.Formats, krungsri.FormatXML)
	}
	for _, ref := range d.References {
		r.References = append(r.References, krungsri.ReferencedDocument{Number: ref.Number, IssuedOn: bankDay(ref.IssuedOn), TypeCode: ref.Kind})
	}
	for n, i := range a.Items {
		r.Items = append(r.Items, taxItem(n+1, i, a.RatePercent))
	}
	return r, nil
}

func bankDay(d thai.Day) krungsri.Date {
	return krungsri.Date{Year: d.Year, Month: d.Month, Day: d.Day}
}

func taxItem(number int, i etax.Item, rate decimal.Decimal) krungsri.TaxItem {
	if i.VAT != bill.VATStandard {
		rate = decimal.Zero // zero-rated and exempt alike carry no tax
	}
	tax := decimal.NewFromInt(i.AmountSatang).Mul(rate).Shift(-2).Round(0).IntPart()
	return krungsri.TaxItem{
		LineNumber: number, Name: i.Description, Quantity: krungsri.Decimal{Decimal: i.Quantity}, UnitCode: i.Unit,
		UnitPrice: krungsri.Decimal{Decimal: i.UnitPrice}, DiscountAmount: krungsri.Baht(i.DiscountSatang), AmountBeforeTax: krungsri.Baht(i.AmountSatang),
		TaxRate: krungsri.Decimal{Decimal: rate}, TaxAmount: krungsri.Baht(tax), AmountIncludingTax: krungsri.Baht(i.AmountSatang + tax),
	}
}

func taxParty(p etax.Party) krungsri.TaxParty {
	a := p.Address
	return krungsri.TaxParty{Name: p.Name, Scheme: p.Scheme, Registration: p.Registration(), Address: krungsri.TaxAddress{
		Building: a.Building, Street: a.Street, SubDistrict: a.SubDistrict, District: a.District, Province: a.Province, Line: a.Line,
		Postcode: a.Postcode, Country: a.Country,
	}}
}

func taxRecipients(list []etax.Recipient) (all []krungsri.DocumentRecipient) {
	for _, r := range list {
		all = append(all, krungsri.DocumentRecipient{Channel: r.Channel, Address: r.Address, OTP: r.OTP})
	}
	return all
}

// EtaxMade reports whether the bank has made the document, so that it can be
// handed out again.
func EtaxMade(state string) bool {
	switch state {
	case store.EtaxGenerated, store.EtaxSigned, store.EtaxDelivered, store.EtaxFiled, store.EtaxAcknowledged:
		return true
	}
	return false
}

// RequestReissue asks that a document be handed out again, to these people.
func (t *Teller) RequestReissue(ctx context.Context, a store.Actor, id store.ID, to []etax.Recipient, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockEtax(id); err != nil {
			return err
		}
		subject := store.About("etax", id)
		if lead, err = before(tx.Query, key, reissueDocument.id, subject); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		e, err := tx.Etax(id)
		if err != nil {
			return err
		}
		if !EtaxMade(e.State) {
			return ErrEtaxNotMade
		}
		if faults := etax.CheckRecipients(to); len(faults) > 0 {
			return fmt.Errorf("%w: %v", ErrEtaxFaulty, faults)
		}
		asked, err := reissueDocument.part(Reissuance{
			krungsri.ReissueDocumentRequest{DocumentReference: e.BankReference, Recipients: taxRecipients(to)}, krungsri.Baht(e.TotalSatang),
		})
		if err != nil {
			return err
		}
		lead, err = submit(tx, submission{key: key, subject: subject, amount: e.TotalSatang, title: e.Number + " · " + e.BuyerName, parts: []part{asked}})
		if err != nil {
			return err
		}
		return tx.Audit("etax.reissue_requested", subject, map[string]any{"instruction": lead, "recipients": len(to)})
	})
	return lead, err
}

// AskEtax puts the question how a document stands. reference is what the bank
// calls it where only somebody there could tell; otherwise it is empty.
func (t *Teller) AskEtax(ctx context.Context, a store.Actor, id store.ID, reference string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		e, err := tx.Etax(id)
		if err != nil {
			return err
		}
		if e.AtBank() {
			reference = e.BankReference
		}
		if reference == "" || !e.AtBank() && e.State != store.EtaxUnknown {
			return ErrNoReference
		}
		payload, err := encode(krungsri.RetrieveDocumentRequest{DocumentReference: reference, Method: krungsri.RetrieveInline})
		if err != nil {
			return err
		}
		_, err = tx.AskInquiry(retrieveDocument.id, store.About("etax", id), payload)
		return err
	})
}

// projectEtax brings a tax document up to date with its instruction. From the
// bank's yes on, only the bank moves it.
func projectEtax(tx *store.Tx, id store.ID) error {
	e, err := tx.Etax(id)
	if err != nil || !e.GenerationID.Valid {
		return err
	}
	i, err := tx.Instruction(e.GenerationID.UUID)
	if err != nil {
		return err
	}
	state := i.State // approved, sending and unknown are called alike
	switch i.State {
	case store.Pending:
		state = store.EtaxSubmitted
	case store.Rejected, store.Withdrawn, store.Expired:
		state = store.EtaxDraft
	case store.Failed:
		state = store.EtaxRefused
	case store.Done:
		if e.AtBank() {
			return nil
		}
		state = store.EtaxAccepted
	}
	return tx.MoveEtax(id, state, i.BankReference)
}
