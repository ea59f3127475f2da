package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"portal/internal/app/payer"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// payerPageSize is how many payers a page of the list has.
const payerPageSize = 50

var payerSorts = []string{string(store.PayersByName), string(store.PayersByCode), string(store.PayersNewest)}

// payerPlace is what is chosen on the list of payers. Its address says all of it.
type payerPlace struct {
	State, Standing, Query string
	Sort                   store.PayerSort
}

// values is the part of the address that says all of this.
func (p payerPlace) values() url.Values {
	query := url.Values{}
	if p.State != store.PayerActive {
		query.Set("state", p.State)
	}
	if p.Standing != "" {
		query.Set("mandate", p.Standing)
	}
	if p.Query != "" {
		query.Set("q", p.Query)
	}
	if p.Sort != store.PayersByName {
		query.Set("sort", string(p.Sort))
	}
	return query
}

func (p payerPlace) href(from store.PayerCursor) string {
	query := p.values()
	if from.ID != store.NoID {
		query.Set("after", from.Place+"_"+from.ID.String())
	}
	return addressOf("/payers", query)
}

// readPayerPlace reads what is chosen, and from where the page begins.
func readPayerPlace(f *form) (payerPlace, store.PayerCursor) {
	at := payerPlace{
		State: cmp.Or(f.choice("state", store.PayerActive, store.PayerArchived), store.PayerActive), Standing: f.choice("mandate", store.PayerStandings...),
		Query: strings.TrimSpace(f.raw("q")), Sort: cmp.Or(store.PayerSort(f.choice("sort", payerSorts...)), store.PayersByName),
	}
	after := f.raw("after")
	if after == "" {
		return at, store.PayerCursor{}
	}
	end := strings.LastIndexByte(after, '_')
	id, err := uuid.Parse(after[end+1:])
	if end < 0 || err != nil {
		f.broken = &requestError{"no such place in the list"}
		return at, store.PayerCursor{}
	}
	return at, store.PayerCursor{Place: after[:end], ID: id}
}

func (p payerPlace) filter(from store.PayerCursor, limit int) store.PayerFilter {
	return store.PayerFilter{State: p.State, Standing: p.Standing, Text: p.Query, Sort: p.Sort, From: from, Limit: limit}
}

// listPayers shows a page of the payers, by where their mandates stand and by
// what is searched for.
func (a *App) listPayers(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	at, from := readPayerPlace(f)
	if err := f.check(); err != nil {
		return err
	}
	return a.payerListPage(w, r, u, at, from, http.StatusOK, "")
}

func (a *App) payerListPage(w http.ResponseWriter, r *http.Request, u user, at payerPlace, from store.PayerCursor, status int, refusal string) error {
	ctx := r.Context()
	var rows []store.PayerRow
	var more bool
	var counts map[string]int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if rows, more, err = q.Payers(at.filter(from, payerPageSize)); err != nil {
			return err
		}
		counts, err = q.CountPayers()
		return err
	})
	if err != nil {
		return err
	}
	v := templates.PayerListView{
		Archived: at.State == store.PayerArchived, Query: at.Query, Standing: at.Standing, Sort: string(at.Sort), State: at.State, MayMake: u.can(store.Maker),
		MayLinkAll: u.can(store.Maker) && at.State != store.PayerArchived && (at.Standing == store.NoMandate || at.Standing == store.MandateEnded),
		All:        payerPlace{State: at.State, Sort: store.PayersByName}.href(store.PayerCursor{}), Chosen: at.values().Encode(), Refusal: refusal,
	}
	total := 0
	for _, standing := range store.PayerStandings {
		total += counts[standing]
		v.Standings = append(v.Standings, ui.Option{
			Value: standing, Label: text.T(ctx, text.Prefix("payer.standing.")+standing) + " (" + countText(counts[standing]) + ")",
		})
	}
	for _, s := range payerSorts {
		v.Sorts = append(v.Sorts, ui.Option{Value: s, Label: text.T(ctx, text.Prefix("payer.sort.")+s)})
	}
	for _, p := range rows {
		v.Rows = append(v.Rows, payerRow(ctx, p))
	}
	if len(rows) > 0 {
		v.Pager.Showing = text.T(ctx, "payer.showing", "n", len(rows))
	}
	if more {
		v.Pager.Next = at.href(store.PlaceOfPayer(at.Sort, rows[len(rows)-1]))
	}
	if from.ID != store.NoID {
		v.Pager.First = at.href(store.PayerCursor{})
	}
	header := a.debitHeader(ctx, u, tabPayers, ui.Header{Title: text.T(ctx, "payer.title"), Count: countText(total)})
	if v.MayMake {
		header.Primary = ui.Button{Label: text.T(ctx, "payer.new"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/payers/new"}
		header.Actions = append(header.Actions, ui.Button{Label: text.T(ctx, "import.from_file"), Icon: ui.IconUpload, Href: "/imports/new?kind=payers"})
	}
	w.Header().Set("HX-Push-Url", at.href(from))
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status, Part: templates.PayerListPart}, templates.PayerList(v))
}

func payerRow(ctx context.Context, p store.PayerRow) templates.PayerRow {
	row := templates.PayerRow{
		ID: p.ID.String(), Href: payerHref(p.ID), Name: p.Name, NameEN: p.NameEN, Code: p.Code, TaxID: maskedTaxID(p.TaxID), Mobile: payer.MaskMobile(p.Mobile),
		Status: standingStatus(ctx, payerStanding(p.MandateState)), Account: p.DrawerAccount, Mailable: p.Email != "",
	}
	if p.Payday != nil {
		row.Payday = paydayText(ctx, *p.Payday)
	}
	if p.MandateID.Valid {
		row.Mandate = mandateHref(p.MandateID.UUID)
	}
	return row
}

// payerStanding is where a payer stands whose foremost mandate is in a state.
func payerStanding(state string) string {
	switch state {
	case "":
		return store.NoMandate
	case store.MandateActive, store.MandateSuspended, store.MandateWaiting:
		return state
	}
	return store.MandateEnded
}

var standingMeanings = map[string]ui.Meaning{
	store.NoMandate: ui.Neutral, store.MandateInWaiting: ui.Info, store.MandateInForce: ui.Good, store.MandateOnHold: ui.Warning, store.MandateEnded: ui.Bad,
}

func standingStatus(ctx context.Context, standing string) ui.Status {
	return ui.Status{Meaning: standingMeanings[standing], Label: text.T(ctx, text.Prefix("payer.standing.")+standing)}
}

func paydayText(ctx context.Context, day int) string {
	if day == 31 {
		return text.T(ctx, "payer.payday_end")
	}
	return text.T(ctx, "payer.payday_on", "day", day)
}

// maskedTaxID hides the middle of a number that, of a person, is that of the
// identity card.
func maskedTaxID(id string) string {
	if id == "" {
		return ""
	}
	grouped := []rune(thai.TaxID(id).Grouped())
	for n := 1; n < len(grouped)-6; n++ {
		if grouped[n] >= '0' && grouped[n] <= '9' {
			grouped[n] = 'x'
		}
	}
	return string(grouped)
}

func payerHref(id store.ID) string   { return "/payers/" + id.String() }
func mandateHref(id store.ID) string { return "/mandates/" + id.String() }
