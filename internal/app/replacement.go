package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var buyerMeanings = map[string]ui.Meaning{
	store.BuyerAccepted: ui.Good, store.BuyerDisputed: ui.Bad, store.BuyerExpired: ui.Warning, store.BuyerPaid: ui.Good,
}

// buyerStatus is the badge of what a buyer decided.
func buyerStatus(ctx context.Context, decision string) ui.Status {
	return ui.Status{Meaning: buyerMeanings[decision], Label: text.T(ctx, text.Prefix("replacement.decision.")+decision)}
}

// billStatus is the badge of a bill: what its buyer decided, once it is at the
// bank and they have.
func billStatus(ctx context.Context, p store.Presentment) ui.Status {
	if p.BuyerDecision != "" && atBank(p) {
		return buyerStatus(ctx, p.BuyerDecision)
	}
	return presentmentStatus(ctx, p.State)
}

// threadOf is the bill among those that it replaces and that replace it, with
// what the buyer said of it.
func threadOf(ctx context.Context, q *store.Query, p store.Presentment) (templates.Thread, error) {
	var v templates.Thread
	if p.BuyerDecision != "" {
		v.Decision, v.Remark, v.DecidedAt = p.BuyerDecision, p.BuyerRemark, *p.DecidedAt
		v.Status = buyerStatus(ctx, p.BuyerDecision)
	}
	members, err := q.Chain(p.ID)
	if err != nil {
		return v, err
	}
	for n, m := range members {
		row := templates.ThreadRow{
			Href: billHref(m.ID), Number: m.DocumentNumber, AmountSatang: m.TotalSatang, Current: m.ID == p.ID,
			Status: billStatus(ctx, store.Presentment{State: m.State, BuyerDecision: m.BuyerDecision}), Remark: m.BuyerRemark,
		}
		if m.Reason != nil {
			row.Reason = reasonName(ctx, *m.Reason)
		}
		if n > 0 && members[n-1].DecidedAt != nil && m.PresentedAt != nil {
			row.Fixed = text.Duration(ctx, max(0, m.PresentedAt.Sub(*members[n-1].DecidedAt)))
		}
		v.Rows = append(v.Rows, row)
		if n > 0 && members[n-1].ID == p.ID {
			v.Next, v.NextNumber = row.Href, row.Number
		}
	}
	if len(v.Rows) < 2 {
		v.Rows = nil
	}
	return v, nil
}

func reasonName(ctx context.Context, reason string) string {
	return text.T(ctx, text.Prefix("replacement.reason.")+reason)
}

// originalOf is what the form says of the bill that p takes the place of.
func (a *App) originalOf(r *http.Request, u user, p store.Presentment) (v templates.Original, err error) {
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		v, _, err = originalIn(r.Context(), q, p)
		return err
	})
	return v, err
}

// originalIn compares p with the bill that it takes the place of; nil when it
// takes nobody's.
func originalIn(ctx context.Context, q *store.Query, p store.Presentment) (templates.Original, *store.Presentment, error) {
	r, ok, err := q.Replaces(p.ID)
	if err != nil || !ok {
		return templates.Original{}, nil, err
	}
	old, err := q.Presentment(r.ReplacedID)
	if err != nil {
		return templates.Original{}, nil, err
	}
	return templates.Original{
		Href: billHref(old.ID), Number: old.DocumentNumber, NewNumber: p.DocumentNumber, Remark: old.BuyerRemark,
		Reason: reasonName(ctx, r.Reason), Note: r.Note, Differences: differences(ctx, old, p),
	}, &old, nil
}

// originalOfLead is the same for what waits for approval.
func originalOfLead(ctx context.Context, q *store.Query, lead store.Instruction) (templates.Original, error) {
	p, err := q.Presentment(lead.SubjectID())
	if err != nil {
		return templates.Original{}, err
	}
	v, _, err := originalIn(ctx, q, p)
	return v, err
}

