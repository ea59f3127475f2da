package app

import (
	"context"
	"net/http"
	"slices"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// requestTroubleShown is how many of a batch that came to nothing its page shows.
const requestTroubleShown = 30

// A batch of requests is what one list became: it has the list's id.
func requestBatchHref(list store.ID) string { return "/request-batches/" + list.String() }

// requestBatchPageSize is how many lists a page has.
const requestBatchPageSize = 30

// listRequestBatches shows the lists that became requests, the newest first.
func (a *App) listRequestBatches(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	before := f.id("before")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.RequestBatchListView{MayMake: u.can(store.Maker)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, more, err := q.RequestBatches(before, requestBatchPageSize)
		for _, b := range list {
			v.Rows = append(v.Rows, templates.RequestBatchRow{
				Href: requestBatchHref(b.ID), Name: b.Name, Number: b.Number, Satang: b.SumSatang, By: b.CreatedByName, At: b.CreatedAt, Status: requestBatchStatus(ctx, b),
			})
		}
		if more {
			v.Pager.Next = "/request-batches?before=" + list[len(list)-1].ID.String()
		}
		return err
	})
	if err != nil {
		return err
	}
	if before != store.NoID {
		v.Pager.First = "/request-batches"
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts}, templates.RequestBatchList(v))
}

// requestBatchStatus is the badge of a list of which some wait in a state first.
func requestBatchStatus(ctx context.Context, b store.RequestBatch) ui.Status {
	stage, meaning := "done", ui.Good
	switch {
	case b.Number == 0:
		stage, meaning = "none", ui.Neutral
	case b.State != "":
		meaning = requestMeanings[b.State]
		for _, s := range requestStages {
			if slices.Contains(s.states, b.State) {
				stage = s.stage
			}
		}
	}
	return ui.Status{Meaning: meaning, Label: text.T(ctx, text.Prefix("request.batch_stage.")+stage)}
}

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

// requestHeap is the requests of a list.
var requestHeap = heap{
	states: store.RequestStates, hidden: store.RequestDiscarded, sums: (*store.Query).RequestBatchSums,
	exists: func(q *store.Query, id store.ID) error {
		_, err := requestList(q, id)
		return err
	},
}

// requestBatchProgress is the moving part of the page once a number has changed,
// and nothing before that.
func (a *App) requestBatchProgress(w http.ResponseWriter, r *http.Request, u user) error {
	return requestHeap.progress(a, w, r, u, a.requestBatchPage)
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
	all, states := requestHeap.total(ctx, sums, requestStatus, "/requests?import="+id.String())
	v.Total, v.TotalSatang, v.States = all.Number, all.SumSatang, states
	v.Paid = sums[store.RequestPaid].Number
	v.Drafts, v.Waiting = sums[store.RequestDraft].Number, sums[store.RequestSubmitted].Number
	v.MaySubmit, v.MayApprove = u.can(store.Maker) && v.Drafts > 0, u.can(store.Checker) && v.Waiting > 0
	stage, n := requestStage(sums)
	v.Turn = text.T(ctx, text.Prefix("request.batch_turn.")+stage, "n", text.Int(int64(n)))
	for _, r := range trouble {
		v.Trouble = append(v.Trouble, requestRow(ctx, r))
	}
	if sums[store.RequestSending].Number+sums[store.RequestApproved].Number+sums[store.RequestUnknown].Number > 0 {
		v.Poll = requestBatchHref(id) + "/progress?seen=" + requestHeap.moved(sums)
	}
	return v, nil
}

// requestStages are what a list can wait for, in the order in which it does.
var requestStages = []struct {
	stage  string
	states []string
}{
	{"draft", []string{store.RequestDraft}}, {"submitted", []string{store.RequestSubmitted}}, {"sending", []string{store.RequestApproved, store.RequestSending}},
	{"unknown", []string{store.RequestUnknown}}, {"open", []string{store.RequestScheduled, store.RequestSent, store.RequestAcknowledged}},
}

// requestStage is what a batch waits for first, and how many of it do.
func requestStage(sums map[string]store.DebitSum) (stage string, n int) {
	all := 0
	for state, s := range sums {
		if state != store.RequestDiscarded {
			all += s.Number
		}
	}
	for _, s := range requestStages {
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
	return a.decideAll(w, r, u, name, requestBatchHref, text.K("batch.none_chosen"), func(q *store.Query, id store.ID) ([]store.ID, error) {
		if err := requestHeap.exists(q, id); err != nil {
			return nil, err
		}
		return find(q, id)
	})
}
