package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"portal/internal/app/locator"
	"portal/internal/gazetteer"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// createBranchSearch finds the place that was typed, chosen or clicked at, and
// has the bank asked about it unless its answer is known.
func (a *App) createBranchSearch(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readForm(r)
	s := branchSearch{named: f.text("place", maxLen(100))}
	s.read(f)
	code := f.raw("choice")
	spot := [2]int{whole(f, "spot.x"), whole(f, "spot.y")}
	if err := f.check(); err != nil {
		return err
	}
	refused := func(m text.Message) error {
		return a.branchesPage(w, r, u, s, false, 0, templates.BranchListView{PlaceError: m.In(ctx)})
	}
	var found []locator.Found
	switch place, ok := gazetteer.ByCode(code); {
	case code != "" && !ok:
		return &requestError{"no such place"}
	case ok:
		found = []locator.Found{locator.FoundAt(place)}
		s.named = placeName(ctx, found[0])
	case spot != [2]int{}:
		at := outline().point(spot[0], spot[1])
		if !at.InThailand() {
			return refused(text.Msg("branch.abroad"))
		}
		found, s.named = []locator.Found{{Point: at}}, degrees(at.Lat)+", "+degrees(at.Lon)
	case !f.valid():
		return refused(text.Msg("branch.no_such_place"))
	case s.named == "":
		return refused(text.Msg("branch.place_missing"))
	default:
		var err error
		switch found, err = locator.Find(s.named); {
		case errors.Is(err, locator.ErrAbroad):
			return refused(text.Msg("branch.abroad"))
		case err != nil:
			return refused(text.Msg("branch.no_such_place"))
		}
	}
	if len(found) > 1 {
		http.Redirect(w, r, s.href("/branches"), http.StatusSeeOther)
		return nil
	}
	s.at = found[0].Point
	search, waits, err := a.Teller.Locate(ctx, u.actor(), s.at, s.reach(), a.Clock())
	if err != nil {
		return err
	}
	if waits {
		if err := a.awaitAnswer(ctx, u, search); err != nil {
			return err
		}
	}
	http.Redirect(w, r, s.href("/branches"), http.StatusSeeOther)
	return nil
}

// awaitAnswer waits a little for the answer to a question, so that whoever has
// no scripts sees it at once.
func (a *App) awaitAnswer(ctx context.Context, u user, search store.ID) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		asking := false
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			asking, err = q.Asking(store.About("search", search))
			return err
		})
		if ctx.Err() != nil {
			return nil // whoever waits too long, or left, waits on the page
		}
		if err != nil || !asking {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// placeName is how a place is called, with the province it lies in.
func placeName(ctx context.Context, f locator.Found) string {
	name := func(p gazetteer.Place) string {
		if text.From(ctx).Lang == text.EN {
			return p.EN
		}
		return p.TH
	}
	if f.Province.Code == "" {
		return name(f.Place)
	}
	return name(f.Place) + " " + name(f.Province)
}

func branchChoices(ctx context.Context, found []locator.Found) []templates.BranchChoice {
	var list []templates.BranchChoice
	for _, f := range found {
		list = append(list, templates.BranchChoice{Code: f.Place.Code, Name: placeName(ctx, f)})
	}
	return list
}