// differences lists what is not as it was, a line of the bill each.
func differences(ctx context.Context, old, p store.Presentment) []templates.Difference {
	var list []templates.Difference
	compare := func(label, before, after string) {
		if before != after {
			list = append(list, templates.Difference{Field: label, Before: before, After: after})
		}
	}
	compare(text.T(ctx, "presentment.buyer_name"), old.BuyerName, p.BuyerName)
	compare(text.T(ctx, "presentment.tax_id"), old.BuyerTaxID, p.BuyerTaxID)
	compare(text.T(ctx, "presentment.branch"), old.BuyerBranch, p.BuyerBranch)
	compare(text.T(ctx, "presentment.address"), old.BuyerAddress, p.BuyerAddress)
	compare(text.T(ctx, "presentment.type"), text.T(ctx, text.Prefix("presentment.type.")+old.DocumentType), text.T(ctx, text.Prefix("presentment.type.")+p.DocumentType))
	compare(text.T(ctx, "presentment.number"), old.DocumentNumber, p.DocumentNumber)
	compare(text.T(ctx, "presentment.on"), text.Date(ctx, old.DocumentOn), text.Date(ctx, p.DocumentOn))
	compare(text.T(ctx, "presentment.due"), text.Date(ctx, old.DueOn), text.Date(ctx, p.DueOn))
	for n := range max(len(old.Lines), len(p.Lines)) {
		compare(text.T(ctx, "replacement.line", "n", n+1), lineInBrief(old.Lines, n), lineInBrief(p.Lines, n))
	}
	compare(text.T(ctx, "presentment.remark"), old.Remark, p.Remark)
	compare(text.T(ctx, "replacement.total"), text.Amount(old.TotalSatang), text.Amount(p.TotalSatang))
	return list
}

// lineInBrief writes a line so that it can be compared by eye; one that is not
// there is a dash.
func lineInBrief(lines []store.PresentmentLine, n int) string {
	if n >= len(lines) {
		return "–"
	}
	l := lines[n]
	return fmt.Sprintf("%s · %s × %s = %s", l.Description, l.Quantity, unitPrice(l.UnitPrice), text.Amount(l.AmountSatang))
}

// replacementObstacles are what keeps a bill from taking the place of another.
func replacementObstacles(ctx context.Context, original *store.Presentment, p store.Presentment) []ui.FieldError {
	if original == nil {
		return nil
	}
	edit := billHref(p.ID) + "/edit"
	switch err := teller.CheckReplacement(*original, p); {
	case errors.Is(err, teller.ErrNotDisputed):
		return []ui.FieldError{{Field: billHref(original.ID), Message: text.T(ctx, "replacement.obstacle.not_disputed", "number", original.DocumentNumber)}}
	case errors.Is(err, teller.ErrOtherBuyer):
		return []ui.FieldError{{Field: edit + "#buyer_tax_id", Message: text.T(ctx, "replacement.obstacle.other_buyer", "number", original.DocumentNumber)}}
	case errors.Is(err, teller.ErrOldNumberUnsaid):
		return []ui.FieldError{{Field: edit + "#remark", Message: text.T(ctx, "replacement.obstacle.number", "number", original.DocumentNumber)}}
	}
	return nil
}

// newReplacement asks why the disputed bill is made anew.
func (a *App) newReplacement(w http.ResponseWriter, r *http.Request, u user) error {
	return a.replacementPage(w, r, u, http.StatusOK, templates.ReplacementNew{})
}

func (a *App) replacementPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.ReplacementNew) error {
	ctx := r.Context()
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	if !teller.Replaceable(p) {
		return a.billConflict(w, r, u, p.ID, text.Msg("replacement.refused"))
	}
	v.ID, v.Number, v.Buyer, v.AmountSatang, v.Remark = p.ID.String(), p.DocumentNumber, p.BuyerName, p.TotalSatang, p.BuyerRemark
	v.TaxInvoice = p.DocumentType != "380"
	for _, reason := range store.ReplacementReasons {
		v.Reasons = append(v.Reasons, ui.Choice{Value: reason, Label: reasonName(ctx, reason), Checked: reason == v.Reason})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments, Status: status}, templates.NewReplacement(v))
}

