package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/locator"
	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	branchPageSize = 25
	// answerPatience is how long a search waits for the bank before it shows
	// what is known. Its page waits on.
	answerPatience = 2500 * time.Millisecond
)

// The distances that a search offers, in kilometres. The bank looks no further
// than the last one.
var branchDistances = []string{"1", "2", "5", "10", "20", "50"}

// The services that the bank is known to tell of.
var branchServices = []string{"ACCOUNT", "CASH", "CASH_DEPOSIT", "CHEQUE", "BUSINESS", "FOREIGN_EXCHANGE", "SAFE_DEPOSIT_BOX"}

// When a point must be open: now, or at some time of the next such day.
var branchTimes = []string{"now", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"}

// branchSearch is what somebody looks for.
type branchSearch struct {
	at         locator.Point
	named      string // as they typed it, or as it is called
	kilometres string
	kinds      []string
	service    string
	open       string
}

// read takes what a search leaves to be chosen besides the place.
func (s *branchSearch) read(f *form) {
	s.kilometres = cmp.Or(f.choice("km", branchDistances...), "5")
	for _, kind := range f.list("kind") {
		if !slices.Contains(krungsri.PointTypes(), krungsri.PointType(kind)) || slices.Contains(s.kinds, kind) {
			f.broken = &requestError{"no such kind of point"}
			return
		}
		s.kinds = append(s.kinds, kind)
	}
	s.service = f.choice("service", branchServices...)
	s.open = f.choice("open", branchTimes...)
}

func (s *branchSearch) reach() float64 {
	km, _ := strconv.ParseFloat(s.kilometres, 64) // one of branchDistances
	return km
}

// href is the page of the search.
func (s *branchSearch) href(path string) string {
	chosen := url.Values{"km": {s.kilometres}}
	if s.at != (locator.Point{}) {
		chosen.Set("lat", degrees(s.at.Lat))
		chosen.Set("lon", degrees(s.at.Lon))
	}
	if s.named != "" {
		chosen.Set("q", s.named)
	}
	if len(s.kinds) > 0 {
		chosen["kind"] = s.kinds
	}
	if s.service != "" {
		chosen.Set("service", s.service)
	}
	if s.open != "" {
		chosen.Set("open", s.open)
	}
	return addressOf(path, chosen)
}

// degrees writes a coordinate to some 10 m.
func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 4, 64) }

// readPlace reads where a page is about; false if it is about no place yet.
func readPlace(f *form) (p locator.Point, ok bool) {
	lat, lon := f.raw("lat"), f.raw("lon")
	if lat == "" && lon == "" {
		return p, false
	}
	var err1, err2 error
	p.Lat, err1 = strconv.ParseFloat(lat, 64)
	p.Lon, err2 = strconv.ParseFloat(lon, 64)
	if err1 != nil || err2 != nil || !p.InThailand() {
		f.broken = &requestError{"no such place"}
	}
	return p, true
}

// whole reads a number that may be missing, which is 0.
func whole(f *form, field string) int {
	if f.raw(field) == "" {
		return 0
	}
	return f.hidden(field)
}

// listBranches shows what is known of the service points around a place.
func (a *App) listBranches(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	s := branchSearch{named: strings.TrimSpace(f.raw("q"))}
	s.read(f)
	at, placed := readPlace(f)
	from := whole(f, "from")
	if err := f.check(); err != nil {
		return err
	}
	if len(s.named) > maxText {
		return &requestError{"no such list"}
	}
	s.at = at
	v := templates.BranchListView{}
	if !placed && s.named != "" { // several places are called so
		if found, err := locator.Find(s.named); err == nil {
			v.Choices = branchChoices(r.Context(), found)
		}
	}
	return a.branchesPage(w, r, u, s, placed, from, v)
}

