package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/qrcode"
	"portal/internal/app/teller"
	"portal/internal/app/thaiqr"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showRequest shows one request to pay with its story.
func (a *App) showRequest(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.requestPage(w, r, u, id, http.StatusOK, "")
}

// requestProgress is the page again once something has moved since the moment
// that the reader's page knows, and nothing before that.
func (a *App) requestProgress(w http.ResponseWriter, r *http.Request, u user) error {
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
		d, err := q.Request(id)
		if err != nil {
			return err
		}
		asked, err := q.Inquiries(store.About("request", id))
		now = requestMoved(d, asked)
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.requestPage(w, r, u, id, http.StatusOK, "")
}

// requestMoved names the moment of the last move, and how far the bank was asked.
func requestMoved(r store.PayRequest, asked []store.Inquiry) string {
	name := moment(r.StateSince)
	if len(asked) > 0 {
		name += "-" + asked[0].State
	}
	return name
}

func (a *App) requestPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, refusal string) error {
	ctx := r.Context()
	var v templates.RequestView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.requestView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = refusal
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.RequestShow(v))
}

func (a *App) requestView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.RequestView, error) {
	var v templates.RequestView
	r, err := q.Request(id)
	if err != nil {
		return v, err
	}
	// Its course runs as that of a bill that nobody can cancel.
	c, err := readCourse(q, store.Presentment{ID: r.ID, State: r.State, StateSince: r.StateSince, EntryID: r.InstructionID})
	if err != nil {
		return v, err
	}
	asked, err := q.Inquiries(store.About("request", id))
	if err != nil {
		return v, err
	}
	story, err := requestStory(ctx, q, id)
	if err != nil {
		return v, err
	}
	v = templates.RequestView{
		ID: id.String(), Version: r.Version, Paper: requestPaper(ctx, r, a.Clock()), Status: requestStatus(ctx, r.State), Turn: requestTurn(ctx, r, c), Since: r.StateSince,
		Mine: c.mine || r.Editable() && u.can(store.Maker), Facts: requestFacts(ctx, r), Story: newestFirst(story),
	}
	if c.waits() != nil {
		v.Story = slices.Insert(v.Story, 0, ui.Event{Sentence: v.Turn, Pending: true})
	}
	if r.Ended() {
		v.Failure, v.Advice = requestFailure(ctx, r)
	}
	if r.State != store.RequestPaid && r.State != store.RequestDiscarded {
		v.QR = qrcode.Modules(requestQR(r))
		v.QRHelp = text.T(ctx, "request.qr_help", "id", promptpay.ID{Kind: promptpay.Kind(r.SenderKind), Value: r.SenderValue}.Format())
	}
	if err := relateRequest(ctx, q, r, &v); err != nil {
		return v, err
	}
	offerRequest(&v, u, r, c, asked)
	for _, i := range asked {
		v.Inquiries = append(v.Inquiries, requestInquiry(ctx, i))
	}
	return v, nil
}

// requestQR is the text of the Thai QR code by which the same can be paid in any
// bank's app: to the same id of ours, the same amount. Only to a biller it
// carries the reference.
func requestQR(r store.PayRequest) string {
	p := thaiqr.Payment{Satang: r.AmountSatang}
	switch promptpay.Kind(r.SenderKind) {
	case promptpay.Mobile:
		p.Mobile = r.SenderValue
	case promptpay.Biller:
		p.Biller, p.Reference1, p.Reference2 = r.SenderValue, r.Reference, r.Reference2
	default:
		p.TaxID = r.SenderValue
	}
	if p.Check() != nil {
		return ""
	}
	return p.String()
}

