package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/matching"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showPayment shows one payment: what it is, what it is for, and what it may be for.
func (a *App) showPayment(w http.ResponseWriter, r *http.Request, u user) error {
	return a.paymentPage(w, r, u, http.StatusOK, templates.PaymentView{})
}

// paymentPage shows a payment with what v already says of a refused try.
func (a *App) paymentPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PaymentView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		p, err := q.Payment(id)
		if err != nil {
			return err
		}
		describePayment(ctx, p, &v)
		matches, err := q.MatchesOfPayment(id)
		if err != nil {
			return err
		}
		v.MayMatch = u.can(store.Maker) && p.LeftSatang() > 0
		for _, m := range matches {
			v.Matches = append(v.Matches, paymentMatch(ctx, u, m))
		}
		if !v.MayMatch {
			return nil
		}
		proposals, err := teller.Proposals(q, p)
		for _, o := range proposals {
			v.Proposals = append(v.Proposals, paymentProposal(ctx, o))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Status: status}, templates.Payment(v))
}

func describePayment(ctx context.Context, p store.Payment, v *templates.PaymentView) {
	v.ID, v.Payer, v.Amount, v.Left, v.On, v.Version = p.ID.String(), p.PayerName, p.AmountSatang, p.LeftSatang(), p.PaidOn, p.Version
	if v.Payer == "" {
		v.Payer = text.T(ctx, "payment.no_payer")
	}
	v.Status, v.Aside = paymentStatus(ctx, p.State), p.State == store.PaymentAside
	v.TaxID, v.Reference1, v.Reference2, v.Description, v.Channel, v.BankReference = p.PayerTaxID, p.Reference1, p.Reference2, p.Description, p.Channel, p.BankReference
	if !p.BookedOn.Equal(p.PaidOn) {
		v.BookedOn = p.BookedOn
	}
	if v.Aside {
		v.AsideWhy = text.T(ctx, text.Prefix("payment.aside.")+p.AsideReason)
		if p.AsideNote != "" {
			v.AsideWhy += " · " + p.AsideNote
		}
	}
	v.Source = text.T(ctx, text.Prefix("payment.source.")+p.Source)
	switch {
	case p.CallbackID.Valid:
		v.SourceHref = "/callbacks/" + p.CallbackID.UUID.String()
	case p.ImportID.Valid:
		v.SourceHref = importHref(p.ImportID.UUID)
	}
	v.AsideOptions = []ui.Option{}
	for _, reason := range store.AsideReasons {
		v.AsideOptions = append(v.AsideOptions, ui.Option{Value: reason, Label: text.T(ctx, text.Prefix("payment.aside.")+reason)})
	}
}

// whyMatched says in a sentence why a payment is taken for a bill.
func whyMatched(ctx context.Context, reason, evidence string, withheld, fee int64, rate decimal.Decimal) string {
	why := text.T(ctx, text.Prefix("payment.reason.")+reason)
	if withheld > 0 && rate.IsPositive() {
		why = text.T(ctx, "payment.withheld_at", "rate", rate.String(), "amount", text.Amount(withheld))
	} else if withheld > 0 {
		why = text.T(ctx, "payment.withheld", "amount", text.Amount(withheld))
	}
	if fee > 0 {
		why += ", " + text.T(ctx, "payment.fee_of", "amount", text.Amount(fee))
	}
	return text.T(ctx, text.Prefix("payment.evidence.")+evidence) + " · " + why
}

func paymentMatch(ctx context.Context, u user, m store.Match) templates.PaymentMatch {
	row := templates.PaymentMatch{
		Bill: m.DocumentNumber, BillHref: "/presentments/" + m.PresentmentID.String(), Buyer: m.BuyerName, Applied: m.AppliedSatang, Withheld: m.WithheldSatang,
		Fee: m.FeeSatang, Why: whyMatched(ctx, m.Reason, m.Evidence, m.WithheldSatang, m.FeeSatang, m.WithheldRate), By: text.T(ctx, "payment.by_rules"), At: m.MatchedAt,
		Undo: paymentHref(m.PaymentID) + "/matches/" + m.ID.String() + "/undoing",
	}
	if m.MatchedByName != nil {
		row.By = *m.MatchedByName
	}
	if m.UndoneAt != nil {
		row.Undo, row.UndoneAt, row.UndoneBy, row.UndoneWhy = "", *m.UndoneAt, *m.UndoneByName, m.UndoneWhy
	}
	if !u.can(store.Maker) {
		row.Undo = ""
	}
	return row
}

