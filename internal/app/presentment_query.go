package app

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// billQuery is what is chosen on the list of bills. The address says all of
// it, and days that are meant relative to today are worked out when it is read.
type billQuery struct {
	store.PresentmentSelection
	Asked     []string // the states, before a fault or an overdue bill narrows them
	Query     string   // as it was typed
	On, Due   period
	Amounts   [2]string
	Mine      bool
	FileName  string // of the import, once it was read
	Fault     bool
	Owed      bool // nobody said that it is paid
	Sort      store.PresentmentSort
	Ascending bool
}

// period is a span of days: a preset, or two ends of which one may be open.
type period struct {
	Preset   string
	From, To thai.Day
	Typed    [2]string
}

// The presets of a period.
const (
	thisMonth = "this_month"
	lastMonth = "last_month"
	overdue   = "overdue"
	nextWeek  = "next_7_days"
)

// noState is a state that no bill is in: what is asked for excludes itself.
const noState = "none"

var (
	faultStates = []string{store.PresentmentIncomplete, store.PresentmentRefused, store.PresentmentUnknown}
	// settledStates are those in which nobody waits to be paid any more, or not yet.
	settledStates = []string{
		store.PresentmentDraft, store.PresentmentRefused, store.PresentmentCancelled, store.PresentmentReplaced, store.PresentmentDiscarded,
	}
)

// readBillQuery reads the list's address. What was mistyped is a fault of its
// field and restricts nothing.
func (a *App) readBillQuery(f *form, me store.ID) billQuery {
	today := a.today()
	q := billQuery{Query: strings.TrimSpace(f.raw("q")), Mine: f.flag("mine"), Fault: f.flag("fault"), Owed: f.flag("unpaid")}
	q.Text = searchText(q.Query)
	for _, state := range f.list("state") {
		switch {
		case state == "":
		case !slices.Contains(store.PresentmentStates, state):
			f.broken = &requestError{"unknown choice in state"}
		case !slices.Contains(q.States, state):
			q.States = append(q.States, state)
		}
	}
	q.Asked = q.States
	q.Decided = readDecisions(f)
	q.TaxID = readTaxID(f)
	q.On = readPeriod(f, "on", today, thisMonth, lastMonth)
	q.Due = readPeriod(f, "due", today, thisMonth, lastMonth, nextWeek, overdue)
	q.OnFrom, q.OnTo, q.DueFrom, q.DueTo = q.On.first(), q.On.last(), q.Due.first(), q.Due.last()
	q.AmountFrom, q.AmountTo = readSatang(f, "amount_from"), readSatang(f, "amount_to")
	q.Amounts = [2]string{f.raw("amount_from"), f.raw("amount_to")}
	if q.Mine {
		q.MadeBy = me
	}
	q.Import = f.id("import")
	sorts := make([]string, len(store.PresentmentSorts))
	for n, s := range store.PresentmentSorts {
		sorts[n] = string(s)
	}
	q.Sort = store.PresentmentSort(f.choice("sort", sorts...))
	if q.Sort == "" {
		q.Sort = store.SortByDate
	}
	q.Ascending = f.choice("dir", "asc", "desc") == "asc"
	q.narrow()
	return q
}

// narrow works out the states that are left when a fault or an overdue bill is
// asked for.
func (q *billQuery) narrow() {
	q.Unpaid = q.Owed || q.Due.Preset == overdue
	if !q.Fault && q.Due.Preset != overdue {
		return
	}
	chosen := q.States
	if len(chosen) == 0 {
		chosen = store.ListedStates
	}
	var left []string
	for _, state := range chosen {
		if (!q.Fault || slices.Contains(faultStates, state)) && (q.Due.Preset != overdue || !slices.Contains(settledStates, state)) {
			left = append(left, state)
		}
	}
	if len(left) == 0 {
		left = []string{noState}
	}
	q.States = left
}

func readDecisions(f *form) (decided []string) {
	for _, d := range f.list("decided") {
		switch {
		case !slices.Contains(store.BuyerDecisions, d):
			f.broken = &requestError{"unknown choice in decided"}
		case !slices.Contains(decided, d):
			decided = append(decided, d)
		}
	}
	return decided
}

