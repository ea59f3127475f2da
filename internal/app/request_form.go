package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"portal/internal/app/intake"
	"portal/internal/app/promptpay"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var billReference = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)

// requestForm is the form of a request to pay as it was typed.
type requestForm struct {
	*form
	version  int
	bill     store.ID
	resend   store.ID
	receiver promptpay.ID
	later    bool
	sendOn   thai.Day
	endsOn   thai.Day
	rules    store.RequestRules
	senders  []store.PromptPayID
	draft    store.PayRequest
}

// readRequestForm reads what is to be kept. The receiver may be typed in any
// form that people write PromptPay ids in.
func readRequestForm(f *form, today thai.Day) *requestForm {
	r := &requestForm{form: f, version: f.hidden("version"), bill: f.id("bill"), resend: f.id("resend")}
	typed := f.text("receiver", required, maxLen(40))
	if typed != "" {
		id, err := promptpay.Parse(typed)
		if r.receiver = id; err != nil {
			f.fail("receiver", promptPayFault(err))
		} else if id.Kind == promptpay.Biller {
			f.fail("receiver", text.Msg("request.error.biller"))
		}
	}
	r.later = f.choice("when", "now", "later") == "later"
	r.draft = store.PayRequest{
		SenderID: f.id("sender"), ReceiverKind: string(r.receiver.Kind), ReceiverValue: r.receiver.Value, ReceiverName: f.text("receiver_name", required, maxLen(140)),
		AmountSatang: f.satang("amount", required), InvoiceNumber: f.text("invoice_number", maxLen(35)), Message: f.text("message", maxLen(140)),
		Reference: strings.ToUpper(f.text("reference", maxLen(20), shaped(billReference, text.Msg("request.error.reference")))),
		ResendOf:  store.NullID(r.resend), PresentmentID: store.NullID(r.bill),
	}
	if r.later {
		r.readTime(today)
	} else {
		f.raw("send_on")
		f.raw("send_at")
	}
	if r.endsOn = f.day("ends_on", today, required); !r.endsOn.IsZero() {
		r.draft.EndsOn = midnight(r.endsOn)
	}
	if r.draft.SenderID == store.NoID {
		f.fail("sender", text.Msg("request.error.sender"))
	}
	return r
}

// readTime reads when a request of a later time is to be sent.
func (r *requestForm) readTime(today thai.Day) {
	r.sendOn = r.day("send_on", today, required)
	r.draft.SendAt = strings.TrimSpace(r.raw("send_at"))
	switch {
	case r.draft.SendAt == "":
		r.draft.SendAt = promptpay.SendingHour
	case !hourAndMinute.MatchString(r.draft.SendAt):
		r.fail("send_at", text.Msg("request.error.time"))
	}
	if !r.sendOn.IsZero() {
		on := midnight(r.sendOn)
		r.draft.SendOn = &on
	}
}

// promptPayFault says what is wrong with a typed id, and what to do.
func promptPayFault(err error) text.Message {
	for reason, message := range map[error]text.Message{
		promptpay.ErrLength: text.Msg("request.error.id_length"), promptpay.ErrMobile: text.Msg("request.error.id_mobile"),
		promptpay.ErrCheckDigit: text.Msg("request.error.id_check"),
	} {
		if errors.Is(err, reason) {
			return message
		}
	}
	return text.Msg("request.error.id_characters")
}

// lookUp reads the rules and our ids, and holds what was typed against them.
func (r *requestForm) lookUp(q *store.Query, now time.Time) (err error) {
	if r.rules, err = q.RequestRules(); err != nil {
		return err
	}
	all, err := q.ActivePromptPayIDs()
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Sends {
			r.senders = append(r.senders, i)
		}
		if i.Value == r.receiver.Value {
			r.fail("receiver", text.Msg("request.error.own"))
		}
	}
	if !r.valid() {
		return nil
	}
	return r.judge(q, now)
}

// judge applies the rules that need more than the form itself.
func (r *requestForm) judge(q *store.Query, now time.Time) error {
	known := false
	for _, i := range r.senders {
		known = known || i.ID == r.draft.SenderID
	}
	if !known {
		r.fail("sender", text.Msg("request.error.sender"))
	}
	if r.draft.AmountSatang < r.rules.MinSatang || r.draft.AmountSatang > r.rules.MaxSatang {
		r.fail("amount", text.Msg("debits.error.limits", "min", text.Amount(r.rules.MinSatang), "max", text.Amount(r.rules.MaxSatang)))
	}
	if field, why, bad := requestDayFault(r.draft, now); bad {
		r.fail(field, why)
	}
	if r.draft.Reference == "" {
		r.draft.Reference = intake.RequestReferenceFrom(r.draft.InvoiceNumber, r.receiver)
	}
	return r.bindBill(q)
}

