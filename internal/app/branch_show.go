package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/locator"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// branchNumbers is how many points bear their number on the drawing.
const branchNumbers = 9

// fillBranches puts a page of what was found into the view.
func (a *App) fillBranches(ctx context.Context, s branchSearch, near []nearPlace, page []nearPoint, from int, v *templates.BranchListView) {
	v.Placed, v.Found, v.Here = true, len(near), s.href("/branches")
	for _, p := range page {
		v.Rows = append(v.Rows, branchRow(ctx, p))
	}
	v.Map = outline().around(s.at, s.reach(), near)
	for n := range v.Rows[:min(branchNumbers, len(v.Rows))] {
		if from > 0 {
			break
		}
		x, y := drawingAround(s.at, s.reach()).at(page[n].at())
		v.Rows[n].Number, v.Rows[n].X, v.Rows[n].Y = strconv.Itoa(n+1), strconv.Itoa(x), strconv.Itoa(y)
	}
	v.Map.PointsURL = s.href("/branches/points")
	if len(near) == 0 {
		v.Wider = wider(s.kilometres)
	}
	if len(near) > branchPageSize {
		v.Pager.Showing = text.T(ctx, "branch.showing", "from", text.Int(int64(from+1)), "to", text.Int(int64(from+len(page))), "n", text.Int(int64(len(near))))
		if from > 0 {
			v.Pager.First = v.Here
		}
		if from+branchPageSize < len(near) {
			v.Pager.Next = v.Here + "&from=" + strconv.Itoa(from+branchPageSize)
		}
	}
}

// wider is the next longer distance that can be looked within.
func wider(kilometres string) string {
	for n, km := range branchDistances[:len(branchDistances)-1] {
		if km == kilometres {
			return branchDistances[n+1]
		}
	}
	return ""
}

func branchRow(ctx context.Context, p nearPoint) templates.BranchRow {
	row := templates.BranchRow{
		ID: p.ID, Href: "/branches/" + p.ID, Name: pointName(ctx, p.ServicePoint), Kind: pointKind(ctx, p.Kind), Opening: openingWords(ctx, p.opening),
		Phone: p.Phone, Dial: dial(p.Phone), Directions: directions(p.ServicePoint), Lat: degrees(p.Lat), Lon: degrees(p.Lon),
	}
	row.Address, row.OtherAddress = p.AddressTH, p.AddressEN
	if text.From(ctx).Lang == text.EN {
		row.Address, row.OtherAddress = p.AddressEN, p.AddressTH
	}
	row.Hours = text.T(ctx, "branch.hours_on", "day", text.Weekday(ctx, p.on), "hours", hoursWords(ctx, p.hours))
	if thai.DayOf(p.on) == thai.Today(text.From(ctx).Now) {
		row.Hours = text.T(ctx, "branch.today_hours", "hours", hoursWords(ctx, p.hours))
	}
	if p.kilometres > 0 {
		row.Distance = distanceWords(ctx, p.kilometres)
	}
	for _, s := range p.Services {
		row.Services = append(row.Services, serviceName(ctx, s))
	}
	return row
}

func pointName(ctx context.Context, p store.ServicePoint) string {
	if text.From(ctx).Lang == text.EN {
		return p.NameEN
	}
	return p.NameTH
}

// distanceWords is a distance as people say it: to 10 m below one kilometre, to
// 100 m above.
func distanceWords(ctx context.Context, kilometres float64) string {
	if kilometres < 0.995 {
		return text.T(ctx, "branch.metres", "m", strconv.Itoa(int(kilometres*100+0.5)*10))
	}
	return text.T(ctx, "branch.km", "km", strconv.FormatFloat(kilometres, 'f', 1, 64))
}

// openingWords is whether a place is open, and until or from when.
func openingWords(ctx context.Context, o locator.Opening) ui.Status {
	switch {
	case o.Always:
		return ui.Status{Meaning: ui.Good, Label: text.T(ctx, "branch.open_always")}
	case o.Open:
		return ui.Status{Meaning: ui.Good, Label: text.T(ctx, "branch.open_until", "time", text.Time(ctx, o.Until))}
	case o.Next.IsZero():
		return ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "branch.hours_unknown")}
	}
	now := text.From(ctx).Now
	switch days := thai.DayOf(o.Next.In(thai.Bangkok)); {
	case days == thai.Today(now):
		return ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "branch.opens_today", "time", text.Time(ctx, o.Next))}
	case days == thai.Today(now).AddDays(1):
		return ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "branch.opens_tomorrow", "time", text.Time(ctx, o.Next))}
	}
	return ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "branch.opens_on", "day", text.Weekday(ctx, o.Next.In(thai.Bangkok)), "time", text.Time(ctx, o.Next))}
}

