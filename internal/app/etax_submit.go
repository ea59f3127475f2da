package app

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// newEtaxSubmission is the last look before a document goes to whoever approves it.
func (a *App) newEtaxSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	return a.etaxSubmissionPage(w, r, u, http.StatusOK, newKey(), "")
}

func (a *App) etaxSubmissionPage(w http.ResponseWriter, r *http.Request, u user, status int, key, refusal string) error {
	ctx := r.Context()
	e, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	if !e.Editable() {
		return a.seeOther(w, r, u, "/etax/"+e.ID.String(), text.Message{})
	}
	d, err := documentOf(e)
	if err != nil {
		return err
	}
	v := templates.EtaxSubmission{ID: e.ID.String(), Key: key, Version: e.Version, Refusal: refusal}
	if v.Paper, err = etaxPaper(ctx, d, e.Locked); err != nil {
		return err
	}
	mend := func(field string, m text.Message) {
		v.Obstacles = append(v.Obstacles, ui.FieldError{Field: "/etax/" + v.ID + "/edit#" + field, Message: m.In(ctx)})
	}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		names, err := q.CheckersBesides(append(e.Editors, u.person.ID))
		if err != nil {
			return err
		}
		v.Approvers = someNames(ctx, names)
		faults, err := teller.EtaxFaults(q, e.ID, &d, a.today())
		if err != nil {
			return err
		}
		for _, f := range faults {
			mend(f.Field, etaxFaultMessage(f))
		}
		e.References = teller.OwnReferences(d)
		err = taxesOnce(q, e)
		if again, is := errors.AsType[*taxedAgainError](err); is {
			mend("kind", again.says())
		} else if err != nil {
			return err
		}
		closed, err := inClosedMonth(q, e.IssuedOn)
		if closed {
			mend("issued_on", text.Msg("month.date_closed"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaEtax, Status: status}, templates.EtaxCheck(v))
}

// createEtaxSubmission asks for approval of the document in the version that
// was seen.
func (a *App) createEtaxSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key, version := f.key(), f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	_, err = a.Teller.SubmitEtax(ctx, u.actor(), id, version, key, a.today())
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/etax/"+id.String(), text.Msg("etax.submitted"))
	case errors.Is(err, teller.ErrNotEditable):
		return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(ctx, "etax.refused.submitted")})
	case errors.Is(err, store.ErrStale):
		return a.etaxSubmissionPage(w, r, u, http.StatusConflict, newKey(), text.T(ctx, "etax.refused.stale"))
	case errors.Is(err, teller.ErrKeyReused):
		return a.etaxSubmissionPage(w, r, u, http.StatusConflict, newKey(), text.T(ctx, "etax.refused.key"))
	case errors.Is(err, teller.ErrTaxedTwice):
		return a.etaxSubmissionPage(w, r, u, http.StatusConflict, newKey(), text.T(ctx, "etax.refused.taxed"))
	case errors.Is(err, teller.ErrEtaxFaulty), store.Violated(err, store.MonthIsOpen), store.Violated(err, store.NoMoreIsCredited):
		return a.etaxSubmissionPage(w, r, u, http.StatusUnprocessableEntity, newKey(), "")
	case errors.Is(err, store.ErrNumberTaken), store.Violated(err, "etax_number_is_unique"):
		return a.etaxSubmissionPage(w, r, u, http.StatusConflict, newKey(), text.T(ctx, "etax.refused.number"))
	case errors.Is(err, store.ErrNoPattern):
		return a.etaxSubmissionPage(w, r, u, http.StatusConflict, newKey(), text.T(ctx, "etax.refused.pattern"))
	}
	return err
}

// discardEtax puts a draft away. A number that it was given is voided.
func (a *App) discardEtax(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockEtax(id); err != nil {
			return err
		}
		if err := tx.DiscardEtax(id); err != nil {
			return err
		}
		_, numbered, err := tx.NumberOf(store.About("etax", id))
		if err != nil || !numbered {
			return err
		}
		return tx.VoidNumber(store.About("etax", id), store.VoidDiscarded, "")
	})
	if errors.Is(err, store.ErrStale) {
		return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(r.Context(), "etax.refused.submitted")})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/etax", text.Msg("etax.discarded"))
}

// createEtaxInquiry puts the question how the document stands to the bank.
func (a *App) createEtaxInquiry(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("bank_reference")
	reference := strings.TrimSpace(f.text("bank_reference", maxLen(64)))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if f.valid() {
		err := a.Teller.AskEtax(ctx, u.actor(), id, reference)
		switch {
		case err == nil:
			return a.seeOther(w, r, u, "/etax/"+id.String()+"#inquiry", text.Msg("etax.asked"))
		case errors.Is(err, store.ErrAsking):
			return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(ctx, "etax.refused.asking")})
		case !errors.Is(err, teller.ErrNoReference):
			return err
		}
		f.fail("bank_reference", text.Msg("etax.reference_missing"))
	}
	return a.etaxPage(w, r, u, http.StatusUnprocessableEntity, templates.EtaxView{
		TypedReference: typed, ReferenceError: f.errorOf(ctx, "bank_reference"), Errors: f.summary(ctx),
	})
}

