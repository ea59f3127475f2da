package teller

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"portal/internal/app/locator"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// PointsKept is how long an answer about service points is good enough. They
// open and close by the month; their hours change more often.
const PointsKept = 24 * time.Hour

// margin is asked for around a circle: a place is asked about to 100 m only, and
// the bank's distances and ours differ a little.
const margin = 0.1 // km

// Located returns the newest answer that holds all service points within so
// many kilometres of a point, however old; it is store.ErrNotFound if nobody has
// asked for as much. At the bank's longest distance the margin is missing: of
// the outermost 100 m some points may be too.
func Located(q *store.Query, at locator.Point, kilometres float64) (store.BranchSearch, error) {
	same, err := Searched(q, at, kilometres)
	if err == nil && same.AnsweredAt != nil && !same.Whole {
		return same, nil // cut at the bank's limit: no other answer can hold more
	}
	wide, err := q.SearchesAround(at.Lat, at.Lon, kilometres)
	if err != nil {
		return store.BranchSearch{}, err
	}
	for _, s := range wide {
		if at.Kilometres(locator.Point{Lat: s.Lat, Lon: s.Lon})+kilometres <= s.Kilometres+margin {
			return s, nil
		}
	}
	return store.BranchSearch{}, store.ErrNotFound
}

// Searched returns the search that is asked for by looking around a point,
// answered or not, or store.ErrNotFound.
func Searched(q *store.Query, at locator.Point, kilometres float64) (store.BranchSearch, error) {
	center, reach := asked(at, kilometres)
	return q.BranchSearch(center.Lat, center.Lon, reach)
}

// asked is what the bank is asked when somebody looks around a point.
func asked(at locator.Point, kilometres float64) (center locator.Point, reach float64) {
	reach = math.Round(min(kilometres+margin, float64(krungsri.LongestDistance))*1000) / 1000
	return at.Coarse(), reach
}

// Locate has the bank asked for the service points around a point, if its newest
// answer is older than PointsKept. It returns the search, and whether its answer
// is being waited for.
func (t *Teller) Locate(ctx context.Context, a store.Actor, at locator.Point, kilometres float64, now time.Time) (search store.ID, waits bool, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		known, err := Located(tx.Query, at, kilometres)
		if err == nil && now.Sub(*known.AnsweredAt) < PointsKept {
			search, waits = known.ID, false
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		center, reach := asked(at, kilometres)
		if search, err = tx.SearchToAsk(center.Lat, center.Lon, reach); err != nil {
			return err
		}
		waits = true
		if asking, err := tx.Asking(store.About("search", search)); err != nil || asking {
			return err
		}
		payload, err := encode(krungsri.LocateRequest{
			Latitude: krungsri.Degrees(center.Lat), Longitude: krungsri.Degrees(center.Lon), Distance: krungsri.Kilometres(reach),
		})
		if err != nil {
			return err
		}
		_, err = tx.AskInquiry(locate.id, store.About("search", search), payload)
		return err
	})
	return search, waits, err
}

// learnServicePoints keeps what the bank told of a circle, and drops the points
// in it that it no longer tells of.
func learnServicePoints(tx *store.Tx, i store.Inquiry, said krungsri.ServicePoints) error {
	i.State, i.Came, i.Status = store.InquiryAnswered, "located", strconv.Itoa(len(said.Points))
	if err := tx.AnswerInquiry(i); err != nil {
		return err
	}
	s, err := tx.BranchSearchByID(i.Subject.ID())
	if err != nil {
		return err
	}
	whole := len(said.Points) < krungsri.LargestLocation
	told := make([]store.ServicePoint, len(said.Points))
	listed := make(map[string]bool, len(said.Points))
	for n, p := range said.Points {
		told[n] = servicePoint(p)
		listed[p.ID] = true
	}
	var gone []string
	if whole {
		if gone, err = missing(tx.Query, s, listed); err != nil {
			return err
		}
	}
	return tx.KeepServicePoints(s.ID, told, gone, whole)
}

func servicePoint(p krungsri.ServicePoint) store.ServicePoint {
	point := store.ServicePoint{
		ID: p.ID, Kind: string(p.Type), NameTH: p.NameTH, NameEN: p.NameEN, AddressTH: p.AddressTH, AddressEN: p.AddressEN,
		Lat: float64(p.Latitude), Lon: float64(p.Longitude), Phone: p.Phone, Hours: store.WeekHours{}, Services: append([]string{}, p.Services...),
	}
	for _, h := range p.Hours {
		point.Hours = append(point.Hours, store.PointHours{Days: append([]string{}, h.Days...), Opens: h.Opens, Closes: h.Closes})
	}
	return point
}

// missing are the points well inside a circle that are no longer listed.
func missing(q *store.Query, s store.BranchSearch, listed map[string]bool) ([]string, error) {
	center := locator.Point{Lat: s.Lat, Lon: s.Lon}
	southWest, northEast := center.Box(s.Kilometres)
	known, err := q.PointPlaces(southWest.Lat, southWest.Lon, northEast.Lat, northEast.Lon, store.PointFilter{})
	var gone []string
	for _, p := range known {
		// The bank measures on another earth, so its edge is not ours.
		if !listed[p.ID] && center.Kilometres(locator.Point{Lat: p.Lat, Lon: p.Lon}) < s.Kilometres*0.99 {
			gone = append(gone, p.ID)
		}
	}
	return gone, err
}
