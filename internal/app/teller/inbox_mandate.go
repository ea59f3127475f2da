package teller

import (
	"portal/internal/krungsri"
	"portal/internal/store"
)

// registrationReading is one callback about a registration while it is being read.
type registrationReading struct {
	claim
	said krungsri.RegistrationCallback
}

// readRegistration decides about one callback of a journey, or of the mandate
// that it led to.
func readRegistration(tx *store.Tx, c store.Callback, body []byte, event string, said krungsri.RegistrationCallback) (claim, error) {
	r := registrationReading{claim: newClaim(tx, c, namedMandates(said), body), said: said}
	r.BankReference, r.Status, r.SaidAt = said.JourneyID, string(said.Status), &said.At.Time
	if said.PaymentToken != "" {
		r.BankReference = said.PaymentToken
	}
	r.EventKey = eventKey(event, r.BankReference, r.Status, said.At.Time)
	err := r.take(r.about)
	return r.claim, err
}

// namedMandates finds a mandate by either name that the bank has for it, or by
// the references that it was given for it: the answer that would have told us
// its names may have been lost.
func namedMandates(said krungsri.RegistrationCallback) product {
	return product{
		atBank: func(q *store.Query, _ string) ([]store.Found, error) {
			found, err := q.MandatesAtBank(said.PaymentToken, said.JourneyID)
			if err != nil || len(found) > 0 {
				return found, err
			}
			return q.MandatesByReference(said.Ref2, said.Ref1)
		},
		onTheWire: (*store.Query).MandatesOnTheWire,
	}
}

// about takes a callback about a registration of ours.
func (r *registrationReading) about(merchant, mandate store.ID) error {
	r.Merchant, r.Subject = merchant, store.About("mandate", mandate)
	r.tx = r.tx.For(merchant)
	m, ending, err := lockMandate(r.tx, mandate)
	if err != nil {
		return err
	}
	told, err := r.tx.SubjectToldBefore(r.Subject, r.c, r.EventKey)
	if err != nil {
		return err
	}
	news, err := judgeMandate(r.tx.Query, m, r.said.Status)
	switch {
	case err != nil:
		return err
	case told:
		r.State = store.CallbackDuplicate
		return r.tx.ReadCallback(r.c, r.CallbackReading)
	case r.said.Ref1 != "" && r.said.Ref1 != m.PayerCode, m.BankToken != "" && r.said.PaymentToken != "" && r.said.PaymentToken != m.BankToken:
		return r.quarantine(reasonMismatch)
	case m.BankSaidAt != nil && r.said.At.Before(*m.BankSaidAt):
		// It was overtaken by a later word.
		r.State, r.Reason = store.CallbackIgnored, reasonOld
		return r.tx.ReadCallback(r.c, r.CallbackReading)
	case news.trouble:
		return r.quarantine(news.reason)
	}
	return r.follow(m, ending, news)
}

func (r *registrationReading) follow(m store.Mandate, ending *store.Instruction, news mandateNews) error {
	unknown := ending != nil && ending.State == store.Unknown && r.said.Status == krungsri.TokenCancelled
	r.State, r.Reason = store.CallbackIgnored, news.reason
	if news.moves || news.reason == reasonSecond || unknown {
		r.State = store.CallbackProcessed
	}
	if err := r.tx.ReadCallback(r.c, r.CallbackReading); err != nil || r.State == store.CallbackIgnored {
		return err
	}
	w := store.MandateWord{
		Status: r.Status, Token: r.said.PaymentToken, JourneyID: r.said.JourneyID, DrawerAccount: r.said.DrawerAccount, Cause: r.said.RejectCode,
		SaidAt: r.said.At.Time, Callback: r.c.ID,
	}
	if err := follow(r.tx, m, ending, news, w); err != nil {
		return err
	}
	return agreesAgain(r.tx, m.ID, w.Status)
}
