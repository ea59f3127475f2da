package app

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// debitBatchPage is how many batches a page lists, and how many debits in
// trouble the page of one shows.
const debitBatchPage = 30

func debitBatchHref(id store.ID) string { return "/debit-batches/" + id.String() }

// listDebitBatches shows the batches of debits, the latest day first.
func (a *App) listDebitBatches(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	from := readDebitBatchCursor(f)
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.DebitBatchListView{MayMake: u.can(store.Maker)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, more, err := q.DebitBatches(from, debitBatchPage)
		for _, b := range list {
			v.Rows = append(v.Rows, templates.DebitBatchRow{Href: debitBatchHref(b.ID), Name: b.Name, On: b.DebitOn, By: b.CreatedByName, At: b.CreatedAt, Status: batchStatus(ctx, b.Stage)})
		}
		if more {
			last := list[len(list)-1]
			v.Pager.Next = "/debit-batches?" + url.Values{"on": {last.DebitOn.Format(time.DateOnly)}, "id": {last.ID.String()}}.Encode()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !from.On.IsZero() {
		v.Pager.First = "/debit-batches"
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabBatches, v.Header(ctx)), Area: areaDebits}, templates.DebitBatchList(v))
}

func readDebitBatchCursor(f *form) (from store.DebitBatchCursor) {
	on, id := f.raw("on"), f.id("id")
	if on == "" {
		return from
	}
	day, err := time.Parse(time.DateOnly, on)
	if err != nil || day.Year() < 1 {
		f.broken = &requestError{"no such place in the list"}
		return from
	}
	return store.DebitBatchCursor{On: day, ID: id}
}

// showDebitBatch shows a batch, how far it has come, and what of it is in
// trouble. While something moves the page asks for news; without scripts it is
// as good as when it was loaded.
func (a *App) showDebitBatch(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.debitRunPage(w, r, u)
}

func (a *App) debitRunPage(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.DebitBatchView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = a.debitBatchView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Part: templates.DebitBatchPart}, templates.DebitBatch(v))
}

// debitHeap is a batch of debits.
var debitHeap = heap{
	states: store.DebitStates, hidden: store.DebitDiscarded, sums: (*store.Query).DebitBatchSums,
	exists: func(q *store.Query, id store.ID) error {
		_, err := q.DebitBatch(id)
		return err
	},
}

// debitBatchProgress is the moving part of the page once a number has changed,
// and nothing before that.
func (a *App) debitBatchProgress(w http.ResponseWriter, r *http.Request, u user) error {
	return debitHeap.progress(a, w, r, u, a.debitRunPage)
}

func (a *App) debitBatchView(ctx context.Context, q *store.Query, u user, id store.ID) (v templates.DebitBatchView, err error) {
	b, err := q.DebitBatch(id)
	if err != nil {
		return v, err
	}
	sums, err := q.DebitBatchSums(id)
	if err != nil {
		return v, err
	}
	trouble, err := q.DebitTrouble(id, debitBatchPage)
	if err != nil {
		return v, err
	}
	v = templates.DebitBatchView{ID: id.String(), Name: b.Name, On: b.DebitOn, By: b.CreatedByName, At: b.CreatedAt, Key: newKey()}
	all, states := debitHeap.total(ctx, sums, debitStatus, "/debits?batch="+id.String())
	v.Total, v.TotalSatang, v.States = all.Number, all.SumSatang, states
	v.Done = sums[store.DebitTaken].Number + sums[store.DebitFailed].Number + sums[store.DebitUnknown].Number
	v.TroubleMore = sums[store.DebitFailed].Number + sums[store.DebitUnknown].Number
	v.Taken = sums[store.DebitTaken].SumSatang
	v.Drafts, v.Waiting = sums[store.DebitDraft].Number, sums[store.DebitSubmitted].Number
	v.MaySubmit, v.MayApprove = u.can(store.Maker) && v.Drafts > 0, u.can(store.Checker) && v.Waiting > 0
	v.Turn = text.T(ctx, text.Prefix("debits.batch_turn.")+batchStage(sums), "n", text.Int(int64(v.Drafts+v.Waiting)), "on", text.LongDate(ctx, b.DebitOn))
	for _, d := range trouble {
		v.Trouble = append(v.Trouble, debitRow(ctx, d))
	}
	moving := sums[store.DebitSending].Number > 0 || sums[store.DebitApproved].Number > 0 && !midnight(a.today()).Before(b.DebitOn)
	if moving || sums[store.DebitUnknown].Number > 0 {
		v.Poll = debitBatchHref(id) + "/progress?seen=" + debitHeap.moved(sums)
	}
	return v, nil
}