func paymentProposal(ctx context.Context, o matching.Proposal) templates.PaymentProposal {
	p := templates.PaymentProposal{Left: o.LeftSatang, Usable: true}
	for _, s := range o.Shares {
		p.Usable = p.Usable && s.AppliedSatang > 0
		p.Shares = append(p.Shares, templates.PaymentShare{
			Bill: s.Bill.ID.String(), Number: s.Bill.Number, Href: "/presentments/" + s.Bill.ID.String(), Buyer: s.Bill.BuyerName, Open: s.Bill.OpenSatang(), Total: s.Bill.TotalSatang,
			Applied: s.AppliedSatang, Withheld: s.WithheldSatang, Fee: s.FeeSatang,
			Why: whyMatched(ctx, string(s.Reason), string(s.Evidence), s.WithheldSatang, s.FeeSatang, s.Rate),
		})
	}
	return p
}

// mostShares is how many bills one form may name.
const mostShares = 20

// acceptProposal uses a payment as the rules proposed and a person saw it.
func (a *App) acceptProposal(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	bills, applied, withheld, fees := f.list("bill"), f.list("applied"), f.list("withheld"), f.list("fee")
	if err := f.check(); err != nil {
		return err
	}
	if len(bills) == 0 || len(bills) > mostShares || len(applied) != len(bills) || len(withheld) != len(bills) || len(fees) != len(bills) {
		return &requestError{"not a proposal"}
	}
	uses := make([]teller.Use, len(bills))
	for n := range bills {
		bill, err := uuid.Parse(bills[n])
		amounts, errAmount := satangs(applied[n], withheld[n], fees[n])
		if err != nil || errAmount != nil {
			return &requestError{"not a proposal"}
		}
		uses[n] = teller.Use{Bill: bill, AppliedSatang: amounts[0], WithheldSatang: amounts[1], FeeSatang: amounts[2]}
	}
	return a.matched(w, r, u, id, uses, templates.PaymentView{})
}

func satangs(typed ...string) ([]int64, error) {
	amounts := make([]int64, len(typed))
	for n, s := range typed {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < 0 || v > maxSatang {
			return nil, errors.New("not an amount")
		}
		amounts[n] = v
	}
	return amounts, nil
}

// maxSatang is more than any bill: it only keeps sums from running over.
const maxSatang = 1e15

// matchPayment uses a payment for the bill whose number a person typed.
func (a *App) matchPayment(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.PaymentView{Number: f.raw("number"), AppliedTyped: f.raw("applied"), WithheldTyped: f.raw("withheld"), FeeTyped: f.raw("fee")}
	number, applied := f.text("number", required, maxLen(35)), f.satang("applied", required)
	var withheld, fee int64
	if v.WithheldTyped != "" {
		withheld = f.satang("withheld")
	}
	if v.FeeTyped != "" {
		fee = f.satang("fee")
	}
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() && applied <= 0 {
		f.fail("applied", text.Msg("payment.error.nothing"))
	}
	ctx := r.Context()
	var bill store.ID
	if f.valid() {
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			bill, err = q.PresentmentNumbered(strings.TrimSpace(number))
			return err
		})
		switch {
		case errors.Is(err, store.ErrNotFound):
			f.fail("number", text.Msg("payment.error.no_bill", "number", number))
		case err != nil:
			return err
		}
	}
	if !f.valid() {
		v.NumberError, v.AppliedError, v.WithheldError, v.FeeError = f.errorOf(ctx, "number"), f.errorOf(ctx, "applied"), f.errorOf(ctx, "withheld"), f.errorOf(ctx, "fee")
		v.Errors = f.summary(ctx)
		return a.paymentPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	return a.matched(w, r, u, id, []teller.Use{{Bill: bill, AppliedSatang: applied, WithheldSatang: withheld, FeeSatang: fee}}, v)
}

