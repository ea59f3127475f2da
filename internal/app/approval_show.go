package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showApproval shows one instruction, read from the bytes that will be sent.
func (a *App) showApproval(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.approvalPage(w, r, u, id, http.StatusOK, templates.ApprovalView{})
}

// approvalPage shows the instruction with what v already says of a refused try.
func (a *App) approvalPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, v templates.ApprovalView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		parts, err := q.Parts(id)
		if err != nil {
			return err
		}
		if err := a.describe(ctx, q, u, parts, &v); err != nil {
			return err
		}
		maskRecipients(u, v.Recipients)
		if v.Etax != nil {
			maskRecipients(u, v.Etax.Recipients)
		}
		if err := compare(ctx, q, parts[0], &v); err != nil {
			return err
		}
		given, err := q.Approvals(id)
		if err != nil {
			return err
		}
		for _, g := range given {
			v.Approved = append(v.Approved, templates.ApprovalGiven{Person: personFor(ctx, g.PersonName, g.ForName), At: g.At})
		}
		standing, err := q.Standing(id)
		if err != nil {
			return err
		}
		v.For = standing.ForName
		v.WhyNot = a.whyNotDecide(ctx, u, parts[0], standing)
		v.MayDecide = v.WhyNot == ""
		if parts[0].State == store.Expired && parts[0].Operation != "presentment.cancel" && u.can(store.Maker) {
			v.Again = v.Subject + "/submission/new"
			if parts[0].Operation == "receipt.document.upload" {
				v.Again = v.Subject
			}
			switch parts[0].Subject.Kind() {
			case "mandate":
				v.Again = v.Subject + "/cancellation/new"
			case "alert":
				v.Again = v.Subject + "#answer"
			}
			if parts[0].Operation == "promptpay.unblock" {
				v.Again = v.Subject + "/lift/new"
			}
		}
		if !v.MayDecide && u.can(store.Checker) {
			next, err := q.Waiting(true, store.InstructionCursor{}, 1)
			if err != nil {
				return err
			}
			if len(next.Rows) > 0 {
				v.Next = "/approvals/" + next.Rows[0].ID.String()
			}
		}
		v.Story.Events, err = storyOf(ctx, q, id)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaApprovals, Status: status}, templates.Approval(v))
}

// describe fills v from the parts' own bytes.
func (a *App) describe(ctx context.Context, q *store.Query, u user, parts []store.Instruction, v *templates.ApprovalView) error {
	lead := parts[0]
	v.ID, v.Title, v.Operation, v.Amount, v.Maker = lead.ID.String(), lead.Title, lead.Operation, lead.AmountSatang, lead.MakerName
	v.SubmittedAt, v.Needed = lead.SubmittedAt, lead.ApprovalsNeeded
	v.Fingerprint = store.FingerprintOf(parts).String()
	v.Subject = subjectHref(lead.Subject)
	deciders, err := q.Deciders(lead.ID)
	if err != nil {
		return err
	}
	v.State = ui.StateLine{Status: instructionStatus(ctx, lead.State), Sentence: turn(ctx, lead, deciders), Since: lead.StateSince}
	v.Left = max(0, lead.ExpiresAt.Sub(a.Clock()))
	opened, err := q.OpenedFiles(q.Actor().Person, lead.SubmittedAt)
	if err != nil {
		return err
	}
	bill, same, err := attachedTo(q, parts)
	if err != nil {
		return err
	}
	for _, p := range parts {
		payload, err := teller.Payload(p)
		if err != nil {
			return err
		}
		if describeEtax(ctx, payload, lead, v) || describeSchedule(ctx, payload, lead, v) {
			continue
		}
		switch p := payload.(type) {
		case krungsri.CreatePresentmentRequest:
			v.Paper = paperOfRequest(p)
			v.Sentence = text.T(ctx, "approval.asks_to_pay", "buyer", p.Buyer.Name, "amount", text.Amount(int64(p.TotalAmount)),
				"number", p.DocumentNumber, "due", text.BothEras(ctx, dayOf(p.DueDate).Time()))
			v.Lasting = text.T(ctx, "approval.lasting_entry")
			if p.ReplacesReference != "" {
				if v.Original, err = originalOfLead(ctx, q, lead); err != nil {
					return err
				}
			}
		case krungsri.CancelPresentmentRequest:
			v.Reason, v.Reference = p.Reason, p.PresentmentReference
			v.Sentence = text.T(ctx, "approval.asks_to_cancel", "title", lead.Title, "amount", text.Amount(lead.AmountSatang))
			v.Lasting = text.T(ctx, "approval.lasting_cancel")
		case krungsri.CancelMandateRequest:
			m, err := q.Mandate(lead.SubjectID())
			if err != nil {
				return err
			}
			v.Reason, v.Reference = p.Reason, p.PaymentToken
			v.Sentence, v.Lasting = text.T(ctx, "mandate.approve_sentence", "title", lead.Title), text.T(ctx, "mandate.approve_lasting")
			if v.Panels, err = panelsOfMandate(ctx, q, u, m); err != nil {
				return err
			}
		case teller.Receipt:
			v.Receipt = paperOfReceipt(p)
			v.Sentence = text.T(ctx, "receipt.approve_sentence", "buyer", p.Buyer.Name, "amount", text.Amount(int64(p.TotalAmount)), "number", p.ReceiptNumber,
				"paid", text.BothEras(ctx, dayOf(p.PaymentDate).Time()))
			v.Lasting = text.T(ctx, "receipt.irreversible")
		case teller.Debit:
			if err := describeDebit(ctx, q, p, lead, v); err != nil {
				return err
			}
		case teller.Block:
			if err := describeBlock(ctx, q, p, lead, v); err != nil {
				return err
			}
		case teller.PayRequest:
			if err := a.describeRequest(ctx, q, p, lead, v); err != nil {
				return err
			}
		case teller.Acknowledgement:
			if err := a.describeAlert(ctx, q, p, lead, v); err != nil {
				return err
			}
		case teller.Document:
			d, err := approvalDocument(q, p, bill, same)
			if err != nil {
				return err
			}
			if p.ReceiptReference != "" {
				v.Reference = p.ReceiptReference
				v.Sentence = text.T(ctx, "receipt.approve_resend", "title", lead.Title)
				v.Lasting = text.T(ctx, "receipt.resend_lasting")
			}
			v.Documents = append(v.Documents, templates.ApprovalDocument{PaperDocument: d, Opened: slices.Contains(opened, p.FileID)})
		default:
			return fmt.Errorf("the approval page cannot show a %T", payload)
		}
	}
	if v.Schedule == nil {
		return nil
	}
	known, err := a.holidayHorizon(q)
	v.Schedule.Dates.Doubts = known.doubts(ctx, v.Schedule.Dates.Rows)
	return err
}

