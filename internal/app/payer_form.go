package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"portal/internal/app/payer"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// payerForm is the form of a payer as it was sent.
type payerForm struct {
	*form
	version int
	buyer   store.ID
	read    store.Payer
}

// readPayerForm reads and judges what was typed.
func readPayerForm(r *http.Request) *payerForm {
	f := &payerForm{form: readForm(r)}
	f.version, f.buyer = f.hidden("version"), f.id("buyer")
	d, faults := payer.Clean(payer.Typed{
		Code: f.raw(payer.FieldCode), Name: f.raw(payer.FieldName), NameEN: f.raw(payer.FieldNameEN), TaxID: f.raw(payer.FieldTaxID),
		Mobile: f.raw(payer.FieldMobile), Email: f.raw(payer.FieldEmail), Contact: f.raw(payer.FieldContact), Payday: f.raw(payer.FieldPayday),
		Note: f.raw(payer.FieldNote),
	})
	for _, ft := range faults {
		f.fail(ft.Field, payerFault(ft))
	}
	f.read = payerOf(d)
	f.read.Version = f.version
	f.read.BuyerID.UUID, f.read.BuyerID.Valid = f.buyer, f.buyer != store.NoID
	return f
}

// payerOf is a payer to store.
func payerOf(d payer.Details) store.Payer {
	return store.Payer{
		Code: d.Code, Name: d.Name, NameEN: d.NameEN, TaxID: string(d.TaxID), Mobile: d.Mobile, Email: d.Email, Contact: d.Contact, Payday: d.Payday, Note: d.Note,
	}
}

// payerFault says what to do about a field that package payer refuses.
func payerFault(f payer.Fault) text.Message {
	switch {
	case errors.Is(f.Err, payer.ErrRequired):
		return text.Msg("edge.field.required")
	case errors.Is(f.Err, payer.ErrCode):
		return text.Msg("payer.error.code", "max", payer.MaxCode)
	case errors.Is(f.Err, payer.ErrMobile):
		return text.Msg("payer.error.mobile")
	case errors.Is(f.Err, payer.ErrEmail):
		return text.Msg("buyer.error.email")
	case errors.Is(f.Err, payer.ErrPayday):
		return text.Msg("payer.error.payday")
	case errors.Is(f.Err, thai.ErrTaxIDLength):
		return text.Msg("presentment.error.tax_id_length")
	case errors.Is(f.Err, thai.ErrTaxIDCheckDigit):
		return text.Msg("presentment.error.tax_id_check")
	case f.Field == payer.FieldTaxID:
		return text.Msg("presentment.error.tax_id_characters")
	}
	return textFault(f.Err, f.Max)
}

// payerAsTyped is a stored payer as somebody would have typed it.
func payerAsTyped(p store.Payer) templates.PayerFormView {
	input := func(s string) templates.Input { return templates.Input{Value: s} }
	v := templates.PayerFormView{
		Version: p.Version, Code: input(p.Code), Name: input(p.Name), NameEN: input(p.NameEN), Mobile: input(p.Mobile), Email: input(p.Email),
		Contact: input(p.Contact), Note: input(p.Note),
	}
	if p.TaxID != "" {
		v.TaxID = input(thai.TaxID(p.TaxID).Grouped())
	}
	if p.Payday != nil {
		v.Payday = input(strconv.Itoa(*p.Payday))
	}
	if p.BuyerID.Valid {
		v.Buyer = p.BuyerID.UUID.String()
	}
	return v
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *payerForm) view(ctx context.Context) templates.PayerFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	v := templates.PayerFormView{
		Version: f.version, Code: input(payer.FieldCode), Name: input(payer.FieldName), NameEN: input(payer.FieldNameEN), TaxID: input(payer.FieldTaxID),
		Mobile: input(payer.FieldMobile), Email: input(payer.FieldEmail), Contact: input(payer.FieldContact), Payday: input(payer.FieldPayday),
		Note: input(payer.FieldNote), Errors: f.summary(ctx),
	}
	if f.buyer != store.NoID {
		v.Buyer = f.buyer.String()
	}
	for i, e := range v.Errors {
		v.Errors[i].Message = text.T(ctx, text.Prefix("payer.field.")+e.Field) + ": " + e.Message
	}
	return v
}

