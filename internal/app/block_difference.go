package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/intake"
	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

func blockDifferenceHref(id store.ID) string { return "/block-differences/" + id.String() }

// listBlockDifferences shows in what the bank's list and ours differ.
func (a *App) listBlockDifferences(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	state, before := f.choice("state", store.BlockDifferenceStates...), f.id("after")
	if err := f.check(); err != nil {
		return err
	}
	if state == "" {
		state = store.BlockDifferenceOpen
	}
	v := templates.BlockDifferenceListView{MayAsk: u.can(store.Maker) || u.can(store.Checker)}
	var rows []store.BlockDifference
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if rows, err = q.BlockDifferences(state, before, blockPageSize+1); err != nil {
			return err
		}
		v.Compare, v.IDs, err = blockComparison(q)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > blockPageSize {
		rows = rows[:blockPageSize]
		v.Pager.Next = "/block-differences?state=" + state + "&after=" + rows[len(rows)-1].ID.String()
	}
	for _, d := range rows {
		v.Rows = append(v.Rows, blockDifferenceRow(ctx, d))
	}
	for _, s := range store.BlockDifferenceStates {
		tab := ui.Tab{Label: text.T(ctx, text.Prefix("block.difference.")+s), Href: "/block-differences?state=" + s, Current: s == state}
		if s == store.BlockDifferenceOpen {
			tab.Count = countText(v.Compare.Open)
		}
		v.Tabs = append(v.Tabs, tab)
	}
	header := ui.Header{Title: text.T(ctx, "block.differences"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "block.title"), Href: "/blocks"}}}
	return a.page(w, r, u, shell{Header: header, Area: areaAlerts}, templates.BlockDifferenceList(v))
}

func blockDifferenceRow(ctx context.Context, d store.BlockDifference) templates.BlockDifferenceRow {
	return templates.BlockDifferenceRow{
		Href: blockDifferenceHref(d.ID), Kind: d.Kind, What: text.T(ctx, text.Prefix("block.differs.")+d.Kind), Name: d.SenderName,
		Sender: proxyOf(d.SenderKind, d.SenderValue).Mask(), Ours: ourProxy(d.ProxyLabel, d.ProxyKind, d.ProxyValue), BankAt: d.BankBlockedAt, FoundAt: d.FoundAt,
	}
}

// showBlockDifference shows one difference, to be decided.
func (a *App) showBlockDifference(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	return a.blockDifferencePage(w, r, u, http.StatusOK, templates.BlockDifferenceView{
		Key: newKey(), Owner: templates.Input{Value: u.person.ID.String()}, Review: templates.Input{Value: text.Date(ctx, midnight(a.today().AddDays(intake.BlockReviewAfter)))},
		ReviewD: midnight(a.today().AddDays(intake.BlockReviewAfter)),
	})
}

func (a *App) blockDifferencePage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.BlockDifferenceView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		d, err := q.BlockDifference(id)
		if err != nil {
			return err
		}
		v.BlockDifferenceRow = blockDifferenceRow(ctx, d)
		v.Full, v.KindName, v.State, v.StateName = proxyOf(d.SenderKind, d.SenderValue).Format(), proxyKind(ctx, d.SenderKind), d.State, text.T(ctx, text.Prefix("block.difference.")+d.State)
		v.Open, v.Reason, v.DecidedBy, v.DecidedAt = d.State == store.BlockDifferenceOpen, d.Reason, d.DecidedByName, d.DecidedAt
		kind, _ := proxyOf(d.SenderKind, d.SenderValue).Bank()
		v.Readable, v.MayDecide, v.Reasons = kind != "", v.Open && u.can(store.Maker), blockReasons(ctx)
		if d.BlockID.Valid {
			v.Block = blockHref(d.BlockID.UUID)
		}
		if v.Owners, err = ownerOptions(q); err != nil {
			return err
		}
		if v.Approvers, err = approversBesides(ctx, q, u); err != nil {
			return err
		}
		if v.Name.Value == "" {
			v.Name.Value = d.SenderName
		}
		v.Missed, err = missedView(ctx, q, d.SenderKind, d.SenderValue)
		return err
	})
	if err != nil {
		return err
	}
	header := ui.Header{Title: v.What, Crumbs: []ui.Crumb{{Label: text.T(ctx, "block.title"), Href: "/blocks"}, {Label: text.T(ctx, "block.differences"), Href: "/block-differences"}}}
	return a.page(w, r, u, shell{Header: header, Area: areaAlerts, Status: status}, templates.BlockDifference(v))
}

