package app

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var callbackMeanings = map[string]ui.Meaning{
	store.CallbackReceived: ui.Info, store.CallbackProcessed: ui.Good, store.CallbackDuplicate: ui.Neutral, store.CallbackIgnored: ui.Neutral,
	store.CallbackQuarantined: ui.Warning,
}

// callbackStatus is the badge of a callback's state.
func callbackStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: callbackMeanings[state], Label: text.T(ctx, text.Prefix("callback.state.")+state)}
}

// callbackSays is what a callback says, as a sentence.
func callbackSays(ctx context.Context, c store.Callback) string {
	key := text.Prefix("callback.says.") + c.Status
	if c.Status == "" || !text.Has(key) {
		return text.T(ctx, "callback.says_nothing")
	}
	return text.T(ctx, key)
}

// callbackWhy says why it came to what it came to; empty where its state says it.
func callbackWhy(ctx context.Context, c store.Callback) string {
	if key := text.Prefix("callback.why.") + c.Reason; c.Reason != "" && text.Has(key) {
		return text.T(ctx, key)
	}
	return ""
}

// callbackAbout names the bill, or what the callback calls it.
func callbackAbout(ctx context.Context, c store.Callback) string {
	switch {
	case c.DocumentNumber != nil:
		return *c.DocumentNumber + " · " + *c.BuyerName
	case c.BankReference != "":
		return c.BankReference
	}
	return text.T(ctx, "callback.about_nothing")
}

func callbackLink(id store.ID) templ.Component {
	return templates.CallbackLink("/callbacks/" + id.String())
}

// toldOf tells of the callbacks about a bill that nothing else in its story
// tells of: those that were read and acted on are told by what they did.
func toldOf(ctx context.Context, q *store.Query, bill store.ID) ([]ui.Event, error) {
	list, err := q.CallbacksAbout(bill)
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	for _, c := range list {
		if c.State == store.CallbackProcessed {
			continue
		}
		note := callbackStatus(ctx, c.State).Label
		if why := callbackWhy(ctx, c); why != "" {
			note = why
		}
		events = append(events, ui.Event{
			Sentence: text.T(ctx, "story.callback", "says", callbackSays(ctx, c)), Person: text.T(ctx, "story.bank"), At: c.ReceivedAt,
			Meaning: callbackMeanings[c.State], Note: note, Summary: text.T(ctx, "story.callback_from"), Detail: callbackLink(c.ID),
		})
	}
	return events, nil
}

// listCallbacks shows what the bank told by itself, the newest first.
func (a *App) listCallbacks(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	state, from := f.choice("state", store.CallbackStates...), cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	var list []store.Callback
	var more bool
	var counts map[string]int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if list, more, err = q.Callbacks(state, store.CallbackCursor(from), pageRows); err != nil {
			return err
		}
		counts, err = q.CountCallbacks()
		return err
	})
	if err != nil {
		return err
	}
	v := templates.CallbackListView{Filtered: state != "", Tabs: callbackTabs(ctx, state, counts)}
	for _, c := range list {
		v.Rows = append(v.Rows, templates.CallbackRow{
			Href: "/callbacks/" + c.ID.String(), About: callbackAbout(ctx, c), Says: callbackSays(ctx, c), Status: callbackStatus(ctx, c.State),
			Why: callbackWhy(ctx, c), ReceivedAt: c.ReceivedAt,
		})
	}
	if !from.At.IsZero() {
		v.Pager.First = addressOf("/callbacks", inCallbackState(state))
	}
	if more {
		last := list[len(list)-1]
		v.Pager.Next = addressAfter("/callbacks", inCallbackState(state), last.ReceivedAt, last.ID)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaCallbacks, Part: templates.CallbackListPart}, templates.CallbackList(v))
}

func inCallbackState(state string) url.Values {
	if state == "" {
		return nil
	}
	return url.Values{"state": {state}}
}

func callbackTabs(ctx context.Context, current string, counts map[string]int) []ui.Tab {
	tabs := []ui.Tab{{Label: text.T(ctx, "callback.all"), Href: "/callbacks", Count: countText(countAll(counts)), Current: current == ""}}
	for _, state := range store.CallbackStates {
		tabs = append(tabs, ui.Tab{
			Label: callbackStatus(ctx, state).Label, Href: addressOf("/callbacks", inCallbackState(state)), Count: countText(counts[state]), Current: state == current,
		})
	}
	return tabs
}

// showCallback shows one callback as far as a screen may.
func (a *App) showCallback(w http.ResponseWriter, r *http.Request, u user) error {
	return a.callbackPage(w, r, u, http.StatusOK, templates.CallbackView{})
}

func (a *App) callbackPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.CallbackView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var c store.Callback
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		c, err = q.Callback(id)
		return err
	})
	if err != nil {
		return err
	}
	v.ID, v.About, v.Says, v.Why = id.String(), callbackAbout(ctx, c), callbackSays(ctx, c), callbackWhy(ctx, c)
	v.Status, v.Since, v.ReceivedAt, v.Address, v.Signed = callbackStatus(ctx, c.State), c.StateSince, c.ReceivedAt, c.Address, c.Genuine()
	v.Reference, v.Code, v.Event, v.Size, v.Hash, v.Fields = c.BankReference, c.Status, c.EventKey, c.Size, hex.EncodeToString(c.Hash), indented(c.Masked)
	v.Quarantined = c.State == store.CallbackQuarantined
	if c.SaidAt != nil {
		v.SaidAt = *c.SaidAt
	}
	if c.PresentmentID.Valid {
		v.Bill = billHref(c.PresentmentID.UUID)
	}
	if c.EtaxID.Valid {
		v.Bill = "/etax/" + c.EtaxID.UUID.String()
	}
	v.MayOpen = u.can(store.Auditor) || u.can(store.Admin)
	v.MayReread = v.Quarantined && c.Genuine() && (u.can(store.Checker) || u.can(store.Admin))
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaCallbacks, Status: status}, templates.Callback(v))
}

// openCallback shows the very bytes, and the trail keeps who looked.
func (a *App) openCallback(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var body []byte
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		body, err = tx.OpenCallback(id)
		return err
	})
	if err != nil {
		return err
	}
	// Never as anything that a browser would do something with.
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a reader that hung up is the only way this fails
	return nil
}

// maxRereadReason is how long a reason may be.
const maxRereadReason = 300

// rereadCallback has a quarantined callback read again, now that what kept it
// from counting may be otherwise.
func (a *App) rereadCallback(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.CallbackView{Reason: f.raw("reason")}
	reason := f.paragraph("reason", required, maxLen(maxRereadReason))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		v.ReasonError, v.Errors = f.errorOf(ctx, "reason"), f.summary(ctx)
		return a.callbackPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.Callback(id); err != nil {
			return err
		}
		return tx.RereadCallback(id, reason)
	})
	if errors.Is(err, store.ErrStale) || store.Violated(err, "callback_moves_as_listed") {
		v.Refused = text.T(ctx, "callback.refused")
		return a.callbackPage(w, r, u, http.StatusConflict, v)
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/callbacks/"+id.String(), text.Msg("callback.rereading"))
}
