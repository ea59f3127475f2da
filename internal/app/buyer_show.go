package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// buyerBillsShown is how many bills the page of a buyer has.
const buyerBillsShown = 20

// showBuyer shows what is known of a buyer, its bills, and who changed what.
func (a *App) showBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.buyerPage(w, r, u, id, http.StatusOK, "")
}

func (a *App) buyerPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, refusal string) error {
	ctx := r.Context()
	var v templates.BuyerView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = buyerView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = refusal
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaBuyers, Status: status}, templates.Buyer(v))
}

func buyerView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.BuyerView, error) {
	b, err := q.Buyer(id)
	if err != nil {
		return templates.BuyerView{}, err
	}
	v := templates.BuyerView{
		Href: buyerHref(id), Version: b.Version, Name: b.Name, NameEN: b.NameEN, TaxID: b.TaxID, TaxIDGrouped: thai.TaxID(b.TaxID).Grouped(),
		Branch: branchName(ctx, b.Branch), Address: b.Address, Postcode: b.Postcode, Email: b.Email, Phone: b.Phone, Contact: b.Contact, Note: b.Note,
		Archived: b.State == store.BuyerArchived, Since: b.EditedAt, MayMake: u.can(store.Maker),
		NewBill:  "/presentments/new?" + url.Values{"buyer": {id.String()}}.Encode(),
		AllBills: "/presentments?" + url.Values{"q": {b.TaxID}}.Encode(),
	}
	if b.TermsDays != nil {
		v.Terms = text.N(ctx, "buyer.days", *b.TermsDays)
	}
	if b.WHTRate.Valid {
		v.WHT = b.WHTRate.Decimal.String() + "%"
	}
	if v.Flags, err = buyerFlags(ctx, q, b); err != nil {
		return v, err
	}
	if err := fillBuyerBills(ctx, q, b, &v); err != nil {
		return v, err
	}
	v.Story, err = buyerStory(ctx, q, id)
	return v, err
}

// billGroups are the sums of a buyer's page: what is with the bank, what is on
// its way there, and what is not yet asked for.
var billGroups = []struct {
	key    string
	states []string
}{
	{text.K("buyer.bills_presented"), []string{store.PresentmentPresented, store.PresentmentIncomplete}},
	{text.K("buyer.bills_under_way"), []string{store.PresentmentSubmitted, store.PresentmentApproved, store.PresentmentSending, store.PresentmentUnknown}},
	{text.K("buyer.bills_drafts"), []string{store.PresentmentDraft, store.PresentmentRefused}},
}

func fillBuyerBills(ctx context.Context, q *store.Query, b store.Buyer, v *templates.BuyerView) error {
	bills, err := q.BillsOfBuyer(b.TaxID, b.Branch, buyerBillsShown)
	if err != nil {
		return err
	}
	total := 0
	for _, s := range bills.Sums {
		total += s.Number
	}
	for _, g := range billGroups {
		sum := templates.BuyerSum{Label: text.T(ctx, g.key)}
		for state, s := range bills.Sums {
			if slices.Contains(g.states, state) {
				sum.Number += s.Number
				sum.AmountSatang += s.Satang
			}
		}
		v.Sums = append(v.Sums, sum)
	}
	v.BillCount, v.MoreBills, v.Clipped = countText(total), total > len(bills.Rows), bills.More
	for _, p := range bills.Rows {
		row := templates.BuyerBill{
			Href: billHref(p.ID), Status: presentmentStatus(ctx, p.State), Number: p.DocumentNumber, On: p.DocumentOn, Due: p.DueOn,
			AmountSatang: p.TotalSatang,
		}
		if p.BuyerName != b.Name {
			row.OtherName = p.BuyerName
		}
		v.Bills = append(v.Bills, row)
	}
	return nil
}

// buyerStory tells who changed what about a buyer, newest first.
func buyerStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("buyer", id)})
	if err != nil {
		return nil, err
	}
	events := make([]ui.Event, 0, len(leaves))
	for _, l := range leaves {
		e := ui.Event{Sentence: sentenceOf(ctx, l), Person: actorOf(ctx, l), At: l.At}
		if fields, changes := fieldsOf(ctx, l); changes {
			e.Summary, e.Detail = text.T(ctx, "buyer.see_changes"), templates.TrailFields(withoutVersion(ctx, fields), true)
		}
		events = append(events, e)
	}
	return newestFirst(events), nil
}

// withoutVersion leaves out the number that only keeps edits apart.
func withoutVersion(ctx context.Context, fields []templates.TrailField) []templates.TrailField {
	version := fieldName(ctx, "buyer", "version")
	return slices.DeleteFunc(fields, func(f templates.TrailField) bool { return f.Name == version })
}

// archiveBuyer takes a buyer out of use.
func (a *App) archiveBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	return a.moveBuyer(w, r, u, (*store.Tx).ArchiveBuyer, text.Msg("buyer.archived"))
}

// restoreBuyer takes it into use again.
func (a *App) restoreBuyer(w http.ResponseWriter, r *http.Request, u user) error {
	return a.moveBuyer(w, r, u, (*store.Tx).RestoreBuyer, text.Msg("buyer.restored"))
}

func (a *App) moveBuyer(w http.ResponseWriter, r *http.Request, u user, move func(*store.Tx, store.ID, int) error, done text.Message) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return move(tx, id, version) })
	switch {
	case errors.Is(err, store.ErrStale):
		return a.buyerPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "buyer.refused.stale"))
	case store.Violated(err, "known_buyer_is_unique"):
		return a.buyerPage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "buyer.refused.taken"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, buyerHref(id), done)
}
