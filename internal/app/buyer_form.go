package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"portal/internal/app/buyer"
	"portal/internal/app/intake"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// buyerForm is the form of a buyer as it was sent.
type buyerForm struct {
	*form
	version int
	typed   buyer.Typed
	read    store.Buyer
}

// readBuyerForm reads what was typed. It judges nothing yet.
func readBuyerForm(r *http.Request) *buyerForm {
	f := &buyerForm{form: readForm(r)}
	f.version = f.hidden("version")
	f.typed = buyer.Typed{
		Name: f.raw(buyer.FieldName), NameEN: f.raw(buyer.FieldNameEN), TaxID: f.raw(buyer.FieldTaxID), Branch: f.raw(buyer.FieldBranch),
		Address: f.raw(buyer.FieldAddress), Postcode: f.raw(buyer.FieldPostcode), Email: f.raw(buyer.FieldEmail), Phone: f.raw(buyer.FieldPhone),
		Contact: f.raw(buyer.FieldContact), TermsDays: f.raw(buyer.FieldTermsDays), WHTRate: f.raw(buyer.FieldWHTRate), Note: f.raw(buyer.FieldNote),
	}
	return f
}

// judge reads every field for keeping; own is the tax id of the seller.
func (f *buyerForm) judge(own string) {
	details, faults := buyer.Clean(f.typed)
	for _, ft := range faults {
		f.fail(ft.Field, buyerFault(ft))
	}
	if string(details.TaxID) == own {
		f.fail(buyer.FieldTaxID, text.Msg("presentment.error.tax_id_ours"))
	}
	f.read = buyerOf(details)
}

// buyerOf is a buyer to store.
func buyerOf(d buyer.Details) store.Buyer {
	return store.Buyer{
		Name: d.Name, NameEN: d.NameEN, TaxID: string(d.TaxID), Branch: string(d.Branch), Address: d.Address, Postcode: d.Postcode, Email: d.Email,
		Phone: d.Phone, Contact: d.Contact, TermsDays: d.TermsDays, WHTRate: d.WHTRate, Note: d.Note,
	}
}

// buyerFault says what to do about a field that package buyer refuses.
func buyerFault(f buyer.Fault) text.Message {
	switch {
	case errors.Is(f.Err, buyer.ErrRequired):
		return text.Msg("edge.field.required")
	case errors.Is(f.Err, buyer.ErrEmail):
		return text.Msg("buyer.error.email")
	case errors.Is(f.Err, buyer.ErrPhone):
		return text.Msg("buyer.error.phone")
	case errors.Is(f.Err, buyer.ErrPostcode):
		return text.Msg("buyer.error.postcode")
	case errors.Is(f.Err, buyer.ErrTerms):
		return text.Msg("buyer.error.terms", "max", buyer.MaxTerms)
	case errors.Is(f.Err, buyer.ErrRate):
		return text.Msg("buyer.error.rate")
	case errors.Is(f.Err, thai.ErrTaxIDLength):
		return text.Msg("presentment.error.tax_id_length")
	case errors.Is(f.Err, thai.ErrTaxIDCheckDigit):
		return text.Msg("presentment.error.tax_id_check")
	case f.Field == buyer.FieldTaxID:
		return text.Msg("presentment.error.tax_id_characters")
	case f.Field == buyer.FieldBranch:
		return text.Msg("presentment.error.branch")
	}
	return textFault(f.Err, f.Max)
}

// newBuyer is the empty form, or one with what a bill says of its buyer.
func (a *App) newBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	q := readQuery(r)
	bill := q.id("bill")
	if err := q.check(); err != nil {
		return err
	}
	b := store.Buyer{Branch: string(thai.HeadOffice)}
	if bill != store.NoID {
		err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
			p, err := q.Presentment(bill)
			b.Name, b.TaxID, b.Branch, b.Address = p.BuyerName, p.BuyerTaxID, p.BuyerBranch, p.BuyerAddress
			return err
		})
		if err != nil {
			return err
		}
	}
	return a.buyerFormPage(w, r, u, http.StatusOK, buyerAsTyped(b), b, nil)
}