// bindBill finds the bill that the invoice number names: the request then
// collects it.
func (r *requestForm) bindBill(q *store.Query) error {
	if r.bill != store.NoID {
		b, err := q.BillToRequest(r.bill)
		if err != nil {
			return err
		}
		if b.DocumentNumber == r.draft.InvoiceNumber {
			return nil
		}
		r.draft.PresentmentID = store.NullID(store.NoID) // typed over
	}
	if r.draft.InvoiceNumber == "" {
		return nil
	}
	b, err := q.BillNumbered(r.draft.InvoiceNumber)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && collectsBill(r.receiver, b) {
		r.draft.PresentmentID = store.NullID(b.ID)
	}
	return err
}

// requestDayFault says why the bank would not take a request of these days, if
// it would not, and at which field.
func requestDayFault(r store.PayRequest, now time.Time) (field string, why text.Message, bad bool) {
	sends, ends := teller.RequestTimes(r)
	if r.SendOn != nil {
		switch promptpay.When(thai.DayOf(*r.SendOn), sends.Sub(thai.DayOf(*r.SendOn).Time()), now) {
		case promptpay.Past:
			return "send_on", text.Msg("request.error.past"), true
		case promptpay.TooFar:
			return "send_on", text.Msg("request.error.far", "days", promptpay.MaxDays), true
		}
	}
	switch promptpay.Ends(sends, ends, now) {
	case promptpay.EndsEarly:
		return "ends_on", text.Msg("request.error.ends_early"), true
	case promptpay.EndsLate:
		return "ends_on", text.Msg("request.error.ends_late", "days", promptpay.MaxDays-1), true
	}
	return "", text.Message{}, false
}

func (r *requestForm) view(ctx context.Context) templates.RequestFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: r.raw(field), Error: r.errorOf(ctx, field)}
	}
	v := templates.RequestFormView{
		Key: r.raw("key"), Version: r.version, Sender: input("sender"), Receiver: input("receiver"), Name: input("receiver_name"), Amount: input("amount"),
		Invoice: input("invoice_number"), Ref: input("reference"), Message: input("message"), Later: r.later, When: input("when"), SendOn: input("send_on"),
		SendAt: input("send_at"), EndsOn: input("ends_on"), Errors: r.summary(ctx),
		Limits:   text.T(ctx, "debits.limits", "min", text.Amount(r.rules.MinSatang), "max", text.Amount(r.rules.MaxSatang)),
		OpenDays: text.T(ctx, "request.ends_help", "days", promptpay.MaxDays-1),
	}
	if r.bill != store.NoID {
		v.Bill = r.bill.String()
	}
	if r.resend != store.NoID {
		v.Resend = r.resend.String()
	}
	if !r.sendOn.IsZero() {
		v.SendDay = r.sendOn.Time()
	}
	if !r.endsOn.IsZero() {
		v.EndsDay = r.endsOn.Time()
	}
	if !r.receiver.IsZero() {
		v.Read = text.T(ctx, "request.read_as", "kind", kindName(ctx, r.receiver.Kind), "id", r.receiver.Format())
	}
	for _, i := range r.senders {
		own := promptpay.ID{Kind: promptpay.Kind(i.Kind), Value: i.Value}
		v.Senders = append(v.Senders, ui.Option{Value: i.ID.String(), Label: i.Label + " · " + own.Format()})
	}
	return v
}

func kindName(ctx context.Context, k promptpay.Kind) string {
	return text.T(ctx, text.Prefix("request.kind.")+string(k))
}

// newRequest is the empty form, or that for a bill, or for one that came to
// nothing, which the address names.
func (a *App) newRequest(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	bill, resend := f.id("bill"), f.id("resend")
	if err := f.check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	var d *requestForm
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		rules, err := q.RequestRules()
		if err != nil {
			return err
		}
		filled := map[string][]string{"ends_on": {text.Date(ctx, today.AddDays(rules.OpenDays).Time())}, "when": {"now"}}
		switch {
		case bill != store.NoID:
			b, err := q.BillToRequest(bill)
			if err != nil {
				return err
			}
			filled["receiver_name"], filled["invoice_number"], filled["receiver"] = []string{b.BuyerName}, []string{b.DocumentNumber}, []string{b.BuyerTaxID}
			filled["bill"] = []string{bill.String()}
			if b.OpenSatang > 0 {
				filled["amount"] = []string{text.Amount(b.OpenSatang)}
			}
		case resend != store.NoID:
			ended, err := q.Request(resend)
			if err != nil {
				return err
			}
			fillRequest(filled, ended)
			filled["resend"] = []string{resend.String()}
		}
		d, err = shownRequest(q, filled, today, a.Clock())
		return err
	})
	if err != nil {
		return err
	}
	return a.requestFormPage(w, r, u, http.StatusOK, d.view(ctx))
}

