package app

import (
	"context"
	"strconv"

	"portal/internal/store"
	"portal/web/text"
)

// blockKinds are what may be done to many blocks at once.
func blockKinds() []batchKind {
	return []batchKind{{
		name: "block_submit", permission: maker, area: areaAlerts, home: "/blocks?show=draft", look: blocksToSubmit, before: blockSubmitBefore, step: blockSubmitStep,
	}, {
		name: "block_lift", permission: maker, area: areaAlerts, home: "/blocks?show=in_force", reason: true, look: blocksToLift, before: blockLiftBefore, step: blockLiftStep,
	}}
}

func blockItems(ctx context.Context, q *store.Query, ids []store.ID, judge func(store.Block) text.Message) ([]batchItem, error) {
	found, err := q.BlocksByID(ids)
	items := make([]batchItem, len(found))
	for n, b := range found {
		row := blockRow(ctx, b)
		title := row.Sender
		if row.Name != "" {
			title = row.Name + " · " + row.Sender
		}
		items[n] = batchItem{ID: b.ID, Href: row.Href, Title: title, Seen: strconv.Itoa(b.Version), Obstacle: judge(b)}
	}
	return items, err
}

func blocksToSubmit(ctx context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return blockItems(ctx, q, ids, func(b store.Block) text.Message {
		if !b.Editable() {
			return text.Msg("batch.why.submitted")
		}
		return text.Message{}
	})
}

func blockSubmitBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	asked, err := approversBesides(ctx, q, u)
	return []string{asked, text.T(ctx, "block.submit_follows"), text.T(ctx, "batch.submit.each")}, err
}

func blockSubmitStep(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, key string) (store.ID, error) {
	version, err := strconv.Atoi(row.Seen)
	if err != nil {
		return store.NoID, err
	}
	return a.Teller.SubmitBlock(ctx, u.actor(), row.ItemID, version, key)
}

func blocksToLift(ctx context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return blockItems(ctx, q, ids, func(b store.Block) text.Message {
		if b.State != store.BlockInForce {
			return text.Msg("block.refused.not_in_force")
		}
		return text.Message{}
	})
}

func blockLiftBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	asked, err := approversBesides(ctx, q, u)
	return []string{asked, text.T(ctx, "block.lift_follows"), text.T(ctx, "batch.submit.each")}, err
}

func blockLiftStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (store.ID, error) {
	return a.Teller.LiftBlock(ctx, u.actor(), row.ItemID, b.Note, key)
}