// newPayer is the empty form, or one with what is known of a buyer.
func (a *App) newPayer(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	buyer := f.id("buyer")
	if err := f.check(); err != nil {
		return err
	}
	var p store.Payer
	if buyer != store.NoID {
		err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
			b, err := q.Buyer(buyer)
			p = payerFromBuyer(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return a.payerFormPage(w, r, u, http.StatusOK, payerAsTyped(p), nil)
}

// payerFromBuyer is what the directory of buyers knows already.
func payerFromBuyer(b store.Buyer) store.Payer {
	p := store.Payer{Code: b.TaxID, Name: b.Name, NameEN: b.NameEN, TaxID: b.TaxID, Email: b.Email, Contact: b.Contact}
	p.BuyerID.UUID, p.BuyerID.Valid = b.ID, true
	if d, faults := payer.Clean(payer.Typed{Code: p.Code, Name: p.Name, Mobile: b.Phone}); len(faults) == 0 {
		p.Mobile = d.Mobile // a line with an extension is no mobile
	}
	return p
}

func (a *App) payerFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PayerFormView, editing *store.Payer) error {
	ctx := r.Context()
	header := ui.Header{Title: text.T(ctx, "payer.form_new"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "payer.title"), Href: "/payers"}}}
	v.Action, v.Back = "/payers", "/payers"
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if editing != nil {
			list, err := q.MandatesOfPayer(editing.ID, 1)
			if err != nil {
				return err
			}
			v.CodeStays = len(list) > 0
		}
		id, err := parseID(v.Buyer)
		if err != nil || id == store.NoID {
			v.Buyer = ""
			return nil //nolint:nilerr // an address that names no buyer opens the empty form
		}
		b, err := q.Buyer(id)
		if errors.Is(err, store.ErrNotFound) {
			v.Buyer = ""
			return nil
		}
		v.BuyerName, v.BuyerHref = b.Name, buyerHref(id)
		return err
	})
	if err != nil {
		return err
	}
	if editing != nil {
		v.Action, v.Back = payerHref(editing.ID), payerHref(editing.ID)
		header.Title = text.T(ctx, "payer.form_edit", "name", editing.Name)
		header.Crumbs = append(header.Crumbs, ui.Crumb{Label: editing.Name, Href: v.Back})
	}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.PayerForm(v))
}

// createPayer stores a new payer.
func (a *App) createPayer(w http.ResponseWriter, r *http.Request, u user) error {
	f := readPayerForm(r)
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.payerFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), nil)
	}
	f.read.ID = store.NewID()
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if err := ownBuyer(tx.Query, f); err != nil {
			return err
		}
		return tx.AddPayers(f.read)
	})
	if err != nil {
		return a.payerRefused(w, r, u, f, nil, err)
	}
	return a.seeOther(w, r, u, payerHref(f.read.ID), text.Msg("payer.saved"))
}

// ownBuyer makes sure that the buyer named is one of this merchant's.
func ownBuyer(q *store.Query, f *payerForm) error {
	if f.buyer == store.NoID {
		return nil
	}
	_, err := q.Buyer(f.buyer)
	return err
}

// payerRefused shows what the schema would not take.
func (a *App) payerRefused(w http.ResponseWriter, r *http.Request, u user, f *payerForm, editing *store.Payer, refusal error) error {
	switch {
	case store.Violated(refusal, "payer_code_is_unique"):
		f.fail(payer.FieldCode, text.Msg("payer.error.taken"))
	case store.Violated(refusal, "payer_code_stays"):
		f.fail(payer.FieldCode, text.Msg("payer.error.code_stays"))
	default:
		return refusal
	}
	return a.payerFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), editing)
}