// fillRequest fills the form with what a request says, but for its days.
func fillRequest(filled map[string][]string, r store.PayRequest) {
	receiver := promptpay.ID{Kind: promptpay.Kind(r.ReceiverKind), Value: r.ReceiverValue}
	for field, value := range map[string]string{
		"sender": r.SenderID.String(), "receiver": receiver.Format(), "receiver_name": r.ReceiverName, "amount": text.Amount(r.AmountSatang),
		"invoice_number": r.InvoiceNumber, "reference": r.Reference, "message": r.Message,
	} {
		filled[field] = []string{value}
	}
	if r.PresentmentID.Valid {
		filled["bill"] = []string{r.PresentmentID.UUID.String()}
	}
}

// shownRequest is a form that shows what it was filled with, and no faults yet.
func shownRequest(q *store.Query, filled map[string][]string, today thai.Day, now time.Time) (*requestForm, error) {
	filled["key"] = []string{newKey()}
	if _, ok := filled["version"]; !ok {
		filled["version"] = []string{"0"}
	}
	d := readRequestForm(formOf(filled), today)
	err := d.lookUp(q, now)
	d.faults = nil
	return d, err
}

func (a *App) requestFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.RequestFormView) error {
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaAlerts, Status: status}, templates.RequestForm(v))
}

// createRequest keeps a new draft.
func (a *App) createRequest(w http.ResponseWriter, r *http.Request, u user) error {
	return a.saveRequest(w, r, u, store.NoID)
}

// updateRequest replaces the content of a draft.
func (a *App) updateRequest(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.saveRequest(w, r, u, id)
}

func (a *App) saveRequest(w http.ResponseWriter, r *http.Request, u user, id store.ID) error {
	ctx := r.Context()
	d := readRequestForm(readForm(r), a.today())
	key := d.key()
	if err := d.check(); err != nil {
		return err
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		for _, known := range []store.ID{id, d.resend} {
			if known == store.NoID {
				continue
			}
			if _, err := q.Request(known); err != nil {
				return err
			}
		}
		return d.lookUp(q, a.Clock())
	})
	if err != nil {
		return err
	}
	if !d.valid() {
		v := d.view(ctx)
		if id != store.NoID {
			v.ID = id.String()
		}
		return a.requestFormPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	fresh := id == store.NoID
	if d.draft.ID, d.draft.Version = id, d.version; fresh {
		d.draft.ID = store.RequestOfKey(u.person.ID, key)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if fresh {
			return tx.AddRequests(d.draft)
		}
		return tx.ChangeRequest(d.draft)
	})
	switch {
	case fresh && store.Violated(err, "pay_requests_pkey"): // a second click
	case store.Violated(err, "request_is_resent_once"):
		return a.requestPage(w, r, u, d.resend, http.StatusConflict, text.T(ctx, "request.refused.resent"))
	case errors.Is(err, store.ErrStale):
		return a.requestPage(w, r, u, id, http.StatusConflict, text.T(ctx, "presentment.refused.stale"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, requestHref(d.draft.ID)+"/submission/new", text.Message{})
}

// editRequest is the form with a draft in it.
func (a *App) editRequest(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var d *requestForm
	var now store.PayRequest
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if now, err = q.Request(id); err != nil {
			return err
		}
		filled := map[string][]string{"ends_on": {text.Date(ctx, now.EndsOn)}, "when": {"now"}}
		fillRequest(filled, now)
		if now.SendOn != nil {
			filled["when"], filled["send_on"], filled["send_at"] = []string{"later"}, []string{text.Date(ctx, *now.SendOn)}, []string{now.SendAt}
		}
		if now.ResendOf.Valid {
			filled["resend"] = []string{now.ResendOf.UUID.String()}
		}
		d, err = shownRequest(q, filled, a.today(), a.Clock())
		return err
	})
	if err != nil {
		return err
	}
	if !now.Editable() {
		return a.seeOther(w, r, u, requestHref(id), text.Msg("debits.refused.not_editable"))
	}
	v := d.view(ctx)
	v.ID, v.Version = id.String(), now.Version
	return a.requestFormPage(w, r, u, http.StatusOK, v)
}
