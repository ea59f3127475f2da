package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"portal/internal/app/promptpay"
	"portal/internal/app/suspect"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// earlierShown is how many other alerts of a sender its alert's page shows.
const earlierShown = 10

// alertSays is what the page says about what was just tried.
type alertSays struct {
	refusal string
	form    *templates.AlertAnswerForm // as it was typed
}

// showAlert shows one alert with its story.
func (a *App) showAlert(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.alertPage(w, r, u, http.StatusOK, alertSays{})
}

// alertProgress is the page again once something has moved since the moment
// that the reader's page knows, and nothing before that.
func (a *App) alertProgress(w http.ResponseWriter, r *http.Request, u user) error {
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
		alert, err := q.Alert(id)
		if err != nil {
			return err
		}
		asked, err := q.Inquiries(store.About("alert", id))
		now = alertMovedAt(alert, asked)
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.alertPage(w, r, u, http.StatusOK, alertSays{})
}

// alertMovedAt names the moment of the last move, and how far the bank was asked.
func alertMovedAt(a store.Alert, asked []store.Inquiry) string {
	name := moment(a.StateSince)
	if len(asked) > 0 {
		name += "-" + asked[0].State
	}
	return name
}

func (a *App) alertPage(w http.ResponseWriter, r *http.Request, u user, status int, says alertSays) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.AlertView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.alertView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = says.refusal
	if says.form != nil && v.Answer != nil {
		says.form.May, says.form.Approvers = v.Answer.May, v.Answer.Approvers
		v.Answer = says.form
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.AlertShow(v))
}

func (a *App) alertView(ctx context.Context, q *store.Query, u user, id store.ID) (v templates.AlertView, err error) {
	alert, err := q.Alert(id)
	if err != nil {
		return v, err
	}
	// Its answer runs its course as the entry of a bill does.
	c, err := readCourse(q, store.Presentment{ID: alert.ID, State: alert.State, StateSince: alert.StateSince, EntryID: alert.AcknowledgementID})
	if err != nil {
		return v, err
	}
	asked, err := q.Inquiries(store.About("alert", id))
	if err != nil {
		return v, err
	}
	story, err := alertStory(ctx, q, id)
	if err != nil {
		return v, err
	}
	v = templates.AlertView{
		ID: id.String(), Paper: a.alertPaper(ctx, alert), Status: alertStatus(ctx, alert.State), Turn: a.alertTurn(ctx, alert, c), Since: alert.StateSince,
		Mine: c.mine || alert.Box == store.AlertsToDecide && u.can(store.Maker) && alert.Answerable(a.Clock()), Story: newestFirst(story),
		Blocked: alert.Blocked, State: alert.State,
	}
	if c.waits() != nil {
		v.Story = slices.Insert(v.Story, 0, ui.Event{Sentence: v.Turn, Pending: true})
	}
	if err := a.relateAlert(ctx, q, alert, &v); err != nil {
		return v, err
	}
	for _, i := range asked {
		v.Inquiries = append(v.Inquiries, alertInquiry(ctx, i))
	}
	return v, a.offerAlert(ctx, q, u, alert, c, asked, &v)
}

// relateAlert adds what else came from its sender.
func (a *App) relateAlert(ctx context.Context, q *store.Query, alert store.Alert, v *templates.AlertView) error {
	earlier, err := q.AlertsOfSender(alert, earlierShown+1)
	if err != nil {
		return err
	}
	for n, e := range earlier {
		if n == earlierShown {
			break
		}
		v.Earlier = append(v.Earlier, alertEarlier(ctx, e))
	}
	v.MoreEarlier = "/alerts?box=" + allAlerts + "&sender=" + alert.SenderKind + "-" + alert.SenderValue
	return nil
}

func alertEarlier(ctx context.Context, e store.Alert) templates.AlertEarlier {
	row := templates.AlertEarlier{Href: alertHref(e.ID), At: e.ArrivedAt, Amount: e.AmountSatang, Reference: cmp.Or(e.Reference1, e.Reference), Status: alertStatus(ctx, e.State)}
	if e.PaidAt != nil {
		row.Paid = text.T(ctx, "alert.paid_on", "when", text.Date(ctx, e.PaidAt.In(text.Bangkok)))
	}
	return row
}

