package app

import (
	"strings"

	"portal/internal/app/intake"
	"portal/internal/app/promptpay"
	"portal/internal/store"
	"portal/web/text"
)

// requestWorld is what rows of requests to pay are held against.
type requestWorld struct {
	rules   store.RequestRules
	ours    map[string]store.PromptPayID // by value
	senders []store.PromptPayID
	bills   map[string]store.BillToRequest // by number
}

func requestWorldOf(q *store.Query, list []judgedItem) (w requestWorld, err error) {
	if w.rules, err = q.RequestRules(); err != nil {
		return w, err
	}
	all, err := q.ActivePromptPayIDs()
	if err != nil {
		return w, err
	}
	w.ours = make(map[string]store.PromptPayID, len(all))
	for _, own := range all {
		if w.ours[own.Value] = own; own.Sends {
			w.senders = append(w.senders, own)
		}
	}
	var numbers []string
	for _, j := range list {
		if j.request.Invoice != "" {
			numbers = append(numbers, j.request.Invoice)
		}
	}
	found, err := q.BillsNumbered(numbers)
	w.bills = make(map[string]store.BillToRequest, len(found))
	for _, b := range found {
		w.bills[b.DocumentNumber] = b
	}
	return w, err
}

// compareRequests holds rows against our ids and limits, and, where nothing
// hinders them yet, against what is asked for or collected already.
func compareRequests(q *store.Query, i store.Import, list []judgedItem) error {
	w, err := requestWorldOf(q, list)
	if err != nil {
		return err
	}
	var asked []store.PayRequest
	var of []int
	for n := range list {
		j := &list[n]
		if len(j.rows) == 0 {
			continue
		}
		w.draft(i, j)
		if !intake.Hinder(j.faults) {
			asked, of = append(asked, j.asks), append(of, n)
		}
	}
	taken, err := q.RequestsTaken(asked)
	if err != nil {
		return err
	}
	for _, t := range taken {
		j := &list[of[t.No-1]]
		fault := intake.Fault{Row: j.rows[0].No, Field: intake.RequestReference, Rule: intake.RequestAlike, Words: map[string]string{"name": t.Name}}
		if !t.Alike {
			fault.Field, fault.Rule, fault.Note = intake.DebitInvoice, intake.CollectedTwice, w.rules.Collision != store.CollisionBlock
		}
		j.faults = append(j.faults, fault)
	}
	return nil
}

// draft makes of a row what it would become, and says which rules of the
// merchant that breaks.
func (w requestWorld) draft(i store.Import, j *judgedItem) {
	said, row := j.request, j.rows[0].No
	fail := func(field intake.Field, rule intake.Rule, value string, words ...string) {
		f := intake.Fault{Row: row, Field: field, Rule: rule, Value: value}
		if len(words) > 0 {
			f.Words = map[string]string{"min": words[0], "max": words[1]}
		}
		j.faults = append(j.faults, f)
	}
	if _, own := w.ours[said.Receiver.Value]; own {
		fail(intake.Receiver, intake.ProxyOurs, said.Receiver.Format())
	}
	if a := said.AmountSatang; a > 0 && (a < w.rules.MinSatang || a > w.rules.MaxSatang) {
		fail(intake.RequestAmount, intake.DebitLimits, text.Amount(a), text.Amount(w.rules.MinSatang), text.Amount(w.rules.MaxSatang))
	}
	sender, rule := w.sender(said.Sender)
	if rule != "" {
		fail(intake.RequestSender, rule, said.Sender)
	}
	j.asks = store.PayRequest{
		ID: store.NewID(), SenderID: sender, ReceiverKind: string(said.Receiver.Kind), ReceiverValue: said.Receiver.Value, ReceiverName: said.Name,
		AmountSatang: said.AmountSatang, Reference: said.Reference, Message: said.Message, InvoiceNumber: said.Invoice, SendAt: said.SendAt, ImportID: store.NullID(i.ID),
	}
	if !said.SendOn.IsZero() {
		on := midnight(said.SendOn)
		j.asks.SendOn = &on
	}
	if j.asks.EndsOn = midnight(said.Sent.AddDays(w.rules.OpenDays)); !said.Ends.IsZero() {
		j.asks.EndsOn = midnight(said.Ends)
	}
	if b, known := w.bills[said.Invoice]; known && collectsBill(said.Receiver, b) {
		j.asks.PresentmentID = store.NullID(b.ID)
		j.faults = append(j.faults, intake.Fault{Row: row, Field: intake.DebitInvoice, Rule: intake.CollectsBill, Note: true, Words: map[string]string{"bill": b.DocumentNumber, "name": b.BuyerName}})
	}
}

// sender is the id of ours that a row names, by its number or by what we call
// it; without one, the only one there is.
func (w requestWorld) sender(named string) (store.ID, intake.Rule) {
	if named == "" {
		switch len(w.senders) {
		case 0:
			return store.NoID, intake.SenderNone
		case 1:
			return w.senders[0].ID, ""
		}
		return store.NoID, intake.SenderMany
	}
	id, _ := promptpay.Parse(named) // what is no number may be a name
	for _, own := range w.senders {
		if own.Value == id.Value || strings.EqualFold(own.Label, named) {
			return own.ID, ""
		}
	}
	return store.NoID, intake.SenderUnknown
}

// collectsBill: a receiver's tax id that is another than the buyer's tells that
// the number is of some other system.
func collectsBill(receiver promptpay.ID, b store.BillToRequest) bool {
	identity := receiver.Kind == promptpay.Tax || receiver.Kind == promptpay.National
	return !identity || b.BuyerTaxID == receiver.Value
}

// keepRequests makes a draft of each row.
func keepRequests(tx *store.Tx, _ store.Import, good []judgedItem) (made []store.ID, err error) {
	drafts := make([]store.PayRequest, len(good))
	for n, j := range good {
		drafts[n], made = j.asks, append(made, j.asks.ID)
	}
	return made, tx.AddRequests(drafts...)
}
