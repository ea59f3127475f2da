package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	// blockPageSize is how many blocks a page of the list has.
	blockPageSize = 50
	// maxBlockExport is how many one file holds.
	maxBlockExport = 20_000
)

func blockHref(id store.ID) string { return "/blocks/" + id.String() }

var blockMeanings = map[string]ui.Meaning{
	store.BlockDraft: ui.Neutral, store.BlockSubmitted: ui.Info, store.BlockApproved: ui.Info, store.BlockSending: ui.Info, store.BlockUnknown: ui.Unknown,
	store.BlockFailed: ui.Bad, store.BlockInForce: ui.Good, store.BlockLiftSubmitted: ui.Info, store.BlockLiftApproved: ui.Info, store.BlockLiftSending: ui.Info,
	store.BlockLiftUnknown: ui.Unknown, store.BlockEnded: ui.Neutral, store.BlockDiscarded: ui.Neutral,
}

// blockStatus is the badge of a block's state.
func blockStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: blockMeanings[state], Label: text.T(ctx, text.Prefix("block.state.")+state)}
}

func proxyOf(kind, value string) promptpay.ID {
	return promptpay.ID{Kind: promptpay.Kind(kind), Value: value}
}

// proxyKind names the kind of an id; what the bank calls otherwise keeps its name.
func proxyKind(ctx context.Context, kind string) string {
	if text.Has(text.Prefix("block.kind.") + kind) {
		return text.T(ctx, text.Prefix("block.kind.")+kind)
	}
	return kind
}

// ourProxy is an id of ours as pages show it.
func ourProxy(label, kind, value string) string {
	return label + " (" + proxyOf(kind, value).Format() + ")"
}

func blockRow(ctx context.Context, b store.Block) templates.BlockRow {
	return templates.BlockRow{
		ID: b.ID.String(), Href: blockHref(b.ID), Name: b.SenderName, Sender: proxyOf(b.SenderKind, b.SenderValue).Mask(), Kind: proxyKind(ctx, b.SenderKind),
		Ours: ourProxy(b.ProxyLabel, b.ProxyKind, b.ProxyValue), Reason: blockReason(ctx, b.Reason), Owner: b.OwnerName, Review: b.ReviewOn, Due: b.Due,
		Bank: b.Origin == store.BlockedAtBank, Status: blockStatus(ctx, b.State), Since: b.StateSince,
	}
}

func blockReason(ctx context.Context, reason string) string {
	return text.T(ctx, text.Prefix("block.reason.")+reason)
}

func blockReasons(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(store.BlockReasons))
	for n, r := range store.BlockReasons {
		options[n] = ui.Option{Value: r, Label: blockReason(ctx, r)}
	}
	return options
}

// proxyOptions are our ids in use, to choose from.
func proxyOptions(list []store.PromptPayID) []ui.Option {
	var options []ui.Option
	for _, p := range list {
		if p.Receives {
			options = append(options, ui.Option{Value: p.ID.String(), Label: ourProxy(p.Label, p.Kind, p.Value)})
		}
	}
	return options
}

// blockQuery is what is chosen on the list. Its address says all of it.
type blockQuery struct {
	store.BlockFilter
	typed string
}

func readBlockQuery(f *form) blockQuery {
	q := blockQuery{typed: strings.TrimSpace(f.raw("q"))}
	q.Shown, q.Reason = f.choice("show", store.BlockLists...), f.choice("reason", store.BlockReasons...)
	q.Proxy, q.Owner, q.Text, q.Limit = f.id("id"), f.id("owner"), blockSearch(q.typed), blockPageSize
	q.From.ID = f.id("after")
	if on := f.raw("on"); on != "" {
		day, err := time.Parse(time.DateOnly, on)
		if err != nil || day.Year() < 2000 || day.Year() > 2200 {
			f.broken = &requestError{"no such place in the list"}
		}
		q.From.On = day
	}
	if q.Shown == store.BlocksDue && (q.From.ID != store.NoID) == q.From.On.IsZero() {
		f.broken = &requestError{"no such place in the list"}
	}
	return q
}

// blockSearch is what is looked for: an id as it is stored, however it was typed.
func blockSearch(typed string) string {
	if id, err := promptpay.Parse(typed); err == nil {
		return id.Value
	}
	return clip(typed, 100)
}

func (q blockQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"show": q.Shown, "reason": q.Reason, "q": q.typed} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for name, id := range map[string]store.ID{"id": q.Proxy, "owner": q.Owner} {
		if id != store.NoID {
			v.Set(name, id.String())
		}
	}
	return v
}

func (q blockQuery) href(after *store.Block) string {
	v := q.values()
	if after != nil {
		v.Set("after", after.ID.String())
		if q.Shown == store.BlocksDue {
			v.Set("on", after.ReviewOn.Format(time.DateOnly))
		}
	}
	return addressOf("/blocks", v)
}

// picks is what may be done with the rows that are ticked, by the list.
func (q blockQuery) picks(u user) string {
	if !u.can(store.Maker) {
		return ""
	}
	switch q.Shown {
	case store.BlocksInForce, store.BlocksDue, store.BlocksElsewhere:
		return "block_lift"
	case store.BlocksDraft:
		return "block_submit"
	}
	return ""
}

