package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/google/uuid"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// termByDefault is the days of credit that a new bill begins with.
const termByDefault = 30

// newPresentment is the empty form, dated today and due in thirty days, or
// what the reader left in it, or what a template says.
func (a *App) newPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	f, err := a.continued(r, u, uuid.NullUUID{})
	if err == nil && f == nil {
		f = emptyForm(ctx, today)
		err = a.billFor(r, u, f)
	}
	if err != nil {
		return err
	}
	return a.presentmentFormPage(w, r, u, http.StatusOK, f.view(ctx, today), nil)
}

func emptyForm(ctx context.Context, today thai.Day) *presentmentForm {
	line := newLine(bill.NoIncome, false)
	return typedForm(url.Values{
		"version": {"0"}, "type": {documentTypes[0]}, "buyer_branch": {string(thai.HeadOffice)},
		"document_on": {typedDay(ctx, today).Value}, "credit_days": {strconv.Itoa(termByDefault)}, "due_on": {typedDay(ctx, today.AddDays(termByDefault)).Value},
		"line_description": {""}, "line_quantity": {line.quantity}, "line_price": {""}, "line_vat": {line.vat},
	})
}

// presentmentFormPage shows the form for a new bill, or for editing one.
func (a *App) presentmentFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PresentmentFormView, editing *store.Presentment) error {
	ctx := r.Context()
	header := ui.Header{Title: text.T(ctx, "presentment.form_new"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "presentment.title"), Href: "/presentments"}}}
	v.Action, v.Back = "/presentments", "/presentments"
	var about uuid.NullUUID
	if editing != nil {
		about, v.About = uuid.NullUUID{UUID: editing.ID, Valid: true}, editing.ID.String()
		v.Action = billHref(editing.ID)
		v.Back = v.Action
		header.Title = text.T(ctx, "presentment.form_edit", "number", editing.DocumentNumber)
		header.Crumbs = append(header.Crumbs, ui.Crumb{Label: editing.DocumentNumber, Href: v.Back})
		var err error
		if v.Original, err = a.originalOf(r, u, *editing); err != nil {
			return err
		}
	}
	open, err := uuid.Parse(v.Scratch)
	if err != nil || open == store.NoID {
		open = store.NewID() // the form is shown for the first time
		v.Scratch = open.String()
	}
	if status == http.StatusOK && r.Method == http.MethodGet {
		if v.Kept, err = a.kept(ctx, u, about, open); err != nil {
			return err
		}
	}
	return a.page(w, r, u, shell{Header: header, Area: areaPresentments, Status: status, Part: templates.PresentmentLinesPart}, templates.PresentmentForm(v))
}

// createPresentment stores a new draft.
func (a *App) createPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	f, err := a.judgedForm(r, u)
	if err != nil {
		return err
	}
	if f.rearranges() || !f.valid() {
		return a.formAgain(w, r, u, f, nil)
	}
	f.read.ID = store.NewID()
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if err := tx.SpendScratch(f.scratch); err != nil {
			return err
		}
		return tx.AddPresentment(f.read)
	})
	if err != nil {
		return a.presentmentRefused(w, r, u, f, nil, err)
	}
	return a.seeOther(w, r, u, billHref(f.read.ID), text.Msg("presentment.saved"))
}

// judgedForm reads the form and, unless only its lines are rearranged, says
// what is wrong with it.
func (a *App) judgedForm(r *http.Request, u user) (*presentmentForm, error) {
	f := readPresentmentForm(r)
	var own string
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		own = m.TaxID
		return errors.Join(err, f.lookForBuyer(r.Context(), q, a.today()))
	})
	if err != nil {
		return nil, err
	}
	f.judge(a.today(), own)
	if err := f.check(); err != nil {
		return nil, err
	}
	switch {
	case f.do == "paste-lines":
		f.judgePasted()
	case f.rearranges():
		f.faults = nil // nobody said that it was finished
	}
	return f, nil
}

// formAgain shows the form as it was typed, with what is wrong with it.
func (a *App) formAgain(w http.ResponseWriter, r *http.Request, u user, f *presentmentForm, editing *store.Presentment) error {
	status := http.StatusOK
	if !f.valid() {
		status = http.StatusUnprocessableEntity
	}
	v := f.view(r.Context(), a.today())
	c, err := a.compare(r.Context(), u, f, v.Total)
	if err != nil {
		return err
	}
	v.Taken, v.Totals.Alike, v.Known = c.taken, c.alike, c.known
	return a.presentmentFormPage(w, r, u, status, v, editing)
}

// presentmentRefused shows what the schema would not take.
func (a *App) presentmentRefused(w http.ResponseWriter, r *http.Request, u user, f *presentmentForm, editing *store.Presentment, refusal error) error {
	if closed, ok := monthClosed(refusal); ok {
		f.fail("document_on", closed)
		return a.formAgain(w, r, u, f, editing)
	}
	if !store.Violated(refusal, "presentment_number_is_unique") {
		return refusal
	}
	f.fail("number", text.Msg("presentment.error.number_taken"))
	return a.formAgain(w, r, u, f, editing)
}