// subjectHref is the page of what an instruction is about.
func subjectHref(s store.Subject) string {
	if s.Kind() == "receipt" {
		return receiptHref(s.ID())
	}
	if s.Kind() == "mandate" {
		return mandateHref(s.ID())
	}
	if s.Kind() == "schedule" {
		return "/schedules/" + s.ID().String()
	}
	if s.Kind() == "etax" {
		return "/etax/" + s.ID().String()
	}
	if s.Kind() == "debit" {
		return debitHref(s.ID())
	}
	if s.Kind() == "block" {
		return blockHref(s.ID())
	}
	if s.Kind() == "request" {
		return requestHref(s.ID())
	}
	if s.Kind() == "alert" {
		return alertHref(s.ID())
	}
	return billHref(s.ID())
}

// paperOfReceipt is the receipt as its buyer will see it, from the bytes that
// were submitted.
func paperOfReceipt(r teller.Receipt) *templates.ReceiptPaper {
	p := &templates.ReceiptPaper{
		Type: r.DocumentTypeCode, Number: r.ReceiptNumber, On: dayOf(r.ReceiptDate).Time(), PaidOn: dayOf(r.PaymentDate).Time(), Method: r.PaymentMethod,
		Reference: r.PaymentReference, Seller: paperPartyOf(r.Seller), Buyer: paperPartyOf(r.Buyer), VATSatang: int64(r.TaxAmount),
		TotalSatang: int64(r.TotalAmount), WithheldSatang: int64(r.WithheldAmount), FeeSatang: int64(r.FeeAmount), ReceivedSatang: int64(r.ArrivedAmount),
		Words: thai.BahtText(int64(r.TotalAmount)), Remark: r.Remark,
	}
	for _, l := range r.For {
		p.Lines = append(p.Lines, templates.ReceiptPaperLine{
			Bill: l.BillNumber, Description: l.Description, AmountSatang: int64(l.Amount), WithheldSatang: int64(l.Withheld),
		})
	}
	return p
}

// turn says whose turn it is, by name where somebody must decide.
func turn(ctx context.Context, i store.Instruction, deciders []store.Decider) string {
	switch {
	case i.State != store.Pending:
		return text.T(ctx, text.Prefix("approval.turn.")+i.State)
	case len(deciders) == 0:
		return text.T(ctx, "approval.turn.nobody")
	}
	return text.T(ctx, "approval.turn.pending", "people", strings.Join(deciderNames(ctx, deciders), text.T(ctx, "approval.or")))
}

// whyNotDecide says why the reader may not approve, or nothing if they may.
func (a *App) whyNotDecide(ctx context.Context, u user, lead store.Instruction, s store.Standing) string {
	switch {
	case s.MayDecide():
		return ""
	case lead.State != store.Pending:
		return text.T(ctx, "approval.not.decided")
	case lead.MakerID == u.person.ID:
		return text.T(ctx, "approval.not.self")
	case s.Verdict == store.WaitsADay && s.WaitsUntil != nil:
		return text.T(ctx, "approval.not.until", "when", text.DateTime(ctx, *s.WaitsUntil))
	}
	return text.T(ctx, verdictKeys[s.Verdict])
}

