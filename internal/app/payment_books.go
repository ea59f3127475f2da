package app

import (
	"net/http"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// closingPageSize is how many closings a page lists.
const closingPageSize = 31

// showBooks shows the open days with what waits in them, and the closed ones.
func (a *App) showBooks(w http.ResponseWriter, r *http.Request, u user) error {
	return a.booksPage(w, r, u, http.StatusOK, "")
}

func (a *App) booksPage(w http.ResponseWriter, r *http.Request, u user, status int, refusal string) error {
	ctx := r.Context()
	f := readQuery(r)
	before := f.day("before", a.today())
	if err := f.check(); err != nil {
		return err
	}
	v := templates.BooksView{MayClose: u.can(store.Checker), Refusal: refusal}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		days, err := q.BookDays()
		if err != nil {
			return err
		}
		for _, d := range days {
			v.Waiting += d.Waiting
			v.Days = append(v.Days, templates.BookDay{
				Day: d.Day, Payments: d.Payments, Amount: d.AmountSatang, Applied: d.AppliedSatang, Withheld: d.WithheldSatang, Fee: d.FeeSatang, Aside: d.AsideSatang,
				Waiting: d.Waiting, WaitingSatang: d.WaitingSatang, Behind: v.Waiting > 0, Closable: v.MayClose && v.Waiting == 0 && !d.Day.After(midnight(a.today())),
				Through: d.Day.Format(time.DateOnly), WaitingHref: paymentQuery{PaymentSelection: store.PaymentSelection{State: store.PaymentWaiting}}.href(store.Cursor{}),
			})
		}
		if v.Account, err = accountOf(ctx, q); err != nil {
			return err
		}
		closed, err := q.Closings(midnight(before), closingPageSize+1)
		if err != nil {
			return err
		}
		if len(closed) > closingPageSize {
			closed = closed[:closingPageSize]
			v.Pager.Next = "/payments/books?before=" + closed[closingPageSize-1].Through.Format(time.DateOnly)
		}
		if !before.IsZero() {
			v.Pager.First = "/payments/books"
		}
		for _, c := range closed {
			v.Closed = append(v.Closed, templates.ClosedBooks{
				Through: c.Through, By: c.ClosedByName, At: c.ClosedAt, Payments: c.Payments, Amount: c.AmountSatang, Applied: c.AppliedSatang,
				Withheld: c.WithheldSatang, Fee: c.FeeSatang, Aside: c.AsideSatang,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Status: status}, templates.Books(v))
}

// whyNotClosed are the words for what keeps books open.
var whyNotClosed = []struct {
	constraint string
	word       string
}{
	{"nothing_waits_in_closed_books", text.K("payment.error.waits")},
	{"books_are_closed_by_another", text.K("payment.error.own_match")},
	{"books_are_closed_forward", text.K("payment.error.closed_before")},
	{"books_are_closed_on_duty", text.K("payment.error.not_checker")},
}

// closeBooks closes the books through a day.
func (a *App) closeBooks(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	through := f.day("through", a.today(), required)
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return &requestError{"unreadable day"}
	}
	ctx := r.Context()
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		_, err := tx.CloseBooks(midnight(through))
		return err
	})
	for _, why := range whyNotClosed {
		if store.Violated(err, why.constraint) {
			return a.booksPage(w, r, u, http.StatusUnprocessableEntity, text.T(ctx, why.word))
		}
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/payments/books", text.Msg("payment.books_are_closed"))
}
