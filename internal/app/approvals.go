package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// pageRows is how many rows a list shows at once.
const pageRows = 50

// The tabs of the inbox.
const (
	inboxMine     = "mine"
	inboxOthers   = "others"
	inboxTrack    = "track"
	inboxFinished = "finished"
	// Those that the home page opens, and that are no tabs otherwise.
	inboxRunningOut = "running_out"
	inboxUnsent     = "unsent"
	inboxAsked      = "asked"
)

// inboxHidden are the lists whose tab shows while they do.
var inboxHidden = []string{inboxRunningOut, inboxUnsent, inboxAsked}

// listApprovals shows what waits for this person and for others, what this
// person asked for, and what has been decided.
func (a *App) listApprovals(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	tab := f.choice("tab", append(inboxHidden, inboxMine, inboxOthers, inboxTrack, inboxFinished)...)
	from := cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	if tab == "" {
		tab = inboxMine
	}
	var page store.InstructionPage
	var counts store.WorkCounts
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if counts, err = q.WorkCounts(); err != nil {
			return err
		}
		page, err = inboxPage(q, tab, from)
		return err
	})
	if err != nil {
		return err
	}
	v := a.approvalList(r.Context(), u, tab, page, counts)
	if !from.At.IsZero() {
		v.Pager.First = "/approvals?tab=" + tab
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaApprovals, Part: templates.ApprovalListPart}, templates.ApprovalList(v))
}

// inboxPage reads one page of a tab.
func inboxPage(q *store.Query, tab string, from store.InstructionCursor) (store.InstructionPage, error) {
	switch tab {
	case inboxFinished:
		return q.Finished(from, pageRows)
	case inboxTrack:
		return q.Track(from, pageRows)
	case inboxRunningOut:
		return q.RunningOut(from, pageRows)
	case inboxUnsent:
		return q.Unsent(from, pageRows)
	case inboxAsked:
		return q.Asked(from, pageRows)
	}
	return q.Waiting(tab == inboxMine, from, pageRows)
}

// inboxPlace is what a tab is ordered by.
func inboxPlace(tab string, i store.InstructionRow) time.Time {
	switch tab {
	case inboxFinished, inboxUnsent:
		return i.StateSince
	case inboxRunningOut:
		return i.ExpiresAt
	}
	return i.SubmittedAt
}

func (a *App) approvalList(ctx context.Context, u user, tab string, page store.InstructionPage, counts store.WorkCounts) templates.ApprovalListView {
	v := templates.ApprovalListView{Tab: tab, Key: newKey(), MayDecide: tab == inboxMine && u.can(store.Checker), MayHandOver: u.can(store.Checker)}
	number := map[string]string{inboxMine: capped(counts.ForMe), inboxOthers: capped(counts.ForOther)}
	for _, t := range append([]string{inboxMine, inboxOthers, inboxTrack, inboxFinished}, inboxHidden...) {
		if t == inboxTrack && !u.can(store.Maker) || t != tab && slices.Contains(inboxHidden, t) {
			continue
		}
		v.Tabs = append(v.Tabs, ui.Tab{
			Label: text.T(ctx, text.Prefix("approval.tab.")+t), Href: "/approvals?tab=" + t, Count: number[t], Current: t == tab,
		})
	}
	if from := u.membership.DecidesFrom; u.can(store.Checker) && from.After(a.Clock()) {
		v.DecidesFrom = from
	}
	for _, i := range page.Rows {
		v.Rows = append(v.Rows, a.approvalRow(ctx, i))
	}
	if page.More {
		last := page.Rows[len(page.Rows)-1]
		v.Pager.Next = addressAfter("/approvals", url.Values{"tab": {tab}}, inboxPlace(tab, last), last.ID)
	}
	return v
}

func (a *App) approvalRow(ctx context.Context, i store.InstructionRow) templates.ApprovalRow {
	row := templates.ApprovalRow{
		ID: i.LeadID.String(), Href: "/approvals/" + i.LeadID.String(), Operation: i.Operation, Title: i.Title, Maker: i.MakerName, SubmittedAt: i.SubmittedAt,
		Given: i.ApprovalsGiven, Needed: i.ApprovalsNeeded, Status: instructionStatus(ctx, i.State), Since: i.StateSince, AmountSatang: i.AmountSatang,
		Waits: i.State == store.Pending,
	}
	if !row.Waits {
		return row
	}
	row.ExpiresIn, row.Late = max(0, i.ExpiresAt.Sub(a.Clock())), i.Mark(a.Clock()) == store.LateMark
	row.WaitsFor = someNames(ctx, deciderNames(ctx, i.WaitsFor))
	if i.TurnSince != nil {
		row.TurnSince = *i.TurnSince
	}
	if i.Stuck {
		row.Stuck = whyStuck(ctx, i.Missing())
	}
	return row
}

// whyStuck says what is still asked for that nobody is left to give.
func whyStuck(ctx context.Context, missing store.Seats) string {
	level, named := 1, false
	for _, s := range missing {
		level, named = max(level, s.Level), named || len(s.Named) > 0
	}
	switch {
	case named:
		return text.T(ctx, "approval.stuck.named")
	case level > 1:
		return text.T(ctx, "approval.stuck.level", "level", level)
	}
	return text.T(ctx, "approval.stuck.anybody")
}

// capped writes a count that stops at the store's limit: "1,000+".
func capped(n int) string {
	switch {
	case n == 0:
		return ""
	case n > store.CountLimit:
		return text.Int(store.CountLimit) + "+"
	}
	return strconv.Itoa(n)
}

// instructionStatus is the badge of an instruction's state.
func instructionStatus(ctx context.Context, state string) ui.Status {
	meaning := map[string]ui.Meaning{
		store.Pending: ui.Warning, store.Approved: ui.Info, store.Sending: ui.Info, store.Done: ui.Good, store.Failed: ui.Bad,
		store.Unknown: ui.Unknown, store.Rejected: ui.Bad, store.Withdrawn: ui.Neutral, store.Expired: ui.Neutral,
	}[state]
	return ui.Status{Meaning: meaning, Label: text.T(ctx, text.Prefix("approval.state_of.")+state)}
}