// relateRequest adds what the request has to do with: what it is sent instead
// of, and how else the same is collected.
func relateRequest(ctx context.Context, q *store.Query, r store.PayRequest, v *templates.RequestView) (err error) {
	if r.ResendOf.Valid {
		v.Related = append(v.Related, templates.DebitLink{Href: requestHref(r.ResendOf.UUID), Label: text.T(ctx, "request.instead_of")})
	}
	if r.ImportID.Valid {
		v.Related = append(v.Related, templates.DebitLink{Href: requestBatchHref(r.ImportID.UUID), Label: text.T(ctx, "request.of_file")})
	}
	if r.Ended() {
		if again, err := q.ResendOf(r.ID); err == nil {
			v.Related = append(v.Related, templates.DebitLink{Href: requestHref(again), Label: text.T(ctx, "request.resent_as")})
		} else {
			v.MayResend = true
		}
	}
	if r.State == store.RequestDraft || r.State == store.RequestSubmitted {
		v.Collisions, err = requestCollisions(ctx, q, r.ID)
	}
	return err
}

// offerRequest adds what this person may do now, and where the rest is done.
func offerRequest(v *templates.RequestView, u user, r store.PayRequest, c course, asked []store.Inquiry) {
	isMaker := u.can(store.Maker)
	v.MayEdit, v.MayDiscard = isMaker && r.Editable(), isMaker && r.Editable()
	v.MayRestore = isMaker && r.State == store.RequestDiscarded
	v.MayResend = v.MayResend && isMaker
	v.Asking = len(asked) > 0 && (asked[0].State == store.InquiryWaiting || asked[0].State == store.InquiryAsking)
	v.MayAsk = (isMaker || u.can(store.Checker)) && !v.Asking && (r.State == store.RequestUnknown || r.BankReference != "")
	if len(c.parts) > 0 && !r.Editable() {
		v.Fingerprint = store.FingerprintOf(c.parts).String()
	}
	if waits := c.waits(); waits != nil && (isMaker || u.can(store.Checker) || u.can(store.Auditor)) {
		v.Approval = "/approvals/" + waits.ID.String()
	}
	if r.State == store.RequestUnknown {
		if v.Desk = "/unknown"; c.unknown() != nil {
			v.Desk += "/" + c.unknown().ID.String()
		}
	}
	if r.State == store.RequestApproved || r.State == store.RequestSending || v.Asking || r.AtBank() {
		v.Poll = requestHref(r.ID) + "/progress?seen=" + requestMoved(r, asked)
	}
	if i := c.current(); i != nil && i.MakerID == u.person.ID && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal"}
	}
}

func requestInquiry(ctx context.Context, i store.Inquiry) templates.DebitInquiry {
	row := debitInquiry(ctx, i)
	if key := text.Prefix("request.came.") + i.Came; i.Came != "" && text.Has(key) {
		row.Came = text.T(ctx, key)
	}
	if known := text.Prefix("request.bank_state.") + i.Status; i.Status != "" && text.Has(known) {
		row.Detail = text.T(ctx, known)
	}
	return row
}

// requestFacts are what the bank calls it and says of it.
func requestFacts(ctx context.Context, r store.PayRequest) []ui.Definition {
	var facts []ui.Definition
	if r.BankReference != "" {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "request.rtp"), Body: templates.Copied(r.BankReference, text.T(ctx, "request.rtp"))})
	}
	if r.BankSaidAt != nil {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "request.bank_said"), Value: text.T(ctx, text.Prefix("request.bank_state.")+r.BankStatus) + " · " + text.When(ctx, *r.BankSaidAt)})
	}
	own := promptpay.ID{Kind: promptpay.Kind(r.SenderKind), Value: r.SenderValue}
	facts = append(facts, ui.Definition{Term: text.T(ctx, "request.money_to"), Value: text.T(ctx, "request.money_account", "id", own.Format())})
	if r.PaidAt != nil {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "request.paid_at"), Value: text.DateTime(ctx, *r.PaidAt)},
			ui.Definition{Term: text.T(ctx, "request.payment_reference"), Body: templates.Copied(r.PaymentRef, text.T(ctx, "request.payment_reference"))})
	}
	return facts
}

// requestFailure says why it came to nothing, and what to do.
func requestFailure(ctx context.Context, r store.PayRequest) (why, advice string) {
	why = text.T(ctx, text.Prefix("request.ended.")+r.State)
	if row, known := krungsri.AlertFailureByCode(r.FailureCode); known && r.State == store.RequestFailed {
		why = text.T(ctx, text.Prefix("request.failure.")+row.Name)
	}
	if r.FailureReason != "" {
		why += ": " + r.FailureReason
	}
	return why, text.T(ctx, text.Prefix("request.advice.")+r.State)
}

