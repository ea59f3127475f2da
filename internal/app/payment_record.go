package app

import (
	"net/http"

	"github.com/google/uuid"

	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newPayment is the form for one payment that no file and no message tells of.
func (a *App) newPayment(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	if err := f.check(); err != nil {
		return err
	}
	v := templates.PaymentForm{Key: newKey(), PaidOn: a.today().String()}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPayments}, templates.PaymentNew(v))
}

// longest texts of a payment, as the database has them.
const (
	maxReference   = 140
	maxDescription = 300
	maxChannel     = 60
)

// createPayment records a payment by hand, and matches it where that is certain.
func (a *App) createPayment(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.PaymentForm{
		Key: f.key(), PaidOn: f.raw("paid_on"), Amount: f.raw("amount"), Payer: f.raw("payer"), TaxID: f.raw("tax_id"), Reference1: f.raw("reference1"),
		Reference2: f.raw("reference2"), BankReference: f.raw("bank_reference"), Channel: f.raw("channel"),
	}
	// The same form is the same payment, however often it is sent.
	id := uuid.NewSHA1(u.actor().Merchant, []byte("payment "+v.Key))
	today := a.today()
	on := f.day("paid_on", today, required)
	p := store.Payment{
		ID: id, Source: store.PaymentByHand, AmountSatang: f.satang("amount", required), PayerName: f.text("payer", maxLen(200)),
		Reference1: f.text("reference1", maxLen(maxReference)), Reference2: f.text("reference2", maxLen(maxReference)),
		BankReference: f.text("bank_reference", maxLen(64)), Channel: f.text("channel", maxLen(maxChannel)),
	}
	if v.TaxID != "" {
		taxID, err := thai.ParseTaxID(v.TaxID)
		if err != nil {
			f.fail("tax_id", text.Msg("list.error.tax_id"))
		}
		p.PayerTaxID = string(taxID)
	}
	if err := f.check(); err != nil {
		return err
	}
	switch {
	case !f.valid():
	case on.Compare(today) > 0:
		f.fail("paid_on", text.Msg("payment.error.future"))
	case p.AmountSatang <= 0:
		f.fail("amount", text.Msg("payment.error.nothing"))
	}
	ctx := r.Context()
	again := func() error {
		v.PaidOnError, v.AmountError, v.PayerError, v.TaxIDError = f.errorOf(ctx, "paid_on"), f.errorOf(ctx, "amount"), f.errorOf(ctx, "payer"), f.errorOf(ctx, "tax_id")
		v.Reference1Error, v.Reference2Error = f.errorOf(ctx, "reference1"), f.errorOf(ctx, "reference2")
		v.BankReferenceError, v.ChannelError, v.Errors = f.errorOf(ctx, "bank_reference"), f.errorOf(ctx, "channel"), f.summary(ctx)
		return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Status: http.StatusUnprocessableEntity}, templates.PaymentNew(v))
	}
	if !f.valid() {
		return again()
	}
	p.PaidOn = midnight(on)
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) (err error) {
		books, err := teller.HoldBooks(tx)
		if err != nil {
			return err
		}
		p.BookedOn = books.On(p.PaidOn)
		if err := tx.AddPayments([]store.Payment{p}); err != nil {
			return err
		}
		_, err = teller.MatchCertain(tx, []store.Payment{p})
		return err
	})
	switch {
	case store.Violated(err, "payments_pkey"):
		return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.recorded")) // a second click
	case store.Violated(err, "payment_is_known_once"):
		f.fail("bank_reference", text.Msg("payment.error.known"))
		return again()
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.recorded"))
}
