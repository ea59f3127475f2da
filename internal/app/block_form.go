package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"portal/internal/app/intake"
	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// blockForm is the form of a block as it was typed.
type blockForm struct {
	*form
	do      string
	version int
	alert   store.ID
	draft   store.Block
	sender  promptpay.ID
	review  thai.Day
	owners  []ui.Option
	ours    []ui.Option
	missed  *templates.MissedView
}

func (a *App) readBlockForm(f *form) *blockForm {
	b := &blockForm{form: f, do: f.choice("do", "look", "save", "show"), version: f.hidden("version"), alert: f.id("alert")}
	if typed := f.raw("sender"); typed != "" || b.do != "show" {
		id, err := promptpay.Parse(typed)
		if err != nil {
			f.fail("sender", senderFault(typed, err))
		}
		b.sender = id
	}
	if b.do == "look" || b.do == "show" {
		for _, field := range []string{"name", "id", "reason", "note", "owner", "review_on"} {
			f.raw(field)
		}
		return b
	}
	b.review = readReview(f, a.today())
	b.draft = store.Block{
		SenderKind: string(b.sender.Kind), SenderValue: b.sender.Value, SenderName: f.text("name", maxLen(200)), ProxyID: requiredID(f, "id"),
		Reason: f.choice("reason", store.BlockReasons...), Note: f.paragraph("note", maxLen(500)), OwnerID: requiredID(f, "owner"), ReviewOn: midnight(b.review),
		Origin: store.BlockedHere, State: store.BlockDraft, AlertID: store.NullID(b.alert),
	}
	if b.draft.Reason == "" {
		f.fail("reason", text.Msg("block.error.reason"))
	}
	if b.draft.Reason == "other" && b.draft.Note == "" {
		f.fail("note", text.Msg("block.error.note"))
	}
	return b
}

// requiredID reads a choice among things that have ids.
func requiredID(f *form, field string) store.ID {
	id := f.id(field)
	if id == store.NoID {
		f.fail(field, text.Msg("block.error.choose"))
	}
	return id
}

func readReview(f *form, today thai.Day) thai.Day {
	on := f.day("review_on", today, required)
	switch {
	case on.IsZero():
	case on.Compare(today) <= 0:
		f.fail("review_on", text.Msg("block.error.review_past"))
	case on.Compare(today.AddDays(intake.MaxBlockReview)) > 0:
		f.fail("review_on", text.Msg("block.error.review_far"))
	}
	return on
}

// senderFault says what is wrong with an id that somebody typed.
func senderFault(typed string, err error) text.Message {
	switch {
	case typed == "":
		return text.Msg("block.error.sender")
	case errors.Is(err, promptpay.ErrCheckDigit):
		return text.Msg("block.error.check_digit")
	case errors.Is(err, promptpay.ErrMobile):
		return text.Msg("block.error.mobile")
	}
	return text.Msg("block.error.sender_form")
}

// lookUp finds what the form offers, and what a block of the sender would have
// held back.
func (b *blockForm) lookUp(ctx context.Context, q *store.Query) error {
	ours, err := q.ActivePromptPayIDs()
	if err != nil {
		return err
	}
	b.ours = proxyOptions(ours)
	if b.owners, err = ownerOptions(q); err != nil {
		return err
	}
	offered := func(options []ui.Option, id store.ID) bool {
		return slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == id.String() })
	}
	if b.draft.ProxyID != store.NoID && !offered(b.ours, b.draft.ProxyID) {
		b.fail("id", text.Msg("block.error.choose"))
	}
	if b.draft.OwnerID != store.NoID && !offered(b.owners, b.draft.OwnerID) {
		b.fail("owner", text.Msg("block.error.choose"))
	}
	for _, p := range ours {
		if p.ID == b.draft.ProxyID && p.Value == b.sender.Value {
			b.fail("sender", text.Msg("block.error.self"))
		}
	}
	if b.sender.IsZero() {
		return nil
	}
	missed, err := missedView(ctx, q, string(b.sender.Kind), b.sender.Value)
	b.missed = &missed
	return err
}

