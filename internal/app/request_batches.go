package app

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// requestTroubleShown is how many of a batch that came to nothing its page shows.
const requestTroubleShown = 30

// A batch of requests is what one list became: it has the list's id.
func requestBatchHref(list store.ID) string { return "/request-batches/" + list.String() }

// showRequestBatch shows the requests of a list, how far they have come, and
// what of them came to nothing. While something moves the page asks for news.
func (a *App) showRequestBatch(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.requestBatchPage(w, r, u)
}

func (a *App) requestBatchPage(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.RequestBatchView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v, err = requestBatchView(ctx, q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Part: templates.RequestBatchPart}, templates.RequestBatch(v))
}

// requestList is an import of requests; one of anything else is no batch.
func requestList(q *store.Query, id store.ID) (store.Import, error) {
	i, err := q.Import(id)
	if err == nil && i.Kind != store.ImportOfRequests {
		err = store.ErrNotFound
	}
	return i, err
}

// requestBatchProgress is the moving part of the page once a number has changed,
// and nothing before that.
func (a *App) requestBatchProgress(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	var sums map[string]store.DebitSum
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		if _, err := requestList(q, id); err != nil {
			return err
		}
		sums, err = q.RequestBatchSums(id)
		return err
	})
	if err != nil {
		return err
	}
	if requestsMoved(sums) == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.requestBatchPage(w, r, u)
}

// requestsMoved names how far a batch has come.
func requestsMoved(sums map[string]store.DebitSum) string {
	var name strings.Builder
	for _, state := range store.RequestStates {
		fmt.Fprintf(&name, "%d.", sums[state].Number)
	}
	return name.String()
}

func requestBatchView(ctx context.Context, q *store.Query, u user, id store.ID) (v templates.RequestBatchView, err error) {
	i, err := requestList(q, id)
	if err != nil {
		return v, err
	}
	sums, err := q.RequestBatchSums(id)
	if err != nil {
		return v, err
	}
	trouble, err := q.RequestTrouble(id, requestTroubleShown)
	if err != nil {
		return v, err
	}
	v = templates.RequestBatchView{ID: id.String(), Name: i.FileName, File: importHref(id), By: i.CreatedByName, At: i.CreatedAt, Key: newKey()}
	for _, state := range store.RequestStates {
		s := sums[state]
		if s.Number == 0 || state == store.RequestDiscarded {
			continue
		}
		v.Total += s.Number
		v.TotalSatang += s.SumSatang
		v.States = append(v.States, templates.DebitBatchState{
			Status: requestStatus(ctx, state), Number: s.Number, Satang: s.SumSatang, Href: "/requests?import=" + id.String() + "&state=" + state,
		})
	}
	v.Paid = sums[store.RequestPaid].Number
	v.Drafts, v.Waiting = sums[store.RequestDraft].Number, sums[store.RequestSubmitted].Number
	v.MaySubmit, v.MayApprove = u.can(store.Maker) && v.Drafts > 0, u.can(store.Checker) && v.Waiting > 0
	stage, n := requestStage(sums)
	v.Turn = text.T(ctx, text.Prefix("request.batch_turn.")+stage, "n", text.Int(int64(n)))
	for _, r := range trouble {
		v.Trouble = append(v.Trouble, requestRow(ctx, r))
	}
	if sums[store.RequestSending].Number+sums[store.RequestApproved].Number+sums[store.RequestUnknown].Number > 0 {
		v.Poll = requestBatchHref(id) + "/progress?seen=" + requestsMoved(sums)
	}
	return v, nil
}

// requestStage is what a batch waits for first, and how many of it do.
func requestStage(sums map[string]store.DebitSum) (stage string, n int) {
	all := 0
	for state, s := range sums {
		if state != store.RequestDiscarded {
			all += s.Number
		}
	}
	for _, s := range []struct {
		stage  string
		states []string
	}{
		{"draft", []string{store.RequestDraft}}, {"submitted", []string{store.RequestSubmitted}}, {"sending", []string{store.RequestApproved, store.RequestSending}},
		{"unknown", []string{store.RequestUnknown}}, {"open", []string{store.RequestScheduled, store.RequestSent, store.RequestAcknowledged}},
	} {
		for _, state := range s.states {
			n += sums[state].Number
		}
		if n > 0 {
			return s.stage, n
		}
	}
	if all == 0 {
		return "none", 0
	}
	return "done", all
}

// submitRequestBatch puts the drafts of a list together, to be looked at with
// their total and asked for at once.
func (a *App) submitRequestBatch(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideRequestBatch(w, r, u, "request_submit", func(q *store.Query, id store.ID) ([]store.ID, error) {
		return q.RequestsOfImport(id, store.RequestDraft, store.MaxDebitsAtOnce)
	})
}

// approveRequestBatch puts what waits of a list together, to be looked at with
// totals and outliers and approved at once.
func (a *App) approveRequestBatch(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideRequestBatch(w, r, u, "approve", func(q *store.Query, id store.ID) ([]store.ID, error) {
		return q.LeadsOfRequests(id, store.MaxDebitsAtOnce)
	})
}

func (a *App) decideRequestBatch(w http.ResponseWriter, r *http.Request, u user, name string, find func(*store.Query, store.ID) ([]store.ID, error)) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key := f.key()
	if err := f.check(); err != nil {
		return err
	}
	var ids []store.ID
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		if _, err := requestList(q, id); err != nil {
			return err
		}
		ids, err = find(q, id)
		return err
	})
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return a.seeOther(w, r, u, requestBatchHref(id), text.Msg("batch.none_chosen"))
	}
	kind, _ := a.batchKind(name)
	batch, err := a.prepareBatch(r.Context(), u, kind, key, ids)
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/batches/"+batch.String(), text.Message{})
}

// requestKinds are what may be done to many requests at once.
func requestKinds() []batchKind {
	return []batchKind{{
		name: "request_submit", permission: maker, area: areaAlerts, home: "/requests", look: requestsToSubmit, before: requestSubmitBefore, step: requestSubmitStep,
	}}
}

func requestsToSubmit(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	found, err := q.RequestsToDecide(ids)
	if err != nil {
		return nil, err
	}
	rules, err := q.RequestRules()
	if err != nil {
		return nil, err
	}
	items := make([]batchItem, len(found))
	for n, r := range found {
		items[n] = batchItem{ID: r.ID, Href: requestHref(r.ID), Title: r.Title, Amount: r.AmountSatang, Seen: strconv.Itoa(r.Version)}
		_, why, bad := requestDayFault(r.PayRequest, a.Clock())
		switch {
		case !r.Editable():
			items[n].Obstacle = text.Msg("batch.why.submitted")
		case !r.SenderActive:
			items[n].Obstacle = text.Msg("request.refused.sender")
		case r.AmountSatang < rules.MinSatang || r.AmountSatang > rules.MaxSatang:
			items[n].Obstacle = text.Msg("debits.refused.limits")
		case bad:
			items[n].Obstacle = why
		case r.Repeats:
			items[n].Obstacle = text.Msg("request.refused.repeats")
		case r.Collides && rules.Collision == store.CollisionBlock:
			items[n].Obstacle = text.Msg("debits.refused.collides")
		}
	}
	return items, nil
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
