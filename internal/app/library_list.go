package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// monthForm is how addresses and files write a month.
const monthForm = "2006-01"

// libraryPlace is what is chosen of the library. Its address says all of it.
type libraryPlace struct {
	Query, Kind, Used, Media, Standing, Month, Buyer, Keep string
}

// The choices of how long files are kept.
const (
	keepHeld = "held" // for seven years
	keepSoon = "soon" // no longer than a year from now
	keepOver = "over" // no longer
)

// readLibraryPlace reads the filter from an address.
func readLibraryPlace(f *form) libraryPlace {
	p := libraryPlace{
		Query: strings.TrimSpace(f.raw("q")), Kind: f.choice("kind", store.LibraryKinds...), Used: f.choice("used", store.LibraryUses...),
		Media: f.choice("media", store.LibraryMedia...), Standing: f.choice("standing", store.LibraryStandings...), Month: f.raw("month"),
		Buyer: strings.TrimSpace(f.raw("buyer")), Keep: f.choice("keep", keepHeld, keepSoon, keepOver),
	}
	if _, ok := parseMonth(p.Month); !ok && p.Month != "" {
		f.broken = &requestError{"no such month"}
	}
	if _, err := thai.ParseTaxID(p.Buyer); err != nil && p.Buyer != "" {
		p.Query, p.Buyer = strings.TrimSpace(p.Query+" "+p.Buyer), "" // a name is searched for as any word
	}
	return p
}

// parseMonth reads a month as addresses write it: its first day.
func parseMonth(s string) (time.Time, bool) {
	month, err := time.Parse(monthForm, s)
	return month, err == nil && month.Year() >= 2000 && month.Year() < 9999
}

func (p libraryPlace) filter(today thai.Day) store.LibraryFilter {
	f := store.LibraryFilter{
		Text: p.Query, Kind: p.Kind, UsedIn: p.Used, Media: p.Media, Standing: p.Standing, Held: p.Keep == keepHeld, Limit: pageRows,
	}
	if id, err := thai.ParseTaxID(p.Buyer); err == nil {
		f.TaxID = string(id)
	}
	if month, ok := parseMonth(p.Month); ok {
		days := store.MonthSpan(month)
		f.OnFrom, f.OnTo = days.First, days.Last
	}
	now := time.Date(today.Year, today.Month, today.Day, 0, 0, 0, 0, time.UTC)
	switch p.Keep {
	case keepSoon:
		f.KeptFrom, f.KeptTo = now, now.AddDate(1, 0, 0)
	case keepOver:
		f.KeptTo = now.AddDate(0, 0, -1)
	}
	return f
}

func (p libraryPlace) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": p.Query, "kind": p.Kind, "used": p.Used, "media": p.Media, "standing": p.Standing, "month": p.Month, "buyer": p.Buyer, "keep": p.Keep,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func (p libraryPlace) href(from store.LibraryCursor) string {
	v := p.values()
	if from.ID != store.NoID {
		v.Set("on", from.On.Format(time.DateOnly))
		v.Set("id", from.ID.String())
	}
	if len(v) == 0 {
		return "/documents"
	}
	return "/documents?" + v.Encode()
}

// libraryCursorOf reads a place in the library.
func libraryCursorOf(f *form) store.LibraryCursor {
	typed, id := f.raw("on"), f.id("id")
	if typed == "" {
		return store.LibraryCursor{}
	}
	on, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		f.broken = &requestError{"unreadable place in a list"}
	}
	return store.LibraryCursor{On: on, ID: id}
}

// listDocuments shows the files of all documents, the newest first.
func (a *App) listDocuments(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	at := readLibraryPlace(f)
	filter := at.filter(a.today())
	filter.From = libraryCursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	var list []store.LibraryEntry
	var more bool
	var span store.Span
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if list, more, err = q.Library(filter); err != nil {
			return err
		}
		span, _, err = q.LibrarySpan()
		return err
	})
	if err != nil {
		return err
	}
	v := libraryListView(ctx, at, list, span, a.today())
	if filter.From.ID != store.NoID {
		v.Pager.First = at.href(store.LibraryCursor{})
	}
	if more {
		last := list[len(list)-1]
		v.Pager.Next = at.href(store.LibraryCursor{On: last.OnDay, ID: last.ID})
	}
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDocuments, Part: templates.LibraryListPart}, templates.LibraryList(v))
}

