package teller

import (
	"portal/internal/krungsri"
	"portal/internal/store"
)

// etaxReading is one callback about a tax document while it is being read.
type etaxReading struct {
	claim
	said krungsri.TaxDocument
}

func readEtax(tx *store.Tx, c store.Callback, body []byte) (claim, error) {
	r := etaxReading{claim: newClaim(tx, c, namedTaxDocuments, body)}
	said, err := krungsri.ParseTaxCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		err = r.quarantine(reasonMalformed)
		return r.claim, err
	}
	r.said, r.seller, r.partner = said, said.SellerTaxID, said.PartnerReference
	r.BankReference, r.Status, r.SaidAt = said.DocumentReference, string(said.Status), &said.At.Time
	r.EventKey = eventKey(said.EventID, said.DocumentReference, string(said.Status), said.At.Time)
	err = r.take(r.about)
	return r.claim, err
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
		return r.putOff()
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
		if err := r.settle(asked); err != nil {
			return err
		}
	}
	return news.record(r.tx, e, r.said, store.EtaxSource{Callback: r.c.ID})
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