// offerAlert adds what this person may do now, and where the rest is done.
func (a *App) offerAlert(ctx context.Context, q *store.Query, u user, alert store.Alert, c course, asked []store.Inquiry, v *templates.AlertView) error {
	maker, checker := u.can(store.Maker), u.can(store.Checker)
	if maker && alert.Answerable(a.Clock()) {
		names, err := q.CheckersBesides(store.IDs{u.person.ID})
		if err != nil {
			return err
		}
		v.Answer = &templates.AlertAnswerForm{Key: newKey(), May: []string{store.AlertWillPay, store.AlertRefused}, Approvers: askedOf(ctx, names)}
		if alert.State == store.AlertOpen {
			v.Answer.May = append([]string{store.AlertReceived}, v.Answer.May...)
		}
	}
	v.MayLearn = maker && !alert.Known()
	if !alert.Blocked && a.opens(u, "/blocks/new") {
		v.Block = "/blocks/new?alert=" + alert.ID.String()
	}
	v.Asking = len(asked) > 0 && (asked[0].State == store.InquiryWaiting || asked[0].State == store.InquiryAsking)
	v.MayAsk = (maker || checker) && !v.Asking && alert.State != store.AlertPaid
	if len(c.parts) > 0 && alert.Box != store.AlertsToDecide {
		v.Fingerprint = store.FingerprintOf(c.parts).String()
	}
	if waits := c.waits(); waits != nil && (maker || checker || u.can(store.Auditor)) {
		v.Approval = "/approvals/" + waits.ID.String()
	}
	if alert.State == store.AlertUnknown {
		if v.Desk = "/unknown"; c.unknown() != nil {
			v.Desk += "/" + c.unknown().ID.String()
		}
	}
	if alert.State == store.AlertApproved || alert.State == store.AlertSending || v.Asking {
		v.Poll = alertHref(alert.ID) + "/progress?seen=" + alertMovedAt(alert, asked)
	}
	if i := c.current(); i != nil && i.MakerID == u.person.ID && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal"}
	}
	return nil
}

// alertPaper is what an alert says, and what is known of who says it.
func (a *App) alertPaper(ctx context.Context, alert store.Alert) templates.AlertPaper {
	p := templates.AlertPaper{
		Sender: senderName(ctx, alert), Proxy: maskedProxy(alert.SenderKind, alert.SenderValue), ProxyKind: text.T(ctx, text.Prefix("alert.kind.")+alert.SenderKind),
		Amount: alert.AmountSatang, Reference1: alert.Reference1, Reference2: alert.Reference2, Bank: alert.Reference, Message: alert.Message,
		Ends: alert.ExpiresAt, Arrived: alert.ArrivedAt, Paid: alert.PaidAt, Payment: alert.PaymentReference, Odd: suspicionWords(ctx, alert.Suspicions),
	}
	if alert.OurValue != "" {
		p.Ours = alert.OurLabel + " · " + promptpay.ID{Kind: promptpay.Kind(alert.OurKind), Value: alert.OurValue}.Format()
	}
	if left, ok := a.alertLeft(ctx, alert); ok {
		p.Left = &left
	}
	if alert.Known() && alert.SupplierName != nil {
		p.SupplierHref, p.Supplier = supplierHref(alert.SupplierID.UUID), *alert.SupplierName
	}
	return p
}

// suspicionWords says what is odd, a sentence each.
func suspicionWords(ctx context.Context, found store.Suspicions) (words []string) {
	for _, s := range found {
		key := text.Prefix("alert.odd.") + s.Rule
		if !text.Has(key) {
			continue
		}
		words = append(words, text.T(ctx, key, "name", s.Name, "id", s.ID, "amount", text.Amount(s.Satang), "n", s.Count, "times", suspect.Times, "link", s.Text))
	}
	return words
}

// alertTurn says in one sentence where the alert stands and whose turn it is.
func (a *App) alertTurn(ctx context.Context, alert store.Alert, c course) string {
	names := someNames(ctx, deciderNames(ctx, c.deciders))
	switch {
	case alert.Box == store.AlertsToDecide && !alert.Answerable(a.Clock()):
		return text.T(ctx, "alert.turn.over")
	case alert.Box == store.AlertsToDecide && len(c.parts) > 0 && text.Has(text.Prefix("alert.turn.after_")+c.parts[0].State):
		return text.T(ctx, text.Prefix("alert.turn.after_")+c.parts[0].State)
	case alert.State == store.AlertSubmitted && c.mine:
		return text.T(ctx, "receipt.turn.submitted_mine")
	case alert.State == store.AlertSubmitted && names == "":
		return text.T(ctx, "receipt.turn.submitted_nobody")
	case alert.State == store.AlertRefused && alert.Answer != store.AlertRefused:
		return text.T(ctx, "alert.turn.refused_elsewhere")
	case alert.State == store.AlertExpired && alert.Answer == store.AlertWillPay:
		return text.T(ctx, "alert.turn.expired_unpaid")
	}
	return text.T(ctx, text.Prefix("alert.turn.")+alert.State, "names", names)
}