func ownerOptions(q *store.Query) ([]ui.Option, error) {
	members, err := q.Members()
	options := make([]ui.Option, len(members))
	for n, m := range members {
		options[n] = ui.Option{Value: m.PersonID.String(), Label: m.Name}
	}
	return options, err
}

func (b *blockForm) view(ctx context.Context) templates.BlockFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: b.raw(field), Error: b.errorOf(ctx, field)}
	}
	v := templates.BlockFormView{
		Key: b.raw("key"), Version: b.version, Proxy: input("id"), Proxies: b.ours, Sender: input("sender"), Name: input("name"), Reason: input("reason"),
		Reasons: blockReasons(ctx), Note: input("note"), Owner: input("owner"), Owners: b.owners, Review: input("review_on"), Missed: b.missed, Errors: b.summary(ctx),
	}
	if b.alert != store.NoID {
		v.Alert = b.alert.String()
	}
	if !b.review.IsZero() {
		v.ReviewD = b.review.Time()
	}
	if v.Name.Value == "" && b.missed != nil && b.do != "save" {
		v.Name.Value = b.missed.Called
	}
	if v.Missed != nil {
		v.Missed.Before = nil // of no use while somebody types
	}
	return v
}

// newBlock is the empty form, or that for the sender of an alert.
func (a *App) newBlock(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	alert := f.id("alert")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	typed := map[string][]string{
		"do": {"show"}, "key": {newKey()}, "version": {"0"}, "owner": {u.person.ID.String()},
		"review_on": {text.Date(ctx, midnight(a.today().AddDays(intake.BlockReviewAfter)))},
	}
	var b *blockForm
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if alert != store.NoID {
			from, err := q.AlertItself(alert)
			if err != nil {
				return err
			}
			typed["alert"], typed["sender"], typed["name"] = []string{alert.String()}, []string{proxyOf(from.SenderKind, from.SenderValue).Format()}, []string{from.SenderName}
			typed["id"], typed["reason"] = []string{from.PromptPayID.String()}, []string{"unknown_sender"}
			if open, err := q.OpenBlock(from.PromptPayID, from.SenderKind, from.SenderValue); err == nil {
				return &openBlockError{open.ID}
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		b = a.readBlockForm(formOf(typed))
		b.review = a.today().AddDays(intake.BlockReviewAfter)
		return b.lookUp(ctx, q)
	})
	if open, ok := errors.AsType[*openBlockError](err); ok {
		return a.seeOther(w, r, u, blockHref(open.id), text.Msg("block.open_already"))
	}
	if err != nil {
		return err
	}
	return a.blockFormPage(w, r, u, http.StatusOK, b.view(ctx))
}

// openBlockError is the block that a sender has already.
type openBlockError struct{ id store.ID }

func (e *openBlockError) Error() string { return "there is a block already: " + e.id.String() }

func (a *App) blockFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.BlockFormView) error {
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaAlerts, Status: status}, templates.BlockForm(v))
}

// editBlock is the form with a draft in it.
func (a *App) editBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var b *blockForm
	var now store.Block
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if now, err = q.Block(id); err != nil {
			return err
		}
		b = a.readBlockForm(formOf(map[string][]string{
			"do": {"show"}, "key": {newKey()}, "version": {strconv.Itoa(now.Version)}, "sender": {proxyOf(now.SenderKind, now.SenderValue).Format()}, "name": {now.SenderName},
			"id": {now.ProxyID.String()}, "reason": {now.Reason}, "note": {now.Note}, "owner": {now.OwnerID.String()}, "review_on": {text.Date(ctx, now.ReviewOn)},
		}))
		b.review = thai.DayOf(now.ReviewOn)
		return b.lookUp(ctx, q)
	})
	if err != nil {
		return err
	}
	if !now.Editable() {
		return a.seeOther(w, r, u, blockHref(id), text.Msg("block.refused.not_editable"))
	}
	v := b.view(ctx)
	v.ID = id.String()
	return a.blockFormPage(w, r, u, http.StatusOK, v)
}
