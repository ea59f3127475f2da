package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// compare puts what is asked beside what was asked before: the last bill of
// this buyer that went to the bank, and, when it is submitted anew, its own
// earlier version. Both sides are read from the bytes that were approved. It
// also notes what is out of the ordinary.
func compare(ctx context.Context, q *store.Query, lead store.Instruction, v *templates.ApprovalView) error {
	now, ok, err := entryOf(lead)
	if err != nil || !ok {
		return err
	}
	v.NewBuyer = lead.NewBuyer
	usual, err := q.Usual(lead.SubjectID())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if usual.Outlier(lead.AmountSatang) {
		v.Notes = append(v.Notes, text.T(ctx, "approval.note.much", "usual", text.Amount(usual.MeanSatang)))
	}
	if lead.ReplacesID.Valid {
		earlier, err := q.Instruction(lead.ReplacesID.UUID)
		if err != nil {
			return err
		}
		was, ok, err := entryOf(earlier)
		if err != nil {
			return err
		}
		if ok {
			warn(ctx, v, was, now)
			addComparison(ctx, v, earlier, was, now, text.T(ctx, "approval.compare.earlier"), everyField)
		}
	}
	last, err := q.LastEntry(now.Buyer.TaxIdentification, lead.SubjectID())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	was, ok, err := entryOf(last)
	if err != nil || !ok {
		return err
	}
	warn(ctx, v, was, now)
	// A replacement stands beside the bill that it replaces already.
	if v.Original.Href != billHref(last.SubjectID()) {
		addComparison(ctx, v, last, was, now, text.T(ctx, "approval.compare.last", "title", last.Title), lastingFields)
	}
	return nil
}

// entryOf is what an instruction presents; ok is false when it does something
// else.
func entryOf(i store.Instruction) (r krungsri.CreatePresentmentRequest, ok bool, err error) {
	payload, err := teller.Payload(i)
	r, ok = payload.(krungsri.CreatePresentmentRequest)
	return r, ok, err
}

// warn notes that the money goes elsewhere, or that the buyer is elsewhere,
// than before: both are worth a word of their own, once.
func warn(ctx context.Context, v *templates.ApprovalView, was, now krungsri.CreatePresentmentRequest) {
	note := func(words string) {
		if !slices.Contains(v.Notes, words) {
			v.Notes = append(v.Notes, words)
		}
	}
	if was.Seller.AccountNumber != now.Seller.AccountNumber {
		note(text.T(ctx, "approval.note.account"))
	}
	if was.Buyer.Address != now.Buyer.Address {
		note(text.T(ctx, "approval.note.address"))
	}
}

// addComparison lists what differs from an earlier bill, that its instruction
// names.
func addComparison(ctx context.Context, v *templates.ApprovalView, before store.Instruction, was, now krungsri.CreatePresentmentRequest, title string, fields []comparedField) {
	c := templates.ApprovalComparison{Title: title, Href: "/approvals/" + before.ID.String()}
	for _, f := range fields {
		if old, now := f.read(ctx, was), f.read(ctx, now); old != now {
			c.Rows = append(c.Rows, templates.ApprovalChange{Name: text.T(ctx, f.name), Before: old, After: now})
		}
	}
	if was.TotalAmount != now.TotalAmount {
		c.Rows = append(c.Rows, templates.ApprovalChange{
			Name: text.T(ctx, "approval.compare.total"), Before: text.Amount(int64(was.TotalAmount)), After: text.Amount(int64(now.TotalAmount)),
			Change: percent(int64(was.TotalAmount), int64(now.TotalAmount)),
		})
	}
	c.Rows = append(c.Rows, changedLines(ctx, was.Items, now.Items)...)
	v.Comparisons = append(v.Comparisons, c)
}

// comparedField is one thing that two bills may say differently.
type comparedField struct {
	name string
	read func(context.Context, krungsri.CreatePresentmentRequest) string
}

// lastingFields are what two bills to one buyer usually have in common.
var lastingFields = []comparedField{
	{text.K("approval.compare.buyer"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.Buyer.Name }},
	{text.K("approval.compare.branch"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.Buyer.BranchNumber }},
	{text.K("approval.compare.address"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.Buyer.Address }},
	{text.K("approval.compare.account"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.Seller.AccountNumber }},
	{text.K("approval.compare.rate"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.TaxRate.String() + " %" }},
	{text.K("approval.compare.term"), func(ctx context.Context, r krungsri.CreatePresentmentRequest) string {
		return text.N(ctx, "approval.compare.days", int(dayOf(r.DueDate).Time().Sub(dayOf(r.DocumentDate).Time()).Hours()/24))
	}},
}

// everyField is what one bill may have had differently before.
var everyField = append([]comparedField{
	{text.K("approval.compare.number"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.DocumentNumber }},
	{text.K("approval.compare.tax_id"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string {
		return r.Buyer.TaxIdentification
	}},
	{text.K("approval.compare.on"), func(ctx context.Context, r krungsri.CreatePresentmentRequest) string {
		return text.Date(ctx, dayOf(r.DocumentDate).Time())
	}},
	{text.K("approval.compare.due"), func(ctx context.Context, r krungsri.CreatePresentmentRequest) string {
		return text.Date(ctx, dayOf(r.DueDate).Time())
	}},
	{text.K("approval.compare.remark"), func(_ context.Context, r krungsri.CreatePresentmentRequest) string { return r.Remark }},
}, lastingFields...)

// changedLines compares lines of the same name, in their order; what has no
// partner was added or dropped.
func changedLines(ctx context.Context, was, now []krungsri.Item) []templates.ApprovalChange {
	var rows []templates.ApprovalChange
	left := append([]krungsri.Item(nil), was...)
	for _, i := range now {
		at := -1
		for n, old := range left {
			if strings.EqualFold(old.Name, i.Name) {
				at = n
				break
			}
		}
		if at < 0 {
			rows = append(rows, templates.ApprovalChange{Name: text.T(ctx, "approval.compare.line_new"), After: lineText(i)})
			continue
		}
		old := left[at]
		left = append(left[:at], left[at+1:]...)
		if lineText(old) != lineText(i) {
			rows = append(rows, templates.ApprovalChange{
				Name: i.Name, Before: lineText(old), After: lineText(i), Change: percent(int64(old.AmountBeforeTax), int64(i.AmountBeforeTax)),
			})
		}
	}
	for _, old := range left {
		rows = append(rows, templates.ApprovalChange{Name: text.T(ctx, "approval.compare.line_gone"), Before: lineText(old)})
	}
	return rows
}

func lineText(i krungsri.Item) string {
	return i.Name + " · " + text.Group(i.Quantity.String()) + " × " + unitPrice(i.UnitPrice.Decimal) + " = " + text.Amount(int64(i.AmountBeforeTax))
}

// percent is how far an amount rose or fell, or nothing from nothing.
func percent(was, now int64) string {
	if was == 0 || was == now {
		return ""
	}
	p := decimal.NewFromInt(now-was).Mul(decimal.NewFromInt(100)).DivRound(decimal.NewFromInt(was), 1)
	if p.IsPositive() {
		return "+" + p.String() + " %"
	}
	return p.String() + " %"
}