// batchStatus is the badge of a batch that waits in a state first.
func batchStatus(ctx context.Context, stage string) ui.Status {
	meaning := ui.Good
	if stage != "done" {
		meaning = debitMeanings[stage]
	}
	return ui.Status{Meaning: meaning, Label: text.T(ctx, text.Prefix("debits.batch_stage.")+stage)}
}

// batchStage is what a batch waits for first.
func batchStage(sums map[string]store.DebitSum) string {
	for _, state := range []string{store.DebitDraft, store.DebitSubmitted, store.DebitSending, store.DebitApproved, store.DebitUnknown} {
		if sums[state].Number > 0 {
			return state
		}
	}
	return "done"
}

// submitDebitBatch puts the drafts of a batch together, to be looked at with
// their total and asked for at once.
func (a *App) submitDebitBatch(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideDebitBatch(w, r, u, "debit_submit", func(q *store.Query, id store.ID) ([]store.ID, error) {
		return q.DebitsOfBatch(id, store.DebitDraft, store.MaxDebitsAtOnce)
	})
}

// approveDebitBatch puts what waits of a batch together, to be looked at with
// totals and outliers and approved at once.
func (a *App) approveDebitBatch(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideDebitBatch(w, r, u, "approve", func(q *store.Query, id store.ID) ([]store.ID, error) {
		return q.LeadsOfDebitBatch(id, store.MaxDebitsAtOnce)
	})
}

func (a *App) decideDebitBatch(w http.ResponseWriter, r *http.Request, u user, name string, find func(*store.Query, store.ID) ([]store.ID, error)) error {
	return a.decideAll(w, r, u, name, debitBatchHref, text.K("batch.none_chosen"), func(q *store.Query, id store.ID) ([]store.ID, error) {
		if err := debitHeap.exists(q, id); err != nil {
			return nil, err
		}
		return find(q, id)
	})
}

// debitKinds are what may be done to many debits at once.
func debitKinds() []batchKind {
	return []batchKind{{
		name: "debit_submit", permission: maker, area: areaDebits, home: "/debits", look: debitsToSubmit, before: debitSubmitBefore, step: debitSubmitStep,
	}}
}

func debitsToSubmit(ctx context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	found, err := q.DebitsToDecide(ids)
	if err != nil {
		return nil, err
	}
	rules, err := q.DebitRules()
	if err != nil {
		return nil, err
	}
	items := make([]batchItem, len(found))
	faults := map[time.Time]text.Message{}
	for n, d := range found {
		if _, known := faults[d.DebitOn]; !known {
			faults[d.DebitOn], _ = debitDayFault(q, thai.DayOf(d.DebitOn), a.today(), rules, a.Clock())
		}
		items[n] = batchItem{ID: d.ID, Href: debitHref(d.ID), Title: d.Title, Amount: d.AmountSatang, Seen: strconv.Itoa(d.Version)}
		switch {
		case d.State != store.DebitDraft:
			items[n].Obstacle = text.Msg("batch.why.submitted")
		case !d.Live:
			items[n].Obstacle = text.Msg("debits.refused.mandate")
		case d.AmountSatang < rules.MinSatang || d.AmountSatang > rules.MaxSatang:
			items[n].Obstacle = text.Msg("debits.refused.limits")
		case !faults[d.DebitOn].IsZero():
			items[n].Obstacle = faults[d.DebitOn]
		case d.Repeats:
			items[n].Obstacle = text.Msg("debits.refused.repeats")
		}
	}
	return items, nil
}

func debitSubmitBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return []string{askedOf(ctx, names), text.T(ctx, "debits.irreversible"), text.T(ctx, "batch.submit.each")}, err
}

func debitSubmitStep(ctx context.Context, a *App, u user, _ store.Batch, row store.BatchRow, key string) (store.ID, error) {
	version, err := strconv.Atoi(row.Seen)
	if err != nil {
		return store.NoID, err
	}
	return a.Teller.SubmitDebit(ctx, u.actor(), row.ItemID, version, key)
}

// dayOfPath reads the day that a path names.
func dayOfPath(r *http.Request, name string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, r.PathValue(name))
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		return time.Time{}, store.ErrNotFound
	}
	return day, nil
}