// buyerAsTyped is a stored buyer as somebody would have typed it.
func buyerAsTyped(b store.Buyer) templates.BuyerFormView {
	input := func(s string) templates.Input { return templates.Input{Value: s} }
	v := templates.BuyerFormView{
		Version: b.Version, Name: input(b.Name), NameEN: input(b.NameEN), TaxID: input(thai.TaxID(b.TaxID).Grouped()), Branch: input(b.Branch),
		Address: input(b.Address), Postcode: input(b.Postcode), Email: input(b.Email), Phone: input(b.Phone), Contact: input(b.Contact), Note: input(b.Note),
		WHTRate: input(rateTyped(b)),
	}
	if b.TermsDays != nil {
		v.TermsDays = input(strconv.Itoa(*b.TermsDays))
	}
	return v
}

func rateTyped(b store.Buyer) string {
	if !b.WHTRate.Valid {
		return ""
	}
	return b.WHTRate.Decimal.String()
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *buyerForm) view(ctx context.Context) templates.BuyerFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	v := templates.BuyerFormView{
		Version: f.version, Name: input(buyer.FieldName), NameEN: input(buyer.FieldNameEN), TaxID: input(buyer.FieldTaxID), Branch: input(buyer.FieldBranch),
		Address: input(buyer.FieldAddress), Postcode: input(buyer.FieldPostcode), Email: input(buyer.FieldEmail), Phone: input(buyer.FieldPhone),
		Contact: input(buyer.FieldContact), TermsDays: input(buyer.FieldTermsDays), WHTRate: input(buyer.FieldWHTRate), Note: input(buyer.FieldNote),
		Errors: f.summary(ctx),
	}
	for i, e := range v.Errors {
		v.Errors[i].Message = text.T(ctx, text.Prefix("buyer.field.")+e.Field) + ": " + e.Message
	}
	return v
}

// typedSoFar is the buyer as far as what was typed can be read.
func (f *buyerForm) typedSoFar() store.Buyer {
	details, _ := buyer.Clean(f.typed)
	return buyerOf(details)
}

// buyerFormPage shows the form for a new buyer, or for editing one; so far is
// what is compared with others.
func (a *App) buyerFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.BuyerFormView, soFar store.Buyer, editing *store.Buyer) error {
	ctx := r.Context()
	header := ui.Header{Title: text.T(ctx, "buyer.form_new"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "buyer.title"), Href: "/buyers"}}}
	v.Action, v.Back = "/buyers", "/buyers"
	if editing != nil {
		v.Action, v.Back, v.ID = buyerHref(editing.ID), buyerHref(editing.ID), editing.ID.String()
		soFar.ID = editing.ID
		header.Title = text.T(ctx, "buyer.form_edit", "name", editing.Name)
		header.Crumbs = append(header.Crumbs, ui.Crumb{Label: editing.Name, Href: v.Back})
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v.Flags, err = buyerFlags(ctx, q, soFar)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: header, Area: areaBuyers, Status: status}, templates.BuyerForm(v))
}

// likenBuyer answers while somebody types: what the buyer shares with others.
func (a *App) likenBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	f := readBuyerForm(r)
	id := f.id("id")
	if err := f.check(); err != nil {
		return err
	}
	soFar := f.typedSoFar()
	soFar.ID = id
	var flags []templates.BuyerFlag
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		flags, err = buyerFlags(r.Context(), q, soFar)
		return err
	})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, templates.BuyerFlags(flags))
}

// judgedBuyer reads the form and says what is wrong with it.
func (a *App) judgedBuyer(r *http.Request, u user) (*buyerForm, error) {
	f := readBuyerForm(r)
	f.id("id") // for likenBuyer alone
	if err := f.check(); err != nil {
		return nil, err
	}
	var own string
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		own = m.TaxID
		return err
	})
	f.judge(own)
	return f, err
}

// createBuyer stores a new buyer.
func (a *App) createBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	f, err := a.judgedBuyer(r, u)
	if err != nil {
		return err
	}
	if !f.valid() {
		return a.buyerAgain(w, r, u, f, nil)
	}
	f.read.ID = store.NewID()
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.AddBuyer(f.read) })
	if err != nil {
		return a.buyerRefused(w, r, u, f, nil, err)
	}
	return a.seeOther(w, r, u, buyerHref(f.read.ID), text.Msg("buyer.saved"))
}

// buyerAgain shows the form as it was typed, with what is wrong with it.
func (a *App) buyerAgain(w http.ResponseWriter, r *http.Request, u user, f *buyerForm, editing *store.Buyer) error {
	return a.buyerFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), f.typedSoFar(), editing)
}

