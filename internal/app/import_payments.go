package app

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"portal/internal/app/intake"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// nameOfPayment is what a row of a statement is called: by who paid or, where
// that is not told, by what was written.
func nameOfPayment(p intake.Payment) string {
	return shortened(cmp.Or(p.Payer, p.Reference1, p.Description), intake.MaxName)
}

// paymentOf is the payment that a row of a statement tells of.
func paymentOf(p intake.Payment) store.Payment {
	return store.Payment{
		Source: store.PaymentByFile, PaidOn: midnight(p.On), AmountSatang: p.AmountSatang, PayerName: p.Payer, PayerTaxID: p.TaxID,
		Reference1: p.Reference1, Reference2: p.Reference2, Description: p.Description, Channel: p.Channel, BankReference: p.BankReference,
	}
}

// comparePayments leaves out what is known: by the bank's reference or, where
// the statement has none, by all that it says. Of two that say the same both
// are taken, unless as many are known already.
func comparePayments(q *store.Query, i store.Import, list []judgedItem) error {
	var references []string
	var alike []store.Payment
	for _, j := range list {
		switch {
		case len(j.rows) == 0 || intake.PassedOver(j.faults):
		case j.payment.BankReference != "":
			references = append(references, j.payment.BankReference)
		case !intake.Hinder(j.faults):
			alike = append(alike, paymentOf(j.payment))
		}
	}
	known, err := q.PaymentsKnown(references)
	if err != nil {
		return err
	}
	number, err := q.PaymentsAlike(i.ID, alike)
	if err != nil {
		return err
	}
	places, err := q.ImportOrdinals(i.ID, nosOfJudged(list))
	if err != nil {
		return err
	}
	n := 0
	for at := range list {
		j := &list[at]
		if len(j.rows) == 0 || intake.PassedOver(j.faults) {
			continue
		}
		is := known[j.payment.BankReference]
		if j.payment.BankReference == "" && !intake.Hinder(j.faults) {
			is = number[n] >= places[j.No]
			n++
		}
		if is {
			j.faults = []intake.Fault{{Row: j.rows[0].No, Field: intake.BankReference, Rule: intake.PaymentKnown, Value: j.payment.BankReference, Note: true}}
		}
	}
	return nil
}

func nosOfJudged(list []judgedItem) []int {
	nos := make([]int, len(list))
	for n, j := range list {
		nos[n] = j.No
	}
	return nos
}

// keepPayments records what is good and matches what is certain, and returns
// which payments they are.
func keepPayments(tx *store.Tx, i store.Import, good []judgedItem) (made []store.ID, err error) {
	books, err := teller.HoldBooks(tx)
	if err != nil {
		return nil, err
	}
	list := make([]store.Payment, len(good))
	for n, j := range good {
		p := paymentOf(j.payment)
		p.ID, p.ImportRow = store.NewID(), new(j.rows[0].No)
		p.ImportID.UUID, p.ImportID.Valid = i.ID, true
		p.BookedOn = books.On(p.PaidOn)
		list[n] = p
		made = append(made, p.ID)
	}
	if err := tx.AddPayments(list); err != nil {
		return nil, err
	}
	_, err = teller.MatchCertain(tx, list)
	return made, err
}

// fillPayments adds to the rows of a statement what a clerk knows them by.
func (a *App) fillPayments(q *store.Query, i store.Import, items []store.ImportItem, v *templates.ImportView) error {
	list, err := q.ImportRowsOfItems(i.ID, nosOf(items))
	if err != nil {
		return err
	}
	rules, err := a.rulesOf(q, i)
	if err != nil {
		return err
	}
	said := make(map[int]intake.Payment, len(list))
	for _, r := range list {
		said[r.ItemNo], _ = rules.JudgePayment(intake.Row{No: r.No, Cells: r.Cells})
	}
	for n := range v.Bills {
		p := said[v.Bills[n].No]
		v.Bills[n].On, v.Bills[n].Said = midnight(p.On), strings.Join(nonEmpty(p.Reference1, p.Reference2, p.Description), " · ")
	}
	return nil
}

// fillOutcome tells how the payments of an import stand.
func fillOutcome(ctx context.Context, q *store.Query, id store.ID, v *templates.ImportView) error {
	outcome, err := q.PaymentsOfImport(id)
	if err != nil {
		return err
	}
	for _, o := range outcome {
		line := templates.ImportOutcome{
			Label: text.T(ctx, text.Prefix("payment.state.")+o.State), Number: o.Number, Satang: o.SumSatang,
			Href: "/payments?import=" + id.String() + "&state=" + o.State,
		}
		if o.Reason != "" {
			line.Label += " · " + text.T(ctx, text.Prefix("payment.reason.")+o.Reason)
		}
		v.Outcome = append(v.Outcome, line)
	}
	return nil
}

// withinPayments is what is said of a row whose like stands higher up in the file.
func withinPayments(j judgedItem, first store.ImportPlace) intake.Fault {
	f := intake.Fault{Row: j.rows[0].No, Field: intake.BankReference, Rule: intake.PaymentTwice, Value: j.payment.BankReference, Words: map[string]string{"row": strconv.Itoa(first.Row)}}
	if j.payment.BankReference == "" {
		f.Field, f.Rule, f.Note = intake.Deposit, intake.PaymentAlike, true
	}
	return f
}
