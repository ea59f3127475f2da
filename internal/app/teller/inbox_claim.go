package teller

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// claim is a callback while it is found out whose it is and what it is about,
// by the same rules for every product.
type claim struct {
	store.CallbackReading
	tx      *store.Tx
	c       store.Callback
	seller  string             // by tax id, if it says
	partner krungsri.Reference // our attempt, if it names one
	of      product
	// tried is the instruction that the bank answers, by the attempt it names.
	tried store.ID
}

// product is how the things of one product of the bank are found by the bank's name for them.
type product struct {
	operation string // whose answer tells the name
	atBank    func(*store.Query, string) ([]store.Found, error)
	onTheWire func(*store.Query) (bool, error)
}

var (
	namedBills        = product{createPresentment.id, (*store.Query).PresentmentsAtBank, (*store.Query).EntriesOnTheWire}
	namedTaxDocuments = product{generateDocument.id, (*store.Query).EtaxAtBank, (*store.Query).EtaxOnTheWire}
)

// namedDebits finds nothing, since no record of ours has a name at the bank that
// a callback of direct debit could tell.
var namedDebits = product{
	atBank:    func(*store.Query, string) ([]store.Found, error) { return nil, nil },
	onTheWire: func(*store.Query) (bool, error) { return false, nil },
}

func newClaim(tx *store.Tx, c store.Callback, of product, body []byte) claim {
	return claim{
		CallbackReading: store.CallbackReading{Masked: string(krungsri.Mask(krungsri.CallbackOperation, body))}, tx: tx, c: c, of: of,
	}
}

// eventKey is what makes two callbacks the same event: the bank's own name for
// it, or all that was said.
func eventKey(event, reference, status string, at time.Time) string {
	if event != "" {
		return "event " + event
	}
	return fmt.Sprintf("%s %s %s", reference, status, at.UTC().Format(time.RFC3339Nano))
}

// quarantine ends the reading: nothing follows, and a person looks. Whose it
// claims to be decides only who sees it.
func (r *claim) quarantine(reason string) error {
	if r.Merchant == store.NoID && r.c.MerchantID.Valid {
		r.Merchant = r.c.MerchantID.UUID
	}
	if r.Merchant == store.NoID {
		var err error
		if r.Merchant, err = r.claimant(); err != nil {
			return err
		}
	}
	r.State, r.Reason = store.CallbackQuarantined, reason
	if !r.c.Genuine() {
		r.Reason = r.c.Refusal
	}
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

func (r *claim) claimant() (store.ID, error) {
	found, err := r.of.atBank(r.tx.Query, r.BankReference)
	if err != nil {
		return store.NoID, err
	}
	if len(found) == 1 && (r.seller == "" || r.seller == found[0].TaxID) {
		return found[0].MerchantID, nil
	}
	return r.tx.MerchantMeant(r.seller)
}

// take finds what the callback is about, and leaves to about what follows.
func (r *claim) take(about func(merchant, subject store.ID) error) error {
	if !r.c.Genuine() {
		return r.quarantine(r.c.Refusal)
	}
	found, err := r.of.atBank(r.tx.Query, r.BankReference)
	if err != nil {
		return err
	}
	known := len(found) > 0
	if r.seller != "" {
		found = ofMerchant(found, r.seller)
	}
	switch {
	case len(found) == 1:
		return about(found[0].MerchantID, found[0].ID)
	case known:
		return r.quarantine(reasonOtherMerchant)
	}
	return r.unnamed(about)
}

func ofMerchant(found []store.Found, taxID string) (own []store.Found) {
	for _, f := range found {
		if f.TaxID == taxID {
			own = append(own, f)
		}
	}
	return own
}

// unnamed takes a callback with a name that we do not know: the bank's answer
// that would have told it may be on its way, or may have been lost.
func (r *claim) unnamed(about func(merchant, subject store.ID) error) error {
	attempt, err := uuid.Parse(string(r.partner))
	if err != nil {
		return r.strange()
	}
	tried, err := r.tx.InstructionTried(attempt)
	if errors.Is(err, store.ErrNotFound) {
		return r.strange()
	}
	if err != nil {
		return err
	}
	if r.seller != "" && r.seller != tried.TaxID {
		return r.quarantine(reasonOtherMerchant)
	}
	i, err := r.tx.For(tried.MerchantID).Instruction(tried.ID)
	if err != nil {
		return err
	}
	if i.Operation == r.of.operation && i.State == store.Done && i.BankReference == r.BankReference {
		return about(tried.MerchantID, i.SubjectID()) // it was named since we looked
	}
	if i.Operation != r.of.operation || i.State != store.Sending && i.State != store.Unknown {
		return r.quarantine(reasonUnknown)
	}
	r.tried = i.ID
	return about(tried.MerchantID, i.SubjectID())
}

// strange is a name that nothing of ours has. While something is on the wire it
// may yet turn out to be its name.
func (r *claim) strange() error {
	waiting, err := r.of.onTheWire(r.tx.Query)
	if err != nil {
		return err
	}
	if waiting {
		return r.putOff()
	}
	return r.quarantine(reasonUnknown)
}

// putOff lets the callback wait for what is on its way, but not for ever.
func (r *claim) putOff() error {
	if r.c.Tries < maxTries {
		return r.tx.PutOffCallback(r.c, reasonUnknown)
	}
	return r.quarantine(reasonUnknown)
}

// settle ends an unknown instruction as done, by the bank's own word.
func (r *claim) settle(i store.Instruction) error {
	if err := r.tx.SettleByCallback(i, r.c.ID, r.BankReference); err != nil {
		return err
	}
	return settled(r.tx, i, r.BankReference)
}

// settled takes an instruction whose outcome the bank itself has told to done.
func settled(tx *store.Tx, i store.Instruction, reference string) error {
	if err := tx.Move(i, store.Unknown, store.Done, "settled", reference); err != nil {
		return err
	}
	return afterOutcome(tx, i, store.Done)
}
