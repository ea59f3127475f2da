package teller

import (
	"portal/internal/krungsri"
	"portal/internal/store"
)

// namedRequests finds requests of ours by the bank's name for them, or by the
// attempt that they were asked for with.
var namedRequests = product{
	operation: createRequest.id,
	atBank:    (*store.Query).RequestsAtBank,
	onTheWire: (*store.Query).RequestsOnTheWire,
}

// requestTold is one callback that tells where a request of ours stands.
type requestTold struct {
	claim
	said krungsri.AlertStatusCallback
}

// readRequestStatus decides about one callback that tells where a request to pay
// stands that we sent.
func readRequestStatus(c claim, event string, said krungsri.AlertStatusCallback) (claim, error) {
	c.of = namedRequests
	return readRequestStatusOf(c, event, said)
}

func readRequestStatusOf(c claim, event string, said krungsri.AlertStatusCallback) (claim, error) {
	r := requestTold{claim: c, said: said}
	r.partner = krungsri.Reference(said.Reference)
	r.BankReference, r.Status, r.SaidAt = said.RTPReference, string(said.Status), &said.At.Time
	r.EventKey = eventKey(event, said.RTPReference, string(said.Status), said.At.Time)
	err := r.take(r.about)
	return r.claim, err
}

// isRequestOfOurs reports whether a status is that of a request that we sent.
func isRequestOfOurs(q *store.Query, said krungsri.AlertStatusCallback) (bool, error) {
	if said.Reference != "" {
		return true, nil
	}
	found, err := q.RequestsAtBank(said.RTPReference)
	return len(found) > 0, err
}

func (r *requestTold) end(state, reason string) error {
	r.State, r.Reason = state, reason
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

// about takes what the bank tells of a request of ours. While our own answer is
// on its way it waits; where the outcome is unknown, the bank is asked, since a
// callback settles none.
func (r *requestTold) about(merchant, id store.ID) error {
	r.Merchant, r.Subject = merchant, store.About("request", id)
	r.tx = r.tx.For(merchant)
	now, asked, err := lockRequest(r.tx, id)
	if err != nil {
		return err
	}
	told, err := r.tx.SubjectToldBefore(r.Subject, r.c, r.EventKey)
	if err != nil {
		return err
	}
	to, moves := requestMove(now, r.said.Status)
	switch {
	case told:
		return r.end(store.CallbackDuplicate, "")
	case r.said.Amount != nil && int64(*r.said.Amount) != now.AmountSatang:
		return r.quarantine(reasonMismatch)
	case asked.State == store.Sending:
		return r.putOff()
	case asked.State == store.Unknown:
		return r.ask(id)
	case moves:
		if err := r.end(store.CallbackProcessed, ""); err != nil {
			return err
		}
		return r.tx.TellRequest(id, now.State, store.RequestWord{
			State: to, Status: r.Status, SaidAt: r.said.At.Time, FailureCode: r.said.FailureCode, FailureReason: r.said.FailureReason,
			PaymentRef: r.said.PaymentReference, PaidAt: instantOf(r.said.PaidAt),
		})
	case requestStates[r.said.Status].state == now.State:
		return r.end(store.CallbackIgnored, reasonNoNews)
	case requestStates[r.said.Status].step < 4:
		return r.end(store.CallbackIgnored, reasonOld)
	}
	return r.quarantine(reasonContradicts)
}

func (r *requestTold) ask(id store.ID) error {
	if err := r.end(store.CallbackProcessed, reasonAsked); err != nil {
		return err
	}
	if asking, err := r.tx.Asking(r.Subject); err != nil || asking {
		return err
	}
	return askAboutRequest(r.tx, id)
}