// maxNote is how long the explanation of a replacement may be; it goes into the
// remark of the bill.
const maxNote = 200

// createReplacement drafts the bill that takes the place of a disputed one, and
// opens it for editing.
func (a *App) createReplacement(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.ReplacementNew{Reason: f.raw("reason"), Note: f.raw("note")}
	c := teller.Correction{Reason: f.choice("reason", store.ReplacementReasons...), Note: f.text("note", maxLen(maxNote))}
	if err := f.check(); err != nil {
		return err
	}
	if c.Reason == "" {
		f.fail("reason", text.Msg("replacement.reason_missing"))
	}
	if c.Reason == "other" && c.Note == "" && f.valid() {
		f.fail("note", text.Msg("replacement.note_missing"))
	}
	ctx := r.Context()
	if !f.valid() {
		v.ReasonError, v.NoteError, v.Errors = f.errorOf(ctx, "reason"), f.errorOf(ctx, "note"), f.summary(ctx)
		return a.replacementPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	draft, err := a.Teller.MakeReplacement(ctx, u.actor(), id, c, func(q *store.Query) (store.Presentment, error) { return draftLike(q, id, a.today()) })
	switch {
	case errors.Is(err, teller.ErrNotDisputed):
		return a.billConflict(w, r, u, id, text.Msg("replacement.refused"))
	case errors.Is(err, errNotAlike):
		return a.billConflict(w, r, u, id, text.Msg("form.refused.copy"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, billHref(draft)+"/edit", text.Msg("replacement.made"))
}

// fixesSince is how far back the figures of finished disputes reach.
const fixesSince = 365 * 24 * time.Hour

// listDisputes shows the disputed bills that wait, the oldest first, and how
// long it took to replace the others.
func (a *App) listDisputes(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	from := cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	var v templates.DisputesView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, more, err := q.Disputes(store.DisputeCursor(from), pageRows)
		if err != nil {
			return err
		}
		for _, d := range list {
			v.Rows = append(v.Rows, a.disputeRow(ctx, d))
		}
		if more {
			last := list[len(list)-1]
			v.Pager.Next = addressAfter("/presentments/disputes", nil, last.DecidedAt, last.ID)
		}
		fixes, err := q.Fixes(a.Clock().Add(-fixesSince))
		for _, x := range fixes {
			v.Fixes = append(v.Fixes, templates.FixRow{Reason: reasonName(ctx, x.Reason), Number: x.Number, Average: lasted(ctx, x.Seconds), Longest: lasted(ctx, x.Longest)})
		}
		return err
	})
	if err != nil {
		return err
	}
	if !from.At.IsZero() {
		v.Pager.First = "/presentments/disputes"
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments, Part: templates.DisputesPart}, templates.Disputes(v))
}

func lasted(ctx context.Context, seconds int64) string {
	return text.Duration(ctx, time.Duration(max(0, seconds))*time.Second)
}

func (a *App) disputeRow(ctx context.Context, d store.DisputeRow) templates.DisputeRow {
	row := templates.DisputeRow{
		Href: billHref(d.ID), Number: d.DocumentNumber, Buyer: d.BuyerName, AmountSatang: d.TotalSatang, Remark: strings.TrimSpace(d.BuyerRemark),
		Since: d.DecidedAt, Age: max(0, a.Clock().Sub(d.DecidedAt)),
	}
	if d.ReplacementID.Valid {
		row.ReplacementHref, row.ReplacementNumber = billHref(d.ReplacementID.UUID), *d.ReplacementName
		row.Replacement = presentmentStatus(ctx, *d.ReplacementState)
		if slices.Contains([]string{store.PresentmentDraft, store.PresentmentRefused}, *d.ReplacementState) {
			row.Replacement.Meaning = ui.Warning
		}
	}
	return row
}