// branchesPage fills in what all of its callers show alike.
func (a *App) branchesPage(w http.ResponseWriter, r *http.Request, u user, s branchSearch, placed bool, from int, v templates.BranchListView) error {
	ctx := r.Context()
	v.Form = branchForm(ctx, s)
	v.Form.PlaceError = v.PlaceError
	v.Form.Spot = (&branchSearch{kilometres: s.kilometres, kinds: s.kinds, service: s.service, open: s.open}).href("/branches/map")
	var mine []store.HomeBranch
	var near []nearPlace
	var page []nearPoint
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if mine, err = q.HomeBranches(); err != nil {
			return err
		}
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		if home, ok := locator.Near(m.Address); ok {
			v.OurAddress = placeName(ctx, home)
			v.OurPlace = home.Place.Code
		}
		if !placed {
			return nil
		}
		if near, err = a.placesNear(ctx, q, s, &v); err != nil {
			return err
		}
		page, err = a.pointsAt(ctx, q, s, near[min(from, len(near)):min(from+branchPageSize, len(near))])
		return err
	})
	if err != nil {
		return err
	}
	v.Mine = homeRows(ctx, mine)
	if placed {
		a.fillBranches(ctx, s, near, page, from, &v)
		v.Map.Tiles = a.MapTiles
	}
	allowsMap(w, a.MapTiles)
	status := http.StatusOK
	if v.PlaceError != "" {
		status = http.StatusUnprocessableEntity
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaBranches, Status: status, Still: !v.Asking}, templates.BranchList(v))
}

// showBranchSpot shows the country, to look around where one clicks.
func (a *App) showBranchSpot(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	var s branchSearch
	s.read(f)
	if err := f.check(); err != nil {
		return err
	}
	v := templates.BranchSpotView{Form: branchForm(r.Context(), s), Back: s.href("/branches")}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaBranches, Still: true}, templates.BranchSpot(v))
}

// nearPlace is where a service point is, and how far that is.
type nearPlace struct {
	store.PointPlace
	kilometres float64
}

func (p nearPlace) at() locator.Point { return locator.Point{Lat: p.Lat, Lon: p.Lon} }

// nearPoint is a service point, how far it is, and whether it is open.
type nearPoint struct {
	store.ServicePoint
	kilometres float64
	opening    locator.Opening
	on         time.Time       // the day that is looked for: today, unless it is another
	hours      []locator.Hours // of that day
}

func (p nearPoint) at() locator.Point { return locator.Point{Lat: p.Lat, Lon: p.Lon} }

// placesNear are the places that a search finds, the nearest first, and in v
// when and how they came to be known.
func (a *App) placesNear(ctx context.Context, q *store.Query, s branchSearch, v *templates.BranchListView) ([]nearPlace, error) {
	reach := s.reach()
	known, err := teller.Located(q, s.at, reach)
	switch {
	case errors.Is(err, store.ErrNotFound):
		v.Unasked = true
	case err != nil:
		return nil, err
	default:
		v.ToldAt, v.Cut, v.Old = *known.AnsweredAt, !known.Whole, a.Clock().Sub(*known.AnsweredAt) > teller.PointsKept
	}
	if err := fillAsking(ctx, q, s.at, reach, v); err != nil {
		return nil, err
	}
	southWest, northEast := s.at.Box(reach)
	list, err := q.PointPlaces(southWest.Lat, southWest.Lon, northEast.Lat, northEast.Lon, store.PointFilter{Kinds: s.kinds, Service: s.service, Hours: s.open != ""})
	if err != nil {
		return nil, err
	}
	isOpen, err := a.openFor(ctx, q, s)
	if err != nil {
		return nil, err
	}
	var near []nearPlace
	for _, p := range list {
		n := nearPlace{PointPlace: p}
		if n.kilometres = s.at.Kilometres(n.at()); n.kilometres > reach {
			continue
		}
		suits, err := isOpen(p.Hours)
		if err != nil {
			return nil, err
		}
		if suits {
			near = append(near, n)
		}
	}
	slices.SortFunc(near, func(a, b nearPlace) int {
		return cmp.Or(cmp.Compare(a.kilometres, b.kilometres), strings.Compare(a.ID, b.ID))
	})
	return near, nil
}

// openFor tells of hours, as they are kept, whether a point that has them is open
// when the search wants it to be. Most points have the same few hours.
func (a *App) openFor(ctx context.Context, q *store.Query, s branchSearch) (func(kept string) (bool, error), error) {
	if s.open == "" {
		return func(string) (bool, error) { return true, nil }, nil
	}
	holiday, err := a.holidaysAhead(ctx, q)
	if err != nil {
		return nil, err
	}
	now, day := a.Clock().In(thai.Bangkok), s.day(a.Clock())
	known := map[string]bool{}
	return func(kept string) (bool, error) {
		suits, ok := known[kept]
		if ok {
			return suits, nil
		}
		week, err := store.ParseHours(kept)
		if err != nil {
			return false, err
		}
		if hours := hoursOf(week); s.open == "now" {
			suits = locator.At(hours, now, holiday).Open
		} else {
			suits = len(locator.On(hours, day, holiday)) > 0
		}
		known[kept] = suits
		return suits, nil
	}, nil
}