// totalPresentment answers while somebody types: what the lines come to.
func (a *App) totalPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	f := readPresentmentForm(r)
	f.leave()
	if err := f.check(); err != nil {
		return err
	}
	today := a.today()
	v := templates.PresentmentTyping{DocumentOn: readableDay(f.raw("document_on"), today), DueOn: readableDay(f.raw("due_on"), today)}
	var total int64
	v.Totals, v.Amounts, total = f.runningTotals(r.Context(), today)
	c, err := a.compare(r.Context(), u, f, total)
	if err != nil {
		return err
	}
	v.Taken, v.Totals.Alike, v.Known = c.taken, c.alike, c.known
	return a.respond(w, r, http.StatusOK, templates.PresentmentTyped(v))
}

// editPresentment is the form with what is stored, or with what the reader
// left in it.
func (a *App) editPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	if !p.Editable() {
		return a.seeOther(w, r, u, billHref(p.ID), text.Message{})
	}
	f, err := a.continued(r, u, uuid.NullUUID{UUID: p.ID, Valid: true})
	if err == nil && f == nil {
		f = typedForm(typedBill(r.Context(), p))
	}
	if err != nil {
		return err
	}
	return a.presentmentFormPage(w, r, u, http.StatusOK, f.view(r.Context(), a.today()), &p)
}

// presentment reads the bill that the path names.
func (a *App) presentment(r *http.Request, u user) (store.Presentment, error) {
	var p store.Presentment
	id, err := pathID(r, "id")
	if err != nil {
		return p, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		p, err = q.Presentment(id)
		return err
	})
	return p, err
}

// typedBill is a stored bill as a browser would send it.
func typedBill(ctx context.Context, p store.Presentment) url.Values {
	b := sumsOf(p)
	v := url.Values{
		"version": {strconv.Itoa(p.Version)}, "type": {p.DocumentType}, "number": {p.DocumentNumber}, "order_reference": {p.OrderReference},
		"document_on": {text.Date(ctx, p.DocumentOn)}, "due_on": {text.Date(ctx, p.DueOn)}, "credit_days": {typedCredit(p.CreditDays)},
		"buyer_name": {p.BuyerName}, "buyer_tax_id": {p.BuyerTaxID}, "buyer_branch": {p.BuyerBranch}, "buyer_address": {p.BuyerAddress},
		"remark": {p.Remark}, "discount": {typedDiscount(b.Discount.Percent, b.Discount.Satang)},
	}
	for _, l := range b.Lines {
		v.Add("line_description", l.Description)
		v.Add("line_quantity", l.Quantity.String())
		v.Add("line_price", unitPrice(l.UnitPrice))
		v.Add("line_discount", typedDiscount(l.Discount.Percent, l.Discount.Satang))
		v.Add("line_vat", string(l.VAT))
		v.Add("line_income", string(l.Income))
	}
	return v
}

// unitPrice writes a price with its satang, and with more decimals only where
// it has more.
func unitPrice(d decimal.Decimal) string {
	if d.Equal(d.Round(2)) {
		return text.Group(d.StringFixed(2))
	}
	return text.Group(d.String())
}

// updatePresentment stores the draft anew, unless somebody else has meanwhile.
func (a *App) updatePresentment(w http.ResponseWriter, r *http.Request, u user) error {
	f, err := a.judgedForm(r, u)
	if err != nil {
		return err
	}
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	if f.rearranges() || !f.valid() {
		return a.formAgain(w, r, u, f, &p)
	}
	f.read.ID, f.read.Version = p.ID, f.version
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if err := tx.SpendScratch(f.scratch); err != nil {
			return err
		}
		return tx.ChangePresentment(f.read)
	})
	switch {
	case errors.Is(err, store.ErrStale):
		return a.presentmentConflict(w, r, u, f)
	case err != nil:
		return a.presentmentRefused(w, r, u, f, &p, err)
	}
	return a.seeOther(w, r, u, billHref(p.ID), text.Msg("presentment.saved_changes"))
}

// presentmentConflict shows what was typed beside what somebody else saved
// meanwhile. Saving once more goes over the version shown here.
func (a *App) presentmentConflict(w http.ResponseWriter, r *http.Request, u user, f *presentmentForm) error {
	ctx := r.Context()
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	if !p.Editable() {
		return a.billConflict(w, r, u, p.ID, text.Msg("presentment.refused.not_editable"))
	}
	c := &templates.PresentmentConflict{At: p.EditedAt}
	c.Changes, c.Saved = conflicts(ctx, p, f)
	if c.Person, err = a.savedBy(ctx, u, store.About("presentment", p.ID)); err != nil {
		return err
	}
	f.version = p.Version
	v := f.view(ctx, a.today())
	v.Conflict = c
	return a.presentmentFormPage(w, r, u, http.StatusConflict, v, &p)
}
