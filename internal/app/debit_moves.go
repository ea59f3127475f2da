package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// fillDated finds the single debits that are dated on a day on which the bank
// does nothing, and were not sent yet. Whoever asked for one may take it back
// and ask for it on the next bank day; of the others it says whose it is.
func (a *App) fillDated(ctx context.Context, q *store.Query, u user, day thai.Day, closed schedule.Calendar, change map[thai.Day]int64, v *templates.HolidayView) error {
	if closed.Closure(day) == schedule.Open || day.Compare(a.today()) < 0 {
		return nil
	}
	list, err := q.DebitsDated(midnight(day), maxMoves+1)
	if err != nil {
		return err
	}
	v.MoreMoves = v.MoreMoves || len(list) > maxMoves
	to := closed.BankDay(day)
	for _, d := range list[:min(len(list), maxMoves)] {
		row := templates.HolidayMove{Href: debitHref(d.ID), Name: d.PayerName + " · " + d.Reference, From: d.DebitOn, To: midnight(to), AmountSatang: d.AmountSatang}
		switch {
		case d.State == store.DebitDraft:
			row.Note = text.T(ctx, "holiday.dated_draft")
		case d.MakerID.UUID != u.person.ID:
			row.Note = text.T(ctx, text.Prefix("holiday.dated_")+d.State) + " · " + text.T(ctx, "holiday.dated_of", "person", d.MakerName)
		default:
			row.Note = text.T(ctx, text.Prefix("holiday.dated_")+d.State)
			v.Debits = append(v.Debits, d.ID.String())
		}
		if d.State != store.DebitDraft {
			change[day] -= d.AmountSatang
			change[to] += d.AmountSatang
		}
		v.Dated = append(v.Dated, row)
	}
	return nil
}

// debitMoves is the change of many debits that are dated on a day on which the
// bank turned out to be closed.
func debitMoves() []batchKind {
	return []batchKind{{
		name: "debit_move", permission: maker, area: areaDebits, home: "/holidays", look: debitsToMove, step: debitMoveStep,
		before: func(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
			names, err := q.CheckersBesides(store.IDs{u.person.ID})
			return []string{askedOf(ctx, names), text.T(ctx, "debits.move_truth"), text.T(ctx, "batch.submit.each")}, err
		},
	}}
}

// debitsToMove works out where each debit goes. What people decide on is the
// day, so that seen names it.
func debitsToMove(ctx context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	closed, _, err := calendarOf(ctx, q, a.today(), lastHoliday)
	if err != nil {
		return nil, err
	}
	list, err := q.DebitsToMove(ids)
	if err != nil {
		return nil, err
	}
	items := make([]batchItem, len(list))
	for n, d := range list {
		from := thai.DayOf(d.DebitOn)
		to := closed.BankDay(from)
		items[n] = batchItem{
			ID: d.ID, Href: debitHref(d.ID), Title: d.PayerName + " · " + d.Reference + " → " + text.Date(ctx, midnight(to)), Amount: d.AmountSatang,
			Seen: strconv.Itoa(d.Version) + "/" + to.String(),
		}
		switch {
		case d.State != store.DebitSubmitted && d.State != store.DebitApproved:
			items[n].Obstacle = text.Msg("debits.refused.move_state")
		case to == from:
			items[n].Obstacle = text.Msg("debits.refused.move_open")
		case d.MakerID.UUID != q.Actor().Person:
			items[n].Obstacle = text.Msg("debits.refused.move_others", "person", d.MakerName)
		}
	}
	return items, nil
}

func debitMoveStep(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, key string) (store.ID, error) {
	seen, day, _ := strings.Cut(row.Seen, "/")
	version, err := strconv.Atoi(seen)
	if err != nil {
		return store.NoID, err
	}
	to, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return store.NoID, err
	}
	// The list of holidays may say something else by now.
	still := func(q *store.Query) error {
		now, err := debitsToMove(ctx, a, q, []store.ID{row.ItemID})
		switch {
		case err != nil:
			return err
		case len(now) == 0:
			return store.ErrNotFound
		case !now[0].Obstacle.IsZero():
			return &rowRefusedError{store.RowChanged, now[0].Obstacle}
		case now[0].Seen != row.Seen:
			return store.ErrStale
		}
		return nil
	}
	return a.Teller.MoveDebit(ctx, u.actor(), row.ItemID, version, to, text.T(ctx, "debits.move_reason", "on", text.Date(ctx, to)), key, still)
}
