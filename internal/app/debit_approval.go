package app

import (
	"context"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// describeDebit shows an approver a debit from the bytes that will be sent, with
// how else the same is collected.
func describeDebit(ctx context.Context, q *store.Query, d teller.Debit, lead store.Instruction, v *templates.ApprovalView) error {
	on := dayOf(d.DebitDate).Time()
	now, err := q.Debit(lead.SubjectID())
	if err != nil {
		return err
	}
	paper := templates.DebitPaper{
		Payer: d.PayerName, Code: d.PayerCode, Account: d.DrawerAccount, Amount: int64(d.Amount), Reference: d.Ref1, Invoice: d.InvoiceNumber, On: on, Note: d.Note,
		Repeat: d.RepeatReason, Dead: !now.MandateLive && lead.State == store.Pending,
	}
	v.Debit = &templates.DebitApproval{Paper: paper}
	v.Sentence = text.T(ctx, "debits.approve_sentence", "payer", d.PayerName, "amount", text.Amount(int64(d.Amount)), "on", text.BothEras(ctx, on))
	v.Lasting = text.T(ctx, "debits.irreversible")
	if lead.State != store.Pending {
		return nil
	}
	if v.Debit.Collisions, err = debitCollisions(ctx, q, now.ID); err != nil {
		return err
	}
	alike, err := q.DebitsAlike(now)
	for _, o := range alike {
		v.Debit.Alike = append(v.Debit.Alike, templates.DebitLink{Href: debitHref(o.ID), Label: o.PayerName + " · " + o.Reference, Status: debitStatus(ctx, o.State)})
	}
	return err
}
