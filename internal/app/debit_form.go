package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/intake"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxDebitAhead is how many days ahead a value date may be: an approval should
// not outlive the reasons for it by more than a quarter of a year.
const maxDebitAhead = 92

var debitReference = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)

// debitForm is the form of a debit as it was typed.
type debitForm struct {
	*form
	do      string
	version int
	payer   store.ID
	found   []store.DebitPayer // by what was typed into the box
	looked  string
	whom    *store.DebitPayer
	rules   store.DebitRules
	amount  int64
	on      thai.Day
	draft   store.Debit
}

func (a *App) readDebitForm(f *form) *debitForm {
	d := &debitForm{form: f, do: f.raw("do"), version: f.hidden("version"), payer: f.id("payer"), looked: strings.TrimSpace(f.raw("q"))}
	if id, picks := strings.CutPrefix(d.do, templates.PickPayer); picks {
		if parsed, err := uuid.Parse(id); err == nil {
			d.payer, d.looked = parsed, ""
		}
	}
	if d.do == templates.OtherPayer {
		d.payer = store.NoID
	}
	return d
}

// saves reports whether the form is to be kept, and not only shown again with a
// payer found or picked.
func (d *debitForm) saves() bool {
	return d.do == "" || d.do == "save" || d.do == templates.EnterKey && d.looked == ""
}

// read reads what is to be kept.
func (d *debitForm) read(today thai.Day) {
	if !d.saves() {
		for _, field := range []string{"amount", "reference", "invoice_number", "debit_on", "note", "bill_number"} {
			d.raw(field)
		}
		return
	}
	d.amount = d.satang("amount", required)
	d.on = d.day("debit_on", today, required)
	d.draft = store.Debit{
		PayerID: d.payer, AmountSatang: d.amount, Reference: strings.ToUpper(d.text("reference", maxLen(20), shaped(debitReference, text.Msg("debits.error.reference")))),
		InvoiceNumber: d.text("invoice_number", maxLen(35)), Note: d.paragraph("note", maxLen(300)),
	}
	if d.payer == store.NoID {
		d.fail("q", text.Msg("debits.error.payer"))
	}
}

// lookUp finds the payer, their mandate and the rules, and holds what was typed
// against them.
func (d *debitForm) lookUp(q *store.Query, today thai.Day, now time.Time) (err error) {
	if d.rules, err = q.DebitRules(); err != nil {
		return err
	}
	if d.looked != "" && d.payer == store.NoID {
		if d.found, err = q.DebitPayers(clip(d.looked, 100), maxFound); err != nil {
			return err
		}
	}
	if d.payer != store.NoID {
		p, err := q.DebitPayer(d.payer)
		if errors.Is(err, store.ErrNotFound) {
			d.payer = store.NoID
		} else if err != nil {
			return err
		} else {
			d.whom = &p
		}
	}
	if !d.saves() || !d.valid() {
		return nil
	}
	return d.judge(q, today, now)
}

// judge applies the rules that need more than the form itself.
func (d *debitForm) judge(q *store.Query, today thai.Day, now time.Time) error {
	switch {
	case d.whom == nil:
		d.fail("q", text.Msg("debits.error.payer"))
		return nil
	case !d.whom.Live:
		d.fail("q", text.Msg("debits.error.mandate", "name", d.whom.Name))
	}
	if d.amount < d.rules.MinSatang || d.amount > d.rules.MaxSatang {
		d.fail("amount", text.Msg("debits.error.limits", "min", text.Amount(d.rules.MinSatang), "max", text.Amount(d.rules.MaxSatang)))
	}
	if why, bad := debitDayFault(q, d.on, today, d.rules, now); bad {
		d.fail("debit_on", why)
	}
	if d.draft.Reference == "" {
		d.draft.Reference = referenceFrom(d.draft.InvoiceNumber, d.whom.Code)
	}
	d.draft.PayerName, d.draft.PayerCode, d.draft.MandateID, d.draft.DebitOn = d.whom.Name, d.whom.Code, d.whom.MandateID.UUID, midnight(d.on)
	return d.bindBill(q)
}