// whyUnmatched are the words for what keeps a payment from a bill, each at its field.
var whyUnmatched = []struct {
	is    func(error) bool
	field string
	word  string
}{
	{isErr(teller.ErrNothingLeft), "applied", text.K("payment.error.left")},
	{isErr(teller.ErrMoreThanOpen), "applied", text.K("payment.error.open")},
	{violates("bill_is_not_paid_twice"), "applied", text.K("payment.error.open")},
	{violates("payment_is_not_used_twice"), "applied", text.K("payment.error.left")},
	{violates("payment_is_used_once_for_a_bill"), "number", text.K("payment.error.again")},
	{violates("match_is_for_a_presented_bill"), "number", text.K("payment.error.state")},
}

func isErr(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func violates(constraint string) func(error) bool {
	return func(err error) bool { return store.Violated(err, constraint) }
}

func (a *App) matched(w http.ResponseWriter, r *http.Request, u user, id store.ID, uses []teller.Use, v templates.PaymentView) error {
	ctx := r.Context()
	err := a.Teller.MatchPayment(ctx, u.actor(), id, uses)
	for _, why := range whyUnmatched {
		if why.is(err) {
			message := text.T(ctx, why.word)
			v.Errors = []ui.FieldError{{Field: why.field, Message: message}}
			if why.field == "number" {
				v.NumberError = message
			} else {
				v.AppliedError = message
			}
			return a.paymentPage(w, r, u, http.StatusUnprocessableEntity, v)
		}
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.matched"))
}

// maxPaymentNote is how long a note about a payment may be.
const maxPaymentNote = 300

// undoMatch takes a payment from a bill again.
func (a *App) undoMatch(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	match, err := pathID(r, "match")
	if err != nil {
		return err
	}
	f := readForm(r)
	why := f.text("why", maxLen(maxPaymentNote))
	if err := f.check(); err != nil {
		return err
	}
	err = a.Teller.UndoMatch(r.Context(), u.actor(), id, match, midnight(a.today()), why)
	if errors.Is(err, store.ErrStale) {
		return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.undone_before"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.undone"))
}

// setPaymentAside says that what is left of a payment is for no bill.
func (a *App) setPaymentAside(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.PaymentView{AsideReason: f.raw("reason"), AsideNote: f.raw("note")}
	version, err := strconv.Atoi(f.raw("version"))
	reason, note := f.choice("reason", store.AsideReasons...), f.text("note", maxLen(maxPaymentNote))
	if err := f.check(); err != nil {
		return err
	}
	if err != nil {
		return &requestError{"unreadable version"}
	}
	if reason == "" {
		f.fail("reason", text.Msg("payment.error.reason"))
	}
	if reason == "other" && note == "" {
		f.fail("note", text.Msg("payment.error.note"))
	}
	ctx := r.Context()
	if !f.valid() {
		v.AsideReasonError, v.AsideNoteError, v.Errors = f.errorOf(ctx, "reason"), f.errorOf(ctx, "note"), f.summary(ctx)
		return a.paymentPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockPayment(id); err != nil {
			return err
		}
		return tx.SetAside(id, version, reason, note)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.set_aside"))
}

// takePaymentBack lets a payment that was set aside wait again.
func (a *App) takePaymentBack(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version, errVersion := strconv.Atoi(f.raw("version"))
	if err := f.check(); err != nil {
		return err
	}
	if errVersion != nil {
		return &requestError{"unreadable version"}
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockPayment(id); err != nil {
			return err
		}
		return tx.TakeBack(id, version)
	})
	if store.Violated(err, "books_are_open") {
		return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.books_closed"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, paymentHref(id), text.Msg("payment.taken_back"))
}