// hoursWords are the hours of one day.
func hoursWords(ctx context.Context, hours []locator.Hours) string {
	if len(hours) == 0 {
		return text.T(ctx, "branch.closed")
	}
	var spans []string
	for _, h := range hours {
		if h.Opens == "00:00" && h.Closes == "24:00" {
			return text.T(ctx, "branch.all_day")
		}
		spans = append(spans, h.Opens+"–"+h.Closes)
	}
	return strings.Join(spans, ", ")
}

// dial is a number as a telephone takes it.
func dial(phone string) string {
	digits, ok := thai.BareDigits(phone)
	if !ok || !strings.HasPrefix(digits, "0") {
		return ""
	}
	return "tel:+66" + digits[1:]
}

// directions leads to a map that knows roads; a telephone opens its own.
func directions(p store.ServicePoint) string {
	return "https://www.google.com/maps/dir/?api=1&destination=" + degrees(p.Lat) + "," + degrees(p.Lon)
}

var pointForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// pathPoint is the bank's id of a service point. Nothing else is one.
func pathPoint(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !pointForm.MatchString(id) {
		return "", store.ErrNotFound
	}
	return id, nil
}

// showBranch shows one service point: its week, its services, where it is.
func (a *App) showBranch(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	id, err := pathPoint(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.BranchView{MayChoose: u.can(store.Admin)}
	var point nearPoint
	var holiday func(time.Time) bool
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if holiday, err = a.holidaysAhead(ctx, q); err != nil {
			return err
		}
		mine, err := q.HomeBranches()
		if err != nil {
			return err
		}
		p, err := q.ServicePoint(id)
		for _, h := range mine {
			if h.ID != id {
				continue
			}
			if errors.Is(err, store.ErrNotFound) {
				p, err, v.Unlisted = h.ServicePoint, nil, true
			}
			v.Own, v.Merchants = v.Own || h.PersonID.Valid, v.Merchants || !h.PersonID.Valid
		}
		point = a.nearPoint(p, locator.Point{}, a.Clock().In(thai.Bangkok), holiday)
		return err
	})
	if err != nil {
		return err
	}
	v.Row, v.ToldAt = branchRow(ctx, point), point.ToldAt
	v.Week = a.week(ctx, point, holiday)
	v.Around = (&branchSearch{at: point.at(), named: v.Row.Name, kilometres: "5"}).href("/branches")
	v.Map = outline().around(point.at(), 10, []nearPlace{{PointPlace: store.PointPlace{Lat: point.Lat, Lon: point.Lon}}})
	v.Map.PointsURL, v.Map.Tiles = (&branchSearch{at: point.at(), kilometres: "10"}).href("/branches/points"), a.MapTiles
	allowsMap(w, a.MapTiles)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaBranches, Still: true}, templates.Branch(v))
}

// week is the hours of the next seven days.
func (a *App) week(ctx context.Context, p nearPoint, holiday func(time.Time) bool) []templates.BranchDay {
	hours := hoursOf(p.Hours)
	today := a.Clock().In(thai.Bangkok)
	var days []templates.BranchDay
	for n := range 7 {
		day := today.AddDate(0, 0, n)
		days = append(days, templates.BranchDay{Day: midnight(thai.DayOf(day)), Today: n == 0, Holiday: holiday(day), Hours: hoursWords(ctx, locator.On(hours, day, holiday))})
	}
	return days
}

// chooseBranch makes a point the person's own branch, or the merchant's.
func (a *App) chooseBranch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	whose := f.choice("whose", "own", "merchant")
	if err := f.check(); err != nil {
		return err
	}
	if whose == "" || whose == "merchant" && !u.can(store.Admin) {
		return &requestError{"whose branch"}
	}
	id, err := pathPoint(r)
	if err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		err := tx.ChooseHomeBranch(id, whose == "merchant")
		if errors.Is(err, store.ErrStale) {
			return store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/branches/"+id, text.Msg(text.Prefix("branch.chosen.")+whose))
}

// leaveBranch makes the person, or the merchant, have none.
func (a *App) leaveBranch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	whose := f.choice("whose", "own", "merchant")
	if err := f.check(); err != nil {
		return err
	}
	if whose == "" || whose == "merchant" && !u.can(store.Admin) {
		return &requestError{"whose branch"}
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.LeaveHomeBranch(whose == "merchant") })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return a.seeOther(w, r, u, "/branches", text.Msg("branch.left"))
}