// paperOfRequest is the bill as the buyer will see it, from the bytes that go
// to the bank.
func paperOfRequest(r krungsri.CreatePresentmentRequest) *templates.Paper {
	p := &templates.Paper{
		Type: r.DocumentTypeCode, Number: r.DocumentNumber, On: dayOf(r.DocumentDate).Time(), Due: dayOf(r.DueDate).Time(),
		Seller: paperPartyOf(r.Seller), Buyer: paperPartyOf(r.Buyer), Rate: r.TaxRate.String(), BeforeTaxSatang: int64(r.AmountBeforeTax),
		VATSatang: int64(r.TaxAmount), TotalSatang: int64(r.TotalAmount), Words: thai.BahtText(int64(r.TotalAmount)), Remark: r.Remark,
	}
	for _, i := range r.Items {
		line := templates.PaperLine{
			Description: i.Name, Quantity: i.Quantity.String(), UnitPrice: unitPrice(i.UnitPrice.Decimal), VAT: "standard", AmountSatang: int64(i.AmountBeforeTax),
		}
		if i.TaxRate != nil && i.TaxRate.IsZero() {
			line.VAT = "none" // the bank is not told zero-rated and exempt apart
		}
		if i.DiscountAmount != 0 {
			line.Discount = text.Amount(int64(i.DiscountAmount))
		}
		p.Lines = append(p.Lines, line)
	}
	return p
}

func paperPartyOf(p krungsri.Party) templates.PaperParty {
	return templates.PaperParty{Name: p.Name, TaxID: thai.TaxID(p.TaxIdentification).Grouped(), Branch: p.BranchNumber, Address: p.Address}
}

func dayOf(d krungsri.Date) thai.Day { return thai.Day{Year: d.Year, Month: d.Month, Day: d.Day} }

// approve records this person's consent to what the form says they saw.
func (a *App) approve(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	seen, readable := store.ParseFingerprint(f.raw("fingerprint"))
	if err := f.check(); err != nil {
		return err
	}
	if !readable {
		return &requestError{"unreadable fingerprint"}
	}
	if err := a.Teller.Approve(r.Context(), u.actor(), id, seen); err != nil {
		return a.refusedDecision(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, "/approvals/"+id.String(), text.Msg("approval.done"))
}

// reject ends an instruction with this person's reason.
func (a *App) reject(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("reason")
	reason := f.paragraph("reason", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.approvalPage(w, r, u, id, http.StatusUnprocessableEntity, templates.ApprovalView{
			RejectReason: typed, RejectError: f.errorOf(r.Context(), "reason"), Errors: f.summary(r.Context()),
		})
	}
	if err := a.Teller.Reject(r.Context(), u.actor(), id, reason); err != nil {
		return a.refusedDecision(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, "/approvals/"+id.String(), text.Msg("approval.rejected"))
}

// refusedDecision shows the instruction as it is now, with the reason why what
// was just tried did not happen.
func (a *App) refusedDecision(w http.ResponseWriter, r *http.Request, u user, id store.ID, err error) error {
	for _, c := range []struct {
		reason  error
		message string
		status  int
	}{
		{teller.ErrSelfApproval, text.K("approval.not.self"), http.StatusForbidden},
		{teller.ErrAuthor, text.K("approval.not.author"), http.StatusForbidden},
		{teller.ErrNotOnDuty, text.K("approval.not.checker"), http.StatusForbidden},
		{teller.ErrNotAsked, text.K("approval.not.not_asked"), http.StatusForbidden},
		{teller.ErrNeededLater, text.K("approval.not.needed_later"), http.StatusForbidden},
		{teller.ErrTooSoon, text.K("approval.not.too_soon"), http.StatusForbidden},
		{teller.ErrNoCredentials, text.K("approval.not.no_bank"), http.StatusConflict},
		{teller.ErrMandateDead, text.K("debits.refused.mandate"), http.StatusConflict},
		{teller.ErrSenderEnded, text.K("request.refused.sender"), http.StatusConflict},
		{teller.ErrRequestDays, text.K("request.refused.days"), http.StatusConflict},
		{teller.ErrStillRunning, text.K("request.refused.running"), http.StatusConflict},
		{teller.ErrAlertOver, text.K("alert.refused.over"), http.StatusConflict},
		{teller.ErrAlreadyApproved, text.K("approval.not.again"), http.StatusConflict},
		{teller.ErrNotPending, text.K("approval.not.decided"), http.StatusConflict},
		{teller.ErrExpired, text.K("approval.not.expired"), http.StatusConflict},
		{teller.ErrChanged, text.K("approval.not.changed"), http.StatusConflict},
		{store.ErrStale, text.K("approval.not.decided"), http.StatusConflict},
	} {
		if errors.Is(err, c.reason) {
			return a.approvalPage(w, r, u, id, c.status, templates.ApprovalView{Refused: text.T(r.Context(), c.message)})
		}
	}
	return err
}
