package app

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/text"
)

// createEtax keeps a new draft.
func (a *App) createEtax(w http.ResponseWriter, r *http.Request, u user) error {
	f := readEtax(r, a.today())
	if err := f.check(); err != nil {
		return err
	}
	if f.rearranged() {
		return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
	}
	if err := a.holdToRules(r, u, f); err != nil {
		return err
	}
	if !f.valid() {
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	var e store.Etax
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if err := numberFromSource(tx.Query, f); err != nil {
			return err
		}
		if e, err = f.stored(); err != nil {
			return err
		}
		e.PresentmentID, e.ReceiptID = uuid.NullUUID{UUID: f.bill, Valid: f.bill != store.NoID}, uuid.NullUUID{UUID: f.receipt, Valid: f.receipt != store.NoID}
		if err := taxesOnce(tx.Query, e); err != nil {
			return err
		}
		if err := tx.AddEtax(e); err != nil || f.password == "" {
			return err
		}
		return tx.LockEtaxWith(e.ID, f.password)
	})
	if err != nil {
		return a.etaxNotKept(w, r, u, f, err)
	}
	return a.seeOther(w, r, u, "/etax/"+e.ID.String()+"/submission/new", text.Msg("etax.kept_draft"))
}

// holdToRules says at its fields what is wrong with a document. Its seller is the
// merchant itself, whatever the form says: nobody issues tax documents of
// somebody else.
func (a *App) holdToRules(r *http.Request, u user, f *etaxForm) error {
	var faults []etax.Fault
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		f.doc.Seller.Scheme, f.doc.Seller.ID = etax.TaxNumber, m.TaxID
		faults, err = teller.EtaxFaults(q, f.document, &f.doc, a.today())
		return err
	})
	f.obeyRules(r.Context(), faults)
	return err
}

// taxedAgainError is that a document would tax what another paper taxes already.
type taxedAgainError struct{ by store.TaxedBy }

// Error implements error.
func (e *taxedAgainError) Error() string {
	return "taxed already by " + e.by.Source + " " + e.by.Number
}

// says is what to do about it.
func (e *taxedAgainError) says() text.Message {
	return text.Msg(text.Prefix("etax.taxed_by.")+e.by.Source, "number", e.by.Number)
}

// taxesOnce refuses a document over a sale that another paper taxes. A draft may
// become one later, so that it is asked again when it is submitted.
func taxesOnce(q *store.Query, e store.Etax) error {
	by, taxed, err := q.TaxedAlready(e)
	if err == nil && taxed {
		err = &taxedAgainError{by}
	}
	return err
}

// etaxNotKept says at the form why it was refused.
func (a *App) etaxNotKept(w http.ResponseWriter, r *http.Request, u user, f *etaxForm, err error) error {
	if again, is := errors.AsType[*taxedAgainError](err); is {
		f.fail("kind", again.says())
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	if closed, is := monthClosed(err); is {
		f.fail("issued_on", closed)
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	switch {
	case store.Violated(err, "etax_number_is_unique"):
		return a.etaxFormPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "etax.refused.number"))
	case errors.Is(err, store.ErrStale), store.Violated(err, "etax_is_editable"):
		return a.etaxFormPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "etax.refused.stale"))
	}
	return err
}

// editEtax opens a draft.
func (a *App) editEtax(w http.ResponseWriter, r *http.Request, u user) error {
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
	f := typedAgain(r.Context(), d)
	f.document, f.version, f.locked = e.ID, e.Version, e.Locked
	return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
}

func (a *App) etaxAt(r *http.Request, u user) (e store.Etax, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return e, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		e, err = q.Etax(id)
		return err
	})
	return e, err
}

// updateEtax keeps what a draft was changed to.
func (a *App) updateEtax(w http.ResponseWriter, r *http.Request, u user) error {
	f := readEtax(r, a.today())
	if err := f.check(); err != nil {
		return err
	}
	old, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	f.document, f.locked = old.ID, old.Locked
	if f.rearranged() {
		return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
	}
	was, err := documentOf(old)
	if err != nil {
		return err
	}
	f.doc.Number = was.Number
	if err := a.holdToRules(r, u, f); err != nil {
		return err
	}
	if !f.valid() {
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		e, err := f.stored()
		if err != nil {
			return err
		}
		e.ID, e.Version, e.PresentmentID, e.ReceiptID = old.ID, f.version, old.PresentmentID, old.ReceiptID
		if err := taxesOnce(tx.Query, e); err != nil {
			return err
		}
		if err := tx.ChangeEtax(e); err != nil {
			return err
		}
		if f.password == "" && (!f.unlock || !old.Locked) {
			return nil
		}
		return tx.LockEtaxWith(e.ID, f.password)
	})
	if err != nil {
		return a.etaxNotKept(w, r, u, f, err)
	}
	return a.seeOther(w, r, u, "/etax/"+old.ID.String()+"/submission/new", text.Msg("etax.kept_draft"))
}
