package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// etaxReading is one callback about a tax document while it is being read.
type etaxReading struct {
	store.CallbackReading
	tx    *store.Tx
	c     store.Callback
	said  krungsri.TaxDocument
	tried store.ID // the instruction that the bank answers, by the attempt it names
}

// readEtax decides about one callback of the product etax, by the same rules
// as those about bills.
func (n *Inbox) readEtax(ctx context.Context, tx *store.Tx, c store.Callback, body []byte) error {
	r := etaxReading{tx: tx, c: c, CallbackReading: store.CallbackReading{Masked: string(krungsri.Mask(krungsri.CallbackOperation, body))}}
	said, err := krungsri.ParseTaxCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		return r.quarantine(reasonMalformed)
	}
	r.said, r.BankReference, r.Status, r.SaidAt = said, said.DocumentReference, string(said.Status), &said.At.Time
	if r.EventKey = "event " + said.EventID; said.EventID == "" {
		r.EventKey = fmt.Sprintf("%s %s %s", said.DocumentReference, said.Status, said.At.UTC().Format(time.RFC3339Nano))
	}
	if err := r.take(); err != nil {
		return err
	}
	if r.State == store.CallbackQuarantined {
		n.log.WarnContext(ctx, "inbox: a callback needs a person", "callback", c.ID, "reason", r.Reason, "refusal", c.Refusal, "reference", r.BankReference)
	}
	return nil
}

func (r *etaxReading) quarantine(reason string) error {
	if r.Merchant == store.NoID && r.c.MerchantID.Valid {
		r.Merchant = r.c.MerchantID.UUID
	}
	if r.Merchant == store.NoID {
		found, err := r.tx.EtaxAtBank(r.BankReference)
		if err == nil && len(found) == 1 && (r.said.SellerTaxID == "" || r.said.SellerTaxID == found[0].TaxID) {
			r.Merchant = found[0].MerchantID
		} else if err == nil {
			r.Merchant, err = r.tx.MerchantMeant(r.said.SellerTaxID)
		}
		if err != nil {
			return err
		}
	}
	if r.State, r.Reason = store.CallbackQuarantined, reason; !r.c.Genuine() {
		r.Reason = r.c.Refusal
	}
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

// take finds the document and does what follows for it.
func (r *etaxReading) take() error {
	if !r.c.Genuine() {
		return r.quarantine(r.c.Refusal)
	}
	found, err := r.tx.EtaxAtBank(r.BankReference)
	if err != nil {
		return err
	}
	known := len(found) > 0
	if r.said.SellerTaxID != "" {
		found = ofMerchant(found, r.said.SellerTaxID)
	}
	switch {
	case len(found) == 1:
		return r.about(found[0].MerchantID, found[0].ID)
	case known:
		return r.quarantine(reasonOtherMerchant)
	}
	return r.unnamed()
}

// unnamed takes a callback with a name that we do not know: the bank's answer
// that would have told it may be on its way, or may have been lost.
func (r *etaxReading) unnamed() error {
	attempt, err := uuid.Parse(string(r.said.PartnerReference))
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
	if r.said.SellerTaxID != "" && r.said.SellerTaxID != tried.TaxID {
		return r.quarantine(reasonOtherMerchant)
	}
	i, err := r.tx.For(tried.MerchantID).Instruction(tried.ID)
	if err != nil {
		return err
	}
	if i.Operation != generateDocument.id || i.State != store.Sending && i.State != store.Unknown {
		return r.quarantine(reasonUnknown)
	}
	r.tried = i.ID
	return r.about(tried.MerchantID, i.SubjectID())
}

func (r *etaxReading) strange() error {
	waiting, err := r.tx.EtaxOnTheWire()
	if err != nil {
		return err
	}
	if waiting && r.c.Tries < maxTries {
		return r.tx.PutOffCallback(r.c, reasonUnknown)
	}
	return r.quarantine(reasonUnknown)
}

// about takes a callback about a document of ours.
func (r *etaxReading) about(merchant, document store.ID) error {
	r.Merchant = merchant
	r.tx = r.tx.For(merchant)
	e, asked, err := lockEtax(r.tx, document)
	if err != nil {
		return err
	}
	r.Etax = e.ID
	told, err := r.tx.EtaxToldBefore(e.ID, r.c, r.EventKey)
	if err != nil {
		return err
	}
	switch {
	case told:
		r.State = store.CallbackDuplicate
		return r.tx.ReadCallback(r.c, r.CallbackReading)
	case !agreesEtax(e, r.said):
		return r.quarantine(reasonMismatch)
	case asked.State == store.Approved || asked.State == store.Sending:
		if r.c.Tries < maxTries {
			return r.tx.PutOffCallback(r.c, reasonUnknown)
		}
		return r.quarantine(reasonUnknown)
	case asked.State == store.Unknown && (!provesEtax(r.said) || asked.ID != r.tried):
		return r.quarantine(reasonUnproven)
	case asked.State != store.Unknown && !e.AtBank():
		return r.quarantine(reasonContradicts)
	}
	return r.follow(e, asked)
}

// follow records what the callback means, and settles what was unknown by it.
func (r *etaxReading) follow(e store.Etax, asked store.Instruction) error {
	have, err := r.tx.EtaxFiles(e.ID)
	if err != nil {
		return err
	}
	state := e.State
	if asked.State == store.Unknown {
		state = store.EtaxAccepted
	}
	news := judgeEtax(state, have, r.said)
	if news.trouble {
		return r.quarantine(news.reason)
	}
	r.State, r.Reason = store.CallbackIgnored, news.reason
	if news.followed() || asked.State == store.Unknown {
		r.State = store.CallbackProcessed
	}
	if asked.State == store.Unknown {
		r.Reason = reasonSettled
	}
	if err := r.tx.ReadCallback(r.c, r.CallbackReading); err != nil || r.State == store.CallbackIgnored {
		return err
	}
	if asked.State == store.Unknown {
		if err := r.tx.SettleByCallback(asked, r.c.ID, r.BankReference); err != nil {
			return err
		}
		if err := settled(r.tx, asked, r.BankReference); err != nil {
			return err
		}
	}
	return news.record(r.tx, e, r.said, store.EtaxSource{Callback: r.c.ID})
}

// settled takes an instruction whose outcome the bank itself has told to done.
func settled(tx *store.Tx, i store.Instruction, reference string) error {
	if err := tx.Move(i, store.Unknown, store.Done, "settled", reference); err != nil {
		return err
	}
	return afterOutcome(tx, i, store.Done)
}

// lockEtax makes everything that moves a document take turns: its instruction
// first, as whoever records an answer does.
func lockEtax(tx *store.Tx, id store.ID) (e store.Etax, asked store.Instruction, err error) {
	if e, err = tx.Etax(id); err != nil {
		return e, asked, err
	}
	if e.GenerationID.Valid {
		parts, err := tx.LockParts(e.GenerationID.UUID)
		if err != nil {
			return e, asked, err
		}
		asked = parts[0]
	}
	if _, err := tx.LockEtax(id); err != nil {
		return e, asked, err
	}
	e, err = tx.Etax(id)
	return e, asked, err
}