func alertInquiry(ctx context.Context, i store.Inquiry) templates.DebitInquiry {
	row := debitInquiry(ctx, i)
	if key := text.Prefix("alert.came.") + i.Came; i.Came != "" && text.Has(key) {
		row.Came = text.T(ctx, key)
	}
	return row
}

// alertLeaf is what the leaves about an alert say.
type alertLeaf struct {
	Instruction store.ID `json:"instruction"`
	BankStatus  string   `json:"bank_status"`
}

// alertStory tells what happened to an alert, oldest first.
func alertStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("alert", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	var leads []store.ID
	for _, leaf := range leaves {
		var d alertLeaf
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		key := text.Prefix("alert.story.") + leaf.Action[len("alert."):]
		switch leaf.Action {
		case "alert.answering":
			leads = append(leads, d.Instruction)
			continue
		case "alert.moved", "alert.asked_about", "alert.ending": // told by its instructions and inquiries, or by the clock
			continue
		case "alert.told":
			key = text.Prefix("alert.story.told_") + d.BankStatus
		}
		events = append(events, ui.Event{At: leaf.At, Person: leaf.PersonName, Sentence: text.T(ctx, key)})
	}
	told, err := storyOf(ctx, q, leads...)
	if err != nil {
		return nil, err
	}
	events = append(events, told...)
	inOrder(events)
	return events, nil
}

// answerAlert asks for approval of an answer to the alert.
func (a *App) answerAlert(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := &templates.AlertAnswerForm{Key: f.key(), Chosen: f.raw("answer"), Reason: templates.Input{Value: f.raw("reason")}}
	answer := f.choice("answer", store.AlertReceived, store.AlertWillPay, store.AlertRefused)
	if answer == "" {
		f.fail("answer", text.Msg("alert.error.answer"))
	}
	reason := ""
	if answer == store.AlertRefused {
		reason = f.paragraph("reason", required, maxLen(maxRefusal))
	} else {
		_ = f.raw("reason") // goes with a refusal only
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		typed.Error, typed.Reason.Error, typed.Errors = f.errorOf(ctx, "answer"), f.errorOf(ctx, "reason"), f.summary(ctx)
		return a.alertPage(w, r, u, http.StatusUnprocessableEntity, alertSays{form: typed})
	}
	lead, err := a.Teller.AnswerAlert(ctx, u.actor(), id, answer, reason, typed.Key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, alertHref(id), text.Msg("alert.submitted", "instruction", lead))
	case errors.Is(err, teller.ErrKeyReused):
		typed.Key = newKey()
		return a.alertPage(w, r, u, http.StatusConflict, alertSays{refusal: text.T(ctx, "etax.refused.key"), form: typed})
	}
	if key := alertRefusal(err); key != "" {
		return a.alertPage(w, r, u, http.StatusConflict, alertSays{refusal: text.T(ctx, key), form: typed})
	}
	return err
}

// maxRefusal is how long a reason is that the sender reads.
const maxRefusal = 140

// alertRefusal says why an alert was not answered, or nothing if that is
// something else's fault.
func alertRefusal(err error) string {
	switch {
	case errors.Is(err, teller.ErrAlertOver):
		return text.K("alert.refused.over")
	case errors.Is(err, teller.ErrSaidAlready):
		return text.K("alert.refused.said")
	}
	return ""
}

// askAlert puts the question to the bank where the alert stands.
func (a *App) askAlert(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Teller.AskAlert(r.Context(), u.actor(), id)
	if errors.Is(err, store.ErrAsking) {
		return a.alertPage(w, r, u, http.StatusConflict, alertSays{refusal: text.T(r.Context(), "mandate.refused.asking")})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, alertHref(id), text.Msg("mandate.asked"))
}
