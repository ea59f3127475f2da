package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxFound is how many buyers the box on a bill offers at once.
const maxFound = 8

// findBuyers answers while somebody types into the box on a bill.
func (a *App) findBuyers(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	s := buyerSearch{query: strings.TrimSpace(f.raw("q"))}
	if err := f.check(); err != nil {
		return err
	}
	if err := a.Store.Read(r.Context(), u.actor(), s.find); err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, templates.FoundBuyers(s.view(r.Context(), a.today())))
}

// buyerSearch is what the box on a bill looks for, and what it found.
type buyerSearch struct {
	query string
	found []store.Buyer
}

func (s *buyerSearch) find(q *store.Query) (err error) {
	s.found, err = q.FindBuyers(clip(s.query, 100), maxFound)
	return err
}

func (s *buyerSearch) view(ctx context.Context, on thai.Day) templates.BuyersFound {
	v := templates.BuyersFound{Query: s.query}
	for _, b := range s.found {
		v.Buyers = append(v.Buyers, foundBuyer(ctx, b, on))
	}
	return v
}

// foundBuyer is a known buyer as a bill of the given day takes it.
func foundBuyer(ctx context.Context, b store.Buyer, on thai.Day) templates.FoundBuyer {
	found := templates.FoundBuyer{
		ID: b.ID.String(), Name: b.Name, NameEN: b.NameEN, TaxID: thai.TaxID(b.TaxID).Grouped(), Branch: b.Branch, Address: billAddress(b),
		Number: thai.TaxID(b.TaxID).Grouped() + " · " + branchName(ctx, b.Branch), Income: string(usualIncome(b, on)),
	}
	var terms []string
	if b.TermsDays != nil {
		found.Days = strconv.Itoa(*b.TermsDays)
		terms = append(terms, text.T(ctx, "buyer.terms_brief", "days", text.N(ctx, "buyer.days", *b.TermsDays)))
	}
	if found.Income != "" {
		terms = append(terms, text.T(ctx, "buyer.withholds_brief", "rate", b.WHTRate.Decimal.String()))
	}
	found.Terms = strings.Join(terms, " · ")
	return found
}

// usualIncome is what the lines of a bill to a buyer are probably for: of the
// incomes that bear the rate it usually withholds, the most common.
func usualIncome(b store.Buyer, on thai.Day) bill.Income {
	if !b.WHTRate.Valid {
		return bill.NoIncome
	}
	income := bill.NoIncome
	for _, w := range bill.WithholdingOn(on) {
		if w.Percent.Equal(b.WHTRate.Decimal) && (income == bill.NoIncome || w.Income == bill.Service) {
			income = w.Income
		}
	}
	return income
}

// billAddress is a buyer's address as a bill says it, with the postcode.
func billAddress(b store.Buyer) string {
	if b.Postcode == "" || strings.Contains(b.Address, b.Postcode) {
		return b.Address
	}
	return b.Address + " " + b.Postcode
}

// pressed is what the pressed button asks for. The Enter key presses none: it
// looks for a buyer while something stands in the box, and else it saves.
func pressed(f *form) string {
	do, query := f.raw("do"), strings.TrimSpace(f.raw("q"))
	switch {
	case do == templates.EnterKey && query != "":
		return templates.FindBuyer
	case do == templates.EnterKey:
		return "save"
	}
	return do
}

// lookForBuyer does what the button asks of the box: it finds buyers, or puts
// one into the fields as if somebody had typed it. A new bill takes its days of
// credit, too; a draft keeps what was agreed for it. A buyer who is gone
// changes nothing.
func (f *presentmentForm) lookForBuyer(ctx context.Context, q *store.Query, today thai.Day) error {
	if f.do == templates.FindBuyer {
		f.buyers.query = strings.TrimSpace(f.raw("q"))
		return f.buyers.find(q)
	}
	id, picks := strings.CutPrefix(f.do, templates.PickBuyer)
	if !picks {
		return nil
	}
	b, err := q.Buyer(f.idOf(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f.billTo(b, f.dayOr(today))
	if on, err := thai.ParseDate(f.raw("document_on"), today); err == nil && f.version == 0 {
		f.payable(ctx, b, on)
	}
	return nil
}

// idOf reads the id that a button names; anything else is no button of ours.
func (f *presentmentForm) idOf(s string) store.ID {
	id, err := uuid.Parse(s)
	if err != nil {
		f.broken = &requestError{"no id on a button"}
	}
	return id
}

// usualField is the hidden field that says what new lines are for.
const usualField = "usual_income"

// billTo fills the fields of the buyer as if somebody had typed them. Lines
// that nobody typed into take what the buyer usually withholds on.
func (f *presentmentForm) billTo(b store.Buyer, on thai.Day) {
	usual := string(usualIncome(b, on))
	f.values[usualField] = []string{usual}
	for i := range f.lines {
		if f.lines[i].blank() {
			f.lines[i].income = usual
		}
	}
	for field, value := range map[string]string{
		"buyer_name": b.Name, "buyer_tax_id": thai.TaxID(b.TaxID).Grouped(), "buyer_branch": b.Branch, "buyer_address": billAddress(b),
	} {
		f.values[field] = []string{value}
	}
}

// payable fills in the days of credit that the buyer usually has, and the day
// that a bill of the given day is due. Where nothing was agreed, nothing changes.
func (f *presentmentForm) payable(ctx context.Context, b store.Buyer, on thai.Day) {
	if b.TermsDays == nil {
		return
	}
	f.values["credit_days"] = []string{strconv.Itoa(*b.TermsDays)}
	f.values["due_on"] = []string{typedDay(ctx, on.AddDays(*b.TermsDays)).Value}
}

// billFor begins a new bill for the buyer that the address names, if it does,
// with the days of credit that it usually has.
func (a *App) billFor(r *http.Request, u user, f *presentmentForm) error {
	query := readQuery(r)
	id := query.id("buyer")
	if query.broken != nil || id == store.NoID {
		return query.broken
	}
	return a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		b, err := q.Buyer(id)
		if err != nil {
			return err
		}
		f.billTo(b, a.today())
		f.payable(r.Context(), b, a.today())
		return nil
	})
}

// knownBuyer is what the directory says of the buyer of a bill.
func knownBuyer(q *store.Query, u user, p store.Presentment) (templates.KnownBuyer, error) {
	b, err := q.BuyerByTaxID(p.BuyerTaxID, p.BuyerBranch)
	switch {
	case errors.Is(err, store.ErrNotFound) && u.can(store.Maker):
		return templates.KnownBuyer{Save: "/buyers/new?" + url.Values{"bill": {p.ID.String()}}.Encode()}, nil
	case errors.Is(err, store.ErrNotFound):
		return templates.KnownBuyer{}, nil
	case err != nil:
		return templates.KnownBuyer{}, err
	}
	known := templates.KnownBuyer{Href: buyerHref(b.ID)}
	if b.Name != p.BuyerName {
		known.Other = b.Name
	}
	return known, nil
}