func readTaxID(f *form) string {
	typed := strings.TrimSpace(f.raw("tax_id"))
	if typed == "" {
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	if err != nil {
		f.fail("tax_id", text.Msg("list.error.tax_id"))
		return ""
	}
	return string(id)
}

func readSatang(f *form, field string) *int64 {
	if strings.TrimSpace(f.raw(field)) == "" {
		return nil
	}
	return new(f.satang(field))
}

func readPeriod(f *form, name string, today thai.Day, presets ...string) period {
	p := period{Preset: f.choice(name, presets...)}
	from, to := name+"_from", name+"_to"
	p.Typed = [2]string{f.raw(from), f.raw(to)}
	p.From, p.To = f.day(from, today), f.day(to, today)
	if !p.From.IsZero() && !p.To.IsZero() && p.From.Compare(p.To) > 0 {
		f.fail(to, text.Msg("list.error.order"))
		p.From, p.To = thai.Day{}, thai.Day{}
	}
	month := func(shift int) (thai.Day, thai.Day) {
		first := time.Date(today.Year, today.Month+time.Month(shift), 1, 0, 0, 0, 0, time.UTC)
		return thai.DayOf(first), thai.DayOf(first.AddDate(0, 1, -1))
	}
	switch p.Preset {
	case thisMonth:
		p.From, p.To = month(0)
	case lastMonth:
		p.From, p.To = month(-1)
	case nextWeek:
		p.From, p.To = today, today.AddDays(7)
	case overdue:
		p.From, p.To = thai.Day{}, today.AddDays(-1)
	}
	return p
}

func (p period) first() time.Time { return midnight(p.From) }
func (p period) last() time.Time  { return midnight(p.To) }

// write adds the period to an address.
func (p period) write(values url.Values, name string) {
	switch {
	case p.Preset != "":
		values.Set(name, p.Preset)
	default:
		if !p.From.IsZero() {
			values.Set(name+"_from", p.From.String())
		}
		if !p.To.IsZero() {
			values.Set(name+"_to", p.To.String())
		}
	}
}

// values is the part of the address that says all of this.
func (q billQuery) values() url.Values {
	values := url.Values{}
	if len(q.Asked) > 0 {
		values["state"] = q.Asked
	}
	if len(q.Decided) > 0 {
		values["decided"] = q.Decided
	}
	if q.Query != "" {
		values.Set("q", q.Query)
	}
	if q.TaxID != "" {
		values.Set("tax_id", q.TaxID)
	}
	q.On.write(values, "on")
	q.Due.write(values, "due")
	for field, satang := range map[string]*int64{"amount_from": q.AmountFrom, "amount_to": q.AmountTo} {
		if satang != nil {
			values.Set(field, strings.ReplaceAll(text.Amount(*satang), ",", ""))
		}
	}
	if q.Import != store.NoID {
		values.Set("import", q.Import.String())
	}
	for field, set := range map[string]bool{"mine": q.Mine, "fault": q.Fault, "unpaid": q.Owed} {
		if set {
			values.Set(field, "1")
		}
	}
	if q.Sort != store.SortByDate || q.Ascending {
		values.Set("sort", string(q.Sort))
		if q.Ascending {
			values.Set("dir", "asc")
		}
	}
	return values
}

// shownDay is a day as its field shows it again.
func shownDay(ctx context.Context, d thai.Day, typed string) string {
	if d.IsZero() || typed == "" {
		return typed
	}
	return text.Date(ctx, d.Time())
}

func dirOf(ascending bool) string {
	if ascending {
		return "ascending"
	}
	return "descending"
}

// queryOf reads the query of a view once more. What no longer fits is left out.
func (a *App) queryOf(query string, me store.ID) billPlace {
	p, _ := a.listNamed(query, me) // a view of yesterday's shows what there is of it
	return p
}

// listNamed reads the list that a form was made of. What is no list is refused
// as a whole, for less of a filter would mean more bills.
func (a *App) listNamed(query string, me store.ID) (billPlace, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return billPlace{}, &requestError{"unreadable list"}
	}
	f := formOf(values)
	p := billPlace{View: f.raw("view"), billQuery: a.readBillQuery(f, me)}
	err = f.check()
	if err == nil && !f.valid() {
		err = &requestError{"no such list"}
	}
	return p, err
}