// bindBill finds the bill that the invoice number names, where the payer is its
// buyer: the debit then collects it.
func (d *debitForm) bindBill(q *store.Query) error {
	if d.draft.InvoiceNumber == "" {
		return nil
	}
	b, err := q.BillOfPayer(d.draft.InvoiceNumber, d.payer)
	if errors.Is(err, store.ErrNotFound) {
		return nil // of another system, or of another buyer
	}
	if err == nil {
		d.draft.PresentmentID = store.NullID(b)
	}
	return err
}

// debitDayFault says why a debit cannot be taken on a day, if it cannot.
func debitDayFault(q *store.Query, on, today thai.Day, rules store.DebitRules, now time.Time) (text.Message, bool) {
	switch {
	case on.Compare(today) < 0:
		return text.Msg("debits.error.past"), true
	case on.Compare(today.AddDays(maxDebitAhead)) > 0:
		return text.Msg("debits.error.far", "days", maxDebitAhead), true
	case on == today:
		w, err := q.DebitWindow(midnight(on))
		if err == nil && !now.Before(w.Closes) {
			return text.Msg("debits.error.cut_off", "time", rules.CutOff), true
		}
	}
	return text.Message{}, false
}

// referenceFrom makes the reference that a payer sees on their statement of what
// is known: the invoice's number, or the payer's code.
func referenceFrom(invoice, code string) string {
	if plain := intake.ReferenceFrom(invoice); plain != "" {
		return plain
	}
	return strings.ToUpper(code)
}

func (d *debitForm) view(ctx context.Context) templates.DebitFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: d.raw(field), Error: d.errorOf(ctx, field)}
	}
	v := templates.DebitFormView{
		Key: d.raw("key"), Version: d.version, Query: d.looked, PayerError: d.errorOf(ctx, "q"), Amount: input("amount"), Reference: input("reference"),
		Invoice: input("invoice_number"), On: input("debit_on"), Note: input("note"), Errors: d.summary(ctx),
		Limits: text.T(ctx, "debits.limits", "min", text.Amount(d.rules.MinSatang), "max", text.Amount(d.rules.MaxSatang)),
		Hours:  text.T(ctx, "debits.hours", "from", d.rules.SendAt, "to", d.rules.CutOff),
	}
	if !d.on.IsZero() {
		v.OnDay = d.on.Time()
	}
	for _, p := range d.found {
		v.Found = append(v.Found, debitPayerView(ctx, p))
	}
	if d.whom != nil {
		p := debitPayerView(ctx, *d.whom)
		v.Payer = &p
	}
	return v
}

func debitPayerView(ctx context.Context, p store.DebitPayer) templates.DebitPayer {
	v := templates.DebitPayer{ID: p.ID.String(), Code: p.Code, Name: p.Name, Live: p.Live, Mandate: text.T(ctx, "debits.no_mandate")}
	switch {
	case p.Live:
		v.Mandate = text.T(ctx, "debits.live_mandate", "account", *p.DrawerAccount)
	case p.MandateState != nil:
		v.Mandate = text.T(ctx, "debits.dead_mandate")
	}
	return v
}

// newDebit is the empty form, or that for a payer or a bill which the address names.
func (a *App) newDebit(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	payer, bill := f.id("payer"), f.id("bill")
	if err := f.check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	d := a.readDebitForm(formOf(map[string][]string{"do": {"show"}, "debit_on": {text.Date(ctx, today.Time())}, "key": {newKey()}, "version": {"0"}}))
	d.payer, d.on = payer, today
	var collides []store.Collision
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if bill != store.NoID {
			found, err := q.BillToDebit(bill)
			if err != nil {
				return err
			}
			if collides, err = q.CollisionsOfBill(bill, found.PayerID.UUID, found.OpenSatang); err != nil {
				return err
			}
			d = a.readDebitForm(formOf(map[string][]string{
				"do": {"show"}, "debit_on": {text.Date(ctx, today.Time())}, "key": {newKey()}, "version": {"0"},
				"invoice_number": {found.DocumentNumber}, "amount": {text.Amount(found.OpenSatang)},
			}))
			d.on = today
			if found.PayerID.Valid {
				d.payer = found.PayerID.UUID
			}
		}
		d.read(today)
		return d.lookUp(q, today, a.Clock())
	})
	if err != nil {
		return err
	}
	v := d.view(ctx)
	v.Collisions, v.Blocked = collisionLinks(ctx, collides), d.rules.Collision == store.CollisionBlock
	return a.debitFormPage(w, r, u, http.StatusOK, v)
}

