package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"portal/internal/store"
	"portal/web/text"
)

// requestKinds are what may be done to many requests at once.
func requestKinds() []batchKind {
	return []batchKind{{
		name: "request_submit", permission: maker, area: areaAlerts, home: "/requests", look: requestsToSubmit, before: requestSubmitBefore, step: requestSubmitStep,
	}, {
		name: "request_discard", permission: maker, area: areaAlerts, home: "/requests", dangerous: true, undo: "request_restore",
		look: requestsIn(store.RequestDraft, text.K("batch.why.not_draft")), before: requestDiscardBefore, step: requestAsideStep((*store.Tx).DiscardRequest),
	}, {
		name: "request_restore", permission: maker, area: areaAlerts, home: "/requests", undo: "request_discard",
		look: requestsIn(store.RequestDiscarded, text.K("request.refused.not_discarded")), before: requestRestoreBefore, step: requestAsideStep((*store.Tx).RestoreRequest),
	}, {
		name: "request_resend", permission: maker, area: areaAlerts, home: "/requests", look: requestsToResend, before: requestResendBefore, step: requestResendStep,
	}}
}

// lookAtRequests makes items of requests; judge says what stands in the way of
// each.
func lookAtRequests(q *store.Query, ids []store.ID, judge func(store.RequestToDecide) text.Message) ([]batchItem, error) {
	found, err := q.RequestsToDecide(ids)
	items := make([]batchItem, len(found))
	for n, r := range found {
		items[n] = batchItem{ID: r.ID, Href: requestHref(r.ID), Title: r.Title, Amount: r.AmountSatang, Seen: strconv.Itoa(r.Version), Obstacle: judge(r)}
	}
	return items, err
}

func requestsToSubmit(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	rules, err := q.RequestRules()
	if err != nil {
		return nil, err
	}
	return lookAtRequests(q, ids, func(r store.RequestToDecide) text.Message {
		if !r.Editable() {
			return text.Msg("batch.why.submitted")
		}
		return requestObstacle(r, rules, a.Clock())
	})
}

// requestObstacle is why a request would not be taken as it stands, or zero.
func requestObstacle(r store.RequestToDecide, rules store.RequestRules, now time.Time) text.Message {
	_, why, bad := requestDayFault(r.PayRequest, now)
	switch {
	case !r.SenderActive:
		return text.Msg("request.refused.sender")
	case r.AmountSatang < rules.MinSatang || r.AmountSatang > rules.MaxSatang:
		return text.Msg("debits.refused.limits")
	case bad:
		return why
	case r.Repeats:
		return text.Msg("request.refused.repeats")
	case r.Collides && rules.Collision == store.CollisionBlock:
		return text.Msg("debits.refused.collides")
	}
	return text.Message{}
}

func requestSubmitBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return []string{askedOf(ctx, names), text.T(ctx, "request.irreversible"), text.T(ctx, "batch.submit.each")}, err
}

func requestSubmitStep(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, key string) (store.ID, error) {
	version, err := strconv.Atoi(row.Seen)
	if err != nil {
		return store.NoID, err
	}
	return a.Teller.SubmitRequest(ctx, u.actor(), row.ItemID, version, key)
}

// requestsIn looks for requests in a state.
func requestsIn(state, otherwise string) func(context.Context, *App, *store.Query, []store.ID) ([]batchItem, error) {
	return func(_ context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
		return lookAtRequests(q, ids, func(r store.RequestToDecide) text.Message {
			if r.State != state {
				return text.Msg(otherwise)
			}
			return text.Message{}
		})
	}
}

func requestDiscardBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "request.discard_keeps")}, nil
}

func requestRestoreBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "request.restore_follows")}, nil
}

// requestAsideStep puts one draft out of the way, or takes it back.
func requestAsideStep(do func(*store.Tx, store.ID, int) error) func(context.Context, *App, user, store.Batch, store.BatchRow, string) (store.ID, error) {
	return func(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, _ string) (store.ID, error) {
		version, err := strconv.Atoi(row.Seen)
		if err != nil {
			return store.NoID, err
		}
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			if _, err := tx.LockRequest(row.ItemID); err != nil {
				return err
			}
			return do(tx, row.ItemID, version)
		})
		if store.Violated(err, "request_is_resent_once") {
			return store.NoID, &rowRefusedError{store.RowRefused, text.Msg("request.refused.resent")}
		}
		return store.NoID, err
	}
}

// requestsToResend looks at what came to nothing as it would be asked for now.
func requestsToResend(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	rules, err := q.RequestRules()
	if err != nil {
		return nil, err
	}
	return lookAtRequests(q, ids, func(r store.RequestToDecide) text.Message {
		switch {
		case !r.Ended():
			return text.Msg("request.refused.running")
		case r.Resent:
			return text.Msg("request.refused.resent")
		}
		r.PayRequest = a.again(r.PayRequest, rules)
		return requestObstacle(r, rules, a.Clock())
	})
}

// again is a request as it is asked for once more: at once, and open for as long
// as the rules say.
func (a *App) again(r store.PayRequest, rules store.RequestRules) store.PayRequest {
	r.ResendOf, r.ImportID = store.NullID(r.ID), store.NullID(store.NoID)
	r.SendOn, r.SendAt, r.EndsOn = nil, "", midnight(a.today().AddDays(rules.OpenDays))
	r.RepeatReason = ""
	return r
}

func requestResendBefore(ctx context.Context, a *App, q *store.Query, u user, items []batchItem) ([]string, error) {
	rules, err := q.RequestRules()
	if err != nil {
		return nil, err
	}
	lines, err := requestSubmitBefore(ctx, a, q, u, items)
	ends := text.LongDate(ctx, midnight(a.today().AddDays(rules.OpenDays)))
	return append([]string{text.T(ctx, "request.resend_follows", "ends", ends)}, lines...), err
}

// requestResendStep makes a new request of one that came to nothing and asks for
// it. One that is refused leaves no draft behind, or it would be in the way of
// whoever mends what stood in the way.
func requestResendStep(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, key string) (store.ID, error) {
	id := store.RequestOfKey(u.person.ID, key)
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.Request(id); !errors.Is(err, store.ErrNotFound) {
			return err // a forgotten try made it
		}
		found, err := requestsToResend(ctx, a, tx.Query, []store.ID{row.ItemID})
		if err != nil {
			return err
		}
		if why := found[0].Obstacle; !why.IsZero() {
			return &rowRefusedError{store.RowRefused, why}
		}
		rules, err := tx.RequestRules()
		if err != nil {
			return err
		}
		ended, err := tx.Request(row.ItemID)
		if err != nil {
			return err
		}
		next := a.again(ended, rules)
		next.ID = id
		return tx.AddRequests(next)
	})
	switch {
	case store.Violated(err, "request_is_resent_once"):
		return store.NoID, &rowRefusedError{store.RowRefused, text.Msg("request.refused.resent")}
	case err != nil:
		return store.NoID, err
	}
	lead, err := a.Teller.SubmitRequest(ctx, u.actor(), id, 1, key)
	if _, refused := refusalOf(err); err == nil || !refused {
		return lead, err
	}
	return store.NoID, errors.Join(err, a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if err := tx.DiscardRequest(id, 1); !errors.Is(err, store.ErrStale) {
			return err
		}
		return nil // it was asked for after all, or is gone
	}))
}