// payer reads the payer that the path names.
func (a *App) payer(r *http.Request, u user) (store.Payer, error) {
	var p store.Payer
	id, err := pathID(r, "id")
	if err != nil {
		return p, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		p, err = q.Payer(id)
		return err
	})
	return p, err
}

// editPayer is the form with what is stored.
func (a *App) editPayer(w http.ResponseWriter, r *http.Request, u user) error {
	p, err := a.payer(r, u)
	if err != nil {
		return err
	}
	if p.State != store.PayerActive {
		return a.seeOther(w, r, u, payerHref(p.ID), text.Message{})
	}
	return a.payerFormPage(w, r, u, http.StatusOK, payerAsTyped(p), &p)
}

// updatePayer stores the payer anew, unless somebody else has meanwhile.
func (a *App) updatePayer(w http.ResponseWriter, r *http.Request, u user) error {
	p, err := a.payer(r, u)
	if err != nil {
		return err
	}
	f := readPayerForm(r)
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.payerFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), &p)
	}
	f.read.ID = p.ID
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if err := ownBuyer(tx.Query, f); err != nil {
			return err
		}
		return tx.ChangePayer(f.read)
	})
	switch {
	case errors.Is(err, store.ErrStale):
		return a.payerConflict(w, r, u, f)
	case err != nil:
		return a.payerRefused(w, r, u, f, &p, err)
	}
	return a.seeOther(w, r, u, payerHref(p.ID), text.Msg("payer.saved_changes"))
}

// payerConflict shows what was typed beside what somebody else saved meanwhile.
// Saving once more goes over the version shown here.
func (a *App) payerConflict(w http.ResponseWriter, r *http.Request, u user, f *payerForm) error {
	ctx := r.Context()
	p, err := a.payer(r, u)
	if err != nil {
		return err
	}
	if p.State != store.PayerActive {
		return a.payerPage(w, r, u, p.ID, http.StatusConflict, text.T(ctx, "payer.refused.archived"))
	}
	c := &templates.BuyerConflict{At: p.EditedAt, Person: text.T(ctx, "presentment.conflict_somebody"), Changes: payerDifferences(ctx, p, f.read)}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		leaves, err := q.Leaves(store.LeafFilter{Subjects: []store.Subject{store.About("payer", p.ID)}, Action: "payer.", Limit: 1})
		if len(leaves) > 0 && leaves[0].PersonName != "" {
			c.Person = leaves[0].PersonName
		}
		return err
	})
	if err != nil {
		return err
	}
	f.version = p.Version
	v := f.view(ctx)
	v.Conflict = c
	return a.payerFormPage(w, r, u, http.StatusConflict, v, &p)
}

// payerDifferences lists the fields whose saved value is not the typed one.
func payerDifferences(ctx context.Context, saved, typed store.Payer) []templates.TrailField {
	s, t := payerAsTyped(saved), payerAsTyped(typed)
	var changes []templates.TrailField
	for _, c := range []struct{ field, saved, typed string }{
		{payer.FieldCode, s.Code.Value, t.Code.Value}, {payer.FieldName, s.Name.Value, t.Name.Value}, {payer.FieldNameEN, s.NameEN.Value, t.NameEN.Value},
		{payer.FieldTaxID, s.TaxID.Value, t.TaxID.Value}, {payer.FieldMobile, s.Mobile.Value, t.Mobile.Value}, {payer.FieldEmail, s.Email.Value, t.Email.Value},
		{payer.FieldContact, s.Contact.Value, t.Contact.Value}, {payer.FieldPayday, s.Payday.Value, t.Payday.Value}, {payer.FieldNote, s.Note.Value, t.Note.Value},
	} {
		if c.saved != c.typed {
			changes = append(changes, templates.TrailField{Name: text.T(ctx, text.Prefix("payer.field.")+c.field), Before: c.saved, After: c.typed})
		}
	}
	return changes
}