// holdEtax has the document kept for seven years.
func (a *App) holdEtax(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("why")
	why := f.text("why", required, maxLen(200))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.etaxPage(w, r, u, http.StatusUnprocessableEntity, templates.EtaxView{TypedWhy: typed, WhyError: f.errorOf(ctx, "why"), Errors: f.summary(ctx)})
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockEtax(id); err != nil {
			return err
		}
		return tx.HoldEtax(id, why)
	})
	if errors.Is(err, store.ErrStale) {
		return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(ctx, "etax.refused.held")})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/etax/"+id.String(), text.Msg("etax.held"))
}

// newEtaxReissue asks to whom the document is handed out again.
func (a *App) newEtaxReissue(w http.ResponseWriter, r *http.Request, u user) error {
	e, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	d, err := documentOf(e)
	if err != nil {
		return err
	}
	return a.etaxReissuePage(w, r, u, http.StatusOK, e, typedAgain(r.Context(), etax.Document{Recipients: d.Recipients}), newKey(), "")
}

func (a *App) etaxReissuePage(w http.ResponseWriter, r *http.Request, u user, status int, e store.Etax, f *etaxForm, key, refusal string) error {
	ctx := r.Context()
	if !teller.EtaxMade(e.State) {
		return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(ctx, "etax.refused.not_made")})
	}
	bad := map[string]string{}
	for _, fault := range f.faults {
		bad[fault.field] = fault.message.In(ctx)
	}
	v := templates.EtaxReissueView{ID: e.ID.String(), Key: key, Number: e.Number, Recipients: f.recipientRows(bad), Refusal: refusal}
	if status == http.StatusUnprocessableEntity {
		v.Errors = f.summary(ctx)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaEtax, Status: status}, templates.EtaxReissue(v))
}

// createEtaxReissue asks that the document be handed out again.
func (a *App) createEtaxReissue(w http.ResponseWriter, r *http.Request, u user) error {
	f := &etaxForm{form: readForm(r), typed: map[string]string{}}
	f.do = f.choice("do", "save", "add-recipient")
	key := f.key()
	f.recipients = f.count("recipients", etax.MaxRecipients)
	to := f.readRecipients()
	if err := f.check(); err != nil {
		return err
	}
	e, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	if f.rearranged() {
		return a.etaxReissuePage(w, r, u, http.StatusOK, e, f, key, "")
	}
	for _, fault := range etax.CheckRecipients(to) {
		f.fail(f.rowOf(fault.Field), etaxFaultMessage(fault))
	}
	if !f.valid() {
		return a.etaxReissuePage(w, r, u, http.StatusUnprocessableEntity, e, f, key, "")
	}
	_, err = a.Teller.RequestReissue(r.Context(), u.actor(), e.ID, to, key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/etax/"+e.ID.String()+"#reissues", text.Msg("etax.reissue_submitted"))
	case errors.Is(err, teller.ErrEtaxNotMade):
		return a.etaxPage(w, r, u, http.StatusConflict, templates.EtaxView{Refusal: text.T(r.Context(), "etax.refused.not_made")})
	case errors.Is(err, teller.ErrKeyReused):
		return a.etaxReissuePage(w, r, u, http.StatusConflict, e, f, newKey(), text.T(r.Context(), "etax.refused.key"))
	}
	return err
}

// describeEtax fills the approval page of what is asked about a tax document.
func describeEtax(ctx context.Context, payload any, lead store.Instruction, v *templates.ApprovalView) bool {
	switch p := payload.(type) {
	case teller.Generation:
		paper := paperOfGeneration(ctx, p)
		v.Etax = &paper
		v.Sentence = text.T(ctx, "etax.asks_to_generate", "kind", paper.KindName, "number", paper.Number, "buyer", p.Buyer.Name, "amount", text.Amount(paper.TotalSatang))
		v.Lasting = text.T(ctx, "etax.lasting_generate")
		if p.SubmitToRevenue {
			v.Lasting = text.T(ctx, "etax.lasting_revenue")
		}
	case teller.Reissuance:
		v.Recipients = recipientsOfRequest(p.Recipients)
		v.Sentence = text.N(ctx, "etax.asks_to_reissue", len(p.Recipients), "title", lead.Title)
		v.Lasting = text.T(ctx, "etax.lasting_reissue")
	default:
		return false
	}
	v.Subject = "/etax/" + lead.SubjectID().String()
	return true
}