// listBlocks shows whose alerts are not delivered.
func (a *App) listBlocks(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	query := readBlockQuery(f)
	if err := f.check(); err != nil {
		return err
	}
	v := templates.BlockListView{
		Shown: query.Shown, Query: query.typed, Reason: query.Reason, Reasons: blockReasons(ctx), Filter: query.values().Encode(), MayMake: u.can(store.Maker),
		Picks: query.picks(u), Key: newKey(), MayAsk: u.can(store.Maker) || u.can(store.Checker), Filtered: query.typed != "" || query.Reason != "" || query.Proxy != store.NoID || query.Owner != store.NoID,
	}
	if query.Proxy != store.NoID {
		v.Proxy = query.Proxy.String()
	}
	var rows []store.Block
	var more bool
	var counts map[string]int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if rows, more, err = q.Blocks(query.BlockFilter); err != nil {
			return err
		}
		if counts, err = q.CountBlocks(); err != nil {
			return err
		}
		ours, err := q.ActivePromptPayIDs()
		if err != nil {
			return err
		}
		v.Proxies = proxyOptions(ours)
		v.Compare, _, err = blockComparison(q)
		return err
	})
	if err != nil {
		return err
	}
	v.NoIDs = len(v.Proxies) == 0
	v.Lists = query.tabs(ctx, counts)
	for _, b := range rows {
		v.Rows = append(v.Rows, blockRow(ctx, b))
	}
	if len(rows) > 0 {
		v.Pager.Showing = text.T(ctx, "block.showing", "n", len(rows))
	}
	if more {
		v.Pager.Next = query.href(&rows[len(rows)-1])
	}
	if query.From.ID != store.NoID {
		v.Pager.First = query.href(nil)
	}
	header := v.Header(ctx)
	header.Tabs, header.TabsFor = a.alertTabs(ctx, u, "/blocks"), text.T(ctx, "block.tabs")
	return a.page(w, r, u, shell{Header: header, Area: areaAlerts, Part: templates.BlockListPart}, templates.BlockList(v))
}

func (q blockQuery) tabs(ctx context.Context, counts map[string]int) []ui.Tab {
	to := func(shown string) string {
		other := q
		other.Shown = shown
		return other.href(nil)
	}
	tabs := []ui.Tab{{Label: text.T(ctx, "block.list.all"), Href: to(""), Current: q.Shown == ""}}
	for _, shown := range store.BlockLists {
		tabs = append(tabs, ui.Tab{
			Label: text.T(ctx, text.Prefix("block.list.")+shown), Href: to(shown), Count: countText(counts[shown]), Current: q.Shown == shown,
		})
	}
	return tabs
}

// blockComparison tells when the bank's list was compared last for each of our
// ids, and in sum.
func blockComparison(q *store.Query) (v templates.BlockComparisonView, rows []templates.BlockComparedRow, err error) {
	list, err := q.ProxiesCompared()
	if err != nil {
		return v, nil, err
	}
	for _, p := range list {
		row := templates.BlockComparedRow{Ours: ourProxy(p.Label, p.Kind, p.Value), At: p.ComparedAt, Asking: p.Asking, Failed: p.Failed}
		v.Asking, v.Failed = v.Asking || p.Asking, v.Failed || p.Failed != ""
		if p.ComparedAt == nil {
			v.Missing = true
		} else {
			row.Listed, row.InForce, row.Unknown, row.Missing = *p.Listed, *p.InForce, *p.UnknownHere, *p.MissingThere
			v.Listed += *p.Listed
			if v.At == nil || p.ComparedAt.Before(*v.At) {
				v.At = p.ComparedAt
			}
		}
		rows = append(rows, row)
	}
	v.Open, err = q.CountBlockDifferences()
	return v, rows, err
}

// exportBlocks hands out the blocks of the filter as a file.
func (a *App) exportBlocks(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := readBlockQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/blocks", text.Msg("list.export_filter"))
	}
	filter := query.BlockFilter
	filter.From, filter.Limit = store.BlockCursor{}, exportChunk
	return handOutList(a, w, r, u, format, listExport[store.Block]{
		name: "blocks", title: text.T(r.Context(), "block.title"), columns: blockColumns, filter: query.values(), most: maxBlockExport, back: query.href(nil),
		chunk: func(q *store.Query) ([]store.Block, bool, error) {
			rows, more, err := q.Blocks(filter)
			if len(rows) > 0 {
				last := rows[len(rows)-1]
				filter.From = store.BlockCursor{On: last.ReviewOn, ID: last.ID}
			}
			return rows, more, err
		},
	})
}

// blockColumns are those of the file. The first ones are what an import reads
// again.
var blockColumns = []sheetColumn[store.Block]{
	{text.K("block.sender_id"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Text(b.SenderValue) }},
	{text.K("block.sender_name"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Text(b.SenderName) }},
	{text.K("block.ours"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Text(b.ProxyValue) }},
	{text.K("block.reason_label"), func(ctx context.Context, b store.Block) sheet.Cell { return sheet.Text(blockReason(ctx, b.Reason)) }},
	{text.K("block.note"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Text(b.Note) }},
	{text.K("block.review_on"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Day(b.ReviewOn) }},
	{text.K("block.owner"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Text(b.OwnerName) }},
	{text.K("block.state_label"), func(ctx context.Context, b store.Block) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("block.state.")+b.State))
	}},
	{text.K("block.origin_label"), func(ctx context.Context, b store.Block) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("block.origin.")+b.Origin))
	}},
	{text.K("block.since"), func(_ context.Context, b store.Block) sheet.Cell { return sheet.Instant(b.StateSince) }},
}