// buyerRefused shows what the schema would not take. Who has the number is
// among the flags.
func (a *App) buyerRefused(w http.ResponseWriter, r *http.Request, u user, f *buyerForm, editing *store.Buyer, refusal error) error {
	if !store.Violated(refusal, "known_buyer_is_unique") {
		return refusal
	}
	f.fail(buyer.FieldTaxID, text.Msg("buyer.error.taken"))
	return a.buyerAgain(w, r, u, f, editing)
}

// buyer reads the buyer that the path names.
func (a *App) buyer(r *http.Request, u user) (store.Buyer, error) {
	var b store.Buyer
	id, err := pathID(r, "id")
	if err != nil {
		return b, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		b, err = q.Buyer(id)
		return err
	})
	return b, err
}

// editBuyer is the form with what is stored.
func (a *App) editBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	b, err := a.buyer(r, u)
	if err != nil {
		return err
	}
	if b.State != store.BuyerActive {
		return a.seeOther(w, r, u, buyerHref(b.ID), text.Message{})
	}
	return a.buyerFormPage(w, r, u, http.StatusOK, buyerAsTyped(b), b, &b)
}

// updateBuyer stores the buyer anew, unless somebody else has meanwhile.
func (a *App) updateBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	b, err := a.buyer(r, u)
	if err != nil {
		return err
	}
	f, err := a.judgedBuyer(r, u)
	if err != nil {
		return err
	}
	if !f.valid() {
		return a.buyerAgain(w, r, u, f, &b)
	}
	f.read.ID, f.read.Version = b.ID, f.version
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ChangeBuyer(f.read) })
	switch {
	case errors.Is(err, store.ErrStale):
		return a.buyerConflict(w, r, u, f)
	case err != nil:
		return a.buyerRefused(w, r, u, f, &b, err)
	}
	return a.seeOther(w, r, u, buyerHref(b.ID), text.Msg("buyer.saved_changes"))
}

// buyerConflict shows what was typed beside what somebody else saved
// meanwhile. Saving once more goes over the version shown here.
func (a *App) buyerConflict(w http.ResponseWriter, r *http.Request, u user, f *buyerForm) error {
	ctx := r.Context()
	b, err := a.buyer(r, u)
	if err != nil {
		return err
	}
	if b.State != store.BuyerActive {
		return a.buyerPage(w, r, u, b.ID, http.StatusConflict, text.T(ctx, "buyer.refused.archived"))
	}
	c := &templates.BuyerConflict{At: b.EditedAt, Changes: buyerChanges(ctx, buyerDifferences(b, f.read))}
	if c.Person, err = a.savedBy(ctx, u, store.About("buyer", b.ID)); err != nil {
		return err
	}
	f.version = b.Version
	v := f.view(ctx)
	v.Conflict = c
	return a.buyerFormPage(w, r, u, http.StatusConflict, v, f.read, &b)
}

// buyerChanges names the fields for the reader.
func buyerChanges(ctx context.Context, list []intake.Change) []templates.TrailField {
	var changes []templates.TrailField
	for _, c := range list {
		changes = append(changes, templates.TrailField{Name: text.T(ctx, text.Prefix("buyer.field.")+string(c.Field)), Before: c.Before, After: c.After})
	}
	return changes
}

// buyerDifferences lists the fields in which two states of a buyer differ.
func buyerDifferences(saved, typed store.Buyer) []intake.Change {
	s, t := buyerAsTyped(saved), buyerAsTyped(typed)
	var changes []intake.Change
	for _, c := range []struct{ field, saved, typed string }{
		{buyer.FieldName, s.Name.Value, t.Name.Value}, {buyer.FieldNameEN, s.NameEN.Value, t.NameEN.Value},
		{buyer.FieldTaxID, s.TaxID.Value, t.TaxID.Value}, {buyer.FieldBranch, s.Branch.Value, t.Branch.Value},
		{buyer.FieldAddress, s.Address.Value, t.Address.Value}, {buyer.FieldPostcode, s.Postcode.Value, t.Postcode.Value},
		{buyer.FieldContact, s.Contact.Value, t.Contact.Value}, {buyer.FieldEmail, s.Email.Value, t.Email.Value},
		{buyer.FieldPhone, s.Phone.Value, t.Phone.Value}, {buyer.FieldTermsDays, s.TermsDays.Value, t.TermsDays.Value},
		{buyer.FieldWHTRate, s.WHTRate.Value, t.WHTRate.Value}, {buyer.FieldNote, s.Note.Value, t.Note.Value},
	} {
		if c.saved != c.typed {
			changes = append(changes, intake.Change{Field: intake.Field(c.field), Before: c.saved, After: c.typed})
		}
	}
	return changes
}