// pointsAt are the points at some places, in their order.
func (a *App) pointsAt(ctx context.Context, q *store.Query, s branchSearch, places []nearPlace) ([]nearPoint, error) {
	holiday, err := a.holidaysAhead(ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(places))
	order := make(map[string]int, len(places))
	for n, p := range places {
		ids[n], order[p.ID] = p.ID, n
	}
	list, err := q.ServicePoints(ids)
	if err != nil {
		return nil, err
	}
	day := s.day(a.Clock())
	points := make([]nearPoint, len(list)) // one snapshot: each place has its point
	for _, p := range list {
		points[order[p.ID]] = a.nearPoint(p, s.at, day, holiday)
	}
	return points, nil
}

// fillAsking says whether the bank is being asked about a place, or did not
// answer when it was asked last.
func fillAsking(ctx context.Context, q *store.Query, at locator.Point, reach float64, v *templates.BranchListView) error {
	search, err := teller.Searched(q, at, reach)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	asked, err := q.Inquiries(store.About("search", search.ID))
	if err != nil || len(asked) == 0 {
		return err
	}
	switch last := asked[0]; last.State {
	case store.InquiryWaiting, store.InquiryAsking:
		v.Asking = true
	case store.InquiryFailed:
		v.FailedAt = *last.AnsweredAt
		v.Failure = last.Message
		if text.From(ctx).Lang == text.TH && last.MessageTH != "" {
			v.Failure = last.MessageTH
		}
		if last.Came == "unanswered" {
			v.Failure = ""
		}
	}
	return nil
}

func (a *App) nearPoint(p store.ServicePoint, from locator.Point, on time.Time, holiday func(time.Time) bool) nearPoint {
	hours := hoursOf(p.Hours)
	n := nearPoint{ServicePoint: p, opening: locator.At(hours, a.Clock().In(thai.Bangkok), holiday), on: on, hours: locator.On(hours, on, holiday)}
	if from != (locator.Point{}) {
		n.kilometres = from.Kilometres(n.at())
	}
	return n
}

func hoursOf(week store.WeekHours) []locator.Hours {
	hours := make([]locator.Hours, len(week))
	for n, h := range week {
		hours[n] = locator.Hours(h)
	}
	return hours
}

// day is the day on which a point must be open: today, or the next one that is
// such a weekday.
func (s *branchSearch) day(now time.Time) time.Time {
	day := now.In(thai.Bangkok)
	for s.open != "" && s.open != "now" && !strings.EqualFold(day.Weekday().String()[:3], s.open) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// holidaysAhead tells the bank's holidays of the weeks around today.
func (a *App) holidaysAhead(ctx context.Context, q *store.Query) (func(time.Time) bool, error) {
	today := a.today()
	closed, _, err := calendarOf(ctx, q, today.AddDays(-2), today.AddDays(30))
	return closedOn(closed), err
}

func closedOn(closed schedule.Calendar) func(time.Time) bool {
	return func(day time.Time) bool { return closed[thai.DayOf(day)] }
}

func branchForm(ctx context.Context, s branchSearch) templates.BranchForm {
	form := templates.BranchForm{Place: s.named, Kilometres: s.kilometres, Service: s.service, Open: s.open, Chosen: s.kinds}
	for _, km := range branchDistances {
		form.Distances = append(form.Distances, ui.Option{Value: km, Label: text.T(ctx, "branch.km", "km", km)})
	}
	for _, kind := range krungsri.PointTypes() {
		form.Kinds = append(form.Kinds, ui.Option{Value: string(kind), Label: pointKind(ctx, string(kind))})
	}
	for _, service := range branchServices {
		form.Services = append(form.Services, ui.Option{Value: service, Label: serviceName(ctx, service)})
	}
	for _, open := range branchTimes {
		form.Times = append(form.Times, ui.Option{Value: open, Label: text.T(ctx, text.Prefix("branch.open_on.")+open)})
	}
	return form
}

// pointKind is what a kind of point is called. One that we do not know is shown
// as the bank calls it.
func pointKind(ctx context.Context, kind string) string {
	return bankWord(ctx, text.Prefix("branch.kind."), kind)
}

func serviceName(ctx context.Context, service string) string {
	return bankWord(ctx, text.Prefix("branch.service."), service)
}

func bankWord(ctx context.Context, prefix, word string) string {
	if text.Has(prefix + word) {
		return text.T(ctx, prefix+word)
	}
	return word
}