func libraryListView(ctx context.Context, at libraryPlace, list []store.LibraryEntry, span store.Span, today thai.Day) templates.LibraryListView {
	v := templates.LibraryListView{
		Query: at.Query, Kind: at.Kind, Used: at.Used, Media: at.Media, Standing: at.Standing, Month: at.Month, Buyer: at.Buyer, Keep: at.Keep,
		Months: monthOptions(ctx, span, at.Month), Filtered: at != libraryPlace{},
		Kinds: options(ctx, text.Prefix("library.kind."), store.LibraryKinds), Uses: options(ctx, text.Prefix("library.used."), store.LibraryUses),
		Types: options(ctx, text.Prefix("library.media."), store.LibraryMedia), Keeps: options(ctx, text.Prefix("library.keep."), []string{keepHeld, keepSoon, keepOver}),
	}
	if at.Month != "" {
		v.Archive = "/documents/archive?month=" + at.Month
	}
	for _, s := range append([]string{""}, store.LibraryStandings...) {
		tab := at
		tab.Standing = s
		label := text.T(ctx, "library.all")
		if s != "" {
			label = text.T(ctx, text.Prefix("library.standing.")+s)
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, Href: tab.href(store.LibraryCursor{}), Current: s == at.Standing})
	}
	for _, e := range list {
		v.Rows = append(v.Rows, libraryRow(ctx, e, today))
	}
	return v
}

func options(ctx context.Context, prefix string, values []string) (list []ui.Option) {
	for _, v := range values {
		list = append(list, ui.Option{Value: v, Label: text.T(ctx, text.Prefix(prefix)+v)})
	}
	return list
}

// monthsOffered is how many months a filter offers.
const monthsOffered = 84

// monthOptions are the months of a span, the newest first, and the chosen one.
func monthOptions(ctx context.Context, span store.Span, chosen string) (list []ui.Option) {
	offer := func(m time.Time) {
		list = append(list, ui.Option{Value: m.Format(monthForm), Label: text.Month(ctx, m)})
	}
	var offered bool
	if !span.Last.IsZero() {
		first := store.MonthSpan(span.First).First
		for m := store.MonthSpan(span.Last).First; !m.Before(first) && len(list) < monthsOffered; m = m.AddDate(0, -1, 0) {
			offered = offered || m.Format(monthForm) == chosen
			offer(m)
		}
	}
	if m, ok := parseMonth(chosen); ok && !offered {
		offer(m)
	}
	return list
}

// libraryMeanings is what a standing means to the eye.
var libraryMeanings = map[string]ui.Meaning{store.LibraryDraft: ui.Neutral, store.LibraryIssued: ui.Good, store.LibraryVoid: ui.Warning}

func libraryStatus(ctx context.Context, standing string) ui.Status {
	return ui.Status{Meaning: libraryMeanings[standing], Label: text.T(ctx, text.Prefix("library.standing.")+standing)}
}

func libraryRow(ctx context.Context, e store.LibraryEntry, today thai.Day) templates.LibraryRow {
	row := templates.LibraryRow{
		Href: "/documents/" + e.FileID.String(), Name: e.Name, Number: e.Number, Kind: text.T(ctx, text.Prefix("library.kind.")+e.Kind),
		Used: text.T(ctx, text.Prefix("library.used.")+e.UsedIn), UsedHref: pageOf(e.UsedIn, e.UseID), Buyer: e.BuyerName, TaxID: taxIDText(e.BuyerTaxID), On: e.OnDay,
		Status: libraryStatus(ctx, e.Standing), Size: text.Bytes(int64(e.Size)), Held: e.Held,
	}
	if e.Standing != store.LibraryDraft {
		row.Kept, row.Over = e.KeptUntil, thai.DayOf(e.KeptUntil).Compare(today) < 0
	}
	return row
}

// taxIDText groups a tax id; whatever else a buyer is known by stays as it is.
func taxIDText(s string) string {
	if id, err := thai.ParseTaxID(s); err == nil {
		return id.Grouped()
	}
	return s
}

// pageOf is where a document is shown.
func pageOf(used string, id store.ID) string { return parentOf(used) + "/" + id.String() }