// adoptBlockDifference takes a block over that was made elsewhere, to keep it or
// to end it.
func (a *App) adoptBlockDifference(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	f := readForm(r)
	key, do := f.key(), f.choice("do", "adopt", "undo")
	v := templates.BlockDifferenceView{Key: key}
	for field, into := range map[string]*templates.Input{"name": &v.Name, "reason": &v.Why, "note": &v.Note, "owner": &v.Owner, "review_on": &v.Review} {
		into.Value = f.raw(field)
	}
	said := teller.Adoption{SenderName: f.text("name", maxLen(200)), Reason: f.choice("reason", store.BlockReasons...), Note: f.paragraph("note", required, maxLen(300))}
	if said.Reason == "" {
		if do == "undo" {
			said.Reason = "other"
		} else {
			f.fail("reason", text.Msg("block.error.reason"))
		}
	}
	said.Owner = requiredID(f, "owner")
	on := readReview(f, a.today())
	said.ReviewOn, v.ReviewD = midnight(on), midnight(on)
	if err := f.check(); err != nil {
		return err
	}
	var block store.ID
	if f.valid() {
		if do == "undo" {
			block, err = a.Teller.UndoBlock(ctx, u.actor(), id, said, key)
		} else {
			block, err = a.Teller.AdoptBlock(ctx, u.actor(), id, said)
		}
		if store.Violated(err, "block_is_owned_by_one_of_us") || store.Violated(err, "blocks_owner_id_fkey") {
			f.fail("owner", text.Msg("block.error.choose"))
		}
	}
	for field, into := range map[string]*templates.Input{"name": &v.Name, "reason": &v.Why, "note": &v.Note, "owner": &v.Owner, "review_on": &v.Review} {
		into.Error = f.errorOf(ctx, field)
	}
	v.Errors = f.summary(ctx)
	done := text.Msg("block.adopted")
	if do == "undo" {
		done = text.Msg("block.lift_submitted")
	}
	return a.blockDifferenceAnswer(w, r, u, f, v, err, block, done)
}

// decideBlockDifference has a block made again that the bank's list has no more,
// or ends it here.
func (a *App) decideBlockDifference(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	f := readForm(r)
	key, do := f.key(), f.choice("do", "again", "end")
	v := templates.BlockDifferenceView{Key: key, Note: templates.Input{Value: f.raw("note")}}
	note := f.paragraph("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	var block store.ID
	said := text.Msg("block.submitted")
	switch {
	case !f.valid():
	case do == "end":
		said = text.Msg("block.ended_here")
		block, err = a.Teller.EndBlock(ctx, u.actor(), id, note)
	default:
		block, err = a.Teller.BlockAgain(ctx, u.actor(), id, note, key)
	}
	v.Note.Error, v.Errors = f.errorOf(ctx, "note"), f.summary(ctx)
	return a.blockDifferenceAnswer(w, r, u, f, v, err, block, said)
}

func (a *App) blockDifferenceAnswer(w http.ResponseWriter, r *http.Request, u user, f *form, v templates.BlockDifferenceView, err error, block store.ID, said text.Message) error {
	switch {
	case !f.valid():
		return a.blockDifferencePage(w, r, u, http.StatusUnprocessableEntity, v)
	case err == nil:
		return a.seeOther(w, r, u, blockHref(block), said)
	case errors.Is(err, store.ErrStale):
		v.Refusal = text.T(r.Context(), "block.refused.decided")
		return a.blockDifferencePage(w, r, u, http.StatusConflict, v)
	}
	for _, c := range blockRefusals {
		if errors.Is(err, c.reason) {
			v.Refusal = text.T(r.Context(), c.key)
			return a.blockDifferencePage(w, r, u, http.StatusConflict, v)
		}
	}
	return err
}
