package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showDebit shows one debit with its story.
func (a *App) showDebit(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.debitPage(w, r, u, id, http.StatusOK, "")
}

// debitProgress is the page again once something has moved since the moment
// that the reader's page knows, and nothing before that.
func (a *App) debitProgress(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	var now string
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		d, err := q.Debit(id)
		if err != nil {
			return err
		}
		asked, err := q.Inquiries(store.About("debit", id))
		now = debitMoved(d, asked)
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.debitPage(w, r, u, id, http.StatusOK, "")
}

// debitMoved names the moment of the last move, and how far the bank was asked.
func debitMoved(d store.Debit, asked []store.Inquiry) string {
	name := moment(d.StateSince)
	if len(asked) > 0 {
		name += "-" + asked[0].State
	}
	if d.PaymentID.Valid {
		name += "-booked"
	}
	return name
}

func (a *App) debitPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, refusal string) error {
	ctx := r.Context()
	var v templates.DebitView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.debitView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = refusal
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.DebitShow(v))
}

func (a *App) debitView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.DebitView, error) {
	var v templates.DebitView
	d, err := q.Debit(id)
	if err != nil {
		return v, err
	}
	// Its course runs as that of a bill that nobody can cancel.
	as := store.Presentment{ID: d.ID, State: d.State, StateSince: d.StateSince, EntryID: d.InstructionID}
	c, err := readCourse(q, as)
	if err != nil {
		return v, err
	}
	asked, err := q.Inquiries(store.About("debit", id))
	if err != nil {
		return v, err
	}
	story, err := debitStory(ctx, q, id)
	if err != nil {
		return v, err
	}
	v = templates.DebitView{
		ID: id.String(), Version: d.Version, Paper: debitPaper(d), Status: debitStatus(ctx, d.State), Turn: debitTurn(ctx, d, c), Since: d.StateSince,
		Mine: c.mine || d.Editable() && u.can(store.Maker), Reference: d.BankReference, Story: newestFirst(story),
	}
	if c.waits() != nil {
		v.Story = slices.Insert(v.Story, 0, ui.Event{Sentence: v.Turn, Pending: true})
	}
	if err := relateDebit(ctx, q, u, d, &v); err != nil {
		return v, err
	}
	offerDebit(&v, u, d, c, asked)
	for _, i := range asked {
		v.Inquiries = append(v.Inquiries, debitInquiry(ctx, i))
	}
	return v, nil
}

// relateDebit adds what the debit has to do with: its batch, what it tries
// again, the payment that it became, and how else the same is collected.
func relateDebit(ctx context.Context, q *store.Query, u user, d store.Debit, v *templates.DebitView) (err error) {
	if d.BatchID.Valid {
		b, err := q.DebitBatch(d.BatchID.UUID)
		if err != nil {
			return err
		}
		v.Related = append(v.Related, templates.DebitLink{Href: debitBatchHref(b.ID), Label: text.T(ctx, "debits.of_batch", "name", b.Name)})
	}
	if d.RetryOf.Valid {
		v.Related = append(v.Related, templates.DebitLink{Href: debitHref(d.RetryOf.UUID), Label: text.T(ctx, "debits.retries", "n", d.RetryNo)})
	}
	if d.PaymentID.Valid {
		v.Related = append(v.Related, templates.DebitLink{Href: paymentHref(d.PaymentID.UUID), Label: text.T(ctx, "debits.payment_of")})
	}
	if d.State == store.DebitFailed {
		if v.Letter, err = debitLetter(ctx, q, u, d); err != nil {
			return err
		}
		v.Failure, v.Advice = failureName(ctx, d.FailureCode), failureAdvice(ctx, d.FailureCode)
		if retry, err := q.RetryOf(d.ID); err == nil {
			v.Related = append(v.Related, templates.DebitLink{Href: debitHref(retry), Label: text.T(ctx, "debits.retried_by")})
		}
	}
	if d.State == store.DebitDraft || d.State == store.DebitSubmitted {
		v.Collisions, err = debitCollisions(ctx, q, d.ID)
	}
	return err
}

