package notify

import (
	"encoding/json"
	"fmt"

	"portal/internal/store"
)

// ofReceipt tells who asked for a receipt that the bank has it, as a whole or
// without its document. Refusals and unknown outcomes are told of by the
// instruction.
func ofReceipt(tx *store.Tx, n store.News, d detail) ([]telling, error) {
	kind, ok := map[string]string{store.ReceiptIssued: Issued, store.ReceiptIncomplete: Unreceipted}[d.State]
	if !ok {
		return nil, nil
	}
	maker, err := tx.MakerOfReceipt(n.Subject.ID())
	if err != nil {
		return nil, err
	}
	return []telling{{kind, n.Subject, store.Words{"title": maker.Name}, []store.ID{maker.ID}}}, nil
}

// ofPayment tells the makers of money that nobody knows the bill of: once of a
// statement, however much of it waits, and of each payment that the bank tells
// of by itself. Who types a payment in has it before their eyes.
func ofPayment(tx *store.Tx, n store.News) ([]telling, error) {
	var d struct {
		Source    string    `json:"source"`
		Payer     string    `json:"payer_name"`
		Reference string    `json:"reference1"`
		Import    *store.ID `json:"import"`
	}
	if err := json.Unmarshal(n.Detail, &d); err != nil {
		return nil, fmt.Errorf("reading a payment: %w", err)
	}
	about, title := n.Subject, orElse(d.Payer, d.Reference)
	switch {
	case d.Source == store.PaymentByHand:
		return nil, nil
	case d.Import != nil:
		about = store.About("import", *d.Import)
	}
	makers, err := tx.MakersToTellOfPayment(n.Subject.ID(), about, Unmatched)
	if err != nil || len(makers) == 0 {
		return nil, err
	}
	if d.Import != nil {
		if title, err = tx.ImportFileName(*d.Import); err != nil {
			return nil, err
		}
	}
	return []telling{{Unmatched, about, store.Words{"title": title}, makers}}, nil
}

// ofAlert tells the makers that somebody asks us to pay, and once more on the
// last day if nobody has answered.
func ofAlert(tx *store.Tx, n store.News, name string) ([]telling, error) {
	kind := map[string]string{"arrived": AlertArrived, "ending": AlertEnding}[name]
	a, err := tx.AlertItself(n.Subject.ID())
	if err != nil || a.Box != store.AlertsToDecide {
		return nil, err
	}
	makers, err := tx.OnDutyToTell(store.Maker, n.Subject, kind)
	if err != nil || len(makers) == 0 {
		return nil, err
	}
	return []telling{{kind, n.Subject, store.Words{"title": orElse(a.SenderName, a.Reference)}, makers}}, nil
}