func (a *App) debitFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.DebitFormView) error {
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaDebits, Status: status}, templates.DebitForm(v))
}

// findDebitPayers answers while somebody types into the box.
func (a *App) findDebitPayers(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	looked := strings.TrimSpace(f.raw("q"))
	if err := f.check(); err != nil {
		return err
	}
	v := templates.DebitFormView{Query: looked}
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		if looked == "" {
			return nil
		}
		found, err := q.DebitPayers(clip(looked, 100), maxFound)
		for _, p := range found {
			v.Found = append(v.Found, debitPayerView(r.Context(), p))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, templates.FoundDebitPayers(v))
}

// createDebit keeps a new draft.
func (a *App) createDebit(w http.ResponseWriter, r *http.Request, u user) error {
	return a.saveDebit(w, r, u, store.NoID)
}

// updateDebit replaces the content of a draft.
func (a *App) updateDebit(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.saveDebit(w, r, u, id)
}

func (a *App) saveDebit(w http.ResponseWriter, r *http.Request, u user, id store.ID) error {
	ctx, today := r.Context(), a.today()
	d := a.readDebitForm(readForm(r))
	key := d.key()
	d.read(today)
	if err := d.check(); err != nil {
		return err
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if id != store.NoID {
			if _, err := q.Debit(id); err != nil {
				return err
			}
		}
		return d.lookUp(q, today, a.Clock())
	})
	if err != nil {
		return err
	}
	if !d.saves() || !d.valid() {
		v := d.view(ctx)
		if id != store.NoID {
			v.ID = id.String()
		}
		status := http.StatusOK
		if !d.valid() {
			status = http.StatusUnprocessableEntity
		}
		return a.debitFormPage(w, r, u, status, v)
	}
	d.draft.ID, d.draft.Version = id, d.version
	fresh := id == store.NoID
	if fresh {
		d.draft.ID = store.DebitOfKey(u.person.ID, key)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if fresh {
			return tx.AddDebits(d.draft)
		}
		return tx.ChangeDebit(d.draft)
	})
	if fresh && store.Violated(err, "debits_pkey") {
		err = nil // a second click
	}
	if errors.Is(err, store.ErrStale) {
		return a.debitPage(w, r, u, id, http.StatusConflict, text.T(ctx, "presentment.refused.stale"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, debitHref(d.draft.ID)+"/submission/new", text.Message{})
}

// editDebit is the form with a draft in it.
func (a *App) editDebit(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	var d *debitForm
	var now store.Debit
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if now, err = q.Debit(id); err != nil {
			return err
		}
		d = a.readDebitForm(formOf(map[string][]string{
			"do": {"show"}, "key": {newKey()}, "payer": {now.PayerID.String()}, "amount": {text.Amount(now.AmountSatang)}, "reference": {now.Reference},
			"invoice_number": {now.InvoiceNumber}, "debit_on": {text.Date(ctx, now.DebitOn)}, "note": {now.Note},
		}))
		d.version, d.on = now.Version, thai.DayOf(now.DebitOn)
		d.read(today)
		return d.lookUp(q, today, a.Clock())
	})
	if err != nil {
		return err
	}
	if !now.Editable() {
		return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.refused.not_editable"))
	}
	v := d.view(ctx)
	v.ID = id.String()
	return a.debitFormPage(w, r, u, http.StatusOK, v)
}