// offerDebit adds what this person may do now, and where the rest is done.
func offerDebit(v *templates.DebitView, u user, d store.Debit, c course, asked []store.Inquiry) {
	maker := u.can(store.Maker)
	v.MayEdit, v.MayDiscard = maker && d.Editable(), maker && d.Editable()
	v.MayRestore = maker && d.State == store.DebitDiscarded
	v.Asking = len(asked) > 0 && (asked[0].State == store.InquiryWaiting || asked[0].State == store.InquiryAsking)
	v.MayAsk = (maker || u.can(store.Checker)) && !v.Asking && d.InstructionID.Valid &&
		slices.Contains([]string{store.DebitUnknown, store.DebitTaken, store.DebitFailed}, d.State)
	if len(c.parts) > 0 && !d.Editable() {
		v.Fingerprint = store.FingerprintOf(c.parts).String()
	}
	if waits := c.waits(); waits != nil && (maker || u.can(store.Checker) || u.can(store.Auditor)) {
		v.Approval = "/approvals/" + waits.ID.String()
	}
	if d.State == store.DebitUnknown {
		if v.Desk = "/unknown"; c.unknown() != nil {
			v.Desk += "/" + c.unknown().ID.String()
		}
	}
	if d.State == store.DebitApproved || d.State == store.DebitSending || v.Asking || d.State == store.DebitTaken && !d.PaymentID.Valid {
		v.Poll = debitHref(d.ID) + "/progress?seen=" + debitMoved(d, asked)
	}
	if i := c.current(); i != nil && i.MakerID == u.person.ID && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal"}
	}
}

func debitInquiry(ctx context.Context, i store.Inquiry) templates.DebitInquiry {
	row := templates.DebitInquiry{By: i.AskedByName, At: i.AskedAt, Bad: i.State == store.InquiryFailed, Came: text.T(ctx, text.Prefix("debits.inquiry.")+i.State), Detail: i.BankCode}
	if row.By == "" {
		row.By = text.T(ctx, "story.system")
	}
	if key := text.Prefix("debits.came.") + i.Came; i.Came != "" && text.Has(key) {
		row.Came = text.T(ctx, key)
	}
	return row
}

// debitTurn says in one sentence where the debit stands and whose turn it is.
func debitTurn(ctx context.Context, d store.Debit, c course) string {
	names := someNames(ctx, deciderNames(ctx, c.deciders))
	switch {
	case d.State == store.DebitDraft && len(c.parts) > 0 && c.parts[0].Reason == store.ReasonMandateDead:
		return text.T(ctx, "debits.turn.draft_dead")
	case d.State == store.DebitDraft && len(c.parts) > 0:
		return text.T(ctx, text.Prefix("debits.turn.draft_")+c.parts[0].State)
	case d.State == store.DebitSubmitted && c.mine:
		return text.T(ctx, "receipt.turn.submitted_mine")
	case d.State == store.DebitSubmitted && names == "":
		return text.T(ctx, "receipt.turn.submitted_nobody")
	case d.State == store.DebitFailed:
		return text.T(ctx, "debits.turn.failed", "why", failureName(ctx, d.FailureCode))
	}
	return text.T(ctx, text.Prefix("debits.turn.")+d.State, "names", names, "on", text.LongDate(ctx, d.DebitOn))
}

// debitPaper is what a debit says.
func debitPaper(d store.Debit) templates.DebitPaper {
	p := templates.DebitPaper{
		PayerHref: "/payers/" + d.PayerID.String(), Payer: d.PayerName, Code: d.PayerCode, Account: d.DrawerAccount, Amount: d.AmountSatang, Reference: d.Reference,
		Invoice: d.InvoiceNumber, On: d.DebitOn, Note: d.Note, Repeat: d.RepeatReason, Dead: !d.MandateLive && (d.State == store.DebitDraft || d.State == store.DebitSubmitted || d.State == store.DebitApproved),
	}
	if d.PresentmentID.Valid {
		p.InvoiceHref = "/presentments/" + d.PresentmentID.UUID.String()
	}
	return p
}

// debitLeaf is what the leaves about a debit say.
type debitLeaf struct {
	Instruction store.ID `json:"instruction"`
	Repeat      string   `json:"repeat_reason"`
}

// debitStory tells what happened to a debit, oldest first.
func debitStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("debit", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	var leads []store.ID
	for _, leaf := range leaves {
		var d debitLeaf
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		switch leaf.Action {
		case "debit.submitted":
			leads = append(leads, d.Instruction)
		case "debit.moved", "debit.asked_about": // told by its instructions and inquiries
		default:
			events = append(events, ui.Event{
				At: leaf.At, Person: leaf.PersonName, Note: d.Repeat, Sentence: text.T(ctx, text.Prefix("debits.story.")+leaf.Action[len("debit."):]),
			})
		}
	}
	told, err := storyOf(ctx, q, leads...)
	if err != nil {
		return nil, err
	}
	events = append(events, told...)
	inOrder(events)
	return events, nil
}
