package app

import (
	"context"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/text"
)

// scheduleBatches are the changes that may be asked of many schedules at once.
// Each is an approval of its own, so that one that the bank refuses holds up no
// other; a checker approves them together.
func scheduleBatches() []batchKind {
	return []batchKind{
		scheduleBatch("schedule_move", store.ScheduleMove, false),
		scheduleBatch("schedule_pause", store.SchedulePause, false),
		scheduleBatch("schedule_cancel", store.ScheduleCancel, true),
	}
}

func scheduleBatch(name, kind string, dangerous bool) batchKind {
	return batchKind{
		name: name, permission: maker, area: areaDebits, home: "/schedules", reason: kind != store.ScheduleMove, dangerous: dangerous,
		look: func(ctx context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
			return schedulesToChange(ctx, a, q, ids, kind)
		},
		before: func(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
			names, err := q.CheckersBesides(store.IDs{u.person.ID})
			return []string{askedOf(ctx, names), text.T(ctx, text.Prefix("schedule.truth.")+kind), text.T(ctx, "schedule.debit_day"), text.T(ctx, "schedule.each_approval")}, err
		},
		step: func(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (store.ID, error) {
			wish := func(s teller.ScheduleStands) teller.ScheduleWish {
				w := s.Wish()
				w.Reason = b.Note
				return w
			}
			lead, err := a.Teller.ChangeSchedule(ctx, u.actor(), row.ItemID, kind, wish, a.closedDays(ctx), a.today(), row.Seen, key)
			if why := refusalOfChange(err); why != "" {
				return lead, &rowRefusedError{store.RowChanged, text.Msg(text.Prefix("schedule.refused.") + why)}
			}
			return lead, err
		},
	}
}

// schedulesToChange works out a change of each schedule. What people decide on
// is the days, so that seen stands for those.
func schedulesToChange(ctx context.Context, a *App, q *store.Query, ids []store.ID, kind string) ([]batchItem, error) {
	closed, _, err := calendarOf(ctx, q, a.today().AddDays(-40), lastHoliday)
	if err != nil {
		return nil, err
	}
	list, err := teller.ReadSchedules(q, ids, a.today())
	if err != nil {
		return nil, err
	}
	var items []batchItem
	for _, s := range list {
		item := batchItem{ID: s.ID, Href: "/schedules/" + s.ID.String(), Title: s.PayerName + " · " + s.Reference, Seen: "-"}
		draft, err := s.Draft(kind, s.Wish(), closed, a.today())
		switch why := refusalOfChange(err); {
		case why != "":
			item.Obstacle = text.Msg(text.Prefix("schedule.refused.") + why)
		case err != nil:
			return nil, err
		default:
			item.Seen, item.Amount = draft.Fingerprint(), draft.Amount()
		}
		items = append(items, item)
	}
	return items, nil
}