// requestTurn says in one sentence where the request stands and whose turn it is.
func requestTurn(ctx context.Context, r store.PayRequest, c course) string {
	names := someNames(ctx, deciderNames(ctx, c.deciders))
	switch {
	case r.State == store.RequestDraft && len(c.parts) > 0:
		return text.T(ctx, text.Prefix("request.turn.draft_")+c.parts[0].State)
	case r.State == store.RequestSubmitted && c.mine:
		return text.T(ctx, "receipt.turn.submitted_mine")
	case r.State == store.RequestSubmitted && names == "":
		return text.T(ctx, "receipt.turn.submitted_nobody")
	}
	return text.T(ctx, text.Prefix("request.turn.")+r.State, "names", names, "sends", sendingWords(ctx, r), "ends", text.LongDate(ctx, r.EndsOn))
}

// sendingWords say when a request is sent.
func sendingWords(ctx context.Context, r store.PayRequest) string {
	if r.SendOn == nil {
		return text.T(ctx, "request.sends_now")
	}
	return text.T(ctx, "request.sends_at", "on", text.BothEras(ctx, *r.SendOn), "at", r.SendAt)
}

// requestTiming says what the bank does with a request of these times, by the
// rule of its page, as of now.
func requestTiming(ctx context.Context, r store.PayRequest, now time.Time) string {
	sends, _ := teller.RequestTimes(r)
	switch {
	case r.SendOn == nil:
		return text.T(ctx, "request.timing.now")
	case sends.After(now):
		return text.T(ctx, "request.timing.scheduled", "on", text.LongDate(ctx, *r.SendOn), "at", r.SendAt)
	case thaiDay(now).After(*r.SendOn):
		return text.T(ctx, "request.timing.past", "on", text.LongDate(ctx, *r.SendOn))
	}
	return text.T(ctx, "request.timing.come", "at", r.SendAt)
}

// requestPaper is what a request says.
func requestPaper(ctx context.Context, r store.PayRequest, now time.Time) templates.RequestPaper {
	receiver, sender := promptpay.ID{Kind: promptpay.Kind(r.ReceiverKind), Value: r.ReceiverValue}, promptpay.ID{Kind: promptpay.Kind(r.SenderKind), Value: r.SenderValue}
	p := templates.RequestPaper{
		Name: r.ReceiverName, Receiver: receiver.Format() + " · " + kindName(ctx, receiver.Kind), Sender: sender.Format() + " · " + r.SenderLabel, Amount: r.AmountSatang,
		Reference: r.Reference, Reference2: r.Reference2, Message: r.Message, Invoice: r.InvoiceNumber, Sends: sendingWords(ctx, r), Timing: requestTiming(ctx, r, now),
		EndsOn: r.EndsOn, Repeat: r.RepeatReason, SenderEnded: !r.SenderActive && (r.Editable() || r.State == store.RequestSubmitted || r.State == store.RequestApproved),
	}
	if r.PresentmentID.Valid {
		p.InvoiceHref = billHref(r.PresentmentID.UUID)
	}
	return p
}

// requestLeaf is what the leaves about a request say.
type requestLeaf struct {
	Instruction store.ID `json:"instruction"`
	Repeat      string   `json:"repeat_reason"`
	Reason      string   `json:"failure_reason"`
}

// requestStory tells what happened to a request, oldest first.
func requestStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("request", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	var leads []store.ID
	for _, leaf := range leaves {
		var d requestLeaf
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		switch leaf.Action {
		case "request.submitted":
			leads = append(leads, d.Instruction)
		case "request.moved", "request.asked_about": // told by its instructions and inquiries
		default:
			note := d.Repeat
			if d.Reason != "" {
				note = d.Reason
			}
			events = append(events, ui.Event{
				At: leaf.At, Person: leaf.PersonName, Note: note, Sentence: text.T(ctx, text.Prefix("request.story.")+leaf.Action[len("request."):]),
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
